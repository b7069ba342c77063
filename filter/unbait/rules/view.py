"""A batch's segments as lines of UTF-8, and the way back from bytes to folded offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]

_NEWLINE, _SPACE, _REPLACEMENT = 10, 32, 0xFFFD


@dataclass(frozen=True, slots=True)
class LineView:
    """Segments one a line: ``data[start[i]:end[i]]`` is segment i in UTF-8.

    ``wide`` and ``extra`` name the places of the characters beyond ASCII and the bytes they add.
    """

    data: bytes
    start: Ints
    end: Ints
    wide: Ints
    extra: Ints

    def to_codes(self, offsets: Ints) -> Ints:
        """Turn byte offsets into offsets in the folded codes."""
        if not self.wide.size:
            return offsets
        before = np.searchsorted(self.wide + self.extra[:-1], offsets)
        moved: Ints = np.subtract(offsets, self.extra[before], dtype=np.int64)
        return moved


def line_view(codes: Codes, start: Ints, end: Ints) -> LineView:
    """Write segments as lines: control characters become spaces, what is between line breaks.

    Segments are in order and at least one code apart.
    """
    if start.size and np.any(start[1:] <= end[:-1]):
        raise ValueError("segments must be in order and at least one code apart")
    wide = np.flatnonzero(codes > 0x7F)
    view: NDArray[Any] = codes.astype(np.uint32 if wide.size else np.uint8)
    view[view < _SPACE] = _SPACE
    view[_between(start, end, codes.size)] = _NEWLINE
    if not wide.size:
        return LineView(view.tobytes(), start, end, wide, np.zeros(1, np.int64))
    beyond = view[wide]
    lone = (beyond >= 0xD800) & (beyond <= 0xDFFF)
    if lone.any():
        view[wide[lone]] = _REPLACEMENT
    beyond = view[wide]
    added = (beyond > 0x7F).astype(np.int64) + (beyond > 0x7FF) + (beyond > 0xFFFF)
    extra = np.concatenate(([0], np.cumsum(added)))
    data = view.astype("<u4").tobytes().decode("utf-32-le").encode("utf-8")
    return LineView(
        data,
        start + extra[np.searchsorted(wide, start)],
        end + extra[np.searchsorted(wide, end)],
        wide,
        extra,
    )


def _between(start: Ints, end: Ints, size: int) -> Ints:
    """List every place that lies in no segment."""
    gap_start = np.concatenate(([0], end))
    length = np.concatenate((start, [size])) - gap_start
    first = np.cumsum(length) - length
    return np.asarray(np.arange(length.sum()) + np.repeat(gap_start - first, length))
