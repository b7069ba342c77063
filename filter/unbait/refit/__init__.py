"""Refitting the paragraph model on a person's own labels, with NumPy alone.

Word weights and a linear head start from the packaged model and leave it as far as the labels say;
documents the fit has not seen decide how far, and whether at all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait import features, modelfile
from unbait.model import ParagraphModel
from unbait.refit.checks import Score, check_gain, check_labels
from unbait.refit.examples import Examples, examples
from unbait.refit.fit import Fitter, Trial
from unbait.rules import RuleSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unbait.labels import Sample
    from unbait.networks import Head

__all__ = ["Refit", "Score", "refit"]


@dataclass(frozen=True, slots=True)
class Refit:
    """A model fitted on labels: what its directory holds, and what it gained on unseen documents.

    ``packaged`` and ``chances`` (lines, categories) are what the packaged model and those of the
    cross-validation said, in the order of ``data``.
    """

    arrays: dict[str, NDArray[Any]]
    manifest: dict[str, Any]
    before: Score
    after: Score
    data: Examples
    packaged: NDArray[np.float32]
    chances: NDArray[np.float32]


def refit(sample: Sample, version: str) -> Refit:
    """Fit on ``sample``; LabelError says why nothing can be learnt from it."""
    documents = [one for one in sample.documents if one.texts]
    check_labels(documents)
    arrays, parent = modelfile.load(modelfile.packaged("paragraph"), features.FEATURE_VERSION)
    data = examples(documents, ParagraphModel(arrays, parent), RuleSet.packaged())
    fitter = Fitter(data, arrays, parent["calibration"])
    best = min(fitter.trials(), key=lambda trial: _loss(fitter, trial))
    said = fitter.packaged()
    before, after = check_gain(data, said, best.chances)
    head, delta = fitter.whole(best.strength)
    manifest = {
        "name": parent["name"],
        "feature_version": parent["feature_version"],
        "hash_bits": parent["hash_bits"],
        "sentence_threshold": parent["sentence_threshold"],
        "calibration": [1.0, 0.0],  # the head has it in its weights
        "parent": {"weights_sha256": parent["weights_sha256"], "version": version},
        "labels": {"sha256": sample.sha256, "documents": len(documents), "lines": sample.count()},
        "strength": best.strength,
        "figures": {"packaged": asdict(before), "refitted": asdict(after)},
    }
    return Refit(_arrays(arrays, head, delta), manifest, before, after, data, said, best.chances)


def _loss(fitter: Fitter, trial: Trial) -> float:
    """Return how badly a trial said what it had not seen."""
    rows = np.flatnonzero(fitter.data.label >= 0)
    target = fitter.targets(trial.chances[rows], rows)
    return -float((target * np.log(trial.chances[rows] + 1e-9)).sum())


def _arrays(
    packaged: dict[str, NDArray[Any]], head: Head, delta: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Return the packaged arrays with new word weights of junk, in bytes, and a head."""
    table, scale = packaged["stage_one.table"].copy(), packaged["stage_one.scale"].copy()
    weights = table[:, -1] * scale[-1] + delta
    scale[-1] = np.abs(weights).max() / 127
    table[:, -1] = np.rint(weights / scale[-1])
    changed = {"stage_one.table": table, "stage_one.scale": scale}
    return packaged | changed | head.arrays("head")
