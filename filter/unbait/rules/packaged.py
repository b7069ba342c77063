"""The packaged rules: kept as TOML for people, read from one index because that is fast.

The index names the checksum of every file it was made from; a file that has changed since is
read itself, so an index out of step costs time and never truth. ``python -m unbait.rules.packaged``
writes it anew.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import orjson

from unbait.rules.loading import PACKS, load_pack
from unbait.rules.model import Rule

INDEX = Path(__file__).with_name("packs.json")
_INDEXED = len(Rule._fields) - 2  # all but the examples, which only people and tests read


def load_packaged(langs: Collection[str] | None = None, examples: bool = False) -> tuple[Rule, ...]:
    """Load the packaged rules, of some languages (and ``any``) or of all."""
    index = {} if examples else _read_index()
    rules: list[Rule] = []
    for path in pack_files(langs):
        known = index.get(_key(path))
        if known and known["crc"] == zlib.crc32(path.read_bytes()):
            rules.extend(Rule(*row) for row in known["rules"])
        else:
            rules.extend(load_pack(path))
    return tuple(rules)


def pack_files(langs: Collection[str] | None = None) -> list[Path]:
    """List the packaged files, in an order that is the same everywhere."""
    return sorted(
        path
        for path in PACKS.glob("*/*.toml")
        if langs is None or path.parent.name in {"any", *langs}
    )


def build_index() -> bytes:
    """Make the index's bytes from the TOML files."""
    index = {
        _key(path): {
            "crc": zlib.crc32(path.read_bytes()),
            "rules": [_row(rule) for rule in load_pack(path)],
        }
        for path in pack_files()
    }
    return orjson.dumps(index, option=orjson.OPT_APPEND_NEWLINE)


def _row(rule: Rule) -> list[Any]:
    """Give a rule without its examples as JSON can hold it."""
    return list(rule._replace(keys=tuple(list(key) for key in rule.keys))[:_INDEXED])


def _read_index() -> dict[str, Any]:
    try:
        index: dict[str, Any] = orjson.loads(INDEX.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return index


def _key(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


if __name__ == "__main__":
    INDEX.write_bytes(build_index())
