"""Columns of texts in, columns of results out: what data frames and engines share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from unbait import headline
from unbait.io.formats import Bad, Record
from unbait.pipelines.recipe import Recipe
from unbait.pipelines.records import clean_records

VERDICT, CUT, ERROR = "unbait_verdict", "unbait_cut", "unbait_error"
BAIT = "unbait_bait"


class Cleaned(NamedTuple):
    """Columns beside one another: clean texts, verdicts, characters cut, errors.

    What was no text, or could not be cleaned, comes back as it was; the error says why. ``baits``
    are the scores of the headlines, where a column of them was given.
    """

    texts: list[Any]
    verdicts: list[str | None]
    cuts: list[int | None]
    errors: list[str | None]
    baits: list[float | None] | None = None


@dataclass(frozen=True)
class ColumnCleaner:
    """Cleans columns by a recipe: small, hashable, the same in every process.

    ``html`` says that the column holds pages.
    """

    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    html: bool = False

    def __call__(
        self,
        texts: Sequence[Any],
        urls: Sequence[Any] | None = None,
        titles: Sequence[Any] | None = None,
    ) -> Cleaned:
        """Clean a column; ``urls`` tells the sites, where they are known, ``titles`` the headlines.

        A headline counts in the verdict on its text; a page brings its own.
        """
        nothing: list[Any] = [None] * len(texts)
        made = Cleaned(
            list(texts), nothing.copy(), nothing.copy(), nothing.copy(),
            None if titles is None else headline_scores(titles),
        )  # fmt: skip
        held = list(self._records(texts, urls or nothing, titles or nothing))
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

    def _records(
        self, texts: Sequence[Any], urls: Sequence[Any], titles: Sequence[Any]
    ) -> Iterator[Record]:
        for place, (text, *told) in enumerate(zip(texts, urls, titles, strict=True)):
            url, title = (one if isinstance(one, str) else None for one in told)
            given = text if isinstance(text, str | bytes) else None
            if self.html:
                yield Record(str(place), place, page=given, url=url)
            else:
                given = given if isinstance(given, str) else None
                yield Record(str(place), place, given, url=url, title=title)


def headline_scores(titles: Iterable[Any]) -> list[float | None]:
    """Return the probability of clickbait of each headline; None for what is no text."""
    held = list(titles)
    places = [place for place, title in enumerate(held) if isinstance(title, str)]
    scores: list[float | None] = [None] * len(held)
    found = headline.packaged().score([held[place] for place in places])
    for place, score in zip(places, found.tolist(), strict=True):
        scores[place] = score
    return scores
