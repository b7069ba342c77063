"""Rule files into rules, with errors that name file, rule and field and say what to write."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from unbait.errors import RuleError
from unbait.rules.model import (
    LIMITS,
    LINE_CHARACTERS,
    SCOPES,
    STATUSES,
    USERS,
    Additions,
    Rule,
    RuleFile,
)
from unbait.rules.needs import needs_of
from unbait.rules.pattern import flaw_of, in_folded_letters, in_ranges, sieve_of
from unbait.types import CATEGORIES

PACKS = Path(__file__).with_name("packs")

# In a span pattern: the part to cut, where the pattern must also see what stands before or after.
CUT = "(?P<cut>"

_REQUIRED = ("id", "category", "pattern", "why")
_REQUIRED_IN_PACKS = (*_REQUIRED, "name", "match", "no_match")
_TEXT_FIELDS = ("id", "name", "category", "scope", "pattern", "why", "status")
_FIELDS = frozenset((*_TEXT_FIELDS, "score", "match", "no_match"))
_ADDITIONS = frozenset(("rule", "keep", "disable"))
_ID = re.compile(r"[A-Z][A-Z0-9_-]{1,39}")
_PACK_ID = re.compile(r"([A-Z]{2}|ANY)-(AD|EG|TE|BO|ME|CO|PR)\d{3}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TOPICS = {
    "AD": "ad",
    "EG": "engagement",
    "TE": "teaser",
    "BO": "boilerplate",
    "ME": "metadata",
    "CO": "comment",
    "PR": "content",
}
_CHOICES = {"category": CATEGORIES, "scope": SCOPES, "status": STATUSES}


def load_pack(path: Path) -> tuple[Rule, ...]:
    """Load one packaged file ``<lang>/<topic>.toml``, examples and all."""
    rules, errors = read_pack(path)
    if errors:
        raise _joined(errors)
    return rules


def read_pack(path: Path) -> tuple[tuple[Rule, ...], list[RuleError]]:
    """Load what can be used of one packaged file, and every error in the rest."""
    try:
        content = _toml(path)
    except RuleError as error:
        return (), [error]
    errors = [
        _field_error(str(path), key, "is not known: a pack holds only [[rule]] tables")
        for key in sorted(set(content) - {"rule"})
    ]
    lang = path.parent.name
    rules: list[Rule] = []
    for number, raw in enumerate(_tables(content, "rule", str(path)), start=1):
        try:
            rules.append(_packaged_rule(raw, path, number, lang))
        except RuleError as error:
            errors.append(error)
    return tuple(rules), errors


def load_user(path: Path) -> RuleFile:
    """Load a user's file: rules, keep-rules, rules switched off, for all sites or for some."""
    content = _toml(path)
    sites = content.pop("site", {})
    if not isinstance(sites, dict) or not all(isinstance(one, dict) for one in sites.values()):
        raise _field_error(str(path), "site", 'write [site."example.com"] tables')
    common = _additions(content, str(path))
    per_site = {
        host.lower().removeprefix("www."): _additions(raw, f'{path}: site "{host}"')
        for host, raw in sites.items()
    }
    total = sum(len(one.rules) for one in (common, *per_site.values()))
    if total > LIMITS.rules:
        raise RuleError("RULE_LIMIT", f"{path}: {total} rules, at most {LIMITS.rules} are allowed")
    return RuleFile(common.rules, common.disable, per_site)


