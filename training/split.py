"""Folds by site: the same site, or a near-copy of the same article, never stands on both sides."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from training.records import Record

FOLDS = 5
SHIPPED_ONLY = FOLDS  # the fold of what only the model that is shipped learns from
_UNREAD = "gold"
_COPY_CHARACTERS = 80  # a content line as long as this that stands in two records ties them


def site(record: Record) -> str:
    """Return what stands for the record's site: its registered domain, else the record itself."""
    if record.url:
        parts = (urlsplit(record.url).hostname or record.url).split(".")
        short = len(parts) > 2 and len(parts[-2]) <= 3
        return ".".join(parts[-3:] if short else parts[-2:])
    if record.id.startswith("daniel:"):
        return record.id.split("_")[1].removeprefix("www.")
    return record.url or record.id


def folds(records: Sequence[Record], seed: int = 0) -> NDArray[np.int64]:
    """Return the fold of each record, 0..FOLDS-1 or SHIPPED_ONLY; groups are dealt largest first.

    Records that say their fold stay there and count for nothing else. Of the others only read
    lines count, and equals are dealt by their own hash, so that adding made or unread pages moves
    no other: figures of before and after stay comparable.
    """
    fold = np.array([-1 if record.fold is None else record.fold for record in records])
    open_ = np.flatnonzero(fold < 0)
    fold[open_] = _dealt([records[i] for i in open_.tolist()], seed)
    return fold


def _dealt(records: Sequence[Record], seed: int) -> NDArray[np.int64]:
    group = _groups(records)
    read = [len(record.texts) * (record.source != _UNREAD) for record in records]
    sizes = np.bincount(group, weights=read)
    names: dict[int, tuple[bool, str]] = {}  # a group's first record by name, read ones before
    for number, record in zip(group.tolist(), records, strict=True):
        name = (record.source == _UNREAD, record.id)
        names[number] = min(names.get(number, name), name)
    order = sorted(range(len(sizes)), key=lambda one: (-sizes[one], _draw(names[one][1], seed)))
    loads = np.zeros(FOLDS)
    fold = np.zeros(len(sizes), dtype=np.int64)
    for number, one in enumerate(order):
        fold[one] = loads.argmin() if sizes[one] else number % FOLDS
        loads[fold[one]] += sizes[one]
    return fold[group]


def _draw(name: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()


def _groups(records: Sequence[Record]) -> NDArray[np.int64]:
    """Number the groups: records of one site, or that share a long content line."""
    leader = list(range(len(records)))

    def find(one: int) -> int:
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    seen: dict[str, int] = {}
    for number, record in enumerate(records):
        keys = [f"site {site(record)}"]
        for text, label in zip(record.texts, record.labels, strict=True):
            plain = re.sub(r"\W+", " ", text.lower()).strip()
            if label == "content" and len(plain) >= _COPY_CHARACTERS:
                keys.append(plain)
        for key in keys:
            leader[find(number)] = find(seen.setdefault(key, number))
    return np.unique([find(number) for number in range(len(records))], return_inverse=True)[1]
