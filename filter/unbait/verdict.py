"""What a document is as a whole, and the numbers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unbait.types import CATEGORIES, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unbait.outcome import Row

_SPAM = {"ad", "comment"}


def verdict_of(text: str, rows: Sequence[Row], guarded: bool) -> Verdict:
    """Judge a document by the shares of its characters that each category takes."""
    sizes = dict.fromkeys(CATEGORIES, 0)
    for row in rows:
        sizes[CATEGORIES[row.category]] += row.end - row.start
    whole = sum(sizes.values())
    numbers = {f"share_{name}": size / whole if whole else 0.0 for name, size in sizes.items()}
    numbers["characters"] = float(len(text))
    numbers["paragraphs"] = float(len(rows))
    if not whole:
        return Verdict("not_article", "there is no text in it", numbers)
    if guarded:
        if sum(sizes[name] for name in _SPAM) * 2 > whole:
            return Verdict("spam", "most of it is advertising", numbers)
        return Verdict("not_article", "hardly any of it reads like an article", numbers)
    return Verdict("article", "it holds text that reads like an article", numbers)
