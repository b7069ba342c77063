"""What a document is as a whole, and the numbers behind it.

An article holds prose. What holds none is no article: an index, a consent or login page, an
error. Spam is mostly advertising, or says the same again and again. Clickbait is an article whose
headline baits and whose text does not give what the headline promised.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from unbait.types import CATEGORIES, Policy, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unbait.outcome import Row

_SPAM = ("ad", "comment")
_READ = 20_000  # characters of a document that are looked at word by word
_SHORT = 1_500  # a notice is no longer than this
_LEAST_WORDS = 80  # repetition is told of documents with at least so many words
_PROSE = 60  # a paragraph of prose has at least so many characters ...
_ENDS = re.compile(r"[.!?…。！？।؟][\"'”’»)\]]*\s*$")  # ... and ends like a sentence
_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?![\w.,]\d)")
_ITEM = re.compile(r"(?m)^\s*(?:#\s*)?(\d{1,3})[.)\s:–-]")
_LEAST_LENGTH = 4  # shorter words are in every text


def verdict_of(
    text: str,
    rows: Sequence[Row],
    guarded: bool,
    policy: Policy | None = None,
    title: str | None = None,
) -> Verdict:
    """Judge a document by what its paragraphs are, how it repeats, and what its title promised."""
    policy = policy or Policy()
    numbers = _shares(text, rows)
    whole = sum(row.end - row.start for row in rows)
    if not whole:
        return Verdict("not_article", "there is no text in it", numbers)
    numbers |= _repetition(text)
    numbers["prose"] = _prose(text, rows) / whole
    if title:
        numbers |= headline_numbers(title, text)
    spam = _spam(numbers, policy, guarded)
    if spam:
        return Verdict("spam", spam, numbers)
    missing = _not_article(text, numbers, whole, guarded)
    if missing:
        return Verdict("not_article", missing, numbers)
    if numbers.get("headline_bait", 0.0) >= policy.bait and (
        numbers["headline_unmet"] >= policy.unmet
    ):
        return Verdict("clickbait", "the headline baits and the text does not deliver", numbers)
    return Verdict("article", "it holds text that reads like an article", numbers)


def _shares(text: str, rows: Sequence[Row]) -> dict[str, float]:
    sizes = dict.fromkeys(CATEGORIES, 0)
    for row in rows:
        sizes[CATEGORIES[row.category]] += row.end - row.start
    whole = sum(sizes.values())
    numbers = {f"share_{name}": size / whole if whole else 0.0 for name, size in sizes.items()}
    return {**numbers, "characters": float(len(text)), "paragraphs": float(len(rows))}


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


def _prose(text: str, rows: Sequence[Row]) -> int:
    """Count the characters of paragraphs that read like prose."""
    return sum(
        row.end - row.start
        for row in rows
        if row.end - row.start >= _PROSE and _ENDS.search(text, row.end - 8, row.end)
    )


def _spam(numbers: dict[str, float], policy: Policy, guarded: bool) -> str:
    share = sum(numbers[f"share_{name}"] for name in _SPAM)
    if share > policy.spam or (guarded and share > 0.5):
        return "most of it is advertising"
    if numbers["commonest_word"] > policy.stuffed:
        return "one word is repeated again and again"
    if numbers["repetition"] > policy.repeated:
        return "it says the same again and again"
    if numbers["links"] > policy.linked:
        return "it is a list of links"
    return ""


def _not_article(text: str, numbers: dict[str, float], whole: int, guarded: bool) -> str:
    if whole < _SHORT:
        folded = text.lower().replace("’", "'")
        for kind, phrases in _phrases()["kinds"].items():
            if any(phrase in folded for phrase in phrases):
                return f"it is short and reads like a page of kind {kind}"
    if guarded:
        return "hardly any of it reads like an article"
    if not numbers["prose"] and numbers["paragraphs"] > 8:
        return "it is a list of lines, none of them a sentence"
    return ""


def headline_numbers(title: str, text: str) -> dict[str, float]:
    """Tell what a headline promises and how much of it the text gives.

    ``headline_bait`` is the headline model's probability. The others are of headline and text
    together: ``headline_overlap`` the share of the headline's words that come in the text,
    ``headline_numbers_missing`` 1 when a list does not have as many parts as was said,
    ``headline_exaggerates`` and ``headline_points`` 1 when it does, ``headline_unmet`` (0..1) all
    of it in one: how little the text gives of what was promised.
    """
    from unbait import headline

    head, body = title.lower().replace("’", "'"), text.lower()
    wanted = {word for word in _WORD.findall(head) if len(word) >= _LEAST_LENGTH}
    present = set(_WORD.findall(body))
    overlap = len(wanted & present) / len(wanted) if wanted else 1.0
    cues = _phrases()["headline"]
    exaggerates, points = (
        float(any(re.search(rf"(?<!\w){re.escape(p)}(?!\w)", head) for p in cues[name]))
        for name in ("exaggerates", "points")
    )
    missing = _numbers_missing(head, text)
    asks = float(head.rstrip().endswith(("?", "？", "؟")))
    unmet = min(1.0, (1 - overlap) + 0.3 * missing + 0.15 * exaggerates + 0.1 * points + 0.1 * asks)
    return {
        "headline_bait": float(headline.packaged().score([title])[0]),
        "headline_overlap": overlap, "headline_numbers_missing": missing,
        "headline_exaggerates": exaggerates, "headline_points": points, "headline_asks": asks,
        "headline_unmet": unmet,
    }  # fmt: skip


def _numbers_missing(head: str, text: str) -> float:
    """Say 1 when a headline opens with a number of things and neither number nor things come."""
    found = _NUMBER.search(head)
    if not found or found.start() > 12:
        return 0.0
    number = int(found[0])
    items = [int(item) for item in _ITEM.findall(text)]
    paragraphs = sum(1 for line in text.splitlines() if line.strip())
    enough = found[0] in text or (items and max(items) >= number) or paragraphs >= number
    return 0.0 if enough else 1.0


@lru_cache(maxsize=1)
def _phrases() -> dict[str, dict[str, list[str]]]:
    path = Path(__file__).parent / "data" / "verdict.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
