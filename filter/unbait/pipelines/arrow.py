"""Arrow tables: what Ray and Spark pass in batches."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from unbait.pipelines.columns import BAIT, CUT, ERROR, VERDICT, ColumnCleaner


def clean_table(
    table: Any,
    cleaner: ColumnCleaner,
    *,
    text: str,
    url: str | None,
    title: str | None,
    into: str | None,
) -> Any:
    """Return a ``pyarrow.Table`` with clean texts and the columns that tell of them."""
    urls, titles = (table.column(name).to_pylist() if name else None for name in (url, title))
    made = cleaner(table.column(text).to_pylist(), urls, titles)
    into = into or text
    place = table.schema.get_field_index(into)
    kept = place >= 0 and not cleaner.html
    field = table.schema.field(place) if kept else pa.field(into, pa.string())
    column = pa.array(made.texts, field.type)
    if place >= 0:
        table = table.set_column(place, field, column)
    else:
        table = table.append_column(field, column)
    table = table.append_column(VERDICT, pa.array(made.verdicts, pa.string()))
    table = table.append_column(CUT, pa.array(made.cuts, pa.int64()))
    table = table.append_column(ERROR, pa.array(made.errors, pa.string()))
    if made.baits is None:
        return table
    return table.append_column(BAIT, pa.array(made.baits, pa.float64()))
