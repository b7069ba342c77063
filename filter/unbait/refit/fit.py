"""Fitting a head and word weights that start from the packaged model and leave it only for cause.

Both are penalised for their distance from what is packaged: few labels move it a little, many
labels as far as they say. How strong the penalty is, unseen documents decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait.features import HASH_BITS
from unbait.model import CONTENT, JUNK
from unbait.networks import Head, Recurrent
from unbait.refit.examples import ANY_JUNK, FOLDS, UNKNOWN, Examples
from unbait.refit.minimise import minimise
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]

STRENGTHS = (10_000.0, 3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0)  # of the penalty on the head
BIAS_SHARE = 0.01  # of that penalty on how often each category is said
WORD_STRENGTH = 1.0  # of the penalty on word weights
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Trial:
    """What one way to fit said of documents it had not seen: (lines, categories)."""

    strength: float
    chances: NDArray[np.float32]


class Fitter:
    """Fits heads on ``data`` over the packaged model of ``arrays`` and ``calibration``."""

    def __init__(
        self, data: Examples, arrays: dict[str, NDArray[Any]], calibration: tuple[float, float]
    ) -> None:
        self.data = data
        self._network = Recurrent.of(arrays, "context")
        self.prior = neutral(self._network, *calibration)
        self._deltas: dict[frozenset[int], Floats] = {}

    def packaged(self) -> NDArray[np.float32]:
        """Return what the packaged model says, calibrated: (lines, categories)."""
        return self.prior.said(self.inputs(self.data.logits[:, -1]))

    def trials(self) -> list[Trial]:
        """Return for every strength what heads say of the folds they did not see."""
        shape = (len(self.data.label), len(CATEGORIES))
        found = [Trial(strength, np.zeros(shape, np.float32)) for strength in STRENGTHS]
        for out in range(FOLDS):
            rows = self.data.fold == out
            seen = self.inputs(self.junk_logits(frozenset({out})))
            head = self.prior
            for trial in found:
                head = self._fit(seen, ~rows, trial.strength, head)
                trial.chances[rows] = head.said(seen)[rows]
        return found

    def whole(self, strength: float) -> tuple[Head, Floats]:
        """Return the head and the change of word weights fitted on everything."""
        seen = self.inputs(self.junk_logits(frozenset()))
        everyone = np.ones(len(self.data.label), dtype=bool)
        return self._fit(seen, everyone, strength, self.prior), self.delta(frozenset())

    def inputs(self, junk_logit: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what a head sees: (lines, columns)."""
        columns = self.data.columns(junk_logit)
        return self.prior.inputs(columns, self._network(columns, self.data.first))

    def junk_logits(self, out: frozenset[int]) -> NDArray[np.float32]:
        """Return stage one's junk logits (lines,), each from words that saw neither ``out`` nor
        the line's own fold."""
        logits = np.empty(len(self.data.label), dtype=np.float32)
        for fold in range(FOLDS):
            rows = self.data.fold == fold
            logits[rows] = self.word_logits(self.delta(out | {fold}))[rows]
        return logits

    def word_logits(self, delta: Floats) -> NDArray[np.float32]:
        """Return stage one's junk logits (lines,) with ``delta`` added to its word weights."""
        return np.asarray(self.data.logits[:, -1] + self._sums(delta), dtype=np.float32)

    def _sums(self, delta: Floats) -> Floats:
        words = self.data.words
        values = delta[words.bucket] * words.value
        return np.bincount(words.line, values, len(self.data.label)).astype(np.float64)

    def delta(self, out: frozenset[int]) -> Floats:
        """Return what the labels outside ``out`` add to the word weights of junk: (buckets,)."""
        if out not in self._deltas:
            self._deltas[out] = self._fit_words(~np.isin(self.data.fold, list(out)))
        return self._deltas[out]

    def _fit_words(self, mask: Mask) -> Floats:
        """Fit junk against content, from the packaged weights on."""
        junk = self.data.junk()
        known = mask & (junk | (self.data.label == CONTENT))
        words = self.data.words
        chosen = known[words.line]
        bucket, column = np.unique(words.bucket[chosen], return_inverse=True)
        line, value = words.line[chosen], words.value[chosen]
        sign = np.where(junk, 1.0, -1.0) * known
        offset = self.data.logits[:, -1].astype(np.float64)
        count = len(sign)

        def loss(weights: Floats) -> tuple[float, Floats]:
            logit = offset + np.bincount(line, weights=weights[column] * value, minlength=count)
            margin = sign * logit
            pull = -sign / (1.0 + np.exp(np.clip(margin, -500, 500)))
            slope = np.bincount(column, weights=pull[line] * value, minlength=len(weights))
            total = float(np.logaddexp(0, -margin)[known].sum())
            total += 0.5 * WORD_STRENGTH * float(weights @ weights)
            return total, slope + WORD_STRENGTH * weights

        delta = np.zeros(1 << HASH_BITS)
        delta[bucket] = minimise(loss, np.zeros(len(bucket)))
        return delta

    def _fit(
        self, seen: NDArray[np.float32], mask: Mask, strength: float, start: Head
    ) -> Head:
        """Fit a head on the known lines of ``mask``, held to the prior by ``strength``."""
        prior = self.prior
        rows = np.flatnonzero(mask & (self.data.label != UNKNOWN))
        x, target = seen[rows], self.targets(prior.said(seen[rows]), rows)
        middle = _flat(prior)
        holds = np.full(len(middle), strength)
        holds[-len(prior.bias) :] *= BIAS_SHARE

        def loss(flat: Floats) -> tuple[float, Floats]:
            head = _with(prior, flat)
            chances = head.said(x)
            away = flat - middle
            held = holds * away
            total = -float((target * np.log(chances + _TINY)).sum())
            total += 0.5 * float(held @ away)
            pull = chances - target
            slope = np.concatenate(((x.T @ pull).ravel(), pull.sum(axis=0)))
            return total, slope + held

        return _with(prior, minimise(loss, _flat(start), tolerance=1e-4))

    def targets(self, chances: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what to say of ``rows``: (rows, categories), each summing to 1.

        Junk of a kind not said is spread over the kinds as the packaged model would.
        """
        label = self.data.label[rows]
        target = np.eye(len(CATEGORIES), dtype=np.float32)[np.minimum(label, len(CATEGORIES) - 1)]
        some = label == ANY_JUNK
        kinds = np.zeros_like(chances[some])
        kinds[:, JUNK] = chances[some][:, JUNK] + _TINY
        target[some] = kinds / kinds.sum(axis=1, keepdims=True)
        return target


def neutral(network: Recurrent, slope: float, offset: float) -> Head:
    """Return the head that says what ``network`` says, calibrated by ``slope`` and ``offset``."""
    columns, classes = len(network.mean), len(CATEGORIES)
    weights = np.zeros((columns + classes, classes), dtype=np.float32)
    weights[columns:] = slope * np.eye(classes)
    bias = np.zeros(classes, dtype=np.float32)
    bias[JUNK] = offset
    return Head(network.mean, network.scale, weights, bias)


def _flat(head: Head) -> Floats:
    return np.concatenate((head.weights.ravel(), head.bias)).astype(np.float64)


def _with(head: Head, flat: Floats) -> Head:
    size = head.weights.size
    weights = flat[:size].reshape(head.weights.shape).astype(np.float32)
    return replace(head, weights=weights, bias=flat[size:].astype(np.float32))
