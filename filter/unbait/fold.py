"""The matching view of a text: what people see, in plain lower-case letters, with a way back.

A whole batch of documents, joined by newlines, is folded at once. One table look-up a character
does the 1:1 part; lines that hold more (something to remove, expand, compose or join, or a word
of mixed scripts) are gathered and go through ``fold_exact``. A line's fold depends on that line
alone, newlines stay one for one, and folding what is folded changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unbait.fold_table import (
    AMPERSAND,
    CODE_MASK,
    FOREIGN,
    HARD,
    LATIN,
    NEWLINE,
    REPLACEMENT,
    SCRIPTS,
    SPACED,
    SPECIAL,
    table,
)

Codes = NDArray[np.uint32]
Offsets = NDArray[np.int64]

_Exact = tuple[Codes, Offsets, NDArray[np.bool_]]

_BLOCK = 1 << 15
_OVERLAP = 64  # more than any of the scan's questions looks ahead
_PIECE = 2000  # with more lines than one in so many characters, stretches are not copied singly
_FLAG_SHIFT = 21
_ENTITY_REACH = 48  # no entity is longer from its ampersand to its semicolon
_NOTHING: Offsets = np.zeros(0, np.int64)
_NOTHING.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Folded:
    """The folded code points and, for each, where in the source it began.

    ``origin`` has one entry more than ``codes`` (the last is the source's length); None says that
    nothing moved. ``disguise`` holds the sorted folded offsets at which a disguise was taken off.
    """

    codes: Codes
    origin: Offsets | None
    disguise: Offsets

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """Span of the source that shows as ``codes[start:end]``.

        What was removed inside the span or right after it is covered, what was removed right
        before it is not.
        """
        if self.origin is None:
            return start, end
        first = int(self.origin[start])
        if end <= start:
            return first, first
        after = int(np.searchsorted(self.origin, self.origin[end - 1], side="right"))
        return first, int(self.origin[after])

    def from_source(self, offsets: Offsets) -> Offsets:
        """Folded index of each source offset: the first character that begins there or later."""
        if self.origin is None:
            return np.asarray(offsets, np.int64)
        return np.searchsorted(self.origin, offsets).astype(np.int64, copy=False)


def codes_of(text: str) -> Codes:
    """Code points of a text (read-only)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def text_of(codes: Codes) -> str:
    """Text of these code points."""
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


def fold_text(text: str) -> tuple[str, Folded]:
    """Fold one text; the first part is the folded view as a string."""
    folded = fold(codes_of(text))
    return text_of(folded.codes), folded


def fold(codes: Codes) -> Folded:
    """Fold a batch: documents joined by newlines."""
    mapped, hits = scan(codes)
    if not len(hits):
        return Folded(_final_sigma(mapped), None, _NOTHING)
    from unbait.fold_exact import fold_exact

    spans = _lines_around(codes, hits)
    source = ranges(*spans)
    return _splice(mapped, spans, source, fold_exact(codes[source], source))


def scan(codes: Codes) -> tuple[Codes, Offsets]:
    """Fold what folds one to one; return it with places in the lines that need more.

    Works in blocks that stay in the processor's cache.
    """
    if not len(codes):
        return codes.copy(), _NOTHING
    ascii_only = int(codes.max()) < 0x80
    mapped, hits = _scan_ascii(codes) if ascii_only else _scan_any(codes)
    return mapped, np.sort(np.concatenate(hits))


def _scan_ascii(codes: Codes) -> tuple[Codes, list[Offsets]]:
    mapped = np.empty(len(codes), np.uint32)
    hits = []
    for start in range(0, len(codes), _BLOCK):
        small = codes[start : start + _BLOCK + _OVERLAP].astype(np.uint8)
        small |= ((small - np.uint8(0x41)) < 26).view(np.uint8) * np.uint8(32)
        block = small[:_BLOCK]
        mapped[start : start + _BLOCK] = block
        hits.append(_spaced_hits((small - np.uint8(0x61)) < 26) + start)
        if b"&" in small.tobytes():  # much cheaper than comparing
            hits.append(_entity_hits(small) + start)
        if not block.all():
            mapped[start : start + _BLOCK][block == 0] = REPLACEMENT
    return mapped, hits


def _scan_any(codes: Codes) -> tuple[Codes, list[Offsets]]:
    mapped = np.empty(len(codes), np.uint32)
    flags = np.empty(len(codes), np.uint16)
    lookup = table().lookup
    hits = []
    seen = 0
    for start in range(0, len(codes), _BLOCK):
        words = lookup(codes[start : start + _BLOCK + _OVERLAP])
        here = int(np.bitwise_or.reduce(words))
        seen |= here
        np.bitwise_and(words[:_BLOCK], CODE_MASK, out=mapped[start : start + _BLOCK])
        flag = (words >> _FLAG_SHIFT).astype(np.uint16)
        flags[start : start + _BLOCK] = flag[:_BLOCK]
        hits.append(_spaced_hits((flag & (SPACED >> _FLAG_SHIFT)).astype(np.bool_)) + start)
        if here & SPECIAL:
            hits.append(np.flatnonzero(flag & (SPECIAL >> _FLAG_SHIFT)) + start)
        if here & AMPERSAND:
            hits.append(_entity_hits(words & CODE_MASK) + start)
        if (here & SCRIPTS).bit_count() > 1:
            hits.append(_mixed_hits(flag) + start)
    if seen & FOREIGN and seen & LATIN:
        hits.append(_lookalike_hits(flags))
    return mapped, hits


def _entity_hits(codes: NDArray[Any]) -> Offsets:
    """Ampersands with a semicolon in reach."""
    starts = np.flatnonzero(codes == 0x26)
    if not len(starts):
        return _NOTHING
    ends = np.append(np.flatnonzero(codes == 0x3B), len(codes) + _ENTITY_REACH)
    return starts[ends[np.searchsorted(ends, starts)] - starts < _ENTITY_REACH]


def _spaced_hits(letter: NDArray[np.bool_]) -> Offsets:
    """Starts of four letters in a row with one other character between each two."""
    if len(letter) < 7:
        return _NOTHING
    alone = letter.copy()  # a letter between two others that are none
    alone[1:] &= ~letter[:-1]
    alone[:-1] &= ~letter[1:]
    two = alone[:-2] & alone[2:]
    return np.flatnonzero(two[:-4] & two[4:])


def _mixed_hits(flags: NDArray[np.uint16]) -> Offsets:
    """Where a letter of one script touches a letter of another."""
    script = flags & (SCRIPTS >> _FLAG_SHIFT)
    return np.flatnonzero((script[1:] != script[:-1]) & (script[1:] != 0) & (script[:-1] != 0))


def _lookalike_hits(flags: NDArray[np.uint16]) -> Offsets:
    """Lines with Latin letters where all letters of other scripts could be Latin ones."""
    breaks = np.flatnonzero(flags & (NEWLINE >> _FLAG_SHIFT))
    starts = np.concatenate((np.zeros(1, np.int64), breaks + 1))
    starts = starts[starts < len(flags)]
    line = np.bitwise_or.reduceat(flags, starts)
    latin, foreign, hard = (line & (bit >> _FLAG_SHIFT) for bit in (LATIN, FOREIGN, HARD))
    found: Offsets = starts[(latin != 0) & (foreign != 0) & (hard == 0)]
    return found


def _places(codes: Codes, test: Callable[[Codes], NDArray[np.bool_]]) -> Offsets:
    """Where the test holds, asked block by block."""
    found = [
        np.flatnonzero(test(codes[start : start + _BLOCK])) + start
        for start in range(0, len(codes), _BLOCK)
    ]
    return np.concatenate(found) if found else _NOTHING


def _is_newline(codes: Codes) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (codes - np.uint32(0x0A)) < 4
    if int(codes.max()) >= 0x80:
        found |= (codes == 0x85) | (codes == 0x2028) | (codes == 0x2029)
    return found


def _is_sigma(codes: Codes) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = codes == 0x3C3
    return found


def _lines_around(codes: Codes, hits: Offsets) -> tuple[Offsets, Offsets]:
    """Starts and ends of whole lines (with newlines) that hold the hits; neighbours are merged."""
    ends = _places(codes, _is_newline) + 1
    if not len(ends) or ends[-1] != len(codes):
        ends = np.append(ends, len(codes))
    lines = np.searchsorted(ends, hits, side="right")
    lines = lines[np.concatenate(([True], lines[1:] != lines[:-1]))]
    first = np.flatnonzero(np.concatenate(([True], np.diff(lines) > 1)))
    last = np.append(first[1:], len(lines)) - 1
    return np.concatenate((np.zeros(1, np.int64), ends))[lines[first]], ends[lines[last]]


def ranges(starts: Offsets, ends: Offsets) -> Offsets:
    """All offsets from each start to its end, one after another."""
    lengths = ends - starts
    shift = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    found: Offsets = np.arange(len(shift)) + shift
    return found


def _splice(
    mapped: Codes, spans: tuple[Offsets, Offsets], source: Offsets, exact: _Exact
) -> Folded:
    """Put the exactly folded lines back between the others."""
    codes, origin, disguise = exact
    size = len(mapped)
    if np.array_equal(origin, source):
        mapped[source] = codes
        return Folded(_final_sigma(mapped), None, source[disguise])
    if len(spans[0]) > size // _PIECE:
        counts = np.ones(size, np.int64)
        counts[source] = 0
        untouched = counts.astype(np.bool_)
        counts += np.bincount(origin, minlength=size)
        whole = np.repeat(np.arange(size + 1), np.append(counts, 1))
        view = mapped[whole[:-1]]
        place = np.flatnonzero(~untouched[whole[:-1]])
        view[place] = codes
        return Folded(_final_sigma(view), whole, place[disguise])
    return _splice_pieces(mapped, spans, exact)


def _splice_pieces(mapped: Codes, spans: tuple[Offsets, Offsets], exact: _Exact) -> Folded:
    """Do the same by copying stretches: cheaper where the exact lines are few."""
    codes, origin, disguise = exact
    cuts = np.searchsorted(origin, spans[1]).tolist()
    size = len(mapped) + len(codes) - int((spans[1] - spans[0]).sum())
    view, whole = np.empty(size, np.uint32), np.arange(size + 1)
    marks = [_NOTHING]
    done = taken = at = 0
    for start, end, cut in zip(spans[0].tolist(), spans[1].tolist(), cuts, strict=True):
        stop = at + start - done
        view[at:stop] = mapped[done:start]
        whole[at:stop] += done - at
        at = stop + cut - taken
        view[stop:at] = codes[taken:cut]
        whole[stop:at] = origin[taken:cut]
        marks.append(np.flatnonzero(disguise[taken:cut]) + stop)
        done, taken = end, cut
    view[at:] = mapped[done:]
    whole[at:] += done - at
    return Folded(_final_sigma(view), whole, np.concatenate(marks))


def _final_sigma(codes: Codes) -> Codes:
    """Write the sigma that ends a word as such, as lower-casing a whole word does."""
    at = _places(codes, _is_sigma)
    if not len(at):
        return codes
    padded = np.concatenate((codes[:1] * 0, codes, codes[:1] * 0))  # code point 0: no word
    is_word = table().is_word
    ends = is_word(padded[at]) & ~is_word(padded[at + 2])
    codes[at[ends]] = 0x3C2
    return codes
