"""How the lines that a rule can hit begin: looked up for all lines at once, like keys.

What counts of a line are its letters; between them all digits of a run are one "0" and anything
else is one space, and what stands before the first letter or digit is nothing. So "» Read more:"
opens as "read more~" (``~`` is the line's end) and "12.05.2014" as "0~". From a pattern follow the
openings of what it hits, mostly: rules begin with what they are about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unbait.rules.pattern import Ranges, Reader, bounds_of, class_ranges, tokens
from unbait.rules.view import Codes, Ints

OPENING = 8  # characters of an opening that count: one 64-bit word
DIGIT, OTHER, END = "0", " ", "~"
_MOST = 400  # openings of a rule; with more their common beginnings stand for them
_CLASS_SIZE = 24  # letters of a class that are tried one by one
_WINDOW = 24  # codes that mostly hold an opening; only lines with less are looked at further
_ROWS = 4096  # lines looked at in one go

# Which characters are letters only decides how well openings tell lines apart: those that rules
# skip before and between words are none.
_LETTERS: Ranges = [
    (0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2C1), (0x300, 0x65F),
    (0x66A, 0x6EF), (0x6FA, 0x963), (0x970, 0x1FFF), (0x3041, 0xD7FF), (0xF900, 0xFDFF),
]  # fmt: skip
_DIGITS: Ranges = [(0x30, 0x39)]

# A beginning of what a part of a pattern matches, and whether it is all of it.
_Start = tuple[str, bool]
_Starts = frozenset[_Start]
_NOTHING: _Starts = frozenset((("", True),))
_ANYTHING: _Starts = frozenset((("", False),))


def openings_of(wrapped_pattern: str) -> tuple[int, ...]:
    """Give openings of which every line that the pattern hits has one; none when any may.

    Each is a word of up to eight bytes, the first character lowest.
    """
    starts = _alternatives(Reader(tokens(wrapped_pattern.removeprefix("(?m)"))))
    texts = {_as_opening(*start) for start in starts}
    if "" in texts:
        return ()
    shortest = (t for t in texts if not any(t[:size] in texts for size in range(1, len(t))))
    return tuple(sorted({_word(text) for text in shortest}))


def opening_words(codes: Codes, start: Ints, end: Ints) -> NDArray[np.uint64]:
    """Give the opening of each line ``codes[start:end]`` as a word; shorter ones end in zeros."""
    words = np.zeros(len(start), np.uint64)
    for low in range(0, len(start), _ROWS):
        part = slice(low, low + _ROWS)
        words[part] = _words(codes, start[part], end[part], _WINDOW)
    size = end - start
    unfinished = np.flatnonzero((words < 1 << 8 * (OPENING - 1)) & (size >= _WINDOW))
    for low in range(0, len(unfinished), _ROWS):
        rows = unfinished[low : low + _ROWS]
        words[rows] = _words(codes, start[rows], end[rows], int(size[rows].max()) + 1)
    return words


def _words(codes: Codes, start: Ints, end: Ints, window: int) -> NDArray[np.uint64]:
    column = np.arange(window, dtype=np.int16)
    size = np.minimum(end - start, window)[:, None].astype(np.int16)
    kinds = _kinds().take(codes.take(start[:, None] + column, mode="clip"), mode="clip")
    kinds[column > size] = ord(OTHER)
    kinds[column == size] = ord(END)
    letter = kinds > ord(DIGIT)
    last_letter = np.maximum.accumulate(np.where(letter, column, np.int16(-1)), axis=1)
    last_digit = np.maximum.accumulate(
        np.where(kinds == ord(DIGIT), column, np.int16(-1)), axis=1
    )
    numbers = ~letter & (last_digit > last_letter)
    kinds[numbers] = ord(DIGIT)
    shown = (last_letter >= 0)[:, :-1] & (kinds[:, 1:] != ord(END)) | numbers[:, :-1]
    kept = letter.copy()
    kept[:, :-1] |= ~letter[:, :-1] & letter[:, 1:] & shown
    place = np.cumsum(kept, axis=1, dtype=np.int16)
    row, at = np.nonzero(kept & (place <= OPENING))
    words = np.zeros((len(start), OPENING), np.uint8)
    words[row, place[row, at] - 1] = kinds[row, at]
    return words.view("<u8")[:, 0]


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    """Give the byte that stands for each code point of the Basic Multilingual Plane."""
    kinds = np.full(0x10000, ord(OTHER), np.uint8)
    for low, high in _LETTERS:
        letters = np.arange(low, high + 1)
        kinds[low : high + 1] = np.where(letters < 0x80, letters, letters * 37 % 128 + 128)
    for low, high in _DIGITS:
        kinds[low : high + 1] = ord(DIGIT)
    return kinds


def _word(text: str) -> int:
    data = bytes(ord(END) if one == END else int(_kinds()[ord(one)]) for one in text)
    return int.from_bytes(data, "little")


def _as_opening(text: str, is_whole: bool) -> str:
    text = (text + END if is_whole else text).replace(OTHER + END, END)
    return text.removeprefix(OTHER)[:OPENING].removesuffix(OTHER)


def _alternatives(reader: Reader) -> _Starts:
    starts = _sequence(reader)
    while reader.peek() == ("meta", "|"):
        reader.next()
        starts |= _sequence(reader)
    return _shortened(starts)


def _sequence(reader: Reader) -> _Starts:
    starts = _NOTHING
    while reader.peek() not in {("meta", "|"), ("meta", ")"), ("end", "")}:
        part = _repeated(reader, _atom(reader))
        if any(is_whole for _, is_whole in starts):
            starts = _followed(starts, part)
    return starts


def _atom(reader: Reader) -> _Starts:
    kind, text = reader.next()
    if kind == "group" or (kind, text) == ("meta", "("):
        inner = _alternatives(reader)
        reader.next()
        return inner
    if (kind, text) in {("meta", "^"), ("escape", r"\b")}:
        return _NOTHING
    if (kind, text) == ("meta", "$"):
        return frozenset(((END, False),))
    ranges = class_ranges(kind, text)
    return _ANYTHING if ranges is None else _one_of(tuple(ranges))


@lru_cache(maxsize=1_000)
def _one_of(ranges: tuple[tuple[int, int], ...]) -> _Starts:
    """Give what one character of a class may stand for in an opening."""
    letters, digits = _common(ranges, _LETTERS), _common(ranges, _DIGITS)
    count, others = _size(letters), _size(ranges) - _size(letters) - _size(digits)
    starts = {(DIGIT, True)} if digits else set()
    if others:
        starts.add((OTHER, True))
    if count > _CLASS_SIZE:
        return frozenset(starts) | _ANYTHING
    starts.update((chr(code), True) for low, high in letters for code in range(low, high + 1))
    return frozenset(starts)


def _common(one: Iterable[tuple[int, int]], other: Ranges) -> Ranges:
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return [(low, high) for low, high in pairs if low <= high]


def _size(ranges: Iterable[tuple[int, int]]) -> int:
    return sum(high - low + 1 for low, high in ranges)


def _repeated(reader: Reader, part: _Starts) -> _Starts:
    bounds = bounds_of(reader)
    if bounds is None or bounds == (1, 1):
        return part
    low, high = bounds
    if high != 1:
        once = frozenset((text, is_whole and text in _RUNS) for text, is_whole in part)
        runs = frozenset(start for start in once if start[1])
        part = _shortened(once | _followed(runs, once))
    return part | _NOTHING if low == 0 else part


_RUNS = ("", OTHER, DIGIT)


def _followed(one: _Starts, other: _Starts) -> _Starts:
    starts = {start for start in one if not start[1]}
    for before, is_whole in one:
        if is_whole:
            for text, goes_on in other:
                both = _joined(before, text)
                is_short = len(both) <= OPENING
                starts.add((both, goes_on) if is_short else (both[: OPENING + 1], False))
    return _shortened(starts)


def _joined(one: str, other: str) -> str:
    """Join two texts; digits and others that meet are one run."""
    if one and other and one[-1] in _RUNS and other[0] in _RUNS:
        return one[:-1] + max(one[-1], other[0]) + other[1:]
    return one + other


def _shortened(starts: Iterable[_Start]) -> _Starts:
    """Put common beginnings in the place of what there is too much of."""
    left = set(starts)
    size = OPENING
    while len(left) > _MOST and size >= 0:
        alike = defaultdict(list)
        for start in left:
            if len(start[0]) > size:
                alike[start[0][:size]].append(start)
        for text, group in sorted(alike.items(), key=lambda one: (-len(one[1]), one[0])):
            if len(group) == 1 or len(left) <= _MOST:
                break
            left.difference_update(group)
            left.add((text, False))
        size -= 1
    return frozenset(left)
