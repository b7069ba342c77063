"""How to make a cleaner, small enough to travel: every process builds its own, once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbait.modelfile import MANIFEST, packaged
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

    def plain(self) -> tuple[Any, ...]:
        """Give the values in an order that is the same in every process, sets sorted."""
        values = {one.name: getattr(self.policy, one.name) for one in fields(self.policy)}
        values |= {n: tuple(sorted(v)) for n, v in values.items() if isinstance(v, frozenset)}
        others = (self.rules, self.keep, self.disable, self.model, self.explain)
        return (tuple(values.items()), *others)

    @classmethod
    def of(cls, plain: tuple[Any, ...]) -> Recipe:
        """Make a recipe of what ``plain`` gave."""
        policy, *others = plain
        return cls(Policy(**dict(policy)), *others)

    def stamp(self) -> str:
        """Give a hash that changes when another result may come: with the package, the rules
        and the model as well as with what the recipe says."""
        from unbait import __version__

        told = hashlib.sha256(repr((__version__, self.plain())).encode())
        models = [Path(self.model)] if self.model else [packaged("paragraph")]
        models += map(packaged, ("page", "page_types", "headline"))
        for path in (*map(Path, self.rules), *(model / MANIFEST for model in models)):
            told.update(hashlib.sha256(path.read_bytes()).digest())
        return told.hexdigest()

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
