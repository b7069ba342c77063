"""The worst errors of the last fit, for a person to read: real lines cut and junk left.

What is printed holds texts of others and stays on this machine; docs/errors.md names lines by
source, page and hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from training import evaluate, reading
from training.crossfit import Crossfit
from unbait.model import CONTENT, JUNK, METADATA
from unbait.types import CATEGORIES

SETS = ("news", "pages", "read", "clean")
_A_DOCUMENT = 2  # at most so many of one document, or a single odd page fills the list


@dataclass(frozen=True, slots=True)
class Error:
    """One line on the wrong side. ``score`` is the probability of junk that unseen folds gave it.

    ``before`` and ``after`` are its neighbours in the document, empty at an end.
    """

    source: str
    page: str
    hash: str
    label: str
    said: str
    score: float
    text: str
    before: str
    after: str


def worst(fit: Crossfit, most: int) -> tuple[list[Error], list[Error]]:
    """Return the surest false cuts and the surest misses, at most ``most`` of each."""
    chance, cut = evaluate.probabilities(fit), evaluate.decided(fit)
    source = np.array([record.source for record in fit.records])[fit.data.record]
    label = fit.data.label
    known = np.isin(source, SETS) & (label != METADATA)
    false_cuts = np.flatnonzero(known & cut & (label == CONTENT))
    misses = np.flatnonzero(known & ~cut & np.isin(label, JUNK))
    return (
        list(_first(fit, false_cuts[np.argsort(-chance[false_cuts])], chance, most)),
        list(_first(fit, misses[np.argsort(chance[misses])], chance, most)),
    )


def _first(
    fit: Crossfit, order: np.ndarray, chance: np.ndarray, most: int
) -> Iterator[Error]:
    """Yield the first ``most`` lines of an order; each text once, few of one document."""
    of_document: Counter[int] = Counter()
    seen: set[str] = set()
    for row in order.tolist():
        number = int(fit.data.record[row])
        error = _error(fit, row, number, float(chance[row]))
        if error.hash in seen or of_document[number] >= _A_DOCUMENT:
            continue
        seen.add(error.hash)
        of_document[number] += 1
        yield error
        if len(seen) == most:
            return


def _error(fit: Crossfit, row: int, number: int, score: float) -> Error:
    record, place = fit.records[number], row - int(fit.data.first[number])
    texts = ["", *record.texts, ""]
    text = record.texts[place]
    by_rule = fit.data.told[row][JUNK]
    kind = JUNK[int((by_rule if by_rule.any() else fit.chances[row][JUNK]).argmax())]
    said = CATEGORIES[kind] + (", rule" if by_rule.any() else "")
    return Error(
        record.source, record.id, reading.line_hash(text), record.labels[place], said, score, text,
        texts[place], texts[place + 2],
    )  # fmt: skip
