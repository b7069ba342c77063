"""A batch in blocks of whole documents that stay in the processor's cache, each as words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbait.features.tokens import BLOCK, Tokens, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from unbait.fold import Folded
    from unbait.segment import Batch

_RUN_CHARACTERS = 1 << 17  # looked at at once: what stays in the processor's cache


@dataclass(frozen=True, slots=True)
class Block:
    """The segments ``low:high`` of a batch: their folded ``codes`` and words.

    Offsets of the words count from ``base`` in the folded batch; ``origin`` leads on to the text.
    """

    low: int
    high: int
    codes: NDArray[np.uint32]
    tokens: Tokens
    base: int
    origin: NDArray[np.int64] | None

    def source(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where offsets into ``codes`` stand in the batch's text."""
        places = offsets + self.base
        return places if self.origin is None else self.origin[places]


def token_blocks(batch: Batch, folded: Folded) -> Iterator[Block]:
    """Yield a batch and its folded view block by block."""
    start, end = folded.from_source(batch.start), folded.from_source(batch.end)
    for low, high in _bounds(start, end, batch.first_segment):
        base = int(start[low])
        codes = folded.codes[base : min(int(end[high - 1]), base + BLOCK)]
        first = np.minimum(start[low:high] - base, len(codes))
        stop = np.minimum(end[low:high] - base, len(codes))
        yield Block(low, high, codes, tokenize(codes, first, stop), base, folded.origin)


def _bounds(
    start: NDArray[np.int64], end: NDArray[np.int64], first: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Cut the segments into runs of documents that stay in the processor's cache.

    A run fits ``BLOCK`` characters. A document is never cut unless it alone is too long,
    and then always at the same places, so that no result depends on what else is in the batch.
    """
    bounds: list[tuple[int, int]] = []
    low = 0
    for begin, stop in zip(first[:-1].tolist(), first[1:].tolist(), strict=True):
        if begin == stop:
            continue
        if end[stop - 1] - start[low] > _RUN_CHARACTERS and begin > low:
            bounds.append((low, begin))
            low = begin
        if end[stop - 1] - start[begin] > BLOCK:
            bounds.extend(_pieces(start, end, begin, stop))
            low = stop
    if low < len(start):
        bounds.append((low, len(start)))
    return bounds


def _pieces(
    start: NDArray[np.int64], end: NDArray[np.int64], begin: int, stop: int
) -> list[tuple[int, int]]:
    """Cut one long document into runs of whole segments; a longer segment is a run alone."""
    pieces = []
    while begin < stop:
        fits = int(np.searchsorted(end[begin:stop], start[begin] + BLOCK, side="right"))
        after = begin + max(fits, 1)
        pieces.append((begin, after))
        begin = after
    return pieces
