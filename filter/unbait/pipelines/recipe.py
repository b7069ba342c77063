"""How to make a cleaner, small enough to travel: every process builds its own, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from unbait.types import Policy

if TYPE_CHECKING:
    from unbait.cleaner import Cleaner


@dataclass(frozen=True)
class Recipe:
    """What ``Cleaner`` is made of. It can be hashed and pickled, and holds no arrays.

    Without ``explain`` reasons name rules and the model but no telling words, which take as long
    to find as all the rest.
    """

    policy: Policy = field(default_factory=Policy)
    rules: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    model: str | None = None
    explain: bool = False

    def cleaner(self) -> Cleaner:
        """Give this process's cleaner, made at the first call."""
        return _cleaner(self)


@lru_cache(maxsize=4)
def _cleaner(recipe: Recipe) -> Cleaner:
    from unbait.cleaner import Cleaner
    from unbait.explain import NoWords

    cleaner = Cleaner(
        recipe.policy,
        rules=recipe.rules,
        keep=recipe.keep,
        disable=recipe.disable,
        model=recipe.model,
    )
    if not recipe.explain:
        cleaner.explainer = NoWords()
    return cleaner
