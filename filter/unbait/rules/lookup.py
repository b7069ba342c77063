"""Keys of all rules found in a batch at once, by array operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unbait.rules.keys import GRAM_BYTES, KEY_BYTES
from unbait.rules.model import Rule
from unbait.rules.view import Ints

_HASH = np.uint32(2_654_435_761)
_SLOT_BITS = 19
_BLOCK = 1 << 15  # bytes looked at in one go: what stays in the processor's cache


class KeyTable:
    """The keys of rules, ordered by the four bytes that are looked up."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take the keys of rules; a rule without keys is not found here."""
        rows = [(index, *key) for index, rule in enumerate(rules) for key in rule.keys]
        columns = np.array(rows, np.uint64).reshape(-1, 4)
        gram_at, size = columns[:, 1], columns[:, 2]
        gram = (columns[:, 3] >> (gram_at * np.uint64(8))).astype(np.uint32)
        slot = _hashes(gram)
        order = np.argsort(slot, kind="stable")
        self._rule = columns[order, 0].astype(np.int64)
        self._gram_at = gram_at[order].astype(np.int64)
        self._value = columns[order, 3]
        unused = np.uint64(8) * (np.uint64(KEY_BYTES) - size[order])
        self._mask = np.uint64(0xFFFF_FFFF_FFFF_FFFF) >> unused
        self._count = np.bincount(slot, minlength=1 << _SLOT_BITS)
        self._first = np.cumsum(self._count) - self._count
        self._may_be = self._count > 0

    def find(self, data: bytes) -> tuple[Ints, Ints]:
        """Give the places of keys in the data and their rules."""
        # A key may begin with the break before a line and end with the one after it.
        padded = b"\n" * KEY_BYTES + data + b"\n" * KEY_BYTES
        shape = (len(data) + KEY_BYTES - GRAM_BYTES + 1,)
        place, slot = self._gram_places(np.ndarray(shape, np.uint32, padded, KEY_BYTES - 1, (1,)))
        count = self._count[slot]
        shift = self._first[slot] - np.cumsum(count) + count
        entry = np.arange(count.sum()) + np.repeat(shift, count)
        begin = np.repeat(place, count) - self._gram_at[entry] + (KEY_BYTES - 1)
        words = np.ndarray((len(data) + KEY_BYTES + 1,), np.uint64, padded, 0, (1,))
        same = (words[np.maximum(begin, 0)] & self._mask[entry]) == self._value[entry]
        return begin[same] - KEY_BYTES, self._rule[entry[same]]

    def _gram_places(self, grams: NDArray[np.uint32]) -> tuple[Ints, NDArray[np.uint32]]:
        """Give the places where a key's four bytes may stand, and their slots."""
        places, slots = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
        for low in range(0, len(grams), _BLOCK):
            hashes = _hashes(grams[low : low + _BLOCK])
            here = np.flatnonzero(self._may_be.take(hashes))
            places.append(here + low)
            slots.append(hashes[here])
        return np.concatenate(places), np.concatenate(slots)


def _hashes(grams: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (grams * _HASH) >> np.uint32(32 - _SLOT_BITS)
