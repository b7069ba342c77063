"""The exact part of the folding, for the lines that need more than a table look-up.

Each step is a handful of array operations over all those lines at once. The steps run again
until nothing changes (what one step uncovers another may have to fold), at most ``_ROUNDS`` times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from unbait.fold import Codes, Offsets, ranges, scan, text_of
from unbait.fold_table import (
    CODE_MASK,
    CYRILLIC,
    EXPAND,
    FOREIGN,
    GREEK,
    HARD,
    HYPHEN,
    JAMO,
    LATIN,
    MARK,
    NEWLINE,
    OVERLAY,
    REMOVE,
    REPLACEMENT,
    SCRIPT_ORDER,
    SCRIPTS,
    SIZE,
    SPACED,
    STYLED,
    TATWEEL,
    VOICED,
    pairs,
    table,
)

Mask = NDArray[np.bool_]

_ROUNDS = 8
_STACK = 4  # so many marks on one letter are a disguise; Vietnamese and old Greek need three
_KEPT_MARKS = 2
_SEPARATORS = np.array([ord(char) for char in " .-_*|/~+·•"], np.uint32)
_SPACE = 0x20
_MIN_LINKS = 3  # four letters

# Every part is bounded, so that the search stays linear on any text.
_ENTITY = re.compile(
    r"&((?:amp;|#0{0,5}38;|#x0{0,5}26;)*)"
    r"(#[0-9]{1,8}|#x[0-9a-f]{1,7}|[a-z][a-z0-9]{1,31});"
)


class _Lines:
    """The lines at work: folded codes, the letters as written, source offsets, disguise marks."""

    __slots__ = ("codes", "disguise", "origin", "raw")

    codes: Codes
    raw: Codes
    origin: Offsets
    disguise: Mask

    def __init__(self, codes: Codes, origin: Offsets) -> None:
        self.raw = codes
        self.codes = table().lookup(codes) & np.uint32(CODE_MASK)
        self.origin = origin
        self.disguise = np.zeros(len(codes), np.bool_)

    def take(self, index: Offsets | Mask) -> None:
        """Keep these characters (an index may repeat one: an expansion)."""
        self.codes = self.codes[index]
        self.raw = self.raw[index]
        self.origin = self.origin[index]
        self.disguise = self.disguise[index]

    def put(self, at: Offsets | Mask, codes: Codes | int) -> None:
        """Write other letters at these places."""
        self.codes[at] = codes
        self.raw[at] = codes

    def replace(self, starts: Offsets, ends: Offsets, lengths: Offsets, codes: Codes) -> None:
        """Put ``codes``, ``lengths`` of them each, for the characters between starts and ends."""
        size = len(self.codes)
        edges = np.zeros(size + 1, np.int64)
        edges[starts] += 1
        edges[ends] -= 1
        counts = np.where(np.cumsum(edges[:-1]) > 0, 0, 1)
        counts[starts] = lengths
        first = (np.cumsum(counts) - counts)[starts]
        within = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        self.take(np.repeat(np.arange(size), counts))
        self.put(np.repeat(first, lengths) + within, codes)


def fold_exact(codes: Codes, origin: Offsets) -> tuple[Codes, Offsets, Mask]:
    """Fold whole lines; ``origin`` says where each character came from and is carried along."""
    lines = _Lines(codes, origin)
    _style(lines)
    for _ in range(_ROUNDS):
        before = lines.codes
        lines.raw = lines.raw.copy()
        lines.codes = before.copy()
        _decode_entities(lines)
        _remove(lines)
        _expand(lines)
        _compose(lines)
        _join_spaced(lines)
        _unmix(lines)
        if np.array_equal(before, lines.codes) or not len(scan(lines.codes)[1]):
            break
        lines.raw = lines.codes
    return lines.codes, lines.origin, lines.disguise


def _style(lines: _Lines) -> None:
    """Mark styled letters (mathematical, enclosed) that stand beside another letter."""
    styled = table().kind(lines.raw) == STYLED
    if styled.any():
        letter = (table().lookup(lines.codes) & SPACED) != 0
        beside = np.zeros(len(letter), np.bool_)
        beside[1:] |= letter[:-1]
        beside[:-1] |= letter[1:]
        lines.disguise |= styled & beside


@cache
def _named_entities() -> dict[str, str]:
    """Entities by lower-case name; where two differ by case, the lower-case one."""
    from html.entities import html5

    named = {name[:-1].lower(): value for name, value in html5.items() if name.endswith(";")}
    named.update((name[:-1], value) for name, value in html5.items() if name.islower())
    return named


def _numbered(body: str) -> str:
    number = int(body[2:], 16) if body[1] == "x" else int(body[1:])
    if 0x80 <= number < 0xA0:  # what browsers do: these are Windows-1252
        return bytes([number]).decode("cp1252", "replace")
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        number = REPLACEMENT
    return chr(number)


@cache
def _fold_entity(value: str) -> tuple[int, ...]:
    words = table().lookup(np.array([ord(char) for char in value], np.uint32))
    words[(words & NEWLINE) != 0] = _SPACE  # an entity never makes a line
    return tuple((words & CODE_MASK).tolist())


def _decode_entities(lines: _Lines) -> None:
    if not (lines.codes == 0x26).any():
        return
    starts, ends, lengths = [], [], []
    codes: list[int] = []
    for match in _ENTITY.finditer(text_of(lines.codes)):
        amps, body = match.groups()
        value = _numbered(body) if body[0] == "#" else _named_entities().get(body)
        end = match.end()
        if value is None:
            if not amps:
                continue
            value, end = "&", match.end(1)
        image = _fold_entity(value)
        starts.append(match.start())
        ends.append(end)
        lengths.append(len(image))
        codes += image
    if starts:
        lines.replace(
            np.array(starts), np.array(ends), np.array(lengths), np.array(codes, np.uint32)
        )


def _remove(lines: _Lines) -> None:
    """Take out what nobody sees, and the stretches inside Arabic words."""
    kinds = table().kind(lines.codes)
    hidden = kinds == REMOVE
    gone = hidden | (kinds == HYPHEN) | _stretches(lines.codes, kinds)
    if not gone.any():
        return
    cased = (table().lookup(lines.codes) & SCRIPTS) != 0
    kept = np.flatnonzero(~gone)
    count = np.concatenate(([0], np.cumsum(hidden)))[kept]
    inside = np.zeros(len(kept), np.bool_)
    inside[1:] = (np.diff(count) > 0) & cased[kept[1:]] & cased[kept[:-1]]
    lines.take(kept)
    lines.disguise |= inside


def _stretches(codes: Codes, kinds: NDArray[np.uint8]) -> Mask:
    """Tatweel between two Arabic letters or marks."""
    stretch: Mask = kinds == TATWEEL
    if not stretch.any():
        return stretch
    arabic = ((codes >= 0x0620) & (codes <= 0x06D3)) & ~stretch
    invisible = stretch | (kinds == REMOVE) | (kinds == HYPHEN)
    place = np.arange(len(codes))
    before = np.maximum.accumulate(np.where(invisible, -1, place))
    after = np.minimum.accumulate(np.where(invisible, len(codes), place)[::-1])[::-1]
    arabic = np.append(arabic, False)  # index -1 and len(codes): nothing there
    between: Mask = arabic[before] & arabic[after]
    stretch &= between
    return stretch


def _expand(lines: _Lines) -> None:
    at = np.flatnonzero(table().kind(lines.codes) == EXPAND)
    if len(at):
        images = [table().expansions[code] for code in lines.codes[at].tolist()]
        lengths = np.array([len(image) for image in images])
        flat = np.array([code for image in images for code in image], np.uint32)
        lines.replace(at, at + 1, lengths, flat)


def _compose(lines: _Lines) -> None:
    """Unite letters with their marks; drop struck-through lines and stacks of marks."""
    kinds = table().kind(lines.codes)
    marks = (kinds == MARK) | (kinds == OVERLAY)
    if marks.any():
        _drop_marks(lines, kinds, marks)
        kinds = table().kind(lines.codes)
    if ((kinds == MARK) | (kinds == OVERLAY) | (kinds == VOICED)).any():
        while _unite_pairs(lines):
            pass
        _drop_excess(lines)
    if (kinds == JAMO).any():
        _unite_jamo(lines)


def _rank_of_marks(marks: Mask) -> tuple[Offsets, Offsets]:
    """For each place: how many marks end there in a row, and where their letter is."""
    place = np.arange(len(marks))
    base = np.maximum.accumulate(np.where(marks, -1, place))
    return place - base, base


def _on_letters(lines: _Lines, base: Offsets) -> Mask:
    letter = np.append((table().lookup(lines.codes) & SCRIPTS) != 0, False)
    found: Mask = letter[base]
    return found


def _drop_marks(lines: _Lines, kinds: NDArray[np.uint8], marks: Mask) -> None:
    rank, base = _rank_of_marks(marks)
    on_letter = _on_letters(lines, base) & marks
    tall = np.zeros(len(marks) + 1, np.bool_)
    tall[base[on_letter & (rank >= _STACK)]] = True
    gone = on_letter & ((kinds == OVERLAY) | tall[base])
    if gone.any():
        lines.disguise[base[gone]] = True
        lines.take(~gone)


def _drop_excess(lines: _Lines) -> None:
    kinds = table().kind(lines.codes)
    rank, base = _rank_of_marks((kinds == MARK) | (kinds == OVERLAY))
    gone = (rank > _KEPT_MARKS) & _on_letters(lines, base)
    if gone.any():
        lines.disguise[base[gone]] = True
        lines.take(~gone)


def _unite_pairs(lines: _Lines) -> bool:
    keys, letters = pairs()
    codes = lines.codes
    if len(codes) < 2:
        return False
    kinds = table().kind(codes)
    mark = (kinds == MARK) | (kinds == OVERLAY) | (kinds == VOICED)
    at = np.flatnonzero(mark[1:] & ~mark[:-1])
    wanted = codes[at].astype(np.uint64) << np.uint64(32) | codes[at + 1]
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    known = keys[found] == wanted
    if not known.any():
        return False
    at = at[known]
    lines.put(at, letters[found[known]])
    keep = np.ones(len(codes), np.bool_)
    keep[at + 1] = False
    lines.take(keep)
    return True


def _unite_jamo(lines: _Lines) -> None:
    """Korean letters to syllables, by Unicode's arithmetic: lead and vowel, then the tail."""
    for first, count, second, number, factor in (
        (0x1100, 19, 0x1161, 21, 28),
        (0xAC00, 11172, 0x11A8, 27, 1),
    ):
        left = lines.codes[:-1].astype(np.int64) - first
        right = lines.codes[1:].astype(np.int64) - second
        fits = (left >= 0) & (left < count) & (right >= 0) & (right < number)
        if factor == 1:
            fits &= left % 28 == 0
            united = 0xAC00 + left + right + 1
        else:
            united = 0xAC00 + (left * 21 + right) * factor
        at = np.flatnonzero(fits)
        keep = np.ones(len(lines.codes), np.bool_)
        keep[at + 1] = False
        lines.put(at, united[at].astype(np.uint32))
        lines.take(keep)


