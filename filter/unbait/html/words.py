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
    spaces = np.flatnonzero(tree.data[: tree.size] == ord(" "))
    after = eight[spaces]
    width = np.where(after == _CLASS, 8, np.where((after & np.uint64(_ID_MASK)) == _ID, 5, 0))
    starts = (spaces + width)[width > 0]
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


def word_places(data: NDArray[np.uint8]) -> tuple[IntArray, IntArray]:
    """Cut bytes into words of letters, camelCase apart; return where they start, how long.

    Words shorter than two bytes are left out.
    """
    kind = _KIND[data]
    letter = kind > 0
    first = letter.copy()
    first[1:] &= ~letter[:-1] | ((kind[1:] == _UPPER) & (kind[:-1] != _UPPER))
    last = letter.copy()
    last[:-1] &= first[1:] | ~letter[1:]
    starts = np.flatnonzero(first)
    lengths = np.flatnonzero(last) + 1 - starts
    long = lengths > 1
    return starts[long], lengths[long]


def hash_ranges(data: NDArray[np.uint8], starts: IntArray, lengths: IntArray) -> NDArray[np.uint64]:
    """Hash the words at these places; letters after the 32nd do not count, nor does case."""
    if not len(starts):
        return np.zeros(0, np.uint64)
    lengths = np.minimum(lengths, MAX_WORD)
    ends = np.cumsum(lengths)
    within = np.arange(int(ends[-1])) - np.repeat(ends - lengths, lengths)
    letters = (data[np.repeat(starts, lengths) + within] | 32).astype(np.uint64)
    return mix(np.add.reduceat(letters * POWERS[within], ends - lengths))


def hash_words(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], IntArray]:
    """Return the hashes of all words in these bytes and where they start."""
    starts, lengths = word_places(data)
    return hash_ranges(data, starts, lengths), starts


_UPPER: Final = 2
_KIND = np.zeros(256, dtype=np.uint8)
_KIND[ord("a") : ord("z") + 1] = 1
_KIND[ord("A") : ord("Z") + 1] = _UPPER
_KIND[128:] = 1


def mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of a hash, so that any of them can choose a bucket."""
    hashes = (hashes ^ (hashes >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray(hashes ^ (hashes >> np.uint64(29)), dtype=np.uint64)
