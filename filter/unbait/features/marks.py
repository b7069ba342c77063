"""The kinds of punctuation that say something about a line, one bit each."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARKS = {
    "stop": ".。．।؟", "question": "?？؟¿", "exclaim": "!！¡", "ellipsis": "…", "colon": ":：",
    "comma": ",;，；、،", "quote": "\"'“”„‟‘’‚«»‹›「」『』", "open": "([{（【〔",
    "close": ")]}）】〕", "at": "@＠", "hash": "#＃", "pipe": "|｜¦", "slash": "/\\",
    "arrow": "<>→←↑↓»›▶►▸◄⇒➜➤", "copyright": "©®™℗", "bullet": "•·●◦▪■□★☆✓✔",
    "currency": "$€£¥₹₽₩%", "dash": "-–—―",
}  # fmt: skip
BIT = {name: 1 << i for i, name in enumerate(MARKS)}
SENTENCE_END = BIT["stop"] | BIT["question"] | BIT["exclaim"] | BIT["ellipsis"]
SENTENCE_CLOSE = BIT["quote"] | BIT["close"]


@lru_cache(maxsize=1)
def _bits() -> NDArray[np.int32]:
    """Return for every BMP code point the bits of the marks it is."""
    table = np.zeros(0x10000, dtype=np.int32)
    for name, marks in MARKS.items():
        for mark in marks:
            table[ord(mark)] |= BIT[name]
    return table


def bits_of(codes: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Return the mark bits of every code point, 0 for what is no mark."""
    return np.take(_bits(), codes, mode="clip")


@lru_cache(maxsize=1)
def _upper() -> NDArray[np.bool_]:
    """Return for every BMP code point whether it is an upper-case letter."""
    return np.fromiter(map(str.isupper, map(chr, range(0x10000))), bool, count=0x10000)


def is_upper(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return whether each code point is an upper-case letter."""
    return np.take(_upper(), codes, mode="clip")