def keep_rules(patterns: Iterable[str], where: str = "keep") -> tuple[Rule, ...]:
    """Make keep-rules of bare patterns: a paragraph in which one is found is never cut."""
    return tuple(
        _keep({"pattern": pattern, "why": "You asked to keep it."}, where, number)
        for number, pattern in enumerate(patterns, start=1)
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RuleError("RULE_FILE", f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RuleError("RULE_FILE", f"{path}: is not UTF-8: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        hint = "; write patterns between ''' and '''" if "scape" in str(error) else ""
        raise RuleError("RULE_TOML", f"{path}: is not TOML: {error}{hint}") from error


def _additions(content: Mapping[str, Any], where: str) -> Additions:
    unknown = sorted(set(content) - _ADDITIONS)
    if unknown:
        raise _field_error(
            where, unknown[0], 'is not known here: write [[rule]], [[keep]] or disable = ["ID"]'
        )
    rules = [
        _checked(raw, f"{where}: {_name_of(raw, number)}", USERS, _REQUIRED)
        for number, raw in enumerate(_tables(content, "rule", where), start=1)
    ]
    keeps = [
        _keep(raw, where, number)
        for number, raw in enumerate(_tables(content, "keep", where), start=1)
    ]
    return Additions((*rules, *keeps), _strings(content.get("disable", []), "disable", where))


def _tables(content: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    tables = content.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise _field_error(where, key, f"write [[{key}]], with two brackets, above each one")
    return tables


def _packaged_rule(raw: dict[str, Any], path: Path, number: int, lang: str) -> Rule:
    where = f"{path}: {_name_of(raw, number)}"
    rule = _checked(raw, where, lang, _REQUIRED_IN_PACKS)
    found = _PACK_ID.fullmatch(rule.id)
    if not found or found[1] != lang.upper():
        raise _field_error(where, "id", f"write {lang.upper()}-<AD|EG|TE|BO|ME|CO|PR><3 digits>")
    if _TOPICS[found[2]] != rule.category:
        raise _field_error(where, "category", f'an id with {found[2]} is "{_TOPICS[found[2]]}"')
    for field, examples in (("match", rule.match), ("no_match", rule.no_match)):
        if len(examples) < 2:
            raise _field_error(where, field, "write at least two examples")
    return rule


def _checked(raw: dict[str, Any], where: str, lang: str, required: tuple[str, ...]) -> Rule:
    for field in required:
        if field not in raw:
            raise _field_error(where, field, "is missing")
    _check_types(raw, where)
    rule_id, name = raw["id"], raw.get("name", raw["id"].lower())
    if not _ID.fullmatch(rule_id):
        raise _field_error(where, "id", "write capital letters, digits and -, as in MY-AD1")
    if not _NAME.fullmatch(name.replace("_", "-")):
        raise _field_error(where, "name", "write kebab-case, as in click-here-shop-line")
    scope = raw.get("scope", "line")
    written = _usable(raw["pattern"], scope, where)
    pattern = in_ranges(written)
    needs = needs_of(wrapped(pattern, scope), scope, in_parts=lang != USERS)
    return Rule(
        id=rule_id,
        name=name,
        category=raw["category"],
        scope=scope,
        pattern=pattern,
        sieve=sieve_of(written),
        why=raw["why"],
        score=float(raw.get("score", 0.95)),
        status=raw.get("status", "stable"),
        lang=lang,
        whole=scope == "line",
        keys=needs.keys,
        openings=needs.openings,
        asks_both=needs.asks_both,
        signs=needs.signs,
        longest=int(min(needs.longest, LINE_CHARACTERS)),
        match=_strings(raw.get("match", []), "match", where),
        no_match=_strings(raw.get("no_match", []), "no_match", where),
    )


def _check_types(raw: dict[str, Any], where: str) -> None:
    for field, value in raw.items():
        if field not in _FIELDS:
            raise _field_error(where, field, f"is not known: write one of {_listed(_FIELDS)}")
        if field in _TEXT_FIELDS and (not isinstance(value, str) or not value.strip()):
            raise _field_error(where, field, "write a text in quotes, not empty")
        if field in _CHOICES and value not in _CHOICES[field]:
            raise _field_error(where, field, f"write one of {_listed(_CHOICES[field])}")
    score = raw.get("score", 0.95)
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 < score <= 1:
        raise _field_error(where, "score", "write a number above 0 and at most 1")


def _keep(raw: dict[str, Any], where: str, number: int) -> Rule:
    unknown = sorted(set(raw) - {"id", "pattern", "why"})
    where_keep = f"{where}: keep {raw.get('id', number)}"
    if unknown:
        raise _field_error(where_keep, unknown[0], "is not known: write pattern and why")
    filled = {"id": f"KEEP-{number}", "name": "keep", **raw, "category": "content"}
    rule = _checked({**filled, "scope": "span", "score": 1.0}, where_keep, USERS, _REQUIRED)
    return rule._replace(whole=True)


def _usable(pattern: str, scope: str, where: str) -> str:
    """Give the pattern in folded letters, wrapped for its scope; refuse what re2 refuses."""
    flaw = flaw_of(pattern)
    if flaw:
        raise RuleError(flaw.code, f"{where}: pattern: {flaw.message}")
    folded = in_folded_letters(pattern)
    try:
        compiled = compile_pattern(wrapped(in_ranges(folded), scope))
    except ValueError as error:
        raise RuleError("RULE_SYNTAX", f"{where}: pattern: re2 refuses it: {error}") from error
    if scope == "span" and compiled.search(b"") is not None:
        raise RuleError(
            "RULE_SYNTAX", f"{where}: pattern: it hits nothing at all: write + in the place of *"
        )
    return folded


def wrapped(pattern: str, scope: str) -> str:
    """Anchor a pattern as its scope says: a paragraph is one line of what is matched."""
    return f"(?m)^(?:{pattern})$" if scope == "line" else f"(?m){pattern}"


def compile_pattern(pattern: str, memory: int = LIMITS.program_memory) -> Any:
    """Compile one pattern for bytes of UTF-8; ValueError says why it cannot be.

    ``memory`` bounds the program in bytes; matching needs several times as much to stay fast.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_nl = True
    options.never_capture = CUT not in pattern
    options.max_mem = memory
    try:
        return re2._Regexp(pattern.encode("utf-8"), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "not valid"
        raise ValueError(reason.decode() if isinstance(reason, bytes) else reason) from error


def matches(pattern: Any, text: bytes, group: int = 0) -> Iterator[tuple[int, int]]:
    """Yield where a compiled pattern hits, one after another, and of each the place of a group.

    Asks the engine itself: re2's ``finditer`` takes longer over its own objects than over most
    lines.
    """
    import re2

    find, anchor = pattern._regexp.Match, re2._Anchor.UNANCHORED
    at, size = 0, len(text)
    while at <= size:
        spans = find(anchor, text, at, size)
        if spans[0][0] < 0:
            return
        yield spans[group]
        at = max(spans[0][1], at + 1)


def matches_line(pattern: Any, line: bytes) -> bool:
    """Say whether a compiled line rule hits a line: it does from its beginning or not at all."""
    import re2

    spans = pattern._regexp.Match(re2._Anchor.ANCHOR_START, line, 0, len(line))
    return bool(spans[0][0] >= 0)


def _strings(value: Any, field: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise _field_error(where, field, 'write a list of texts, as in ["one", "two"]')
    return tuple(value)


def _name_of(raw: Mapping[str, Any], number: int) -> str:
    return f"rule {raw.get('id', number)}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def _field_error(where: str, field: str, what: str) -> RuleError:
    return RuleError("RULE_FIELD", f"{where}: {field}: {what}")


def _joined(errors: list[RuleError]) -> RuleError:
    return RuleError(errors[0].code, "\n".join(error.message for error in errors))
