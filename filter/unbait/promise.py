"""What a headline promises beyond news, and how much of it the text gives."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

_READ: Final = 20_000  # characters of a text
_LEAST: Final = 4  # letters of a word that says something
_STEM: Final = 5  # ... and of what is compared of it: endings change
_OPENING: Final = 12  # a number of things stands among the first characters
_WORD: Final = re.compile(r"[^\W\d_]+")
_WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2,}")
_NUMBER: Final = re.compile(r"(?<![\w.,$€£])\d{1,3}(?![\w.,%]\d?)")
_ITEM: Final = re.compile(r"(?m)^\s*(?:#\s*)?(\d{1,3})[.)\s:–-]")
_ASKS: Final = ("?", "？", "؟", ";")
_WEIGHT: Final = {
    "numbers_missing": 0.3, "exaggerates": 0.15, "points": 0.1, "asks": 0.1,
}  # fmt: skip


def headline_numbers(title: str, text: str) -> dict[str, float]:
    """Tell what a headline promises and how much of it the text gives.

    ``headline_bait`` is the headline model's probability. The others are of headline and text
    together: ``headline_overlap`` the share of the headline's words that come in the text (the
    headline itself, where the text repeats it, does not count), ``headline_numbers_missing`` 1
    when a list does not have as many parts as was said, ``headline_exaggerates``,
    ``headline_points`` and ``headline_asks`` 1 when it does, ``headline_unmet`` (0..1) all of it
    in one: how little the text gives of what was promised.
    """
    from unbait import headline

    head = _folded(headline.plain(title))
    body = "\n".join(line for line in text[:_READ].splitlines() if _folded(line) not in head)
    wanted = _stems(head)
    overlap = len(wanted & _stems(_folded(body))) / len(wanted) if wanted else 1.0
    parts = {
        "numbers_missing": _numbers_missing(head, body),
        "exaggerates": _says(head, "exaggerates"), "points": _says(head, "points"),
        "asks": float(head.rstrip("\"'”’» ").endswith(_ASKS)),
    }  # fmt: skip
    unmet = 1 - overlap + sum(_WEIGHT[name] * value for name, value in parts.items())
    return {
        "headline_bait": float(headline.packaged().score([title])[0]),
        "headline_overlap": overlap,
        **{f"headline_{name}": value for name, value in parts.items()},
        "headline_unmet": min(1.0, unmet),
    }


def _folded(text: str) -> str:
    return text.lower().replace("’", "'").strip() or "\n"


def _stems(text: str) -> set[str]:
    """Return the beginnings of a text's words; of unspaced scripts every two characters."""
    words = {word[:_STEM] for word in _WORD.findall(text) if len(word) >= _LEAST}
    wide = {run[i : i + 2] for run in _WIDE.findall(text) for i in range(len(run) - 1)}
    return {word for word in words if not _WIDE.match(word)} | wide


def _says(head: str, name: str) -> float:
    return float(any(
        re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", head) for phrase in _phrases()[name]
    ))  # fmt: skip


def _numbers_missing(head: str, text: str) -> float:
    """Say 1 when a headline opens with a number of things and neither number nor things come."""
    found = _NUMBER.search(head)
    if not found or found.start() > _OPENING:
        return 0.0
    number = int(found[0])
    items = [int(item) for item in _ITEM.findall(text)]
    paragraphs = sum(1 for line in text.splitlines() if line.strip())
    enough = found[0] in text or (items and max(items) >= number) or paragraphs >= number
    return 0.0 if enough else 1.0


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[str]]:
    path = Path(__file__).parent / "data" / "verdict.toml"
    known: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))["headline"]
    return known
