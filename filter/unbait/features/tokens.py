"""The folded view to words, each with a hash, in array operations alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 1 << 19  # most characters hashed at once; longer segments are read up to here
SPACE, LETTER, DIGIT, MARK, IDEOGRAPH = range(5)

_BASE = 0x9E3779B1
_DIGITS = np.uint32(0x85EBCA6B)
_PREFIX_LENGTH, _SUFFIX_LENGTH, _LONG_WORD = 4, 3, 6

# Scripts that write no spaces between words: every character is a token of its own.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF),
             (0x3005, 0x3007), (0x3041, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x9FFF),
             (0xF900, 0xFAFF))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """Words of some segments in the folded view.

    ``start``, ``end``, ``kind``, ``hash``, ``prefix``, ``suffix``: shape (tokens,); ``prefix`` and
    ``suffix`` hash a long word's edges and are 0 for others. The tokens of segment ``i`` are
    ``first[i] : first[i + 1]``; a segment without a visible character has none.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    kind: NDArray[np.uint8]
    hash: NDArray[np.uint32]
    prefix: NDArray[np.uint32]
    suffix: NDArray[np.uint32]
    first: NDArray[np.int64]

    def segment(self) -> NDArray[np.int64]:
        """Return the segment of each token, shape (tokens,)."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    """Return the token kind of every code point of the Basic Multilingual Plane."""
    import unicodedata

    by_category = {"L": LETTER, "M": LETTER, "N": DIGIT, "Z": SPACE, "C": SPACE}
    every = "".join(map(chr, range(0x10000)))
    table = np.fromiter(
        (by_category.get(name[0], MARK) for name in map(unicodedata.category, every)),
        dtype=np.uint8,
        count=0x10000,
    )
    for low, high in _UNSPACED:
        part = table[low : high + 1]
        part[part == LETTER] = IDEOGRAPH
    return table


def kinds_of(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return the kind (SPACE LETTER DIGIT MARK IDEOGRAPH) of every code point."""
    kinds = np.take(_kinds(), codes, mode="clip")
    if len(codes) and codes.max() > 0xFFFF:
        astral = codes > 0xFFFF
        kinds[astral] = np.where(codes[astral] >> 16 == 2, IDEOGRAPH, MARK)
    return kinds


@lru_cache(maxsize=1)
def _powers() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return powers of the hash base and of its inverse modulo 2**32, BLOCK + 1 of each."""
    powers = np.full(BLOCK + 1, _BASE, dtype=np.uint32)
    inverses = np.full(BLOCK + 1, pow(_BASE, -1, 1 << 32), dtype=np.uint32)
    powers[0] = inverses[0] = 1
    multiply = np.multiply.accumulate
    return multiply(powers, dtype=np.uint32), multiply(inverses, dtype=np.uint32)


def tokenize(
    codes: NDArray[np.uint32], start: NDArray[np.int64], end: NDArray[np.int64]
) -> Tokens:
    """Split the segments ``codes[start:end]`` of the folded view into words.

    A token is a run of letters, a run of digits, one mark, or one character of a script that
    writes no spaces. Numbers hash by their length. ``codes`` has at most ``BLOCK`` entries.
    """
    kinds = kinds_of(codes)
    edge = np.empty(len(codes), dtype=bool)
    edge[:1] = True
    np.not_equal(kinds[1:], kinds[:-1], out=edge[1:])
    edge |= kinds >= MARK
    bounds = np.flatnonzero(edge)
    kind = kinds[bounds]
    word = np.flatnonzero(kind)
    token_end = np.append(bounds, len(codes))[word + 1]
    token_start, kind = bounds[word], kind[word]
    first = np.searchsorted(token_start, np.append(start, end[-1:]))
    length = token_end - token_start
    spans = _SpanHashes(codes)
    hashes = spans(token_start, token_end)
    digits = np.flatnonzero(kind == DIGIT)
    hashes[digits] = length[digits].astype(np.uint32) * _DIGITS
    prefix = np.zeros(len(word), dtype=np.uint32)
    suffix = np.zeros(len(word), dtype=np.uint32)
    long = np.flatnonzero((length >= _LONG_WORD) & (kind == LETTER))
    prefix[long] = spans(token_start[long], token_start[long] + _PREFIX_LENGTH)
    suffix[long] = spans(token_end[long] - _SUFFIX_LENGTH, token_end[long])
    return Tokens(token_start, token_end, kind, hashes, prefix, suffix, first)


class _SpanHashes:
    """Hashes of any span of a text in constant time, by a running polynomial modulo 2**32."""

    def __init__(self, codes: NDArray[np.uint32]) -> None:
        powers, self._inverses = _powers()
        self._running = np.zeros(len(codes) + 1, dtype=np.uint32)
        np.cumsum(codes * powers[: len(codes)], dtype=np.uint32, out=self._running[1:])

    def __call__(
        self, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.uint32]:
        """Return the hash of every span, shape (spans,)."""
        running = self._running
        return (running[end] - running[start]) * self._inverses[start]
