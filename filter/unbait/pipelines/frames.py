"""Data frames and data sets: pandas, polars, Hugging Face datasets.

```python
frame = clean_pandas(frame, text="body", url="url")
frame = clean_polars(frame, title="headline")
frame["bait"] = headline_scores(frame["headline"])
dataset = dataset.map(dataset_cleaner(), batched=True)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unbait.pipelines.columns import BAIT, CUT, ERROR, VERDICT, ColumnCleaner, headline_scores
from unbait.pipelines.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["DatasetCleaner", "clean_pandas", "clean_polars", "dataset_cleaner", "headline_scores"]

_DEFAULT = Recipe()


def clean_pandas(
    frame: pd.DataFrame,
    *,
    text: str = "text",
    url: str | None = None,
    title: str | None = None,
    html: bool = False,
    into: str | None = None,
    recipe: Recipe = _DEFAULT,
) -> pd.DataFrame:
    """Return a copy of a pandas frame with the clean text in ``into`` (or in ``text`` itself).

    Beside it stand the verdict, the number of characters cut and an error, where there was one;
    with a column ``title`` of headlines also how likely each is clickbait.
    """
    urls = frame[url].tolist() if url else None
    titles = frame[title].tolist() if title else None
    made = ColumnCleaner(recipe, html)(frame[text].tolist(), urls, titles)
    import pandas as pd

    bait = {} if made.baits is None else {BAIT: pd.Series(made.baits, frame.index, "Float64")}

    column = pd.Series(made.texts, index=frame.index, dtype=None if html else frame[text].dtype)
    return frame.assign(
        **{
            into or text: column,
            VERDICT: pd.Series(made.verdicts, index=frame.index, dtype="string"),
            CUT: pd.Series(made.cuts, index=frame.index, dtype="Int64"),
            ERROR: pd.Series(made.errors, index=frame.index, dtype="string"),
            **bait,
        }
    )


def clean_polars(
    frame: pl.DataFrame,
    *,
    text: str = "text",
    url: str | None = None,
    title: str | None = None,
    html: bool = False,
    into: str | None = None,
    recipe: Recipe = _DEFAULT,
) -> pl.DataFrame:
    """Return a polars frame with the clean text in ``into`` (or in ``text`` itself).

    The columns beside it are those of ``clean_pandas``. On a lazy frame:
    ``lazy.map_batches(clean_polars)``.
    """
    import polars as pl

    urls = frame[url].to_list() if url else None
    titles = frame[title].to_list() if title else None
    made = ColumnCleaner(recipe, html)(frame[text].to_list(), urls, titles)
    return frame.with_columns(
        pl.Series(into or text, made.texts, pl.String),
        pl.Series(VERDICT, made.verdicts, pl.String),
        pl.Series(CUT, made.cuts, pl.Int64),
        pl.Series(ERROR, made.errors, pl.String),
        *(() if made.baits is None else (pl.Series(BAIT, made.baits, pl.Float64),)),
    )


def dataset_cleaner(
    *,
    text: str = "text",
    url: str | None = None,
    title: str | None = None,
    html: bool = False,
    into: str | None = None,
    recipe: Recipe = _DEFAULT,
) -> DatasetCleaner:
    """Give what ``dataset.map(..., batched=True)`` calls; its hash is that of its options."""
    return DatasetCleaner(ColumnCleaner(recipe, html), text, url, title, into)


class DatasetCleaner:
    """A batched function of Hugging Face datasets.

    It is a plain object of plain values, so that the fingerprint of ``map`` is the same in every
    process and its cache is found again.
    """

    def __init__(
        self,
        cleaner: ColumnCleaner,
        text: str,
        url: str | None,
        title: str | None,
        into: str | None,
    ) -> None:
        """Take the names of the columns."""
        self._cleaner = cleaner
        self._text = text
        self._url = url
        self._title = title
        self._into = into or text

    def __call__(self, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Clean a batch."""
        urls, titles = (batch[name] if name else None for name in (self._url, self._title))
        made = self._cleaner(batch[self._text], urls, titles)
        return {
            self._into: made.texts,
            VERDICT: made.verdicts,
            CUT: made.cuts,
            ERROR: made.errors,
            **({} if made.baits is None else {BAIT: made.baits}),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle plain values alone: the order of a set differs from process to process.

        The recipe's stamp is among them, so that other rules or another version find no cache.
        """
        recipe = self._cleaner.recipe
        columns = (self._text, self._url, self._title, self._into)
        return _rebuilt, (recipe.stamp(), recipe.plain(), self._cleaner.html, *columns)


def _rebuilt(_stamp: str, plain: tuple[Any, ...], html: bool, *columns: Any) -> DatasetCleaner:
    return DatasetCleaner(ColumnCleaner(Recipe.of(plain), html), *columns)
