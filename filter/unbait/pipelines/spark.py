"""Spark: ``mapInPandas`` and ``mapInArrow`` functions, with the schema they give.

```python
frame = spark.read.parquet("s3a://bucket/crawl/")
frame = clean_spark(frame, text="text", url="url")
frame.write.parquet("s3a://bucket/clean/")
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from unbait.pipelines.columns import BAIT, CUT, ERROR, VERDICT, ColumnCleaner
from unbait.pipelines.recipe import Recipe

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

_DEFAULT = Recipe()


def clean_spark(
    frame: DataFrame,
    *,
    text: str = "text",
    url: str | None = None,
    title: str | None = None,
    html: bool = False,
    into: str | None = None,
    recipe: Recipe = _DEFAULT,
    via: Literal["arrow", "pandas"] = "arrow",
) -> DataFrame:
    """Return a Spark frame with the clean text in ``into`` (or in ``text`` itself).

    ``via`` chooses mapInArrow, which is faster, or mapInPandas.
    """
    schema = clean_schema(frame.schema, into or text, bait=title is not None)
    columns = {"text": text, "url": url, "title": title, "into": into}
    cleaner = ColumnCleaner(recipe, html)
    if via == "arrow":
        return frame.mapInArrow(arrow_batches(cleaner, columns), schema)
    return frame.mapInPandas(pandas_batches(recipe, html, columns), schema)


def clean_schema(schema: StructType, into: str, *, bait: bool = False) -> StructType:
    """Give the schema of a cleaned frame: the columns that were there, and those that tell.

    ``bait`` says that headlines are scored.
    """
    from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType

    fields = list(schema.fields)
    if into not in schema.fieldNames():
        fields.append(StructField(into, StringType()))
    told = (
        StructField(VERDICT, StringType()),
        StructField(CUT, LongType()),
        StructField(ERROR, StringType()),
        *((StructField(BAIT, DoubleType()),) if bait else ()),
    )
    return StructType([*fields, *told])


def arrow_batches(
    cleaner: ColumnCleaner, columns: dict[str, Any]
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Give a function for ``mapInArrow``."""

    def clean(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        from unbait.pipelines.arrow import clean_table

        for batch in batches:
            table = clean_table(pa.Table.from_batches([batch]), cleaner, **columns)
            yield from table.combine_chunks().to_batches()

    return clean


def pandas_batches(
    recipe: Recipe, html: bool, columns: dict[str, Any]
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Give a function for ``mapInPandas``."""

    def clean(frames: Iterator[Any]) -> Iterator[Any]:
        from unbait.pipelines.frames import clean_pandas

        for frame in frames:
            yield clean_pandas(frame, html=html, recipe=recipe, **columns)

    return clean
