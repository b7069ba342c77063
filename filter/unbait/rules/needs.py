"""What must be there for a rule to be worth trying: put together from keys, openings and signs.

A pattern as a whole may say nothing while each of its alternatives does: "(read|see) more|.+ ©" is
hit where a line opens with one of the first or holds the last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from unbait.rules.keys import Key, what_follows
from unbait.rules.openings import openings_of
from unbait.rules.pattern import Ranges, Reader, bounds_of, class_ranges, disjoint, tokens

_MOST_PARTS = 60  # alternatives of one pattern that are looked at
_CHEAP = 60.0  # microseconds a megabyte: what has such keys need not be taken apart
_COMMON = 0.15  # signs that lines hold more often than this leave too many
# How many of a kind of character a line is thought to hold.
_PER_LINE = (
    (0x20, 0x20, 9.0), (0x61, 0x7A, 60.0), (0x30, 0x39, 1.5), (0x2C, 0x2E, 2.0),
    (0x21, 0x2F, 0.3), (0x3A, 0x3A, 0.2), (0x3B, 0x40, 0.1), (0x5B, 0x60, 0.05),
    (0x7B, 0x7F, 0.05), (0x2010, 0x2026, 0.3), (0x80, 0x10FFFF, 0.1),
)  # fmt: skip


class Needs(NamedTuple):
    """What a line must have for a pattern to hit it: at least one of all that is named.

    Keys, openings, or characters in the ranges ``signs``; where it ``asks_both``, a key and an
    opening. Where nothing is named nothing is known. No hit has more characters than ``longest``.
    """

    keys: tuple[Key, ...]
    openings: tuple[int, ...]
    asks_both: bool
    signs: tuple[tuple[int, int], ...]
    longest: float


def needs_of(wrapped_pattern: str, scope: str, in_parts: bool = True) -> Needs:
    """Say what a pattern needs; ``in_parts`` looks at its alternatives, which takes longer."""
    pattern = wrapped_pattern.removeprefix("(?m)")
    keys, _, longest = what_follows(pattern)
    if scope != "line":
        return Needs(keys, (), False, () if keys else signs_of(pattern), longest)
    openings = openings_of(pattern)
    found = _in_parts(pattern) if in_parts and not openings else None
    if found is not None:
        return Needs(*found, longest)
    return Needs(keys, openings, bool(keys and openings), (), longest)


def _in_parts(
    pattern: str,
) -> tuple[tuple[Key, ...], tuple[int, ...], bool, tuple[tuple[int, int], ...]] | None:
    """Give for each alternative its openings; where it has none its keys, or else its signs."""
    keys: set[Key] = set()
    openings: set[int] = set()
    signs: Ranges = []
    waiting, looked_at = deque((pattern,)), 0
    while waiting:
        part = waiting.popleft()
        looked_at += 1
        if own := openings_of(part):
            openings.update(own)
            continue
        follows = what_follows(part)
        may_split = follows.cost > _CHEAP and looked_at + len(waiting) < _MOST_PARTS
        if parts := split(part) if may_split else []:
            waiting.extend(parts)
        elif follows.keys:
            keys.update(follows.keys)
        elif part_signs := signs_of(part):
            signs.extend(part_signs)
        else:
            return None
    if _cost(disjoint(signs)) > _COMMON:
        return None
    return tuple(sorted(keys)), tuple(sorted(openings)), False, tuple(disjoint(signs))


def split(pattern: str) -> list[str]:
    """Write a pattern as several that hit the same together; none when it cannot be split."""
    pieces = list(tokens(pattern))

    def text(low: int, high: int | None = None) -> str:
        return "".join(text for _, text in pieces[low:high])

    for first, bars, last, after in _groups(pieces):
        if pieces[last + 1 : last + 2] == [("meta", "?")]:
            return [text(0, first) + text(after), text(0, last + 1) + text(after)]
        if after == last + 1 and bars:
            cuts = pairwise((first, *bars, last))
            head, tail = text(0, first + 1), text(last)
            return [head + text(low + 1, high) + tail for low, high in cuts]
    return []


def _groups(
    pieces: list[tuple[str, str]],
) -> Iterator[tuple[int, list[int], int, int]]:
    """Yield the groups that are not inside a repeated one, outer ones first.

    Of each: its bracket, its own bars, its closing bracket, and where what repeats it ends.
    """
    reader = Reader(pieces)
    open_groups: list[tuple[int, list[int]]] = []
    found: list[tuple[int, list[int], int, int]] = []
    repeated: list[tuple[int, int]] = []
    while (piece := reader.peek()) != ("end", ""):
        at = reader.at
        reader.next()
        if piece[0] == "group" or piece == ("meta", "("):
            open_groups.append((at, []))
        elif piece == ("meta", "|") and open_groups:
            open_groups[-1][1].append(at)
        elif piece == ("meta", ")"):
            first, bars = open_groups.pop()
            if bounds_of(reader) is not None:
                repeated.append((first, at))
            found.append((first, bars, at, reader.at))
    for group in sorted(found):
        if not any(first < group[0] < last for first, last in repeated):
            yield group


def signs_of(pattern: str) -> tuple[tuple[int, int], ...]:
    """Give ranges of characters of which every hit holds one; none when no rare ones follow."""
    signs = _alternatives(Reader(tokens(pattern)))
    if signs is None or _cost(signs) > _COMMON:
        return ()
    return tuple(disjoint(signs))


def _alternatives(reader: Reader) -> Ranges | None:
    signs = _rarest(reader)
    while reader.peek() == ("meta", "|"):
        reader.next()
        other = _rarest(reader)
        signs = None if signs is None or other is None else disjoint(signs + other)
    return signs


def _rarest(reader: Reader) -> Ranges | None:
    best: Ranges | None = None
    while reader.peek() not in {("meta", "|"), ("meta", ")"), ("end", "")}:
        kind, text = reader.next()
        if kind == "group" or (kind, text) == ("meta", "("):
            signs = _alternatives(reader)
            reader.next()
        else:
            signs = class_ranges(kind, text)
        bounds = bounds_of(reader)
        if signs is None or (bounds is not None and bounds[0] == 0):
            continue
        if best is None or _cost(signs) < _cost(best):
            best = signs
    return best


def _cost(signs: Ranges) -> float:
    """Say how many of these characters a line is thought to hold."""
    cost = 0.0
    for low, high in signs:
        for first, last, share in _PER_LINE:
            common = min(high, last) - max(low, first) + 1
            if common > 0:
                cost += share if last > 0xFFFF else share * common / (last - first + 1)
    return cost
