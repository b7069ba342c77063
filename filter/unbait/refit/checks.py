"""What nothing can be learnt from: too little, one kind alone, contradictions."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbait.errors import LabelError
from unbait.model import CONTENT, junk_logit
from unbait.refit.examples import FOLDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from unbait.labels import Labelled
    from unbait.refit.examples import Examples

LEAST_LINES = 200
LEAST_DOCUMENTS = 2 * FOLDS
LEAST_OF_A_KIND = 20
MOST_CONTRADICTED = 0.1  # of the lines that stand in several documents
_LEAST_REPEATED = 30
LEAST_RANKING = 0.65  # .5 is chance
MOST_DOUBTFUL = 0.25  # of the lines the packaged model is sure of
_SURE = 4.0  # log odds: 98 %
_RANKING_LOST = 0.02  # may be, where the threshold falls better


@dataclass(frozen=True, slots=True)
class Score:
    """How well labels are told on documents not seen.

    ``ranking`` is the chance that a line of junk is thought likelier junk than one of content,
    ``junk_f1`` counts what is cut at .5, ``log_loss`` is the mean over lines.
    """

    ranking: float
    junk_f1: float
    log_loss: float


def check_labels(documents: Sequence[Labelled]) -> None:
    """Refuse what is too small, of one kind, or contradicts itself."""
    if not documents:
        raise LabelError("SAMPLE_SMALL", "there is no document in the file")
    judged = Counter(label for one in documents for label in one.labels if label)
    lines, few = sum(judged.values()), len({one.texts for one in documents if one.texts})
    if lines < LEAST_LINES or few < LEAST_DOCUMENTS:
        raise LabelError(
            "SAMPLE_SMALL", f"{lines} labelled lines of {few} different documents: it takes "
            f"{LEAST_LINES} of {LEAST_DOCUMENTS} to learn something and to test it"
        )  # fmt: skip
    content = judged["content"]
    junk = lines - content - judged["metadata"]
    if min(content, junk) < LEAST_OF_A_KIND:
        raise LabelError(
            "SAMPLE_ONE_KIND", f"{content} lines of content and {junk} of junk: it takes "
            f"{LEAST_OF_A_KIND} of each to tell them apart"
        )  # fmt: skip
    _check_contradictions(documents)


def _check_contradictions(documents: Sequence[Labelled]) -> None:
    """Refuse labels that call a line junk in one document and content in another, too often."""
    said: defaultdict[str, list[bool]] = defaultdict(list)
    for one in documents:
        pairs = zip(one.texts, one.labels, strict=True)
        last = {text.casefold(): label for text, label in pairs if label not in (None, "metadata")}
        for text, label in last.items():
            said[text].append(label == "content")
    repeated = {text: all_said for text, all_said in said.items() if len(all_said) > 1}
    against = {text: min(sum(s), len(s) - sum(s)) for text, s in repeated.items()}
    lines = sum(map(len, repeated.values()))
    if lines >= _LEAST_REPEATED and sum(against.values()) > MOST_CONTRADICTED * lines:
        worst = sorted(against, key=against.__getitem__, reverse=True)[:3]
        raise LabelError(
            "LABELS_CONTRADICT", f"{sum(against.values())} of {lines} lines that several documents "
            f"share are called junk here and content there, such as {', '.join(map(repr, worst))}; "
            "look at them again"
        )  # fmt: skip


def check_gain(
    data: Examples, before: NDArray[np.float32], after: NDArray[np.float32]
) -> tuple[Score, Score]:
    """Return the scores of the packaged and of the new model, or refuse the labels.

    ``before`` and ``after`` are (lines, categories), of documents not seen. A smaller log loss is
    not enough: with random labels it falls too, by saying less.
    """
    known = data.junk() | (data.label == CONTENT)
    junk = data.junk()[known]
    logits = junk_logit(before)[known], junk_logit(after)[known]
    old, new = (_score(logit, junk) for logit in logits)
    if old.ranking < 0.5:
        raise LabelError(
            "LABELS_SWAPPED", f"these labels call content what looks like junk and the reverse "
            f"(ranking {old.ranking:.2f}, chance is .50): are the two swapped?"
        )  # fmt: skip
    if new.ranking < LEAST_RANKING:
        raise LabelError(
            "LABELS_CHANCE", f"on documents it had not seen, a model trained on these labels ranks "
            f"{new.ranking:.2f} where chance is .50 and the packaged model {old.ranking:.2f}: the "
            "labels contradict each other; read some again"
        )  # fmt: skip
    doubtful = _doubtful(junk, *logits)
    if doubtful > MOST_DOUBTFUL:
        raise LabelError(
            "LABELS_DOUBTFUL", f"{doubtful:.0%} of what the packaged model is sure of is labelled "
            "against it, and so says a model trained on these labels: read them again"
        )  # fmt: skip
    gain, deviation = _gain(data.document[known], junk, *logits)
    ranks_worse = new.ranking < old.ranking - _RANKING_LOST
    if gain <= deviation or new.junk_f1 <= old.junk_f1 or ranks_worse:
        raise LabelError(
            "NO_GAIN", f"on documents it had not seen, a model trained on these labels reaches a "
            f"junk F1 of {new.junk_f1:.3f} and ranks {new.ranking:.3f}, the packaged one "
            f"{old.junk_f1:.3f} and {old.ranking:.3f}: no better for sure. Use the packaged one; "
            "if it cuts too much or too little, unbait calibrate finds the threshold"
        )  # fmt: skip
    return old, new


def _score(logit: NDArray[np.float64], junk: NDArray[np.bool_]) -> Score:
    cut = logit >= 0
    right = int((cut & junk).sum())
    loss = np.logaddexp(0, np.where(junk, -logit, logit))
    f1 = 2 * right / max(int(cut.sum() + junk.sum()), 1)
    return Score(ranking(logit, junk), f1, float(loss.mean()))


def ranking(score: NDArray[np.float64], junk: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: .5 is chance, 1 is right."""
    values, place = np.unique(score, return_inverse=True)
    here = np.bincount(place, minlength=len(values))
    rank = np.cumsum(here) - (here - 1) / 2
    positive, negative = int(junk.sum()), int((~junk).sum())
    if not positive or not negative:
        return 0.5
    above = rank[place][junk].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def _doubtful(
    junk: NDArray[np.bool_], old: NDArray[np.float64], new: NDArray[np.float64]
) -> float:
    """Return the share of lines ``old`` is sure of where both say the reverse of the label."""
    sure = np.abs(old) > _SURE
    against = sure & ((old > 0) != junk) & ((new > 0) != junk)
    return float(against.sum() / max(int(sure.sum()), 1))


def _gain(
    document: NDArray[np.int64],
    junk: NDArray[np.bool_],
    old: NDArray[np.float64],
    new: NDArray[np.float64],
) -> tuple[float, float]:
    """Return how much log loss ``new`` saves, and the standard deviation of that by documents."""
    sign = np.where(junk, -1.0, 1.0)
    saved = np.logaddexp(0, sign * old) - np.logaddexp(0, sign * new)
    of_document = np.bincount(document, saved)[np.unique(document)]
    return float(saved.sum()), float(of_document.std() * np.sqrt(len(of_document)))
