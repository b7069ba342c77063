"""The HTTP service: the event loop moves bytes, worker processes clean."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unbait.service.app import create_app
    from unbait.service.run import serve
    from unbait.service.settings import Settings

_HOMES = {"Settings": "settings", "create_app": "app", "serve": "run"}

__all__ = ["Settings", "create_app", "serve"]


def __getattr__(name: str) -> Any:
    """Import a public name from its module, so that a worker never loads the web framework."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"unbait.service.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'unbait.service' has no attribute {name!r}")
