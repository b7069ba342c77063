"""The packaged rules: kept as TOML for people, read from one index because that is fast.

The index names the checksum of every file it was made from; a file that has changed since is
read itself, so an index out of step costs time and never truth. ``python -m unbait.rules.build``
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


def load_packaged(langs: Collection[str] | None = None, examples: bool = False) -> tuple[Rule, ...]:
    """Load the packaged rules, of some languages (and ``any``) or of all."""
    index = {} if examples else _read_index()
    rules: list[Rule] = []
    for path in pack_files(langs):
        known = index.get(pack_key(path))
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


def _read_index() -> dict[str, Any]:
    try:
        index: dict[str, Any] = orjson.loads(INDEX.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return index


def pack_key(path: Path) -> str:
    """Name a pack as the index does."""
    return f"{path.parent.name}/{path.name}"
