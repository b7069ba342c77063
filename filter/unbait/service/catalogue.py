"""The rules and models that this service works with, to be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbait import modelfile

if TYPE_CHECKING:
    from unbait.rules import Rule
    from unbait.service.requests import RulesQuery
    from unbait.service.settings import Settings

_BRIEF = ("id", "name", "category", "lang", "scope", "status", "score", "why")
_WHOLE = (*_BRIEF, "pattern", "match", "no_match")
_MANIFEST = ("version", "feature_version", "created", "license", "weights_sha256", "figures")


class Catalogue:
    """Read when asked for, kept from then on."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings that name rules of one's own and switched-off ones."""
        self._settings = settings
        self._with_examples: dict[str, dict[str, Rule]] = {}
        self._lock = asyncio.Lock()

    def rules(self, query: RulesQuery) -> dict[str, Any]:
        """Return a page of the list of rules."""
        chosen = [
            rule
            for rule in self._rules.values()
            if query.category in (None, rule.category) and query.lang in (None, rule.lang)
        ]
        page = chosen[query.offset : query.offset + query.limit]
        return {"total": len(chosen), "rules": [_plain(rule, _BRIEF) for rule in page]}

    async def rule(self, name: str) -> dict[str, Any] | None:
        """Return a rule whole, with its examples; None if there is none of this id."""
        rule = self._rules.get(name)
        if rule is None:
            return None
        if not rule.match:
            async with self._lock:
                rule = (await self._examples_of(rule.lang)).get(name, rule)
        return _plain(rule, _WHOLE)

    @cached_property
    def models(self) -> list[dict[str, Any]]:
        """The models: name, version, hash and measured quality."""
        root = modelfile.packaged("paragraph").parent
        found = {path.parent.name: path.parent for path in sorted(root.glob("*/manifest.json"))}
        if self._settings.model:
            found["paragraph"] = Path(self._settings.model)
        listed = []
        for name, path in found.items():
            manifest = modelfile.read_manifest(path)
            known = {key: manifest[key] for key in _MANIFEST if key in manifest}
            listed.append({"name": name, **known})
        return listed

    @cached_property
    def _rules(self) -> dict[str, Rule]:
        from unbait.rules import load_packaged, load_user

        rules = list(load_packaged())
        for path in self._settings.rules:
            own = load_user(Path(path))
            rules.extend(own.rules)
            for site in own.sites.values():
                rules.extend(site.rules)
        return _by_id(rule for rule in rules if rule.id not in self._settings.disable)

    async def _examples_of(self, lang: str) -> dict[str, Rule]:
        """Read the examples of one language: the index leaves them out."""
        if lang not in self._with_examples:
            from unbait.rules import load_packaged

            rules = await asyncio.to_thread(load_packaged, {lang}, examples=True)
            self._with_examples[lang] = _by_id(rules)
        return self._with_examples[lang]


def _by_id(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.id: rule for rule in rules}


def _plain(rule: Rule, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in names}
