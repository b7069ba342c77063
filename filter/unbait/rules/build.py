"""``python -m unbait.rules.build``: write the index of the packaged rules anew."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from unbait.rules.loading import load_pack
from unbait.rules.model import Rule
from unbait.rules.packaged import INDEX, pack_files, pack_key

_INDEXED = len(Rule._fields) - 2  # all but the examples, which only people and tests read


def build_index(packs: Mapping[Path, tuple[Rule, ...]]) -> bytes:
    """Make the index's bytes from loaded packs."""
    index = {
        pack_key(path): {
            "crc": zlib.crc32(path.read_bytes()),
            "rules": [_row(rule) for rule in rules],
        }
        for path, rules in packs.items()
    }
    return orjson.dumps(index, option=orjson.OPT_APPEND_NEWLINE)


def load_packs() -> dict[Path, tuple[Rule, ...]]:
    """Load every packaged file from its TOML."""
    return {path: load_pack(path) for path in pack_files()}


def _row(rule: Rule) -> list[Any]:
    """Give a rule without its examples as JSON can hold it."""
    return list(rule._replace(keys=tuple(list(key) for key in rule.keys))[:_INDEXED])


if __name__ == "__main__":
    INDEX.write_bytes(build_index(load_packs()))
