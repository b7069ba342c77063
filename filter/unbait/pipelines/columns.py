"""Columns of texts in, columns of results out: what data frames and engines share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from unbait.io.formats import Bad, Record
from unbait.pipelines.recipe import Recipe
from unbait.pipelines.records import clean_records

VERDICT, CUT, ERROR = "unbait_verdict", "unbait_cut", "unbait_error"


class Cleaned(NamedTuple):
    """Columns beside one another: clean texts, verdicts, characters cut, errors.

    What was no text, or could not be cleaned, comes back as it was; the error says why.
    """

    texts: list[Any]
    verdicts: list[str | None]
    cuts: list[int | None]
    errors: list[str | None]


@dataclass(frozen=True)
class ColumnCleaner:
    """Cleans columns by a recipe: small, hashable, the same in every process.

    ``html`` says that the column holds pages.
    """

    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    html: bool = False

    def __call__(self, texts: Sequence[Any], urls: Sequence[Any] | None = None) -> Cleaned:
        """Clean a column; ``urls`` tells the sites, where they are known."""
        made = Cleaned(list(texts), [None] * len(texts), [None] * len(texts), [None] * len(texts))
        held = list(self._records(texts, urls))
        for record, item in zip(held, clean_records(self.recipe.cleaner(), held), strict=True):
            if isinstance(item, Bad):
                made.errors[record.row] = f"[{item.code}] {item.message}"
                continue
            result = item[1]
            if result is not None:
                made.texts[record.row] = result.text
                made.verdicts[record.row] = result.verdict.name
                made.cuts[record.row] = len(result.document.text) - len(result.text)
        return made

    def _records(self, texts: Sequence[Any], urls: Sequence[Any] | None) -> Iterator[Record]:
        for place, text in enumerate(texts):
            url = urls[place] if urls is not None else None
            url = url if isinstance(url, str) else None
            given = text if isinstance(text, str | bytes) else None
            if self.html:
                yield Record(str(place), place, page=given, url=url)
            else:
                yield Record(str(place), place, given if isinstance(given, str) else None, url=url)
