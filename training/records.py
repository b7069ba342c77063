"""The labelled texts as records, whatever file they come from. Nothing of them is kept here."""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training import joining, reading, sources

DATA = Path(os.environ.get("UNBAIT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LABELS = joining.LABELS
UNKNOWN = -1.0  # in ``Record.gold``: nothing to hold the line against
UNSURE_WEIGHT = 0.5  # of a sure line's
CLEAN_WEIGHT = 1.0
NEWS_WEIGHT = 2.0  # the case this project exists for, and the smallest set


@dataclass(slots=True)
class Record:
    """One document: its lines, their labels, and what else is known of each.

    ``weights`` say how much each line counts in training; ``tags`` is empty for plain text;
    ``gold`` is what ``training.gold`` says of each line, empty where no gold text is known.
    ``fold`` is set where it is given from the start, as that of made examples; ``group`` says which
    part of the templates these were made of.
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
    gold: list[float] = field(default_factory=list)
    fold: int | None = None
    group: int | None = None


class DataMissingError(RuntimeError):
    """The labelled sets are not on this machine."""


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one data file ("lines/news"); DataMissingError when it is not there."""
    path = DATA / f"{name}.jsonl.xz"
    if not has(name):
        raise DataMissingError(f"{path} is missing: set UNBAIT_DATA to the data folder")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def has(name: str) -> bool:
    """Say whether the data folder holds a file."""
    return (DATA / f"{name}.jsonl.xz").exists()


def labelled(name: str, parts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Return the rows of ``lines/news`` or ``lines/pages`` with our labels.

    Texts come from the data folder, else from the clones of the sources ``parts``.
    """
    if has(name):
        return joining.from_data(rows(name), parts, LABELS)
    known = sources.load()
    if not any(sources.is_fetched(known[part], sources.CLONES) for part in parts):
        raise DataMissingError(
            f"no texts for {name}: set UNBAIT_DATA or run `python -m training fetch`"
        )
    return joining.from_clones(parts, sources.CLONES, LABELS)


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
    found = [from_row(row, "news") for row in labelled("lines/news", joining.NEWS)]
    for record in found:
        record.weights = [weight * NEWS_WEIGHT for weight in record.weights]
    return found


def pages() -> list[Record]:
    """Lines that extractors keep of web pages."""
    return [from_row(row, "pages") for row in labelled("lines/pages", joining.PAGES)]


def read_by_us() -> list[Record]:
    """Pages whose lines we read ourselves: labels of ``training/labels``, texts of the data."""
    found = []
    for name in ("wcxb-dev", "daniel"):
        path = LABELS / f"{name}.jsonl"
        if path.exists():
            html = f"html/{name}"
            wanted = reading.load_labels(path)
            texts = rows(html) if has(html) else joining.fetched(name, wanted, sources.CLONES)
            found += [from_row(row, "read") for row in reading.join(texts, path)]
    return found


def clean(every: int = 1) -> list[Record]:
    """Every so-manieth article taken as clean; no public source is pinned for these."""
    if not has("text/clean-news"):
        return []
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


def titles(most: int) -> list[str]:
    """Return at most ``most`` headlines, every so-manieth of the headline set."""
    found = [row["title"].strip() for row in rows("headlines/clickbait")]
    found = [title for title in found if title]
    return found[:: max(1, len(found) // most)][:most]
