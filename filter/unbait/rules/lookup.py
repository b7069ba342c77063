"""Keys, openings and signs of all rules found in a batch at once, by array operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unbait.rules.keys import GRAM_BYTES, KEY_BYTES
from unbait.rules.model import Rule
from unbait.rules.openings import OPENING, opening_words
from unbait.rules.view import Codes, Ints

_HASH = np.uint32(2_654_435_761)
_SLOT_BITS = 19
_WORD_HASH = np.uint64(0x9E37_79B9_7F4A_7C15)
_OPENING_BITS = 18
_CODE_BITS = 21
_LINES = 1 << 13  # looked up in one go
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


class OpeningTable:
    """The openings of rules, by their length."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take the openings of rules; a rule without openings is not found here."""
        size = [len(rule.openings) for rule in rules]
        value = np.array([word for rule in rules for word in rule.openings], np.uint64)
        rule = np.repeat(np.arange(len(rules)), size)
        order = np.argsort(value, kind="stable")
        value, self._rule = value[order], rule[order]
        self._value, self._first = np.unique(value, return_index=True)
        self._count = np.diff(self._first, append=len(value))
        steps = np.uint64(8) * np.arange(1, OPENING, dtype=np.uint64)
        length = (self._value[:, None] >> steps > 0).sum(axis=1) + 1
        unused = np.uint64(8) * (OPENING - np.unique(length)).astype(np.uint64)
        self._masks = np.uint64(0xFFFF_FFFF_FFFF_FFFF) >> unused
        self._may_be = np.zeros(1 << _OPENING_BITS, bool)
        self._may_be[_slots(self._value)] = True

    def find(self, codes: Codes, start: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Give the lines ``codes[start:end]`` that open as a rule asks for, and that rule."""
        lines, rules = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        words = opening_words(codes, start, end)
        for low in range(0, len(words), _LINES):
            begins = (words[low : low + _LINES, None] & self._masks).ravel()
            which = np.flatnonzero(self._may_be.take(_slots(begins)))
            at = np.searchsorted(self._value, begins[which])
            same = self._value.take(at, mode="clip") == begins[which]
            which, at = which[same], at[same]
            count = self._count[at]
            shift = self._first[at] - np.cumsum(count) + count
            lines.append(np.repeat(which // len(self._masks) + low, count))
            rules.append(self._rule[np.arange(count.sum()) + np.repeat(shift, count)])
        return np.concatenate(lines), np.concatenate(rules)


class SignTable:
    """The signs of rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take the signs of rules; a rule without signs is not found here."""
        rows = [(index, *ends) for index, rule in enumerate(rules) for ends in rule.signs]
        columns = np.array(rows, np.int64).reshape(-1, 3)
        self._rule, self._low, self._high = columns.T
        self._may_be = np.zeros(0x10000, bool)
        for low, high in zip(self._low.tolist(), self._high.tolist(), strict=True):
            self._may_be[low : high + 1] = True
        self._may_be[-1] |= bool((self._high >= 0xFFFF).any())  # stands for all beyond it

    def find(self, codes: Codes, start: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Give rules, and for each a line ``codes[start:end]`` that holds a sign of it."""
        if not len(start) or not len(self._rule):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        place = np.flatnonzero(self._may_be.take(codes, mode="clip"))
        line = np.searchsorted(start, place, "right") - 1
        inside = (line >= 0) & (place < end.take(line, mode="clip"))
        sign = codes[place[inside]].astype(np.int64)
        held = distinct(line[inside] << _CODE_BITS | sign)
        line, sign = held >> _CODE_BITS, held & ((1 << _CODE_BITS) - 1)
        lines, rules = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for at in range(0, len(held), _LINES):
            some = sign[at : at + _LINES, None]
            which, rule = np.nonzero((some >= self._low) & (some <= self._high))
            lines.append(line[which + at])
            rules.append(self._rule[rule])
        return np.concatenate(rules), np.concatenate(lines)


def distinct(numbers: Ints) -> Ints:
    """Sort numbers and drop those that come again."""
    numbers = np.sort(numbers)
    return numbers[np.append(True, numbers[1:] != numbers[:-1])] if len(numbers) else numbers


def _slots(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (words * _WORD_HASH) >> np.uint64(64 - _OPENING_BITS)


def _hashes(grams: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (grams * _HASH) >> np.uint32(32 - _SLOT_BITS)
