"""``python -m unbait.rules.build``: write the index of the packaged rules anew."""

from __future__ import annotations

import zlib
from typing import Any

import orjson

from unbait.rules.loading import load_pack
from unbait.rules.model import Rule
from unbait.rules.packaged import INDEX, pack_files, pack_key

_INDEXED = len(Rule._fields) - 2  # all but the examples, which only people and tests read


def build_index() -> bytes:
    """Make the index's bytes from the TOML files."""
    index = {
        pack_key(path): {
            "crc": zlib.crc32(path.read_bytes()),
            "rules": [_row(rule) for rule in load_pack(path)],
        }
        for path in pack_files()
    }
    return orjson.dumps(index, option=orjson.OPT_APPEND_NEWLINE)


def _row(rule: Rule) -> list[Any]:
    """Give a rule without its examples as JSON can hold it."""
    return list(rule._replace(keys=tuple(list(key) for key in rule.keys))[:_INDEXED])


if __name__ == "__main__":
    INDEX.write_bytes(build_index())
