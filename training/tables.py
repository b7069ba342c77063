"""Records to arrays, by the same code that serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.records import Record
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

    ``words`` is what stage one counts, each row scaled by one over the root of its count;
    ``sentences`` is the same for each sentence of each line, ``owner`` (sentences,) its line.
    """

    words: csr_matrix
    sentences: csr_matrix
    owner: NDArray[np.int64]
    shapes: NDArray[np.float32]
    ties: NDArray[np.float32]
    layouts: NDArray[np.float32]
    told: NDArray[np.float32]
    label: NDArray[np.int64]
    weight: NDArray[np.float64]
    record: NDArray[np.int64]
    first: NDArray[np.int64]


def table(records: Sequence[Record]) -> Table:
    """Build the arrays of ``records``; a line is a segment, whatever it holds."""
    rules = RuleSet.packaged()
    parts = [_one(record, rules) for record in records]
    words, _ = _stack([part[0] for part in parts])
    sentences, owner = _stack([part[4] for part in parts])
    sizes = np.array([len(record.texts) for record in records])
    return Table(
        words,
        sentences,
        owner,
        shapes=np.concatenate([part[1] for part in parts]),
        ties=np.concatenate([part[2] for part in parts]),
        layouts=np.concatenate([part[3] for part in parts]),
        told=np.concatenate([part[5] for part in parts]),
        label=np.array([CATEGORIES.index(x) for record in records for x in record.labels]),
        weight=np.array([x for record in records for x in record.weights]),
        record=np.repeat(np.arange(len(records)), sizes),
        first=np.concatenate(([0], np.cumsum(sizes))),
    )


def words(texts: Sequence[str]) -> csr_matrix:
    """Return what stage one counts of single lines, each on its own: (lines, buckets)."""
    blank = RuleSet(())
    rows = [
        _one(Record("", "", list(part), ["content"] * len(part), [1.0] * len(part)), blank)[0]
        for part in batched(texts, _LINES_AT_ONCE)
    ]
    return _stack(rows)[0]


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
    """Return (line counts, shapes, ties, layouts, sentence counts, told), as serving does."""
    from unbait.model import blocks

    batch = as_batch(record.texts)
    folded = fold(batch.codes)
    start, end = folded.from_source(batch.start), folded.from_source(batch.end)
    buckets, lines, sentences, shapes, ties = [], [], [], [], []
    owners: list[NDArray[np.int64]] = []
    for low, high in blocks(start, end, batch.first_segment):
        base = int(start[low])
        codes = folded.codes[base : min(int(end[high - 1]), base + features.BLOCK)]
        tokens = features.tokenize(
            codes, start[low:high] - base, np.minimum(end[low:high] - base, len(codes))
        )
        evidence = features.evidence(tokens, codes)
        bucket, token = evidence.pairs()
        first = evidence.sentence_first
        buckets.append(bucket)
        lines.append(tokens.segment()[token] + low)
        sentences.append(np.searchsorted(first, token, side="right") - 1 + sum(len(o) for o in owners))
        owners.append(tokens.segment()[first[:-1]] + low)
        places = tokens.start + base
        source = places if folded.origin is None else folded.origin[places]
        shapes.append(
            features.shape(batch.codes, batch.start[low:high], batch.end[low:high], tokens, source)
        )
        ties.append(features.ties(tokens, batch.segment_document[low:high]))
    count = len(record.texts)
    told = rules.told(rules.find(folded.codes, start, end), count)
    known = layout(record.tags, np.array(record.links)) if record.tags else None
    layouts = features.no_layout(count) if known is None else known
    bucket, owner = np.concatenate(buckets), np.concatenate(owners)
    by_line = (bucket, np.concatenate(lines), np.arange(count), count)
    by_sentence = (bucket, np.concatenate(sentences), owner, count)
    return by_line, np.concatenate(shapes), np.concatenate(ties), layouts, by_sentence, told


def _stack(
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]],
) -> tuple[csr_matrix, NDArray[np.int64]]:
    """Stack counts of records (bucket, row, line of each row, lines) to one matrix and owners."""
    row_offsets = np.cumsum([0] + [len(owner) for _, _, owner, _ in parts])
    line_offsets = np.cumsum([0] + [count for _, _, _, count in parts])
    columns = np.concatenate([bucket for bucket, _, _, _ in parts])
    rows = np.concatenate([part[1] + at for part, at in zip(parts, row_offsets, strict=False)])
    owner = np.concatenate([part[2] + at for part, at in zip(parts, line_offsets, strict=False)])
    total = int(row_offsets[-1])
    counts = np.maximum(np.bincount(rows, minlength=total), 1)
    values = (1.0 / np.sqrt(counts))[rows].astype(np.float32)
    return csr_matrix((values, (rows, columns)), shape=(total, 1 << features.HASH_BITS)), owner