def _join_spaced(lines: _Lines) -> None:
    """Join "c l i c k  h e r e": letters one by one with the same separator between."""
    codes = lines.codes
    words = table().lookup(codes)
    word = np.pad(table().is_word(codes), 1)
    alone = ((words & SPACED) != 0) & ~word[:-2] & ~word[2:]
    at = np.flatnonzero(alone)
    if len(at) <= _MIN_LINKS:
        return
    separator = np.isin(codes, _SEPARATORS)
    linked = (np.diff(at) == 2) & separator[at[:-1] + 1]
    between = np.where(linked, codes[at[:-1] + 1], 0)
    edges = np.flatnonzero(np.concatenate(([True], between[1:] != between[:-1], [True])))
    runs = [  # first letter, number of links, separator
        (start, end - start, int(between[start]))
        for start, end in pairwise(edges.tolist())
        if between[start]
    ]
    gone, gaps = _choose(codes, at, runs, _word_gaps(codes, at))
    if len(gone):
        lines.disguise[gone + 1] = True
        lines.put(gaps[0], _SPACE)
        drop = np.zeros(len(codes), np.bool_)
        drop[gone] = True
        drop[gaps[1]] = True
        lines.take(~drop)


def _choose(
    codes: Codes, at: Offsets, runs: list[tuple[int, int, int]], gaps: Mask
) -> tuple[Offsets, tuple[Offsets, Offsets]]:
    """Separators to drop, gaps between joined words to make a space, gap characters to drop."""
    place = at.tolist()
    gone: list[int] = []
    spaces: list[int] = []
    extra: list[int] = []
    for chain in _chains(runs, gaps.tolist()):
        start = place[chain[0][0]]
        if start and int(codes[start - 1]) in (0x26, 0x23):
            continue  # joined, it could read as an entity
        for number, (first, links, _) in enumerate(chain):
            gone += [letter + 1 for letter in place[first : first + links]]
            if number:
                gap = place[first - 1] + 1
                spaces.append(gap)
                extra += range(gap + 1, place[first])
    return np.array(gone, np.int64), (np.array(spaces, np.int64), np.array(extra, np.int64))


