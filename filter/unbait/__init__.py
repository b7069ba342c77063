"""unbait: the text or HTML of a scraped page in, the clean article out.

Names are loaded when they are first used, so that ``import unbait`` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unbait.cleaner import Cleaner
    from unbait.errors import (
        InputError,
        LabelError,
        ModelError,
        PolicyError,
        RuleError,
        UnbaitError,
    )
    from unbait.result import Result
    from unbait.types import Decision, Document, Policy, Reason, Verdict

__version__ = "0.1.0"

_HOMES = {
    "Cleaner": "cleaner", "Result": "result", "InputError": "errors", "ModelError": "errors",
    "LabelError": "errors", "PolicyError": "errors", "RuleError": "errors", "UnbaitError": "errors",
    "Decision": "types", "Document": "types", "Policy": "types", "Reason": "types",
    "Verdict": "types",
}  # fmt: skip

__all__ = [
    "Cleaner",
    "Decision",
    "Document",
    "InputError",
    "LabelError",
    "ModelError",
    "Policy",
    "PolicyError",
    "Reason",
    "Result",
    "RuleError",
    "UnbaitError",
    "Verdict",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"unbait.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'unbait' has no attribute {name!r}")
