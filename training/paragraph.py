"""Fitting the paragraph model: scikit-learn and torch train, what comes out are plain arrays.

Stage two must learn from what stage one says of lines it has not seen, so it learns from
out-of-fold outputs. It sees every document as plain text, and those of pages a second time with
their layout; of lines that nobody read it learns what a teacher says (``training.teacher``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression, SGDClassifier

from training import recurrent, teacher
from training.split import FOLDS, SHIPPED_ONLY
from training.tables import Table, as_text, documents
from unbait import features
from unbait.features.context import LOGITS
from unbait.model import CONTENT, JUNK, METADATA, junk_logit
from unbait.networks import Recurrent
from unbait.types import CATEGORIES

Mask = NDArray[np.bool_]
SHORT = 150  # characters of a line that could be a headline
LAYOUT_SHARE = 0.7  # of a page's weight, each time it is seen: with its layout and without


@dataclass(frozen=True, slots=True)
class Settings:
    """What training may be told; the committed models use these."""

    word_alpha: float = 2e-6
    word_epochs: int = 10
    context: recurrent.Shape = field(default_factory=recurrent.Shape)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class StageOne:
    """Quantised word weights: (2**HASH_BITS, 8) bytes, their scale and bias (8,)."""

    table: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, words: csr_matrix) -> NDArray[np.float32]:
        """Return (rows, 8) of what is counted in ``words``."""
        sums = words @ self.table.astype(np.float32)
        return np.asarray(sums * self.scale + self.bias, dtype=np.float32)


def fit_stage_one(
    data: Table, titles: csr_matrix, mask: Mask, settings: Settings
) -> StageOne:
    """Fit the columns of stage one by averaged SGD.

    The first tells headlines (``titles``) from short lines of content, the next ones each category
    from all others, the last junk from content, metadata left out.
    """
    columns, biases = [], []
    for words, target, weight in _questions(data, titles, mask):
        model = SGDClassifier(
            loss="log_loss", alpha=settings.word_alpha, average=True,
            max_iter=settings.word_epochs, tol=None, random_state=settings.seed,
        )  # fmt: skip
        model.fit(words, target, sample_weight=weight)
        columns.append(model.coef_[0])
        biases.append(model.intercept_[0])
    weights = np.stack(columns, axis=1)
    scale = np.abs(weights).max(axis=0) / 127
    return StageOne(
        np.rint(weights / scale).astype(np.int8),
        scale.astype(np.float32),
        np.array(biases, dtype=np.float32),
    )


def _questions(
    data: Table, titles: csr_matrix, mask: Mask
) -> Iterator[tuple[csr_matrix, Mask, NDArray[np.float64]]]:
    """Yield what each column of stage one learns from: rows, targets, weights."""
    brief = mask & (data.label == CONTENT) & (data.shapes[:, 0] < np.log1p(SHORT))
    rows = vstack((data.words[brief], titles), format="csr")
    yield rows, np.arange(rows.shape[0]) >= brief.sum(), np.ones(rows.shape[0])
    for category in range(1, len(CATEGORIES)):
        yield data.words[mask], data.label[mask] == category, data.weight[mask]
    known = mask & (data.label != METADATA)
    yield data.words[known], np.isin(data.label[known], JUNK), data.weight[known]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A whole paragraph model, before its probabilities are calibrated."""

    stage_one: StageOne
    context: Recurrent


