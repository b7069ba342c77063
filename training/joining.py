"""Labels and texts put together: texts of the data folder, else of the clones of the sources.

The labels of ``lines-*.jsonl`` name lines by hash and by occurrence in the whole page, so they fit
the sources. The data folder holds only the lines that extractors kept of a web page; there the
occurrences are counted among the labelled lines, which stand in the same order.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from training import reading, sources

LABELS = Path(__file__).resolve().parent / "labels"
NEWS = ("fnc-1", "fakenewscorpus", "horne")
PAGES = ("trafilatura-eval", "readability-tests", "daniel", "wcxb-dev")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """The label of one line; ``junk`` are the offsets of junk inside it."""

    hash: str
    code: str
    occurrence: int = 0
    junk: tuple[tuple[int, int], ...] = ()


def load(path: Path) -> dict[str, tuple[Entry, ...]]:
    """Read a labels file: page id to entries."""
    with path.open(encoding="utf-8") as lines:
        pages = [json.loads(line) for line in lines]
    return {
        page["page"]: tuple(
            Entry(
                entry[0],
                entry[1],
                entry[2] if len(entry) > 2 else 0,
                tuple((start, end) for start, end in entry[3]) if len(entry) > 3 else (),
            )
            for entry in page["labels"]
        )
        for page in pages
    }


def from_data(
    rows: Iterable[dict[str, Any]], names: Sequence[str], labels: Path = LABELS
) -> Iterator[dict[str, Any]]:
    """Label the rows of a data file, in its order; pages without labels are left out."""
    known = {
        page: entries
        for name in names
        for page, entries in load(labels / f"lines-{name}.jsonl").items()
    }
    lost: Counter[str] = Counter()
    for row in rows:
        if row["id"] in known:
            labelled = with_lines(row, _renumbered(known[row["id"]]))
            lost[row["id"].partition(":")[0]] += labelled["lost"]
            yield labelled
    _tell(lost)


def from_clones(
    names: Sequence[str], clones: Path = sources.CLONES, labels: Path = LABELS
) -> Iterator[dict[str, Any]]:
    """Label the pages in the clones of the sources."""
    lost: Counter[str] = Counter()
    for name in names:
        path = labels / f"lines-{name}.jsonl"
        entries = load(path)
        missing = {page: len(lines) for page, lines in entries.items()}
        for row in _joined(fetched(name, entries, clones), entries, path):
            missing[row["id"]] = row["lost"]
            yield row
        lost[name] = sum(missing.values())
    _tell(lost)


def fetched(
    name: str, wanted: Collection[str], clones: Path = sources.CLONES
) -> Iterator[dict[str, Any]]:
    """Yield the wanted pages of one source; a source that was not fetched is told and left out."""
    source = sources.load()[name]
    if sources.is_fetched(source, clones):
        yield from sources.read(source, clones, wanted)
    else:
        _log.warning("%s: not fetched, left out", name)


def _joined(
    rows: Iterator[dict[str, Any]], entries: Mapping[str, Sequence[Entry]], labels: Path
) -> Iterator[dict[str, Any]]:
    first = next(rows, None)
    if first is None:
        return
    texts = chain([first], rows)
    if "html" in first:
        # The title is the page's own, as it was when the lines were read.
        yield from reading.join(({**row, "title": None} for row in texts), labels)
    else:
        for row in texts:
            yield with_lines(row, entries[row["id"]])


def with_lines(row: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, Any]:
    """Label the lines of a row that are cut already; lines without a label are dropped."""
    known = {(entry.hash, entry.occurrence): entry for entry in entries}
    lines: list[dict[str, Any]] = []
    texts = [line["text"] for line in row["lines"]]
    for line, occurrence in zip(row["lines"], reading.occurrences(texts), strict=True):
        entry = known.get((reading.line_hash(line["text"]), occurrence))
        if entry is not None:
            lines.append(_labelled(line, entry))
    return {**row, "lines": lines, "lost": len(entries) - len(lines)}


def _labelled(line: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    text = line["text"]
    kept = {name: line[name] for name in ("tag", "link_density") if name in line}
    found = {"text": text, "label": reading.LABEL_NAMES[entry.code[0]], **kept}
    if entry.code.endswith("?"):
        found["unsure"] = True
    if entry.junk:
        found["inline_junk"] = [text.strip()[start:end] for start, end in entry.junk]
    return found


def _renumbered(entries: Sequence[Entry]) -> list[Entry]:
    counted = reading.occurrences(entry.hash for entry in entries)
    return [replace(entry, occurrence=n) for entry, n in zip(entries, counted, strict=True)]


def _tell(lost: Mapping[str, int]) -> None:
    for name, count in lost.items():
        if count:
            _log.warning("%s: %d labels have no line in the texts", name, count)
