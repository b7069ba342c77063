"""Made examples: junk lines, articles with junk between and inside their paragraphs.

All of it follows from the ``random.Random`` it is given, and is called synthetic where it counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import NotRequired, TypedDict

from training.synthetic.bank import JUNK, Bank, Part, bank, list_patterns
from training.synthetic.disguise import KINDS, disguise
from unbait.types import Category

_WEIGHTS = (50, 20, 20, 10)  # of JUNK
_SHARED_ADS = 0.25  # English shop lines are injected into pages of every language
_GLUED = 0.2
_BARE_HEADLINES = 0.3  # of teasers: the largest group in scraped news
_SLOT = re.compile(r"\{(\w+)\}")
_UNSPACED = ("zh", "ja")
_INSIDE: tuple[Category, ...] = ("ad", "ad", "ad", "engagement", "teaser")
_BRACKETS = (("[", "]"), ("(", ")"), ("*", "*"), ("【", "】"))
# An end mark after a word too long for an abbreviation, quotes closed; or one of East Asia's.
_SENTENCE_END = re.compile(r"(?<=\w{4})[.!?؟।…][\"'”’»)]*\s+|[。！？][」』”）]*")


class Line(TypedDict):
    """One line of a record; ``synthetic`` stands on the lines that were put in."""

    text: str
    label: Category
    synthetic: NotRequired[bool]


class Record(TypedDict):
    """A labelled document in the format of the read ones."""

    id: str
    lang: str
    title: str | None
    lines: list[Line]


Headlines = Sequence[str]


def lines(
    lang: str, n: int, rng: Random, part: Part = "train", headlines: Headlines = ()
) -> list[tuple[str, Category]]:
    """Return ``n`` junk lines. ``headlines`` of real articles stand in for the written ones."""
    kinds = rng.choices(JUNK, _WEIGHTS, k=n)
    return [(line(lang, kind, rng, part, headlines), kind) for kind in kinds]


def line(
    lang: str,
    category: Category,
    rng: Random,
    part: Part = "train",
    headlines: Headlines = (),
    *,
    bare: float = _BARE_HEADLINES,
) -> str:
    """Return one junk line of a category; ``bare`` is the share of teasers without a mark."""
    data = bank(lang, part)
    text = _fill(_template(data, category, rng, bare), data, rng)
    if headlines and category == "teaser":
        text = _with_headline(text, data, rng.choice(headlines))
    if category == "ad" and rng.random() < _GLUED:
        text = _fill(rng.choice(data.glue), data, rng, line=text)
    return text


def filled(template: str, lang: str, rng: Random, part: Part = "train") -> str:
    """Return a template with one part's values in its slots."""
    return _fill(template, bank(lang, part), rng)


def _template(data: Bank, category: Category, rng: Random, bare: float) -> str:
    if category == "ad" and rng.random() < _SHARED_ADS:
        return rng.choice(data.shared_ads)
    if category == "teaser" and rng.random() < bare:
        return "{headline}"
    return rng.choice(data.templates[category])


def _fill(template: str, data: Bank, rng: Random, **given: str) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        return given[name] if name in given else rng.choice(data.slots[name])

    return _SLOT.sub(value, template)


def _with_headline(text: str, data: Bank, headline: str) -> str:
    for written in data.slots["headline"]:
        text = text.replace(written, headline)
    return text


def content_list(lang: str, rng: Random, part: Part = "train") -> list[str]:
    """Return the lines of a list that is content: four to thirty of one pattern."""
    data, pattern = bank(lang, part), rng.choice(list_patterns())
    return [_fill(pattern, data, rng) for _ in range(rng.randint(4, 30))]


def insert(
    article: Sequence[str],
    rng: Random,
    *,
    lang: str,
    part: Part = "train",
    title: str | None = None,
    ident: str = "synthetic",
    headlines: Headlines = (),
    disguised: float = 0.1,
) -> Record:
    """Put junk at one to five places of a clean article; teasers come in runs of two to four.

    ``disguised`` is the share of ads that are disguised.
    """
    record: list[Line] = [{"text": text, "label": "content"} for text in article]
    for _, category in lines(lang, rng.randint(1, 5), rng, part):
        run = rng.randint(2, 4) if category == "teaser" else 1
        junk = [line(lang, category, rng, part, headlines) for _ in range(run)]
        if category == "ad" and rng.random() < disguised:
            junk = [disguise(text, rng, rng.choice(KINDS)) for text in junk]
        at = _place(len(record), rng)
        record[at:at] = [
            {"text": text, "label": category, "synthetic": True} for text in dict.fromkeys(junk)
        ]
    return {"id": ident, "lang": lang, "title": title, "lines": record}


def _place(length: int, rng: Random) -> int:
    """Return where to put junk: often the ends, where scraping leaves most of it."""
    draw = rng.random()
    if draw < 0.1:
        return 0
    return length if draw < 0.35 else rng.randint(0, length)


def insert_inside(
    paragraph: str, rng: Random, lang: str, part: Part = "train", headlines: Headlines = ()
) -> tuple[str, list[tuple[int, int]]]:
    """Put a junk sentence or fragment at the start, in the middle or at the end of a paragraph.

    The spans are what to cut, with the space that came along: what stays is the paragraph.
    """
    junk = _fragment(rng, lang, part, headlines)
    gap = "" if lang in _UNSPACED else " "
    inner = [match.end() for match in _SENTENCE_END.finditer(paragraph)]
    inner = [at for at in inner if 0 < at < len(paragraph)]
    at = rng.choice([0, len(paragraph), *([rng.choice(inner)] if inner else [])])
    added = gap + junk if at == len(paragraph) else junk + gap
    return paragraph[:at] + added + paragraph[at:], [(at, at + len(added))]


def _fragment(rng: Random, lang: str, part: Part, headlines: Headlines) -> str:
    """Return junk as it stands inside a paragraph: marked off, ended, or (ads) neither."""
    category = rng.choice(_INSIDE)
    # A bare headline that ends like a sentence could be one of the paragraph's own.
    text = line(lang, category, rng, part, headlines, bare=0)
    draw = rng.random()
    if draw < 0.25:
        left, right = rng.choice(_BRACKETS)
        return left + text + right
    bare = category == "ad" and draw < 0.5
    if bare or not (text[-1].isalnum() or text[-1] in "%€$£₹"):
        return text
    return text + ("。" if lang in _UNSPACED else "।" if lang == "hi" else ".")
