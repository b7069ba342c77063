"""The written data of the made examples, read once: templates, slots, articles, hard negatives.

Templates and slot values fall into two halves by a hash of their own text: a template stays in its
half for ever, so what is measured on "test" was never trained on, whatever is added later.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from unbait.types import Category

Half = Literal["train", "test"]
HALVES: tuple[Half, ...] = get_args(Half)
GROUPS = 5  # of a half


class Group(NamedTuple):
    """One of the GROUPS of a half: what a fold is made of, so that others have not seen it."""

    half: Half
    number: int


Part = Half | Group
LANGS = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk"),
    *("el", "tr", "ar", "zh", "ja", "ko", "hi", "id", "vi", "sv"),
)
JUNK: tuple[Category, ...] = ("ad", "engagement", "teaser", "boilerplate")

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Bank:
    """A part of what is written for one language. ``shared_ads`` are English shop lines."""

    templates: dict[Category, tuple[str, ...]]
    shared_ads: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]
    glue: tuple[str, ...]


def half_of(text: str) -> Half:
    """Say in which half a template or slot value is."""
    return HALVES[hashlib.blake2b(text.encode(), digest_size=1).digest()[0] & 1]


@cache
def bank(lang: str, part: Part) -> Bank:
    """Return what one part of the data holds for ``lang``."""
    own, shared = _toml(f"templates/{lang}.toml"), _toml("templates/shared.toml")
    slots = {**shared["slots"], **own["slots"]}
    return Bank(
        {category: _part(_rows(own["templates"][category]), part) for category in JUNK},
        _part(_rows(shared["ads"]), part),
        {name: _part(values, part) for name, values in slots.items()},
        tuple(_rows(shared["glue"])),  # both halves: wrapping is no template
    )


@cache
def articles(lang: str) -> tuple[tuple[str, ...], ...]:
    """Return the invented articles of ``lang``; the first line of each is its headline."""
    text = (_HERE / "articles" / f"{lang}.txt").read_text(encoding="utf-8")
    return tuple(tuple(block.splitlines()) for block in text.strip().split("\n\n"))


def carriers(lang: str, half: Half) -> tuple[tuple[str, ...], ...]:
    """Return the articles into which junk of one half is put: every other one is for measuring."""
    return articles(lang)[HALVES.index(half) :: 2]


@cache
def list_patterns() -> tuple[str, ...]:
    """Return patterns of lines that stand in lists of content, in any language."""
    return tuple(_rows(_toml("lists.toml")["patterns"]))


@cache
def hard_negatives(lang: str, part: Part) -> tuple[str, ...]:
    """Return sentences of articles in ``lang`` that look like junk: every other one is a half's."""
    half, number = part if isinstance(part, Group) else (part, None)
    mine = tuple(_rows(_toml("hard_negatives.toml")[lang])[HALVES.index(half) :: 2])
    return mine if number is None else mine[number::GROUPS]


@cache
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))


def _rows(text: str) -> list[str]:
    return [row for row in text.splitlines() if row.strip()]


def _part(values: list[str], part: Part) -> tuple[str, ...]:
    half, number = part if isinstance(part, Group) else (part, None)
    mine = tuple(value for value in values if half_of(value) == half)
    return mine if number is None else mine[number::GROUPS] or mine
