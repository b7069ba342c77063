"""Text to paragraphs, losslessly: the only splitter.

A batch of documents is one array of code points, the documents joined by newlines. Segments are
the non-blank lines, trimmed; what lies between two segments is their separator, so segments and
separators together are the input. Lines that were broken only to fit a width (hard-wrapped text)
are one segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbait.fold import codes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WRAP_MIN_WIDTH = 50
WRAP_MAX_WIDTH = 110
WRAP_MIN_LINES = 3

_LINE_BREAKS = (0x85, 0x2028, 0x2029)


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents as arrays. All offsets count code points of ``text``.

    ``document_start`` has one more entry than there are documents: document ``i`` is
    ``text[document_start[i] : document_start[i + 1] - 1]``. ``segment_document`` says whose each
    segment is. Shapes: ``codes`` (characters,), ``start``, ``end``, ``segment_document``
    (segments,), ``first_segment`` (documents + 1,).
    """

    text: str
    codes: NDArray[np.uint32]
    document_start: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    segment_document: NDArray[np.int64]
    first_segment: NDArray[np.int64]


def batch(texts: Sequence[str]) -> Batch:
    """Join ``texts`` and find the segments of each."""
    text = "\n".join([*texts, ""])
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    document_start = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(lengths + 1, out=document_start[1:])
    codes = codes_of(text)
    start, end = _lines(text, codes)
    document = np.searchsorted(document_start, start, side="right") - 1
    start, end, document = _join_wrapped(codes, start, end, document)
    return arrange(text, codes, document_start, start, end, document)


def arrange(
    text: str,
    codes: NDArray[np.uint32],
    document_start: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    document: NDArray[np.int64],
) -> Batch:
    """Build a batch from segments that are already known (those of a page, for one)."""
    first = np.searchsorted(document, np.arange(len(document_start)), side="left")
    return Batch(text, codes, document_start, start, end, document, first)


def _lines(text: str, codes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and end of every non-blank line of ``text``, trimmed."""
    is_break = (codes - np.uint32(10)) < 4  # \n \v \f \r: unsigned, so smaller codes wrap to huge
    if not text.isascii():
        for code in _LINE_BREAKS:
            is_break |= codes == code
    end = np.flatnonzero(is_break)
    start = np.empty_like(end)
    if len(end):
        start[0] = 0
        start[1:] = end[:-1] + 1
    full = end > start
    start, end = start[full], end[full]
    _trim(text, codes, start, end)
    full = end > start
    return start[full], end[full]


def _trim(
    text: str, codes: NDArray[np.uint32], start: NDArray[np.int64], end: NDArray[np.int64]
) -> None:
    """Move ``start`` and ``end`` inwards past white space, in place; only few lines need it."""
    first, last = codes[start], codes[end - 1]
    suspect = (first <= 32) | (last <= 32) | (first == 0xA0) | (last == 0xA0)
    suspect |= (first >= 0x1680) | (last >= 0x1680)
    for i in np.flatnonzero(suspect).tolist():
        line = text[start[i] : end[i]]
        kept = line.lstrip()
        start[i] += len(line) - len(kept)
        end[i] -= len(kept) - len(kept.rstrip())


def _join_wrapped(
    codes: NDArray[np.uint32],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    document: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Make one segment of each block of lines that a fixed width broke.

    A block (lines without a blank one between) is wrapped when every line but the last is so full
    that the next line's first word would not have fitted. The test looks at the block alone, so
    that what is cut elsewhere cannot change it.
    """
    count = len(start)
    if count < WRAP_MIN_LINES:
        return start, end, document
    width = end - start
    follows = np.zeros(count, dtype=bool)
    gap = start[1:] - end[:-1]
    follows[1:] = (document[1:] == document[:-1]) & (gap <= 2)
    double = np.flatnonzero(follows[1:] & (gap == 2)) + 1
    follows[double] = (codes[end[double - 1]] == 13) & (codes[end[double - 1] + 1] == 10)
    block_first = np.flatnonzero(~follows)
    block_length = np.diff(np.append(block_first, count))
    widest = np.maximum.reduceat(width, block_first)
    likely = (
        (block_length >= WRAP_MIN_LINES) & (widest >= WRAP_MIN_WIDTH) & (widest <= WRAP_MAX_WIDTH)
    )
    keep = np.ones(count, dtype=bool)
    for b in np.flatnonzero(likely).tolist():
        i, n = int(block_first[b]), int(block_length[b])
        if _is_wrapped(codes, start[i : i + n], end[i : i + n], int(widest[b])):
            keep[i + 1 : i + n] = False
            end[i] = end[i + n - 1]
    return start[keep], end[keep], document[keep]


def _is_wrapped(
    codes: NDArray[np.uint32], start: NDArray[np.int64], end: NDArray[np.int64], width: int
) -> bool:
    """Say whether every line but the last is too full for the next line's first word."""
    window = codes[np.minimum(start[1:, None] + np.arange(width), len(codes) - 1)]
    breaks = window <= 32
    first_word = np.where(breaks.any(axis=1), breaks.argmax(axis=1), width)
    room = width - (end[:-1] - start[:-1])
    return bool(np.all(first_word + 1 > room))
