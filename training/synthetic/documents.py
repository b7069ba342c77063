"""Made documents that are no articles: spam of four kinds, and pages that only stand in the way.

``documents.toml`` holds what is written for them; adverts, slots and headlines are the bank's. All
of it follows from the ``random.Random`` it is given, and is called synthetic where it counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from training.synthetic import make
from training.synthetic.bank import HALVES, LANGS, Half, bank
from unbait.types import VerdictName

Maker = Callable[[str, Random, Half], str]
_JOIN: Final = "\n\n"
_PATHS: Final = ("news", "shop", "p", "item", "go", "deal", "tag", "category", "2024/05")


def languages(kind: str, half: Half) -> tuple[str, ...]:
    """Return the languages in which one half has documents of a kind."""
    if kind not in _NOTICES:
        return tuple(_written()[kind]) if kind in _written() else LANGS
    return tuple(lang for lang in _written()[kind] if notices(kind, lang, half))


def document(kind: str, lang: str, rng: Random, half: Half = "train") -> str:
    """Return one document of ``KINDS``; what is written for it comes from one half alone."""
    return _MAKERS.get(kind, _notice(kind))(lang, rng, half)


def notices(kind: str, lang: str, half: Half) -> list[str]:
    """Return the written notices of one half: by turns, so that new ones go to the end."""
    rows = [row for row in _written()[kind][lang].splitlines() if row]
    return rows[HALVES.index(half) :: len(HALVES)]


@cache
def _written() -> dict[str, dict[str, str]]:
    path = Path(__file__).parent / "documents.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _notice(kind: str) -> Maker:
    def made(lang: str, rng: Random, half: Half) -> str:
        chosen = rng.choice(notices(kind, lang, half))
        return make.filled(chosen.replace(" / ", _JOIN), lang, rng, half)

    return made


def _adverts(lang: str, rng: Random, half: Half) -> str:
    """Advert under advert."""
    return _JOIN.join(make.line(lang, "ad", rng, half) for _ in range(rng.randint(6, 30)))


def _stuffed(lang: str, rng: Random, half: Half) -> str:
    """Sentences around one keyword, in one to three paragraphs."""
    key = rng.choice(bank(lang, half).slots["good"])
    rows = [row.replace("{key}", key) for row in _written()["stuffed"][lang].splitlines() if row]
    made = [make.filled(row, lang, rng, half) for row in rows * 4]
    rng.shuffle(made)
    kept = made[: rng.randint(len(rows) * 2, len(made))]
    size = rng.choice((len(kept), 6, 4))
    return _JOIN.join(" ".join(kept[i : i + size]) for i in range(0, len(kept), size))


def _keywords(lang: str, rng: Random, half: Half) -> str:
    """Keyword phrases behind one another, as they stand at the foot of doorway pages."""
    slots = bank(lang, half).slots
    shape = rng.choice(("{good} {city}", "{brand} {product} {place}", "{good} {place}", "{good}"))
    phrases = [make.filled(shape, lang, rng, half) for _ in range(rng.randint(60, 150))]
    extra = rng.choice([*slots["brand"], *slots["city"]])
    return rng.choice((", ", " | ", "\n", " ")).join(
        phrase if rng.random() < 0.6 else f"{phrase} {extra}" for phrase in phrases
    )


def _repeated(lang: str, rng: Random, half: Half) -> str:
    """A few sentences again and again, with other names and numbers in them."""
    few = [make.line(lang, "ad", rng, half) for _ in range(rng.randint(1, 3))]
    parts = [part for _ in range(rng.randint(10, 30)) for part in few]
    return rng.choice((" ", _JOIN)).join(parts)


def _links(lang: str, rng: Random, half: Half) -> str:
    """Addresses, with or without a few words beside each."""
    named = rng.random() < 0.5
    site = rng.choice(bank(lang, half).slots["site"])
    rows = []
    for number in range(rng.randint(15, 60)):
        url = f"https://www.{site}/{rng.choice(_PATHS)}/{rng.randint(100, 99_999)}"
        title = make.filled("{good} {city}", lang, rng, half)
        rows.append(f"{title} {url}" if named or number == 0 else url)
    return rng.choice(("\n", _JOIN)).join(rows)


def _index(lang: str, rng: Random, half: Half) -> str:
    """Headlines and teasers under one another, as on a front page."""
    rows = [*bank(lang, half).slots["headline"]]
    rows += [make.line(lang, "teaser", rng, half) for _ in range(rng.randint(10, 30))]
    rng.shuffle(rows)
    return _JOIN.join(dict.fromkeys(rows))


_MAKERS: Final[dict[str, Maker]] = {
    "adverts": _adverts, "stuffed": _stuffed, "keywords": _keywords, "repeated": _repeated,
    "links": _links, "index": _index,
}  # fmt: skip
_SPAM: Final = ("adverts", "stuffed", "keywords", "repeated", "links")
_NOTICES: Final = ("consent", "paywall", "error", "login")
KINDS: Final[dict[str, VerdictName]] = {
    **dict.fromkeys(_SPAM, "spam"), "index": "not_article",
    **dict.fromkeys(_NOTICES, "not_article"),
}  # fmt: skip