def _chains(
    runs: list[tuple[int, int, int]], gaps: list[bool]
) -> Iterator[list[tuple[int, int, int]]]:
    """Runs that follow one another with the same separator, where one is long enough."""
    chain: list[tuple[int, int, int]] = []
    long = False
    for run in runs:
        first, links, separator = run
        if chain:
            before = chain[-1]
            last = before[0] + before[1]
            if links == 1 and separator == _SPACE != before[2]:
                continue  # the space between two words that are spaced out with something else
            if separator != before[2] or first != last + 1 or not gaps[last]:
                if long:
                    yield chain
                chain, long = [], False
        chain.append(run)
        long = long or links >= _MIN_LINKS
    if long:
        yield chain


def _word_gaps(codes: Codes, at: Offsets) -> Mask:
    """Tell after which of the letters one to three spaces come, and then the next letter."""
    space = np.append(codes == _SPACE, np.zeros(3, np.bool_))
    size, left = np.diff(at), at[:-1]
    gap: Mask = (size >= 2) & (size <= 4) & space[left + 1]
    gap &= ((size < 3) | space[left + 2]) & ((size < 4) | space[left + 3])
    return gap


def _unmix(lines: _Lines) -> None:
    """Write look-alike letters in the script of the word, or of the line, that they stand in."""
    words = table().lookup(lines.codes)
    scripts = words & SCRIPTS
    if not (scripts & FOREIGN).any() or not len(words):
        return
    kinds = table().kind(lines.codes)
    in_word = (scripts != 0) | (kinds == MARK) | (kinds == OVERLAY)
    starts = np.flatnonzero(in_word & ~np.concatenate(([False], in_word[:-1])))
    ends = np.flatnonzero(in_word & ~np.concatenate((in_word[1:], [False]))) + 1
    bounds = np.stack((starts, ends), axis=1).ravel()
    padded = np.append(scripts, np.uint32(0))
    has = np.bitwise_or.reduceat(padded, bounds)[::2]
    mixed = np.flatnonzero((has & (has - np.uint32(1))) != 0)  # more than one script bit
    caught = np.zeros(len(words), np.bool_)
    if len(mixed):
        before = lines.codes.copy()
        _unmix_words(lines, words, starts[mixed], ends[mixed], has[mixed])
        words = table().lookup(lines.codes)
        caught = (before != lines.codes) & ((words & LATIN) != 0)
    _unmask_words(lines, words, (starts, ends), caught)


