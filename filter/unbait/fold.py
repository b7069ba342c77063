"""The matching view of a text: what people see, in plain lower-case letters, with a way back.

A whole batch of documents, joined by newlines, is folded at once. One table look-up a character
does the 1:1 part; lines that hold more (something to remove, expand, compose or join, or a word
of mixed scripts) are gathered and go through ``fold_exact``. A line's fold depends on that line
alone, newlines stay one for one, and folding what is folded changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

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

_ENTITY_REACH = 40  # no entity is longer from its ampersand to its semicolon
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
    source = _gather(spans)
    exact, origin, disguise = fold_exact(codes[source], source)
    return _splice(mapped, spans, exact, origin, disguise)


def scan(codes: Codes) -> tuple[Codes, Offsets]:
    """Fold what folds one to one; return it with places in the lines that need more."""
    if not len(codes):
        return codes.copy(), _NOTHING
    if int(codes.max()) < 0x80:
        return _scan_ascii(codes)
    words = table().lookup(codes)
    seen = int(np.bitwise_or.reduce(words))
    mapped = words & CODE_MASK
    hits = [_spaced_hits((words & SPACED).astype(np.bool_))]
    if seen & SPECIAL:
        hits.append(np.flatnonzero(words & SPECIAL))
    if seen & AMPERSAND:
        hits.append(_entity_hits(mapped))
    if (seen & FOREIGN) and (seen & LATIN or (seen & FOREIGN).bit_count() > 1):
        hits.append(_mixed_hits(words))
        hits.append(_lookalike_hits(words))
    return mapped, np.sort(np.concatenate(hits))


def _scan_ascii(codes: Codes) -> tuple[Codes, Offsets]:
    small = codes.astype(np.uint8)
    small += ((small - np.uint8(0x41)) < 26).view(np.uint8) << 5
    hits = [_spaced_hits((small - np.uint8(0x61)) < 26), _entity_hits(small)]
    mapped = small.astype(np.uint32)
    if not small.all():
        mapped[small == 0] = REPLACEMENT
    return mapped, np.sort(np.concatenate(hits))


def _entity_hits(codes: NDArray[np.uint8] | Codes) -> Offsets:
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


def _mixed_hits(words: Codes) -> Offsets:
    """Where a letter of one script touches a letter of another."""
    script = ((words & SCRIPTS) >> 24).astype(np.uint8)
    return np.flatnonzero((script[1:] != script[:-1]) & (script[1:] != 0) & (script[:-1] != 0))


def _lookalike_hits(words: Codes) -> Offsets:
    """Lines with Latin letters where all letters of other scripts could be Latin ones."""
    breaks = np.flatnonzero(words & NEWLINE)
    starts = np.concatenate(([0], breaks + 1))
    starts = starts[starts < len(words)]
    line = np.bitwise_or.reduceat(words, starts)
    return starts[((line & LATIN) != 0) & ((line & FOREIGN) != 0) & ((line & HARD) == 0)]


def _lines_around(codes: Codes, hits: Offsets) -> list[tuple[int, int]]:
    """Spans of whole lines (with their newlines) that hold the hits; neighbours are merged."""
    newline = (codes - np.uint32(0x0A)) < 4
    newline |= (codes == 0x85) | (codes == 0x2028) | (codes == 0x2029)
    ends = np.flatnonzero(newline) + 1
    if not len(ends) or ends[-1] != len(codes):
        ends = np.append(ends, len(codes))
    lines = np.unique(np.searchsorted(ends, hits, side="right"))
    first = np.flatnonzero(np.concatenate(([True], np.diff(lines) > 1)))
    last = np.append(first[1:], len(lines)) - 1
    starts = np.concatenate(([0], ends))[lines[first]]
    return list(zip(starts.tolist(), ends[lines[last]].tolist(), strict=True))


def _gather(spans: list[tuple[int, int]]) -> Offsets:
    return np.concatenate([np.arange(start, end) for start, end in spans])


def _splice(
    mapped: Codes,
    spans: list[tuple[int, int]],
    exact: Codes,
    origin: Offsets,
    disguise: NDArray[np.bool_],
) -> Folded:
    """Put the exactly folded lines back between the others."""
    cuts = np.searchsorted(origin, [end for _, end in spans]).tolist()
    moved = len(exact) != sum(end - start for start, end in spans) or not np.array_equal(
        origin, _gather(spans)
    )
    code_parts, origin_parts, marks = [], [], []
    done = taken = length = 0
    for (start, end), cut in zip(spans, cuts, strict=True):
        code_parts += (mapped[done:start], exact[taken:cut])
        origin_parts += (np.arange(done, start), origin[taken:cut])
        length += start - done
        marks.append(np.flatnonzero(disguise[taken:cut]) + length)
        length += cut - taken
        done, taken = end, cut
    code_parts.append(mapped[done:])
    origin_parts.append(np.arange(done, len(mapped) + 1))
    codes = _final_sigma(np.concatenate(code_parts))
    return Folded(codes, np.concatenate(origin_parts) if moved else None, np.concatenate(marks))


def _final_sigma(codes: Codes) -> Codes:
    """Write the sigma that ends a word as such, as lower-casing a whole word does."""
    at = np.flatnonzero(codes == 0x3C3)
    if not len(at):
        return codes
    padded = np.concatenate((codes[:1] * 0, codes, codes[:1] * 0))  # code point 0: no word
    is_word = table().is_word
    ends = is_word(padded[at]) & ~is_word(padded[at + 2])
    codes[at[ends]] = 0x3C2
    return codes
