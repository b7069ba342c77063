"""A threshold with a promise: at most so much content is lost, found on a person's own labels.

Conformal risk control (Angelopoulos, Bates, Fisch, Lei, Schuster 2022): the documents of the sample
and the next one are exchangeable; the loss of a document is the share of its content characters
that is cut, so it lies in 0..1. For the smallest threshold whose corrected mean loss
``n / (n + 1) * mean + 1 / (n + 1)`` is at most ``max_loss``, the expected loss of the next document
is at most ``max_loss``, whatever the model and the texts are.

That needs a loss that never grows with the threshold. Cutting changes what stands beside what, so
the thresholds are walked from the top, and each document's loss is the worst it has had so far.
"""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait.errors import LabelError, PolicyError
from unbait.explain import NoWords
from unbait.labels import JUNK, Labelled, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from unbait.cleaner import Cleaner
    from unbait.result import Result
    from unbait.types import Policy

METHOD = "conformal risk control (Angelopoulos et al. 2022)"
# From nearly sure down to where junk is unlikelier than not, in equal steps of log odds.
THRESHOLDS: tuple[float, ...] = tuple(
    round(1.0 / (1.0 + math.exp(-step / 8)), 4) for step in range(48, -17, -1)
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a promise rests on, as it stands in the policy file.

    ``risk`` is the mean loss of the sample at the threshold, ``bound`` its corrected value: the
    share of a document's content that is lost at most, in the mean over documents like these.
    """

    method: str
    max_loss: float
    risk: float
    bound: float
    junk_found: float
    documents: int
    lines: int
    labels_sha256: str
    model_sha256: str
    version: str


def least_documents(max_loss: float) -> int:
    """Return how many documents a promise of ``max_loss`` needs if none of them loses anything."""
    return math.ceil(1.0 / max_loss - 1.0 - 1e-9)


def bound(losses: NDArray[np.float64]) -> float:
    """Return the corrected mean of losses in 0..1: what the next document loses at most."""
    return float((losses.sum() + 1.0) / (len(losses) + 1))


def calibrate(cleaner: Cleaner, sample: Sample, max_loss: float) -> tuple[Policy, Proof]:
    """Return the cleaner's policy with the smallest threshold that keeps the promise.

    Raises PolicyError when the promise cannot be made, LabelError when the labels cannot carry it.
    """
    documents = sample.documents
    _check(documents, max_loss)
    silent = copy.copy(cleaner)
    silent.explainer = NoWords()
    best: tuple[float, float, float] | None = None
    worst = np.zeros(len(documents))
    for threshold in THRESHOLDS:
        policy = cleaner.policy.but(threshold=threshold, action="remove")
        lost, found = losses(silent.with_policy(policy), documents)
        worst = np.maximum(worst, lost)
        if bound(worst) > max_loss:
            break
        best = threshold, float(worst.mean()), found
    if best is None:
        raise PolicyError(
            "NO_THRESHOLD", f"even at {THRESHOLDS[0]} a bound of {bound(worst):.2%} of the content "
            f"is lost, above {max_loss:.2%}: rules cut it, or the labels call junk content; "
            "look at it with unbait explain"
        )  # fmt: skip
    threshold, risk, found = best
    proof = Proof(
        METHOD, max_loss, risk, (risk * len(documents) + 1) / (len(documents) + 1), found,
        len(documents), sample.count(), sample.sha256, cleaner.model_sha256, _version(),
    )  # fmt: skip
    return cleaner.policy.but(threshold=threshold), proof


def losses(
    cleaner: Cleaner, documents: Sequence[Labelled]
) -> tuple[NDArray[np.float64], float]:
    """Return each document's share of content lost, and the share of all junk that was cut."""
    lost = np.zeros(len(documents))
    junk = cut = 0
    results = cleaner.clean_many(one.document() for one in documents)
    removable = cleaner.policy.remove | {JUNK}
    for i, (one, result) in enumerate(zip(documents, results, strict=True)):
        gone = _gone(result)
        content = content_lost = 0
        for (start, end), label in zip(one.spans(), one.labels, strict=True):
            taken = int(gone[end] - gone[start])
            if label == "content":
                content += end - start
                content_lost += taken
            elif label in removable:
                junk += end - start
                cut += taken
        lost[i] = content_lost / max(content, 1)
    return lost, cut / max(junk, 1)


def as_table(proof: Proof) -> dict[str, Any]:
    """Return a proof as a policy file holds it."""
    return asdict(proof)


def _gone(result: Result) -> NDArray[np.int64]:
    """Return how many characters before each place of the text are cut: (characters + 1,)."""
    gone = np.zeros(len(result.document.text) + 1, dtype=np.int64)
    for decision in result.decisions:
        if decision.action == "remove":
            gone[decision.start + 1 : decision.end + 1] = 1
    return np.cumsum(gone)


def _check(documents: Sequence[Labelled], max_loss: float) -> None:
    """Refuse a sample that cannot carry the promise."""
    if not 0.0 < max_loss < 1.0:
        raise PolicyError("MAX_LOSS", f"max_loss lies between 0 and 1, not {max_loss!r}")
    few, need = len(documents), least_documents(max_loss)
    if few < need:
        raise LabelError(
            "SAMPLE_SMALL", f"{max_loss:.2%} can be promised from {need} documents on, here are "
            f"{few}: label {need - few} more, or ask for {1 / (few + 1):.2%} and more"
        )  # fmt: skip
    texts = {one.texts for one in documents}
    if len(texts) < few:
        raise LabelError(
            "SAMPLE_REPEATED", f"{few - len(texts)} documents stand in the sample twice; each "
            "must be another, or the promise would count them twice"
        )  # fmt: skip
    judged = [label for one in documents for label in one.labels if label]
    if "content" not in judged:
        raise LabelError("SAMPLE_ONE_KIND", "no line is labelled content: nothing can be lost")


def _version() -> str:
    from unbait import __version__

    return __version__
