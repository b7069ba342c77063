"""What a rule is, as frozen data, and the limits a rule must stay within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from unbait.types import Category

Scope = Literal["line", "span"]
Status = Literal["stable", "preview", "deprecated"]

LINE_CHARACTERS = 300  # longer paragraphs are prose: line rules leave them alone
SCOPES: tuple[Scope, ...] = get_args(Scope)
STATUSES: tuple[Status, ...] = get_args(Status)


USERS = "user"  # the lang of rules that people bring


class Rule(NamedTuple):
    """One rule: what it finds, why that is junk (or content), and examples each way.

    ``pattern`` is in google-re2 syntax and sees the folded text. ``sieve`` is the same pattern
    made looser: it hits wherever ``pattern`` hits and is cheaper to run next to hundreds of others.
    A hit holds one of ``keys`` (see keys.py) or begins with one of ``openings`` (see openings.py),
    or both where it ``asks_both``, or holds one of the characters ``signs``, where such follow from
    the pattern. No hit of a line rule has more than ``longest`` characters.
    ``whole`` says that a hit anywhere in a paragraph speaks of the whole paragraph.
    """

    id: str
    name: str
    category: Category
    scope: Scope
    pattern: str
    sieve: str
    why: str
    score: float = 0.95
    status: Status = "stable"
    lang: str = "any"
    whole: bool = True
    keys: tuple[Sequence[int], ...] = ()
    openings: tuple[int, ...] = ()
    asks_both: bool = False
    signs: tuple[Sequence[int], ...] = ()
    longest: int = LINE_CHARACTERS
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Additions:
    """What a user's file adds to the packaged rules and takes away from them."""

    rules: tuple[Rule, ...] = ()
    disable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleFile(Additions):
    """A user's rule file: additions everywhere, and additions on single sites."""

    sites: dict[str, Additions] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """How big rules may be: users' patterns run over strangers' text in our process."""

    pattern_characters: int = 4_000
    counted_repeats: int = 60
    repeat_bound: int = 200
    rules: int = 5_000
    program_memory: int = 1 << 20


LIMITS = Limits()
