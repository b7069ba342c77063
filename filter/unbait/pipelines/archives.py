"""WARC and WET files as rows, for engines that read tables.

```python
rows = spark.sparkContext.parallelize(addresses).flatMap(archive_rows)
frame = spark.createDataFrame(rows, ARCHIVE_SCHEMA)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from unbait.html.decode import to_utf8
from unbait.io.formats import Bad, Columns, Record, as_dict, format_named
from unbait.pipelines.plan import describe

ARCHIVE_SCHEMA = "id string, url string, date string, html string, text string, error string"


class ArchiveRow(TypedDict):
    """A page (WARC) or a text (WET) with its address; or what could not be read, and why."""

    id: str
    url: str | None
    date: str | None
    html: str | None
    text: str | None
    error: str | None


def archive_rows(path: str) -> Iterator[ArchiveRow]:
    """Give the pages and texts of an archive, local or at an address (s3://...).

    Requests, images and other records that hold no document are left out; a broken record is a
    row with an ``error``, and costs no other. Raises OSError and InputError for the whole file.
    """
    file = describe(path, path)
    reader = format_named(file.format)
    for chunk in reader.chunks(file):
        for item in reader.read(chunk, Columns()):
            if isinstance(item, Bad):
                yield _row(f"{path}: {item.where}", error=f"[{item.code}] {item.message}")
            elif item.page is not None or item.text is not None:
                yield _document(item, path)


def _document(record: Record, path: str) -> ArchiveRow:
    made = _row(record.id or f"{path}: {record.where}")
    made["url"], made["date"] = record.url, as_dict(record.row).get("date")
    if record.page is None:
        made["text"] = record.text
    else:
        made["html"] = to_utf8(record.page)[0].decode()
    return made


def _row(name: str, error: str | None = None) -> ArchiveRow:
    return {"id": name, "url": None, "date": None, "html": None, "text": None, "error": error}
