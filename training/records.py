"""The labelled texts as records, whatever file they come from. Nothing of them is kept here."""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training import reading

DATA = Path(os.environ.get("UNBAIT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LABELS = Path(__file__).resolve().parent / "labels"
UNSURE_WEIGHT = 0.5
CLEAN_WEIGHT = 0.5


@dataclass(slots=True)
class Record:
    """One document: its lines, their labels, and what else is known of each.

    ``weights`` say how much each line counts in training; ``tags`` is empty for plain text.
    """

    id: str
    source: str
    texts: list[str]
    labels: list[str]
    weights: list[float]
    url: str | None = None
    lang: str | None = None
    title: str | None = None
    tags: list[str] = field(default_factory=list)
    links: list[float] = field(default_factory=list)
    synthetic: list[bool] = field(default_factory=list)


class DataMissingError(RuntimeError):
    """The labelled sets are not on this machine."""


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one data file ("lines/news"); DataMissingError when it is not there."""
    path = DATA / f"{name}.jsonl.xz"
    if not path.exists():
        raise DataMissingError(f"{path} is missing: set UNBAIT_DATA or run `training fetch`")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def from_row(row: dict[str, Any], source: str) -> Record:
    """Make a record of a row as ``lines/pages`` writes it."""
    lines = [line for line in row["lines"] if line["text"].strip()]
    has_layout = bool(lines) and "tag" in lines[0]
    return Record(
        id=row["id"],
        source=source,
        texts=[line["text"] for line in lines],
        labels=[line["label"] for line in lines],
        weights=[UNSURE_WEIGHT if line.get("unsure") else 1.0 for line in lines],
        url=row.get("url"),
        lang=row.get("lang"),
        title=row.get("title"),
        tags=[line["tag"] for line in lines] if has_layout else [],
        links=[line.get("link_density") or 0.0 for line in lines] if has_layout else [],
        synthetic=[bool(line.get("synthetic")) for line in lines],
    )


def news() -> list[Record]:
    """Scraped news articles."""
    return [from_row(row, "news") for row in rows("lines/news")]


def pages() -> list[Record]:
    """Lines that extractors keep of web pages."""
    return [from_row(row, "pages") for row in rows("lines/pages")]


def read_by_us() -> list[Record]:
    """Pages whose lines we read ourselves: labels of ``training/labels``, texts of the data."""
    found = []
    for name in ("wcxb-dev", "daniel"):
        path = LABELS / f"{name}.jsonl"
        if path.exists():
            found += [from_row(row, "read") for row in reading.join(rows(f"html/{name}"), path)]
    return found


def clean(every: int = 1) -> list[Record]:
    """Every so-manieth article taken as clean."""
    return [
        Record(
            id=row["id"],
            source="clean",
            texts=(texts := [text for text in row["lines"] if text.strip()]),
            labels=["content"] * len(texts),
            weights=[CLEAN_WEIGHT] * len(texts),
            lang=row["lang"],
            synthetic=[False] * len(texts),
        )
        for number, row in enumerate(rows("text/clean-news"))
        if number % every == 0
    ]
