"""What a document is as a whole, and the numbers behind it.

An article holds prose. What holds hardly any is no article: an index, a consent or login page, an
error. Spam is mostly advertising, or says the same again and again. Clickbait is an article whose
headline baits and whose text does not give what the headline promised.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from unbait.promise import headline_numbers
from unbait.types import CATEGORIES, Policy, Verdict, VerdictName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unbait.outcome import Row

_CONTENT: Final = tuple(CATEGORIES.index(name) for name in ("content", "metadata"))
_READ: Final = 20_000  # characters of a document that are looked at word by word
_LEAST_WORDS: Final = 80  # repetition is told of documents with at least so many words
_LEAST_LENGTH: Final = 4  # shorter words are in every text
_PROSE: Final = 60  # a paragraph of prose has at least so many characters ...
_ENDS: Final = re.compile(r"[.!?…।؟。！？][\"'”’»)\]」』）]*\s*$")  # ... and ends like a sentence
_LIST: Final = 8  # paragraphs above which a document without prose is a list
_BUTTONS: Final = 2  # lines that are buttons or fields, which together tell a notice
_LONGEST_BUTTON: Final = 40
_WORD: Final = re.compile(r"[^\W_]+")
_WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # say more a character
_LINK: Final = re.compile(r"https?://|www\.", re.IGNORECASE)
_SAYS: Final = {
    "article": "it holds text that reads like an article",
    "collection": "it is a collection of things", "documentation": "it is documentation",
    "forum": "it is a thread of a forum", "listing": "it is a listing of other pages",
    "product": "it is a page about a product", "service": "it is a page about a service",
}  # fmt: skip


class Paragraph(NamedTuple):
    """One paragraph: lower-case text, how long it reads, whether it is prose, its category."""

    text: str
    size: int
    prose: bool
    category: int


def verdict_of(
    text: str,
    rows: Sequence[Row],
    guarded: bool,
    policy: Policy | None = None,
    title: str | None = None,
    types: Mapping[str, float] | None = None,
) -> Verdict:
    """Judge a document by what its paragraphs are, how it repeats, and what its title promised.

    ``rows`` are the paragraphs that count: of a page, those of its main content. ``types`` are the
    chances of the page's types.
    """
    policy = policy or Policy()
    paragraphs = [_paragraph(text, row) for row in rows]
    own = text if types is None else _joined(text, rows)
    numbers = _numbers(paragraphs, own)
    numbers |= {f"page_{name}": chance for name, chance in (types or {}).items()}
    if not numbers["characters"]:
        return Verdict("not_article", "there is no text in it", numbers)
    if title:
        numbers |= headline_numbers(title, own)
    name, reason = _judged(paragraphs, numbers, policy, guarded, types, title)
    return Verdict(name, reason, numbers)


def _judged(
    paragraphs: Sequence[Paragraph],
    numbers: Mapping[str, float],
    policy: Policy,
    guarded: bool,
    types: Mapping[str, float] | None,
    title: str | None,
) -> tuple[VerdictName, str]:
    """Name the first of what the numbers speak for, and say why."""
    if missing := _no_page(paragraphs, policy, types, title):
        return "not_article", missing
    if spam := _spam(numbers, policy):
        return "spam", spam
    if missing := _no_prose(numbers, policy, guarded):
        return "not_article", missing
    bait, unmet = numbers.get("headline_bait", 0.0), numbers.get("headline_unmet", 0.0)
    if bait >= policy.bait and unmet >= policy.unmet:
        return "clickbait", "the headline baits and the text does not deliver"
    return "article", _SAYS[_likeliest(types)]


def _no_page(
    paragraphs: Sequence[Paragraph],
    policy: Policy,
    types: Mapping[str, float] | None,
    title: str | None,
) -> str:
    """Say what a page is that is no article by its type, or by the notice it holds."""
    if notice := _notice(paragraphs, policy, title if types else None):
        return f"it reads like a page of kind {notice}"
    other = {name: chance for name, chance in (types or {}).items() if name in policy.other}
    return _SAYS[_likeliest(other)] if sum(other.values()) > policy.typed else ""


def _likeliest(types: Mapping[str, float] | None) -> str:
    return max(types, key=lambda name: types[name]) if types else "article"


def _joined(text: str, rows: Sequence[Row]) -> str:
    return "\n".join(text[row.start : row.end] for row in rows)


def _paragraph(text: str, row: Row) -> Paragraph:
    own = text[row.start : row.end]
    size = len(own) + len(_WIDE.findall(own, 0, _READ))
    prose = size >= _PROSE and bool(_ENDS.search(own, max(0, len(own) - 8)))
    return Paragraph(own[:_READ].lower().replace("’", "'"), size, prose, row.category)


def _numbers(paragraphs: Sequence[Paragraph], text: str) -> dict[str, float]:
    """Return the shares of each category and of prose, and how the text repeats."""
    sizes = dict.fromkeys(CATEGORIES, 0)
    for one in paragraphs:
        sizes[CATEGORIES[one.category]] += one.size
    whole = max(sum(sizes.values()), 1)
    sound = sum(one.size for one in paragraphs if one.prose and one.category in _CONTENT)
    return {
        **{f"share_{name}": size / whole for name, size in sizes.items()},
        "characters": float(sum(sizes.values())), "paragraphs": float(len(paragraphs)),
        "prose": sum(one.size for one in paragraphs if one.prose) / whole,
        "prose_kept": float(sound), **_repetition(text),
    }  # fmt: skip


def _repetition(text: str) -> dict[str, float]:
    """Tell how much says the same again: the commonest long word, three words in a row, links."""
    words = _WORD.findall(text[:_READ].lower())
    count = len(words)
    long = [word for word in words if len(word) >= _LEAST_LENGTH]
    most = max(Counter(long).values(), default=0)
    triples = Counter(zip(words, words[1:], words[2:], strict=False))
    again = sum(n for n in triples.values() if n > 2)  # an article pasted twice is no spam
    enough = count >= _LEAST_WORDS
    return {
        "words": float(count),
        "commonest_word": most / len(long) if enough and long else 0.0,
        "repetition": again / max(count - 2, 1) if enough else 0.0,
        "links": len(_LINK.findall(text, 0, _READ)) / max(count, 1),
    }


def _notice(paragraphs: Sequence[Paragraph], policy: Policy, title: str | None) -> str:
    """Name the kind of notice a document is, if it holds the marks of one and little beside."""
    titled = [] if title is None else [Paragraph(title.lower().replace("’", "'"), 0, False, 0)]
    found: dict[str, float] = {}
    beside = sum(one.size for one in paragraphs if one.prose)
    if beside > policy.notice * 4:
        return ""
    for one in (*titled, *paragraphs):
        marks = _marks(one.text)
        for kind, mark in marks.items():
            found[kind] = found.get(kind, 0.0) + mark
        if one.prose and marks:
            beside -= one.size
    kind = max(found, key=lambda name: found[name], default="")
    return kind if beside < policy.notice and found.get(kind, 0.0) >= 1.0 else ""


def _marks(paragraph: str) -> dict[str, float]:
    """Return how much a paragraph speaks for each kind of notice: 1 is enough."""
    line = paragraph.strip(" \t.:!?¿…>»›|*")
    found = {}
    for kind, cues in _cues().items():
        mark = float(sum(phrase in paragraph for phrase in cues.phrases))
        if len(line) <= _LONGEST_BUTTON and line in cues.lines:
            mark += 1.0 / _BUTTONS
        if mark:
            found[kind] = mark
    return found


def _spam(numbers: Mapping[str, float], policy: Policy) -> str:
    if numbers["share_ad"] > policy.spam:
        return "most of it is advertising"
    if numbers["commonest_word"] > policy.stuffed:
        return "one word is repeated again and again"
    if numbers["repetition"] > policy.repeated:
        return "it says the same again and again"
    if numbers["links"] > policy.linked:
        return "it is a list of links"
    return ""


def _no_prose(numbers: Mapping[str, float], policy: Policy, guarded: bool) -> str:
    if guarded:
        return "hardly any of it reads like an article"
    if numbers["paragraphs"] > _LIST and numbers["prose"] < policy.prose:
        return "it is a list of lines, hardly one of them a sentence"
    if numbers["prose_kept"] < policy.least:
        return "there is hardly any prose in it"
    return ""


class _Cues(NamedTuple):
    phrases: tuple[str, ...]
    lines: frozenset[str]


@lru_cache(maxsize=1)
def _cues() -> dict[str, _Cues]:
    path = Path(__file__).parent / "data" / "verdict.toml"
    kinds = tomllib.loads(path.read_text(encoding="utf-8"))["kinds"]
    return {
        kind: _Cues(tuple(given["phrases"]), frozenset(given["lines"]))
        for kind, given in kinds.items()
    }
