"""Documents and pages that the tests of pipelines share, written for them."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import orjson

import unbait

JUNK = "Click here: cheap jerseys online"
SAID = (
    "The council met on day {} and, after an hour, agreed on the plan that the mayor had set out.",
    "Work on the bridge will begin in May, said the engineer, who expects it to last two winters.",
    "Residents of the old harbour had asked for a second ferry, which is now left to the province.",
    "A teacher from the northern school told us that her pupils walk forty minutes every morning.",
    "The budget grows by three million, most of it for roads, and item {} is to be voted in June.",
)
FILTER = str(Path(unbait.__file__).parents[1])


def document(number: int) -> dict[str, Any]:
    text = (
        f"The council met on Monday to talk about item {number}, and it agreed on the plan.\n\n"
        f"{JUNK}\n\nThe mayor said the work on street {number} would begin in May."
    )
    site = f"http://www.site{number % 3}.test/{number}"
    return {"id": f"d{number}", "text": text, "url": site, "n": number}


def documents(count: int) -> list[dict[str, Any]]:
    return [document(number) for number in range(count)]


def page(number: int) -> str:
    """A small page of one site: menu, article, advert, footer."""
    body = "".join(f"<p>{said.format(number)}</p>" for said in SAID)
    return (
        "<!doctype html><html><head><meta charset='utf-8'>"
        f"<title>Item {number}</title></head><body><nav><a href='/'>Home</a> "
        f"<a href='/news'>News</a></nav><main><article><h1>Council agrees on item {number}</h1>"
        f"{body}<p>{JUNK}</p></article></main><footer>Contact us</footer></body></html>"
    )


def clean_texts(made: list[dict[str, Any]]) -> list[str]:
    """What the library gives for the same documents."""
    from unbait import Cleaner

    return [result.text for result in Cleaner().clean_many([row["text"] for row in made])]


def response(number: int, length: int | None = None) -> bytes:
    """A record of an archive that holds a page; ``length`` is a wrong one to tell."""
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    http += page(number).encode()
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:page-{number}>\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://site.test/{number}\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http) if length is None else length}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def any_shard(path: Path, count: int, first: int = 0) -> Path:
    """Write documents (pages into an archive) in the format that a name tells."""
    rows = [document(number) for number in range(first, first + count)]
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=max(1, count // 4))
        return path
    members = [response(row["n"]) for row in rows]
    if name.endswith(".csv"):
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        members = [table.getvalue().encode()]
    elif name.endswith(".jsonl"):
        members = [b"".join(orjson.dumps(row) + b"\n" for row in rows)]
    packed = path.name.endswith(".gz")
    path.write_bytes(b"".join(gzip.compress(one) if packed else one for one in members))
    return path
