"""Labelled documents as arrays: what the packaged model sees of a line, and what it should say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from unbait import features
from unbait.fold import Folded, codes_of, fold
from unbait.labels import JUNK as SOME_JUNK
from unbait.model import JUNK, ParagraphModel
from unbait.segment import Batch, arrange
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from unbait.labels import Labelled
    from unbait.rules import RuleSet

FOLDS = 5
UNKNOWN = -1
ANY_JUNK = len(CATEGORIES)
_INDEX = {None: UNKNOWN, SOME_JUNK: ANY_JUNK} | {name: i for i, name in enumerate(CATEGORIES)}
_DOCUMENTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Words:
    """What stage one counts, as entries (entries,): which bucket, of which line, how much."""

    bucket: NDArray[np.int64]
    line: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Every line of some documents. Shapes (lines, columns) and (lines,).

    ``label`` indexes CATEGORIES; ANY_JUNK stands for junk of a kind not said, UNKNOWN for a line
    nobody judged. ``fold`` puts what belongs together (a site, copies) on one side; ``first``
    (documents + 1,) says which lines are whose.
    """

    words: Words
    logits: NDArray[np.float32]
    shapes: NDArray[np.float32]
    ties: NDArray[np.float32]
    layouts: NDArray[np.float32]
    told: NDArray[np.float32]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    document: NDArray[np.int64]
    first: NDArray[np.int64]

    def junk(self) -> NDArray[np.bool_]:
        """Return which lines are labelled junk."""
        return np.isin(self.label, [*JUNK, ANY_JUNK])

    def columns(self, junk_logit: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what stage two sees when stage one says ``junk_logit`` (lines,) of junk."""
        logits = self.logits.copy()
        logits[:, -1] = junk_logit
        return features.context(
            logits, self.shapes, self.ties, self.layouts, self.told, self.first
        )


def examples(
    documents: Sequence[Labelled], model: ParagraphModel, rules: RuleSet, seed: int = 0
) -> Examples:
    """Look at ``documents`` as serving would, each line a paragraph."""
    documents = [one for one in documents if one.texts]
    parts = [
        _look(documents[low : low + _DOCUMENTS_AT_ONCE], model, rules)
        for low in range(0, len(documents), _DOCUMENTS_AT_ONCE)
    ]
    sizes = np.array([len(one.texts) for one in documents])
    document = np.repeat(np.arange(len(documents)), sizes)
    offsets = np.cumsum([0] + [len(part[2]) for part in parts])
    line = np.concatenate([part[1] + low for part, low in zip(parts, offsets, strict=False)])
    counts = np.maximum(np.bincount(line, minlength=len(document)), 1)
    bucket, _, logits, shapes, ties, layouts, told = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Examples(
        Words(bucket, line, (1.0 / np.sqrt(counts))[line]),
        logits, shapes, ties, layouts, told,
        np.array([_INDEX[label] for one in documents for label in one.labels]),
        _folds(documents, seed)[document],
        document,
        np.concatenate(([0], np.cumsum(sizes))),
    )  # fmt: skip


def _look(
    documents: Sequence[Labelled], model: ParagraphModel, rules: RuleSet
) -> tuple[NDArray[Any], ...]:
    """Return (buckets, their lines, logits, shapes, ties, layouts, told) of some documents."""
    batch = _batch(documents)
    folded = fold(batch.codes)
    start, end = folded.from_source(batch.start), folded.from_source(batch.end)
    told = rules.told(rules.find(folded.codes, start, end), len(start))
    look = model.look(batch, folded, told)
    bucket, line = _counted(batch, folded)
    return bucket, line, look.logits, look.shapes, look.ties, look.layouts, told


def _batch(documents: Sequence[Labelled]) -> Batch:
    """Make a batch in which every labelled line is a segment, whatever it holds."""
    texts = [text for one in documents for text in one.texts]
    document = np.repeat(np.arange(len(documents)), [len(one.texts) for one in documents])
    lengths = np.array([len(text) for text in texts])
    end = np.cumsum(lengths + 1) - 1
    start = end - lengths
    whole = "\n".join([*texts, ""])
    bounds = np.append(start[np.searchsorted(document, np.arange(len(documents)))], len(whole))
    return arrange(whole, codes_of(whole), bounds, start, end, document)


def _counted(batch: Batch, folded: Folded) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (bucket, line) of every feature that stage one counts."""
    buckets, lines = [], []
    for block in features.token_blocks(batch, folded):
        bucket, token = features.evidence(block.tokens, block.codes).pairs()
        buckets.append(bucket)
        lines.append(block.tokens.segment()[token] + block.low)
    return np.concatenate(buckets), np.concatenate(lines)


def _folds(documents: Sequence[Labelled], seed: int) -> NDArray[np.int64]:
    """Deal the documents into folds, largest group first; a site or a copied text is one group."""
    keys = [
        (urlsplit(one.url).hostname if one.url else None) or max(one.texts, key=len)
        for one in documents
    ]
    group = np.unique(keys, return_inverse=True)[1]
    sizes = np.bincount(group, weights=[len(one.texts) for one in documents])
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    loads, fold = np.zeros(FOLDS), np.zeros(len(sizes), dtype=np.int64)
    for one in order.tolist():
        fold[one] = loads.argmin()
        loads[fold[one]] += sizes[one]
    return fold[group]
