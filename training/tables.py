"""Records to arrays, by the same code that serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.records import Record
from unbait import features
from unbait.features.layout import layout
from unbait.fold import fold
from unbait.segment import Batch, arrange, codes_of
from unbait.types import CATEGORIES


@dataclass(slots=True)
class Table:
    """Every line of some records. Shapes (lines, columns) and (lines,); ``first`` (records + 1,).

    ``words`` is what stage one counts, each row scaled by one over the root of its count.
    """

    words: csr_matrix
    shapes: NDArray[np.float32]
    ties: NDArray[np.float32]
    layouts: NDArray[np.float32]
    label: NDArray[np.int64]
    weight: NDArray[np.float64]
    record: NDArray[np.int64]
    first: NDArray[np.int64]


def table(records: Sequence[Record]) -> Table:
    """Build the arrays of ``records``; a line is a segment, whatever it holds."""
    parts = [_one(record) for record in records]
    words = _stack([part[0] for part in parts])
    sizes = np.array([len(record.texts) for record in records])
    return Table(
        words,
        *(np.concatenate([part[i] for part in parts]) for i in (1, 2, 3)),
        label=np.array([CATEGORIES.index(x) for record in records for x in record.labels]),
        weight=np.array([x for record in records for x in record.weights]),
        record=np.repeat(np.arange(len(records)), sizes),
        first=np.concatenate(([0], np.cumsum(sizes))),
    )


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


def _one(record: Record) -> tuple[Any, ...]:
    """Return (bucket pairs, shapes, ties, layouts) of one record, block by block as serving does."""
    from unbait.model import blocks

    batch = as_batch(record.texts)
    folded = fold(batch.codes)
    start, end = folded.from_source(batch.start), folded.from_source(batch.end)
    buckets, lines, shapes, ties = [], [], [], []
    for low, high in blocks(start, end, batch.first_segment):
        base = int(start[low])
        codes = folded.codes[base : min(int(end[high - 1]), base + features.BLOCK)]
        tokens = features.tokenize(
            codes, start[low:high] - base, np.minimum(end[low:high] - base, len(codes))
        )
        bucket, token = features.evidence(tokens, codes).pairs()
        buckets.append(bucket)
        lines.append(tokens.segment()[token] + low)
        places = tokens.start + base
        source = places if folded.origin is None else folded.origin[places]
        shapes.append(
            features.shape(batch.codes, batch.start[low:high], batch.end[low:high], tokens, source)
        )
        ties.append(features.ties(tokens, batch.segment_document[low:high]))
    count = len(record.texts)
    known = layout(record.tags, np.array(record.links)) if record.tags else None
    layouts = features.no_layout(count) if known is None else known
    pairs = (np.concatenate(buckets), np.concatenate(lines), count)
    return pairs, np.concatenate(shapes), np.concatenate(ties), layouts


def _stack(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], int]]) -> csr_matrix:
    offsets = np.cumsum([0] + [count for _, _, count in parts])
    columns = np.concatenate([bucket for bucket, _, _ in parts])
    lines = np.concatenate(
        [line + offset for (_, line, _), offset in zip(parts, offsets[:-1], strict=True)]
    )
    total = int(offsets[-1])
    counts = np.maximum(np.bincount(lines, minlength=total), 1)
    values = (1.0 / np.sqrt(counts))[lines].astype(np.float32)
    return csr_matrix((values, (lines, columns)), shape=(total, 1 << features.HASH_BITS))