def see(data: Table, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the columns of stage two."""
    return features.context(logits, data.shapes, data.ties, data.layouts, data.told, data.first)


class Ladder:
    """Fits for every set of folds left out, each made once.

    ``fold`` (lines,) is each line's fold. ``logits(out)`` are those of stage one for all lines,
    where every line outside ``out`` comes from a fit that did not see its own fold either.
    """

    def __init__(
        self, data: Table, titles: csr_matrix, fold: NDArray[np.int64], settings: Settings
    ) -> None:
        self.data, self.titles, self.fold, self.settings = data, titles, fold, settings
        self._stage_one: dict[frozenset[int], StageOne] = {}

    def stage_one(self, out: frozenset[int]) -> StageOne:
        """Return stage one fitted without the folds ``out``."""
        if out not in self._stage_one:
            self.prefit([out], 1)
        return self._stage_one[out]

    def prefit(self, outs: list[frozenset[int]], jobs: int) -> None:
        """Fit stage one for each of ``outs`` in ``jobs`` processes."""
        fits = Parallel(jobs)(
            delayed(fit_stage_one)(
                self.data, self.titles, self._but(out) & self.data.read, self.settings
            )
            for out in outs
        )
        self._stage_one.update(zip(outs, fits, strict=True))

    def logits(self, out: frozenset[int]) -> NDArray[np.float32]:
        """Return (lines, 8), each from a fit that saw neither ``out`` nor the line's own fold."""
        logits = np.zeros((len(self.fold), LOGITS), dtype=np.float32)
        for fold in range(FOLDS if out else FOLDS + 1):
            rows = self.fold == fold
            logits[rows] = self.stage_one(out | {fold}).logits(self.data.words[rows])
        return logits

    def fit(self, out: frozenset[int]) -> Fitted:
        """Fit the whole model without the folds ``out``."""
        logits, shape, seed = self.logits(out), self.settings.context, self.settings.seed
        seen = self._but(out)
        target = self._targets(seen, logits)
        known = self.data.layouts[:, 0] > 0
        weight = self.data.weight * np.where(known, LAYOUT_SHARE, 1.0)
        plain, with_layout = documents(as_text(self.data), seen), documents(self.data, seen & known)
        rows = np.concatenate((plain[0], with_layout[0]))
        lines = recurrent.Lines(
            np.concatenate([see(part, logits[mine]) for mine, part in (plain, with_layout)]),
            target[rows], weight[rows], _runs(plain[1], with_layout[1]),
        )  # fmt: skip
        return Fitted(self.stage_one(out), recurrent.fit(lines, shape, seed))

    def _targets(self, seen: Mask, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (lines, categories): what was read, and for other lines ``seen`` the teacher's."""
        data = self.data
        target = np.eye(len(CATEGORIES), dtype=np.float32)[data.label]
        pupil, other = documents(as_text(data), seen & ~data.read)
        if len(pupil):
            rows, part = documents(as_text(data), seen & data.read)
            network = teacher.fit(
                see(part, logits[rows]), part, target[rows], self.settings.context,
                self.settings.seed,
            )  # fmt: skip
            target[pupil] = network(teacher.see(see(other, logits[pupil]), other), other.first)
        return target

    def _but(self, out: frozenset[int]) -> Mask:
        """Say which lines are learnt from; a fit that leaves a fold out is there to be measured."""
        return ~np.isin(self.fold, [*out, SHIPPED_ONLY] if out else [])


def _runs(*parts: Table) -> list[NDArray[np.int64]]:
    """Return the runs of tables that stand one below the other."""
    runs, offset = [], 0
    for part in parts:
        everyone = np.ones(len(part.label), dtype=bool)
        runs += [run + offset for run in recurrent.runs_of(part.first, everyone)]
        offset += len(part.label)
    return runs


def predict(fitted: Fitted, data: Table) -> NDArray[np.float32]:
    """Return (lines, categories) as serving would."""
    return fitted.context(see(data, fitted.stage_one.logits(data.words)), data.first)


def calibrate(
    chances: NDArray[np.float32], label: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Return slope and offset that turn the junk log odds of unseen lines into probabilities."""
    known = label != METADATA
    return _platt(junk_logit(chances)[known], label[known] != CONTENT, weight[known])


def _platt(
    logit: NDArray[np.float64], target: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[float, float]:
    model = LogisticRegression(C=1e6).fit(logit[:, None], target, sample_weight=weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def arrays(fitted: Fitted) -> dict[str, NDArray[Any]]:
    """Return the arrays that a model directory holds."""
    result: dict[str, NDArray[Any]] = {
        "stage_one.table": fitted.stage_one.table,
        "stage_one.scale": fitted.stage_one.scale,
        "stage_one.bias": fitted.stage_one.bias,
    }
    return result | fitted.context.arrays("context")
