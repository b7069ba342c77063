"""What a text must hold for a pattern to hit it: a few bytes, looked up for all rules at once.

From the pattern "click here: .+ online" follows that a hit holds "ck here:". Such keys of up to
eight bytes are found in a whole batch by array operations, whatever the number of rules, and only
the lines that hold a rule's key are matched with its pattern. A pattern without such a key (dates,
numbers, names) has none, and is sieved by one automaton instead.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import orjson

from unbait.rules.pattern import Reader, bounds_of, class_members, tokens

GRAMS = Path(__file__).with_name("grams.json")
KEY_BYTES = 8
GRAM_BYTES = 4
_MOST_STRINGS = 200
_DEAREST = 800.0  # microseconds a megabyte: keys met more often cost more than they save
_CLASS_SIZE = 8
_RARE = 4.0  # per million bytes: a gram that is not among the frequent ones
_LOOK, _TRY = 0.03, 1.0  # microseconds for a gram met, and for a pattern tried


@lru_cache(maxsize=1)
def _frequent() -> dict[int, float]:
    """Give the frequent grams with their times per million bytes of text."""
    return {int(gram): share for gram, share in orjson.loads(GRAMS.read_bytes()).items()}


class Key(NamedTuple):
    """``size`` bytes (little-endian in ``value``) of which four from ``gram`` on are looked up."""

    gram: int
    size: int
    value: int


class _Needed(NamedTuple):
    """One of these strings is in each match; looking for them costs so much."""

    cost: float
    strings: frozenset[str]


class _Known(NamedTuple):
    """What is known of what a part of a pattern matches.

    ``exact``: it matches these strings and no others. ``needed``: what each match holds.
    ``longest``: no match has more characters.
    """

    exact: frozenset[str] | None
    needed: _Needed | None
    longest: float


class Follows(NamedTuple):
    """What follows from a pattern: keys, what looking for them costs, a hit's most characters."""

    keys: tuple[Key, ...]
    cost: float
    longest: float


def keys_of(wrapped_pattern: str) -> tuple[Key, ...]:
    """Give keys of which every hit holds one; none when no useful ones follow."""
    return what_follows(wrapped_pattern).keys


def what_follows(wrapped_pattern: str) -> Follows:
    """Give the keys of a pattern, if useful ones follow, and the most characters of a hit."""
    known = _alternatives(Reader(tokens(wrapped_pattern.removeprefix("(?m)"))))
    needed = _needed(known)
    if needed is None or needed.cost > _DEAREST:
        return Follows((), math.inf, known.longest)
    keys = tuple(sorted({_key(text) for text in needed.strings}))
    return Follows(keys, needed.cost, known.longest)


def _alternatives(reader: Reader) -> _Known:
    branches = [_sequence(reader)]
    while reader.peek() == ("meta", "|"):
        reader.next()
        branches.append(_sequence(reader))
    if len(branches) == 1:
        return branches[0]
    needed = [_needed(branch) for branch in branches]
    sure = None
    if None not in needed:
        all_strings = frozenset().union(*(one.strings for one in needed if one))
        sure = _as_needed(all_strings) if len(all_strings) <= 2 * _MOST_STRINGS else None
    exact = [branch.exact for branch in branches]
    whole = None if None in exact else frozenset().union(*(one for one in exact if one))
    return _Known(_if_few(whole), sure, max(branch.longest for branch in branches))


def _sequence(reader: Reader) -> _Known:
    """Join what follows on each other: exact strings grow until something unknown comes."""
    run: frozenset[str] = frozenset(("",))
    is_exact = True
    longest = 0.0
    candidates: list[_Needed | None] = []
    while reader.peek() not in {("meta", "|"), ("meta", ")"), ("end", "")}:
        part = _repeated(reader, _atom(reader))
        candidates.append(part.needed)
        longest += part.longest
        grown = None if part.exact is None else _if_few(_concatenated(run, part.exact))
        if grown is None:
            candidates.append(_as_needed(run))
            is_exact = False
            grown = part.exact if part.exact is not None else frozenset(("",))
        run = grown
    if is_exact:
        return _Known(run, _best(candidates), longest)
    return _Known(None, _best([*candidates, _as_needed(run)]), longest)


def _atom(reader: Reader) -> _Known:
    kind, text = reader.next()
    if kind == "group" or (kind, text) == ("meta", "("):
        inner = _alternatives(reader)
        reader.next()
        return inner
    if (kind, text) in {("meta", "^"), ("meta", "$")}:
        return _Known(frozenset("\n"), None, 0)
    if kind == "literal":
        return _Known(frozenset(text), None, 1)
    if kind in {"class", "escape"}:
        members = class_members(kind, text)
        if members is not None and len(members) <= _CLASS_SIZE:
            return _Known(members, None, 1)
    return _Known(None, None, 1)


def _repeated(reader: Reader, part: _Known) -> _Known:
    bounds = bounds_of(reader)
    if bounds is None or bounds == (1, 1):
        return part
    low, high = bounds
    longest = math.inf if high is None else part.longest * high
    if low == 0:
        exact = None if high != 1 or part.exact is None else part.exact | {""}
        return _Known(exact, None, longest)
    return _Known(None, _needed(part), longest)


def _concatenated(one: frozenset[str], other: frozenset[str]) -> frozenset[str] | None:
    if len(one) * len(other) > _MOST_STRINGS:
        return None
    return frozenset((a + b).replace("\n\n", "\n") for a, b in product(one, other))


def _if_few(strings: frozenset[str] | None) -> frozenset[str] | None:
    return strings if strings is None or len(strings) <= _MOST_STRINGS else None


def _needed(known: _Known) -> _Needed | None:
    return _best([known.needed, None if known.exact is None else _as_needed(known.exact)])


def _best(candidates: list[_Needed | None]) -> _Needed | None:
    return min((one for one in candidates if one), key=lambda one: one.cost, default=None)


def _as_needed(strings: frozenset[str]) -> _Needed | None:
    """Take strings as what a match holds, unless one is too short to be looked up."""
    if any(len(text) < GRAM_BYTES and len(text.encode()) < GRAM_BYTES for text in strings):
        return None
    return _Needed(sum(_text_cost(text) for text in sorted(strings)), strings)


@lru_cache(maxsize=50_000)
def _text_cost(text: str) -> float:
    """Say what looking for a text costs, in microseconds a megabyte."""
    return _window_cost(_window(text))


@lru_cache(maxsize=20_000)
def _window(text: str) -> bytes:
    """Give the rarest eight bytes of a text (all of it if it is shorter)."""
    data = text.encode()
    last = max(0, len(data) - KEY_BYTES)
    return min((data[at : at + KEY_BYTES] for at in range(last + 1)), key=_window_cost)


@lru_cache(maxsize=100_000)
def _window_cost(data: bytes) -> float:
    shares = [_gram_share(data, at) for at in range(len(data) - GRAM_BYTES + 1)]
    rarest = min(shares)
    return rarest * (_LOOK + _TRY * 0.4 ** (len(shares) - 1))


def _gram_share(data: bytes, at: int) -> float:
    gram = int.from_bytes(data[at : at + GRAM_BYTES], "little")
    return _frequent().get(gram, _RARE)


def _key(text: str) -> Key:
    data = _window(text)
    places = range(len(data) - GRAM_BYTES + 1)
    gram = min(places, key=lambda at: _gram_share(data, at))
    return Key(gram, len(data), int.from_bytes(data, "little"))
