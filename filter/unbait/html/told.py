"""Words that a page's blocks share with what the page says of itself: title, descriptions, url."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbait.html.blocks import Page
from unbait.html.tree import IntArray
from unbait.html.words import hash_ranges, word_places

_DESCRIBES: Final = ("description", "og:description", "twitter:description")
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Told:
    """``words`` of every block, how many of them are also in the title, the descriptions and the
    url (``hits``, in this order), and how many words these have (``known``)."""

    words: IntArray
    hits: tuple[IntArray, ...]
    known: tuple[int, ...]


def told_words(page: Page) -> Told:
    """Count the words that blocks share with the page's title, descriptions and url."""
    kept = page.caches.get("told")
    if not isinstance(kept, Told):
        page.caches["told"] = kept = _count(page)
    return kept


def _count(page: Page) -> Told:
    n = len(page)
    described = " ".join(content for name, content in page.head.meta if name in _DESCRIBES)
    told = [_words(text) for text in (page.head.title, described, page.url or "")]
    data = np.frombuffer(page.utf8 + b"\n", dtype=np.uint8)
    starts, lengths = word_places(data)
    row = np.searchsorted(page.byte_start, starts, side="right") - 1
    # Only words that begin and are as long as one of those are worth a hash.
    rim = np.zeros(256 * _LONGEST, dtype=np.bool_)
    for _, rims in told:
        rim[rims] = True
    likely = np.flatnonzero(rim[_rim(data, starts, lengths)])
    hashes = hash_ranges(data, starts[likely], lengths[likely])
    hits = tuple(
        np.bincount(row[likely[np.isin(hashes, known)]], minlength=n) for known, _ in told
    )
    return Told(np.bincount(row, minlength=n), hits, tuple(len(known) for known, _ in told))


def _words(text: str) -> tuple[NDArray[np.uint64], IntArray]:
    """Return the hashes of a text's words, and how each begins and how long it is."""
    data = np.frombuffer(text.encode("utf-8", "replace") + b"\n", dtype=np.uint8)
    starts, lengths = word_places(data)
    return hash_ranges(data, starts, lengths), _rim(data, starts, lengths)


def _rim(data: NDArray[np.uint8], starts: IntArray, lengths: IntArray) -> IntArray:
    first = (data[starts] | 32).astype(np.int64)
    return np.asarray(first * _LONGEST + np.minimum(lengths, _LONGEST - 1))
