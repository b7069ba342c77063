"""The words of class and id attributes, hashed, with the element that bears them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbait.html.tree import IntArray, Tree

_CLASS: Final = int.from_bytes(b' class="', "little")
_ID: Final = int.from_bytes(b' id="', "little")
_ID_MASK: Final = (1 << 40) - 1
_BASE: Final = 0x100000001B3
MAX_WORD: Final = 32
POWERS = np.cumprod(np.full(MAX_WORD, _BASE, dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class Words:
    """Word hashes and, beside each, the element (index into ``Tree.opens``) it belongs to."""

    hashes: NDArray[np.uint64]
    element: IntArray


def attribute_words(tree: Tree) -> Words:
    """Read every class and id attribute of the page into hashed words."""
    none = Words(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    if tree.size < 16 or not len(tree.opens):
        return none
    eight = np.ndarray((tree.size,), dtype="<u8", buffer=tree.data, strides=(1,))
    is_class = np.flatnonzero(eight == _CLASS) + 8
    is_id = np.flatnonzero((eight & np.uint64(_ID_MASK)) == _ID) + 5
    starts = np.sort(np.concatenate((is_class, is_id)))
    which = np.searchsorted(tree.start, starts) - 1
    good = (which >= 0) & (starts < tree.end[which]) & ~tree.closing[which]
    starts, which = starts[good], which[good]
    quotes = np.flatnonzero(tree.data[: tree.size] == ord('"'))
    at = np.searchsorted(quotes, starts)
    good = at < len(quotes)
    starts, which = starts[good], which[good]
    lengths = quotes[at[good]] - starts
    if not int(lengths.sum()):
        return none
    owner = np.repeat(np.searchsorted(tree.opens, which), lengths + 1)
    letters = _gather(tree.data, starts, lengths + 1)
    hashes, at_word = hash_words(letters)
    return Words(hashes, owner[at_word])


def _gather(data: NDArray[np.uint8], starts: IntArray, lengths: IntArray) -> NDArray[np.uint8]:
    """Put the bytes of these ranges side by side."""
    shift = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return data[shift + np.arange(len(shift))]


def hash_words(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], IntArray]:
    """Cut bytes into words of letters, camelCase apart; return their hashes and first places.

    Words shorter than two letters are left out; letters after the 32nd do not count.
    """
    low = data | 32
    letter = ((low >= ord("a")) & (low <= ord("z"))) | (data >= 128)
    upper = (data >= ord("A")) & (data <= ord("Z"))
    first = letter.copy()
    first[1:] &= ~letter[:-1] | (upper[1:] & ~upper[:-1])
    places = np.flatnonzero(letter)
    if not len(places):
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    starts = np.flatnonzero(first[places])
    lengths = np.diff(np.append(starts, len(places)))
    within = np.arange(len(places)) - np.repeat(starts, lengths)
    values = low[places].astype(np.uint64) * POWERS[np.minimum(within, MAX_WORD - 1)]
    values[within >= MAX_WORD] = 0
    hashes = np.add.reduceat(values, starts)
    long = lengths > 1
    return mix(hashes[long]), places[starts[long]]


def mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of a hash, so that any of them can choose a bucket."""
    hashes = (hashes ^ (hashes >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray(hashes ^ (hashes >> np.uint64(29)), dtype=np.uint64)
