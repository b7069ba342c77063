"""Figures of lines the model has not seen: junk found and content lost, by source, class, language.

Metadata counts neither way, as the policy keeps it by default.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from training.crossfit import Crossfit
from unbait.model import CONTENT, JUNK, METADATA, junk_logit
from unbait.policy import HEARD, kinds
from unbait.types import CATEGORIES

Mask = NDArray[np.bool_]
_LOSS = 0.01
THRESHOLD = 0.5
_FEW = 20


def figures(fit: Crossfit) -> dict[str, Any]:
    """Return every figure of a cross-fit by name, ready for JSON."""
    source = np.array([record.source for record in fit.records])[fit.data.record]
    result: dict[str, Any] = {}
    for name in dict.fromkeys(source.tolist()):
        rows = source == name
        result[name] = clean_loss(fit, rows) if name == "clean" else of_lines(fit, rows)
        if name in ("pages", "read"):
            result[f"{name}_as_text"] = of_lines(replace(fit, chances=fit.plain), rows)
    result["pages_by_language"] = _by_language(fit, (source != "clean") & (source != "made"))
    return result


def probabilities(fit: Crossfit) -> NDArray[np.float64]:
    """Return the probability of junk of every line: the model's or the surest rule's."""
    slope, offset = fit.calibration
    model = 1.0 / (1.0 + np.exp(-(slope * junk_logit(fit.chances) + offset)))
    told = fit.data.told
    by_rule = np.where(model >= HEARD, told[:, JUNK].max(axis=1), 0.0)
    return np.where(told[:, CONTENT] > 0, 0.0, np.maximum(model, by_rule))


def decided(fit: Crossfit) -> Mask:
    """Return which lines the default policy would cut, by rules and model together."""
    junk = fit.chances[:, JUNK].sum(axis=1)
    metadata = fit.chances[:, METADATA] > np.maximum(junk, fit.chances[:, CONTENT])
    by_rule = fit.data.told[:, JUNK].max(axis=1) >= THRESHOLD
    return np.asarray((probabilities(fit) >= THRESHOLD) & (by_rule | ~metadata))


def of_lines(fit: Crossfit, rows: Mask) -> dict[str, Any]:
    """Return junk F1 and the rest for the chosen lines."""
    label = fit.data.label
    known = rows & (label != METADATA)
    truth, cut, chance = np.isin(label, JUNK)[known], decided(fit)[known], probabilities(fit)[known]
    right = int((cut & truth).sum())
    edge = np.quantile(chance[~truth], 1 - _LOSS)
    found = known & np.isin(label, JUNK) & decided(fit)
    by_rule = fit.data.told[found][:, JUNK]
    by_model, sure = kinds(fit.chances[found])
    kind = np.where(sure | ~by_rule.any(axis=1), by_model, np.array(JUNK)[by_rule.argmax(axis=1)])
    return {
        "lines": int(known.sum()),
        "junk_f1": 2 * right / max(int(cut.sum() + truth.sum()), 1),
        "junk_found": right / max(int(truth.sum()), 1),
        "content_lost": float((cut & ~truth).sum() / max(int((~truth).sum()), 1)),
        "junk_found_at_1_percent_lost": float((chance[truth] > edge).mean()),
        "average_precision": float(average_precision_score(truth, chance)),
        "category_right": float((kind == label[found]).mean()) if found.any() else None,
        "found_by_class": {
            CATEGORIES[one]: float(decided(fit)[known & (label == one)].mean())
            for one in JUNK
            if (known & (label == one)).sum() >= _FEW
        },
    }


def clean_loss(fit: Crossfit, rows: Mask) -> dict[str, Any]:
    """Return what is cut of lines that are taken as clean."""
    cut = decided(fit)[rows]
    return {"lines": int(rows.sum()), "lines_cut": float(cut.mean())}


def _by_language(fit: Crossfit, rows: Mask) -> dict[str, Any]:
    language = np.array([record.lang or "unknown" for record in fit.records])[fit.data.record]
    return {
        name: of_lines(fit, rows & (language == name))
        for name in sorted(set(language[rows].tolist()))
        if np.isin(fit.data.label, JUNK)[rows & (language == name)].sum() >= _FEW
    }