def _sums(values: Mask, starts: Offsets, ends: Offsets) -> Offsets:
    total = np.concatenate(([0], np.cumsum(values)))
    return np.asarray(total[ends] - total[starts], np.int64)


def _hard(codes: Codes, words: Codes) -> Mask:
    soft: Mask = table().soft[np.minimum(codes, SIZE - 1)]
    hard: Mask = ((words & SCRIPTS) != 0) & ~soft
    return hard


def _unmix_words(lines: _Lines, words: Codes, starts: Offsets, ends: Offsets, has: Codes) -> None:
    hard = _hard(lines.codes, words)
    counts = np.stack(
        [_sums(hard & ((words & bit) != 0), starts, ends) for bit in SCRIPT_ORDER], axis=1
    )
    best = counts.argmax(axis=1)  # the first of equals: Latin
    target = np.array(SCRIPT_ORDER, np.uint32)[best]
    undecided = counts.max(axis=1) == 0
    open_words = undecided & (has == (LATIN | CYRILLIC))
    open_words &= _goes_cyrillic(lines.codes, words, hard, (starts, ends))
    target[open_words] = CYRILLIC
    size = _sums((words & SCRIPTS) != 0, starts, ends)
    # Two letters with a Greek one are a unit or a variable (Δt, μm), not a disguise.
    allowed = ((has & GREEK) == 0) | (size > 2)
    tied = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) > 1
    target[tied & ~undecided] = LATIN
    # A Greek sign before a Latin name (Σtoken) does not make the name Greek.
    greek = _sums((words & GREEK) != 0, starts, ends)
    allowed &= (target != GREEK) | (2 * greek > size)
    chosen = np.where(allowed, target, 0).astype(np.uint32)
    _rewrite(lines, ranges(starts, ends), np.repeat(chosen, ends - starts))


