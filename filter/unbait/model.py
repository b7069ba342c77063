"""The paragraph model at run time: arrays and JSON in, probabilities out. NumPy alone.

Stage one sums hashed word weights per sentence and segment; stage two is a small recurrent network
over the segments of each document.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait import features, modelfile, sentences
from unbait.features.context import LOGITS
from unbait.fold import fold
from unbait.networks import Head, Network, Recurrent
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unbait.fold import Folded
    from unbait.segment import Batch

CONTENT, METADATA = CATEGORIES.index("content"), CATEGORIES.index("metadata")
JUNK = [i for i in range(len(CATEGORIES)) if i not in (CONTENT, METADATA)]
_TINY = 1e-7
_RUN_ROWS = 1024
_SUSPECT_LOGIT = -1.0  # paragraphs whose sentences all say less than this are not looked at again


@dataclass(frozen=True, slots=True)
class Look:
    """What stage one and the shape features say of a batch, before any context.

    ``logits`` (segments, 8), ``shapes``, ``ties``, ``layouts``: (segments, columns); ``bonds`` are
    what the ties were counted from; ``told`` (segments, categories) is what the rules found;
    ``sentence_start``/``sentence_end`` (sentences,) are source offsets, ``sentence_logits``
    (sentences, 8) what stage one says of each sentence alone, ``sentence_counts`` (sentences,) how
    many features it counted, ``first_sentence`` (segments + 1,).
    """

    logits: NDArray[np.float32]
    shapes: NDArray[np.float32]
    bonds: features.Bonds
    ties: NDArray[np.float32]
    layouts: NDArray[np.float32]
    told: NDArray[np.float32]
    sentence_start: NDArray[np.int64]
    sentence_end: NDArray[np.int64]
    sentence_logits: NDArray[np.float32]
    sentence_counts: NDArray[np.float32]
    first_sentence: NDArray[np.int64]


    def rows(self, part: NDArray[np.int64]) -> Look:
        """Return what stage two needs of the segments ``part``, as if no others were there."""
        bonds = self.bonds.among(part)
        return replace(
            _empty_look(),
            logits=self.logits[part],
            shapes=self.shapes[part],
            bonds=bonds,
            ties=bonds.columns(),
            layouts=self.layouts[part],
            told=self.told[part],
        )


class ParagraphModel:
    """The trained model of one directory: ``manifest.json`` and ``weights.safetensors``."""

    def __init__(self, arrays: dict[str, NDArray[Any]], manifest: dict[str, Any]) -> None:
        """Take the arrays and the manifest as ``modelfile.load`` returns them."""
        self.manifest = manifest
        self._table: NDArray[np.int8] = arrays["stage_one.table"]
        self._scale: NDArray[np.float32] = arrays["stage_one.scale"]
        self.bias: NDArray[np.float32] = arrays["stage_one.bias"]
        self._context = Recurrent.of(arrays, "context")
        self._head = Head.of(arrays, "head") if "head.weights" in arrays else None
        self._sentences = Network.of(arrays, "sentences")
        self._slope, self._offset = manifest["calibration"]

    @classmethod
    def load(cls, directory: Path) -> ParagraphModel:
        """Load a model directory; ModelError says what is wrong with it."""
        return cls(*modelfile.load(directory, features.FEATURE_VERSION))

    def look(
        self,
        batch: Batch,
        folded: Folded,
        told: NDArray[np.float32],
        layouts: NDArray[np.float32] | None = None,
    ) -> Look:
        """Run stage one over every segment of a batch.

        ``told`` (segments, categories) is how sure the rules are of each category.
        """
        parts = [self._look_block(batch, block) for block in features.token_blocks(batch, folded)]
        count = len(batch.start)
        if not parts:
            return _empty_look()
        bonds = features.Bonds.joined([part.pop() for part in parts])
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        logits, shapes, s_start, s_end, s_logits, s_features, per_segment = joined
        first_sentence = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(per_segment, out=first_sentence[1:])
        if layouts is None:
            layouts = features.no_layout(count)
        return Look(logits, shapes, bonds, bonds.columns(), layouts, told, s_start, s_end, s_logits,
                    s_features, first_sentence)  # fmt: skip

    def _look_block(self, batch: Batch, block: features.Block) -> list[Any]:
        """Run stage one over the segments of a block."""
        tokens, source, low, high = block.tokens, block.source, block.low, block.high
        evidence = features.evidence(tokens, block.codes)
        sums, counts, s_logits = self._weigh(evidence)
        segment_sums = _group(sums, evidence.first_sentence)
        segment_counts = _group(counts, evidence.first_sentence)
        logits = self._logits(segment_sums, segment_counts)
        shapes = features.shape(
            batch.codes, batch.start[low:high], batch.end[low:high], tokens, source(tokens.start)
        )
        bonds = features.bonds(tokens, batch.segment_document[low:high])
        first = evidence.sentence_first
        s_start = source(tokens.start[first[:-1]])
        s_end = source(tokens.end[first[1:] - 1] - 1) + 1
        per_segment = np.diff(evidence.first_sentence)
        return [logits, shapes, s_start, s_end, s_logits, counts, per_segment, bonds]

    def _weigh(
        self, evidence: features.Evidence
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
        """Return per sentence: the summed weights, the number of features, the logits."""
        rows = evidence.rows(self._table)
        if not len(rows):
            empty = np.zeros(0, dtype=np.float32)
            return np.zeros((0, LOGITS), dtype=np.int32), empty, np.zeros((0, LOGITS), np.float32)
        sums = np.add.reduceat(rows, evidence.sentence_first[:-1], axis=0, dtype=np.int32)
        counts = evidence.counts()
        return sums, counts, self._logits(sums, counts)

    def _logits(
        self, sums: NDArray[np.int32], counts: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        norm = np.sqrt(np.maximum(counts, 1.0))[:, None]
        return np.asarray(sums / norm * self._scale + self.bias, dtype=np.float32)

    def judge(self, look: Look, first: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return probabilities (segments, categories) in context.

        ``first`` (documents + 1,) says which rows of ``look`` are which document's.
        """
        columns = (look.logits, look.shapes, look.ties, look.layouts, look.told)
        chances = np.zeros((len(look.logits), len(CATEGORIES)), dtype=np.float32)
        for low, high in _runs(first):
            rows = slice(first[low], first[high])
            inner = first[low : high + 1] - first[low]
            logits, shapes, ties, layouts, told = (column[rows] for column in columns)
            seen = features.context(logits, shapes, ties, layouts, told, inner)
            here = self._context(seen, inner)
            chances[rows] = self._head(seen, here) if self._head else here
        return chances

    def junk(self, chances: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the calibrated probability of junk, metadata set aside: shape (segments,)."""
        logit = junk_logit(chances)
        return np.asarray(1.0 / (1.0 + np.exp(-(self._slope * logit + self._offset))))

    def suspects(self, look: Look) -> NDArray[np.int64]:
        """Return the paragraphs of several sentences of which the words of one are suspect."""
        several = np.flatnonzero(np.diff(look.first_sentence) > 1)
        if not len(several):
            return several
        most = np.maximum.reduceat(look.sentence_logits[:, -1], look.first_sentence[several])
        return several[most > _SUSPECT_LOGIT]

    def pieces(
        self, look: Look, codes: NDArray[np.uint32], segments: NDArray[np.int64]
    ) -> tuple[sentences.Pieces, Folded]:
        """Return the sentences of the paragraphs ``segments``, cut where their words turn.

        ``codes`` is the unfolded batch. Beside the sentences stands the folded view of their lines.
        """
        whole = sentences.sentences_of(look, codes, segments)
        folded = fold(whole.lines.codes)
        at = np.zeros(len(whole.start), dtype=np.int64)
        for block in features.token_blocks(whole.lines, folded):
            tokens, places = block.tokens, block.source(block.tokens.start)
            evidence = features.evidence(tokens, block.codes)
            weights = evidence.rows(self._table)[:, -1] * self._scale[-1]
            turn = sentences.turns(tokens, weights, whole.lines.codes[places])
            found = np.flatnonzero(turn)
            at[block.low + found] = places[turn[found]] - whole.lines.start[block.low + found]
        if not at.any():
            return whole, folded
        parts = sentences.halved(whole, codes, at)
        return parts, fold(parts.lines.codes)

    def sentence_columns(self, lines: Batch, again: Look) -> NDArray[np.float32]:
        """Describe sentences looked at ``again`` as lines."""
        chances = self.judge(again, lines.first_segment)
        return sentences.sentence_columns(lines, again, chances, self.bias)

    def sentence_junk(self, lines: Batch, again: Look) -> NDArray[np.float32]:
        """Return how likely each sentence is junk inside its paragraph: (lines,)."""
        junk = self._sentences(self.sentence_columns(lines, again))[:, 1]
        return sentences.spread(lines, junk, self.sentence_threshold)

    @property
    def sentence_threshold(self) -> float:
        """How sure the model must be of a sentence before it is a suspect."""
        return float(self.manifest["sentence_threshold"])

    def token_weights(
        self, codes: NDArray[np.uint32]
    ) -> tuple[features.Tokens, NDArray[np.float32]]:
        """Return the words of one folded text and what each adds to its junk logit."""
        bounds = np.array([0]), np.array([len(codes)])
        tokens = features.tokenize(codes, *bounds)
        evidence = features.evidence(tokens, codes)
        norm = np.sqrt(max(float(evidence.counts().sum()), 1.0))
        weights = evidence.rows(self._table)[:, -1] * (self._scale[-1] / norm)
        return tokens, np.asarray(weights, dtype=np.float32)


def junk_logit(chances: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the log odds of junk against content; what may be metadata counts for neither."""
    junk = chances[:, JUNK].sum(axis=1, dtype=np.float64)
    return np.asarray(np.log(junk + _TINY) - np.log(chances[:, CONTENT] + _TINY))


def _group(values: NDArray[Any], first: NDArray[np.int64]) -> NDArray[Any]:
    """Sum rows of ``values`` over each group, 0 for empty groups."""
    running = np.zeros((len(values) + 1, *values.shape[1:]), dtype=np.int64)
    np.cumsum(values, axis=0, out=running[1:], dtype=np.int64)
    return np.asarray(running[first[1:]] - running[first[:-1]])


def _runs(first: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut documents into runs of not many rows, none empty; a longer document is a run alone."""
    runs = []
    low = 0
    for number, stop in enumerate(first[1:].tolist(), start=1):
        if stop - first[low] >= _RUN_ROWS or (number == len(first) - 1 and stop > first[low]):
            runs.append((low, number))
            low = number
    return runs


def _empty_look() -> Look:
    nothing = np.zeros(0, dtype=np.int64)
    return Look(
        np.zeros((0, LOGITS), dtype=np.float32),
        np.zeros((0, len(features.SHAPE_NAMES)), dtype=np.float32),
        features.Bonds(np.zeros(0, np.uint64), np.zeros(0, np.uint64), nothing),
        np.zeros((0, len(features.TIE_NAMES)), dtype=np.float32),
        features.no_layout(0), np.zeros((0, len(CATEGORIES)), dtype=np.float32),
        nothing, nothing, np.zeros((0, LOGITS), dtype=np.float32), np.zeros(0, np.float32),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
