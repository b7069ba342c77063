"""The shards that are measured on: texts as JSON lines and Parquet, pages as an archive."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

DATA = Path(os.environ.get("UNBAIT_DATA", "../shared/data"))
SETS = ("lines/news.jsonl.xz", "text/clean-news.jsonl.xz", "html/daniel.jsonl.xz")
TABLE_BYTES = 60_000_000  # so much of the texts is measured inside engines


@dataclass(frozen=True)
class Shards:
    """Where they lie, and how many bytes of text and of markup they hold."""

    texts: Path
    table: Path
    pages: Path
    text_bytes: int
    page_bytes: int
    documents: int
    responses: int

    def told(self) -> dict[str, Any]:
        """What a figure says of its input."""
        return {
            "texts.jsonl": {"megabytes": self.text_bytes / 1e6, "records": self.documents},
            "pages.warc.gz": {"megabytes_of_html": self.page_bytes / 1e6,
                              "megabytes_packed": self.pages.stat().st_size / 1e6,
                              "records": self.responses},
        }  # fmt: skip


def read(name: str) -> Iterator[dict[str, Any]]:
    with lzma.open(DATA / name) as stream:
        for line in stream:
            yield orjson.loads(line)


def hashes() -> dict[str, str]:
    return {name: hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in SETS}


def articles() -> list[str]:
    scraped = ["\n".join(line["text"] for line in row["lines"]) for row in read(SETS[0])]
    clean = ["\n\n".join(row["lines"]) for row in read(SETS[1])]
    return scraped + clean


def make(folder: Path, megabytes: int) -> Shards:
    """Write shards of so many megabytes of text and of markup."""
    texts, table, pages = folder / "texts.jsonl", folder / "texts.parquet", folder / "pages.warc.gz"
    size = megabytes * 1_000_000
    documents, text_bytes = _texts(texts, size)
    _table(texts, table)
    responses, page_bytes = _pages(pages, size)
    return Shards(texts, table, pages, text_bytes, page_bytes, documents, responses)


def _texts(path: Path, size: int) -> tuple[int, int]:
    given = articles()
    written = number = 0
    with path.open("wb") as stream:
        while written < size:
            text = f"{given[number % len(given)]}\n\nThis is copy {number} of what was said."
            url = f"http://site{number % 97}.test/{number}"
            row = {"id": f"d{number}", "url": url, "text": text}
            written += stream.write(orjson.dumps(row) + b"\n")
            number += 1
    return number, written


def _table(source: Path, path: Path) -> None:
    """Put the first records into Parquet, for the engines."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, size = [], 0
    with source.open("rb") as stream:
        for line in stream:
            rows.append(orjson.loads(line))
            size += len(line)
            if size > TABLE_BYTES:
                break
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=1000)


def _pages(path: Path, size: int) -> tuple[int, int]:
    given = [row["html"].encode("utf-8", "replace") for row in read(SETS[2])]
    written = number = 0
    with path.open("wb") as stream:
        while written < size:
            body = given[number % len(given)] + f"<p>copy {number}</p>".encode()
            http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
            head = (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n"
                f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://a.test/{number}\r\n"
                "Content-Type: application/http; msgtype=response\r\n"
                f"Content-Length: {len(http)}\r\n\r\n"
            ).encode()
            stream.write(gzip.compress(head + http + b"\r\n\r\n", 6))
            written += len(body)
            number += 1
    return number, written