def _goes_cyrillic(codes: Codes, words: Codes, hard: Mask, spans: tuple[Offsets, Offsets]) -> Mask:
    """Words that can be written in Cyrillic throughout and stand in a Cyrillic line."""
    starts, ends = spans
    to_cyrillic = table().from_latin[CYRILLIC]
    latin = (words & LATIN) != 0
    stays = latin & (to_cyrillic[np.where(latin, codes, 0)] == 0)
    able: Mask = _sums(stays, starts, ends) == 0
    breaks, first, last = _line_bounds(words)
    line = np.searchsorted(breaks, starts)
    latin_count, cyrillic_count = (
        _sums(hard & ((words & bit) != 0), first, last)[line] for bit in (LATIN, CYRILLIC)
    )
    able &= cyrillic_count > latin_count
    return able


def _line_bounds(words: Codes) -> tuple[Offsets, Offsets, Offsets]:
    """Where the newlines are, and starts and ends of the lines."""
    breaks = np.flatnonzero(words & NEWLINE)
    edges = np.concatenate((np.zeros(1, np.int64), breaks + 1, np.full(1, len(words))))
    return breaks, edges[:-1], edges[1:]


def _rewrite(lines: _Lines, letters: Offsets, target: Codes) -> None:
    """Write each of these letters in the target script where it has a look-alike there."""
    here = table()
    codes, raw = lines.codes[letters], lines.raw[letters]
    script = here.lookup(codes) & SCRIPTS
    image = np.zeros(len(letters), np.uint32)
    foreign = (script & FOREIGN) != 0
    to_latin = foreign & (target == LATIN)
    image[to_latin] = here.to_latin[raw[to_latin]]
    for bit, from_latin in here.from_latin.items():
        own = (target == bit) & (script == LATIN)
        image[own] = from_latin[raw[own]]
        other = (target == bit) & foreign & (script != bit)
        image[other] = from_latin[here.to_latin[codes[other]]]
    changed = image != 0
    at = letters[changed]
    lines.put(at, image[changed])
    lines.disguise[at] = True


def _unmask_words(
    lines: _Lines, words: Codes, spans: tuple[Offsets, Offsets], caught: Mask
) -> None:
    """Turn words wholly of look-alikes Latin, in lines whose other letters are all Latin.

    Where such a line was already caught in a mixed word, the short words follow too.
    """
    starts, ends = spans
    breaks, first, last = _line_bounds(words)
    foreign = (words & FOREIGN) != 0
    hard_latin = _hard(lines.codes, words) & ((words & LATIN) != 0)
    alien = _sums(((words & HARD) != 0), first, last)
    latin = _sums(hard_latin, first, last)
    line = np.searchsorted(breaks, starts)
    open_line = ((alien == 0) & (latin > 0))[line]
    able = foreign & (table().to_latin[np.minimum(lines.codes, SIZE - 1)] != 0)
    # Capitals look alike more often than small letters: в is no b, but В is a B.
    drawn = able & ((lines.raw != lines.codes) | table().small[np.minimum(lines.codes, SIZE - 1)])
    able_letters, foreign_letters = (_sums(letters, starts, ends) for letters in (able, foreign))
    size = ends - starts
    known = (_sums(caught, first, last) > 0)[line]
    long = (size >= 3) & (_sums(drawn, starts, ends) == size)
    short = known & (foreign_letters > 0) & (able_letters == foreign_letters)
    chosen = open_line & (long | short)
    if chosen.any():
        letters = ranges(starts[chosen], ends[chosen])
        _rewrite(lines, letters, np.full(len(letters), LATIN, np.uint32))
