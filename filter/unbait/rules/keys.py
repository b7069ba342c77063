"""What a text must hold for a pattern to hit it: a few bytes, looked up for all rules at once.

From the pattern "click here: .+ online" follows that a hit holds "ck here:". Such keys of up to
eight bytes are found in a whole batch by array operations, whatever the number of rules, and only
the lines that hold a rule's key are matched with its pattern. A pattern without such a key (dates,
numbers, names) has none, and is sieved by one automaton instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import orjson

from unbait.rules.pattern import class_members, tokens

GRAMS = Path(__file__).with_name("grams.json")
KEY_BYTES = 8
GRAM_BYTES = 4
_MOST_STRINGS = 400
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


class _Known(NamedTuple):
    """What is known of what a part of a pattern matches.

    ``exact``: it matches these strings and no others. ``needed``: one of these is in each match.
    """

    exact: frozenset[str] | None
    needed: frozenset[str] | None


_ANYTHING = _Known(None, None)
_NOTHING = _Known(frozenset(("",)), None)


def keys_of(wrapped_pattern: str) -> tuple[Key, ...]:
    """Give keys of which every hit holds one; none when no useful ones follow."""
    reader = _Reader(tokens(wrapped_pattern.removeprefix("(?m)")))
    needed = _needed(_alternatives(reader))
    if needed is None or _cost(needed) > _DEAREST:
        return ()
    return tuple(sorted({_key(text) for text in needed}))


class _Reader:
    def __init__(self, pieces: Iterable[tuple[str, str]]) -> None:
        self._pieces = list(pieces)
        self._at = 0

    def peek(self) -> tuple[str, str]:
        return self._pieces[self._at] if self._at < len(self._pieces) else ("end", "")

    def next(self) -> tuple[str, str]:
        piece = self.peek()
        self._at += 1
        return piece


def _alternatives(reader: _Reader) -> _Known:
    branches = [_sequence(reader)]
    while reader.peek() == ("meta", "|"):
        reader.next()
        branches.append(_sequence(reader))
    if len(branches) == 1:
        return branches[0]
    needed = [_needed(branch) for branch in branches]
    sure = None if None in needed else frozenset().union(*(one for one in needed if one))
    exact = [branch.exact for branch in branches]
    whole = None if None in exact else frozenset().union(*(one for one in exact if one))
    return _Known(_if_few(whole), _if_few(sure))


def _sequence(reader: _Reader) -> _Known:
    """Join what follows on each other: exact strings grow until something unknown comes."""
    run: frozenset[str] = frozenset(("",))
    is_exact = True
    candidates: list[frozenset[str]] = []
    while reader.peek() not in {("meta", "|"), ("meta", ")"), ("end", "")}:
        part = _repeated(reader, _atom(reader))
        if part.needed is not None:
            candidates.append(part.needed)
        grown = None if part.exact is None else _if_few(_concatenated(run, part.exact))
        if grown is None:
            candidates.append(run)
            is_exact = False
            grown = part.exact if part.exact is not None else frozenset(("",))
        run = grown
    if is_exact:
        return _Known(run, _best(candidates))
    return _Known(None, _best([*candidates, run]))


def _atom(reader: _Reader) -> _Known:
    kind, text = reader.next()
    if kind == "group" or (kind, text) == ("meta", "("):
        inner = _alternatives(reader)
        reader.next()
        return inner
    if (kind, text) in {("meta", "^"), ("meta", "$")}:
        return _Known(frozenset("\n"), None)
    if kind == "literal":
        return _Known(frozenset(text), None)
    if kind in {"class", "escape"}:
        members = class_members(kind, text)
        if members is not None and len(members) <= _CLASS_SIZE:
            return _Known(members, None)
    return _ANYTHING


def _repeated(reader: _Reader, part: _Known) -> _Known:
    kind, text = reader.peek()
    if kind != "repeat" and text not in {"*", "+", "?"}:
        return part
    reader.next()
    if reader.peek() == ("meta", "?"):
        reader.next()
    low, high = _bounds(text)
    if low == high == 1:
        return part
    if low == 0:
        if high == 1 and part.exact is not None:
            return _Known(part.exact | {""}, None)
        return _ANYTHING
    return _Known(None, _needed(part))


def _bounds(text: str) -> tuple[int, int | None]:
    if text in {"*", "+", "?"}:
        return int(text == "+"), 1 if text == "?" else None
    numbers = re.findall(r"\d+", text)
    if "," not in text:
        return int(numbers[0]), int(numbers[0])
    return int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None


def _concatenated(one: frozenset[str], other: frozenset[str]) -> frozenset[str] | None:
    if len(one) * len(other) > _MOST_STRINGS:
        return None
    return frozenset((a + b).replace("\n\n", "\n") for a, b in product(one, other))


def _if_few(strings: frozenset[str] | None) -> frozenset[str] | None:
    return strings if strings is None or len(strings) <= _MOST_STRINGS else None


def _needed(known: _Known) -> frozenset[str] | None:
    return _best([one for one in known if one is not None])


def _best(candidates: list[frozenset[str]]) -> frozenset[str] | None:
    usable = [one for one in candidates if all(map(_is_long_enough, one))]
    return min(usable, key=_cost, default=None)


def _is_long_enough(text: str) -> bool:
    return len(text.encode()) >= GRAM_BYTES


def _cost(strings: frozenset[str]) -> float:
    """Say what looking for these costs, in microseconds a megabyte."""
    return sum(_window_cost(_window(text)) for text in sorted(strings))


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
