"""Records to arrays, by the same code that serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.records import UNKNOWN, Record
from unbait import features
from unbait.features.layout import layout
from unbait.fold import codes_of, fold
from unbait.rules import RuleSet
from unbait.segment import Batch, arrange
from unbait.types import CATEGORIES

_LINES_AT_ONCE = 500


@dataclass(slots=True)
class Table:
    """Every line of some records. Shapes (lines, columns) and (lines,); ``first`` (records + 1,).

    ``words`` is what stage one counts, each row scaled by one over the root of its count. ``gold``
    is the share of a line that stands in its page's gold text, UNKNOWN where there is none;
    ``read`` says whether ``label`` was read (or made), and not left to the teacher.
    """

    words: csr_matrix
    shapes: NDArray[np.float32]
    ties: NDArray[np.float32]
    layouts: NDArray[np.float32]
    told: NDArray[np.float32]
    label: NDArray[np.int64]
    weight: NDArray[np.float64]
    gold: NDArray[np.float64]
    read: NDArray[np.bool_]
    record: NDArray[np.int64]
    first: NDArray[np.int64]


def table(records: Sequence[Record]) -> Table:
    """Build the arrays of ``records``; a line is a segment, whatever it holds."""
    rules = RuleSet.packaged()
    parts = [_one(record, rules) for record in records]
    words = _stack([part[0] for part in parts])
    sizes = np.array([len(record.texts) for record in records])
    return Table(
        words,
        shapes=np.concatenate([part[1] for part in parts]),
        ties=np.concatenate([part[2] for part in parts]),
        layouts=np.concatenate([part[3] for part in parts]),
        told=np.concatenate([part[4] for part in parts]),
        label=np.array([CATEGORIES.index(x) for record in records for x in record.labels]),
        weight=np.array([x for record in records for x in record.weights]),
        gold=np.concatenate([record.gold or [UNKNOWN] * len(record.texts) for record in records]),
        read=np.repeat([record.source != "gold" for record in records], sizes),
        record=np.repeat(np.arange(len(records)), sizes),
        first=np.concatenate(([0], np.cumsum(sizes))),
    )


def documents(data: Table, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Table]:
    """Return the documents whose lines are ``chosen`` (lines,): their lines, and their table.

    A document is chosen as a whole, by its first line.
    """
    filled = np.flatnonzero(np.diff(data.first) > 0)
    kept = filled[chosen[data.first[filled]]]
    sizes = np.diff(data.first)[kept]
    rows = np.flatnonzero(np.isin(data.record, data.record[data.first[kept]]))
    columns = {
        one.name: getattr(data, one.name)[rows]
        for one in fields(data)
        if one.name not in ("record", "first")
    }
    record = np.repeat(np.arange(len(kept)), sizes)
    return rows, Table(**columns, record=record, first=np.concatenate(([0], np.cumsum(sizes))))


def as_text(data: Table) -> Table:
    """Return the table as if no page's layout were known."""
    return replace(data, layouts=np.zeros_like(data.layouts))


def words(texts: Sequence[str]) -> csr_matrix:
    """Return what stage one counts of single lines, each on its own: (lines, buckets)."""
    blank = RuleSet(())
    rows = [
        _one(Record("", "", list(part), ["content"] * len(part), [1.0] * len(part)), blank)[0]
        for part in batched(texts, _LINES_AT_ONCE)
    ]
    return _stack(rows)


def batched(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield the texts in runs of ``size``."""
    for low in range(0, len(texts), size):
        yield texts[low : low + size]


def as_batch(texts: Sequence[str]) -> Batch:
    """Make one document of lines that are its segments already."""
    stripped = [text.strip() for text in texts]
    lengths = np.array([len(text) for text in stripped])
    end = np.cumsum(lengths + 1) - 1
    whole = "\n".join(stripped) + "\n"
    bounds = np.array([0, len(whole)])
    return arrange(
        whole, codes_of(whole), bounds, end - lengths, end, np.zeros(len(texts), dtype=np.int64)
    )


def _one(record: Record, rules: RuleSet) -> tuple[Any, ...]:
    """Return (line counts, shapes, ties, layouts, told), as serving does."""
    batch = as_batch(record.texts)
    folded = fold(batch.codes)
    start, end = folded.from_source(batch.start), folded.from_source(batch.end)
    buckets, lines, shapes, ties = [], [], [], []
    for block in features.token_blocks(batch, folded):
        tokens, mine = block.tokens, slice(block.low, block.high)
        bucket, token = features.evidence(tokens, block.codes).pairs()
        buckets.append(bucket)
        lines.append(tokens.segment()[token] + block.low)
        shapes.append(
            features.shape(
                batch.codes, batch.start[mine], batch.end[mine], tokens, block.source(tokens.start)
            )
        )
        ties.append(features.ties(tokens, batch.segment_document[mine]))
    count = len(record.texts)
    told = rules.told(rules.find(folded.codes, start, end), count)
    known = layout(record.tags, np.array(record.links)) if record.tags else None
    layouts = features.no_layout(count) if known is None else known
    counted = (np.concatenate(buckets), np.concatenate(lines), count)
    return counted, np.concatenate(shapes), np.concatenate(ties), layouts, told


def _stack(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], int]]) -> csr_matrix:
    """Stack what records count (bucket, line, number of lines) to one matrix."""
    offsets = np.cumsum([0] + [count for _, _, count in parts])
    columns = np.concatenate([bucket for bucket, _, _ in parts])
    lines = np.concatenate(
        [line + offset for (_, line, _), offset in zip(parts, offsets, strict=False)]
    )
    total = int(offsets[-1])
    counts = np.maximum(np.bincount(lines, minlength=total), 1)
    values = (1.0 / np.sqrt(counts))[lines].astype(np.float32)
    return csr_matrix((values, (lines, columns)), shape=(total, 1 << features.HASH_BITS))
