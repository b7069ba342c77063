"""Policies as TOML files: read with every mistake named, written with the proof they rest on."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbait.errors import PolicyError
from unbait.types import CATEGORIES, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLES = ("policy", "proof")
_ACTIONS = ("remove", "flag")
_LISTS = {
    "remove": 'categories: ["ad", "teaser"]',
    "other": 'page types: ["listing", "product"]',
}
_COUNTS = ("least", "notice")
_FIELDS = tuple(one.name for one in fields(Policy))


def load(path: str | Path) -> Policy:
    """Return the policy of a file; PolicyError names the file, the field and what to write."""
    written = _tables(path)["policy"]
    policy = Policy()
    for name, value in written.items():
        try:
            policy = policy.but(**{name: _value(path, name, value)})
        except ValueError as error:
            raise _wrong(path, name, str(error)) from error
    return policy


def proof(path: str | Path) -> dict[str, Any]:
    """Return what a policy file says of how it was found; empty when it was written by hand."""
    return _tables(path)["proof"]


def dumps(policy: Policy, proof: Mapping[str, Any] | None = None) -> str:
    """Return the text of a policy file: every field of the policy, then the proof."""
    values = {name: getattr(policy, name) for name in _FIELDS}
    values["remove"] = [name for name in CATEGORIES if name in policy.remove]
    values["other"] = sorted(policy.other)
    tables = [("policy", values)] + ([("proof", proof)] if proof else [])
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
        for name, table in tables
    )


def _tables(path: str | Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise PolicyError(
            "POLICY_MISSING", f"{path}: cannot be read ({error.strerror}); policies that need no "
            "file are default, strict and flag"
        ) from error  # fmt: skip
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError("POLICY_SYNTAX", f"{path}: no TOML: {error}") from error
    for name, table in tables.items():
        if name not in _TABLES:
            raise _wrong(path, name, "only [policy] and [proof] may stand here")
        if not isinstance(table, dict):
            raise _wrong(path, name, f"write a table: [{name}]")
    if "policy" not in tables:
        raise _wrong(path, "policy", "is missing; begin with [policy] and, say, threshold = 0.8")
    return {name: tables.get(name, {}) for name in _TABLES}


def _value(path: str | Path, name: str, value: Any) -> Any:
    """Return a field's value as Policy takes it."""
    if name not in _FIELDS:
        raise _wrong(path, name, f"there is no such field; there are {', '.join(_FIELDS)}")
    if name in _LISTS:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise _wrong(path, name, f"write a list of {_LISTS[name]}")
        return frozenset(value)
    if name == "action":
        if value not in _ACTIONS:
            raise _wrong(path, name, f'write "remove" or "flag", not {value!r}')
        return value
    if name in _COUNTS:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise _wrong(path, name, f"write a whole number of characters, not {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise _wrong(path, name, f"write a number from 0 to 1, not {value!r}")
    return float(value)


def _wrong(path: str | Path, name: str, says: str) -> PolicyError:
    return PolicyError("POLICY_FIELD", f"{path}: {name}: {says}")


def _toml(value: Any) -> str:
    """Return a value as TOML writes it: text, numbers, truths and lists of these."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)


