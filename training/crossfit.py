"""All that is fitted for one model: five folds for the figures, everything for the weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from training import gold, made, paragraph, records, split, tables
from training.paragraph import Fitted, Ladder, Settings, StageOne
from training.records import Record
from training.split import FOLDS, SHIPPED_ONLY
from training.synthetic.bank import HALVES
from training.tables import Table
from unbait.types import CATEGORIES


@dataclass(slots=True)
class Crossfit:
    """Records whose lines were read, their arrays, what unseen folds were given, the whole model.

    ``chances`` (lines, categories) are those of pages with their layout, ``plain`` those of the
    same lines as text. ``measured`` is a whole model that has not seen the first fold, nor made
    examples of the half for measuring, which ``fitted`` has. Each of ``stage_ones`` has seen
    neither its fold nor the group of templates of the same number.
    """

    records: list[Record]
    data: Table
    fold: NDArray[np.int64]
    chances: NDArray[np.float32]
    plain: NDArray[np.float32]
    fitted: Fitted
    measured: Fitted
    calibration: tuple[float, float]
    settings: Settings
    stage_ones: list[StageOne]


TITLES = 40_000


def gather() -> list[Record]:
    """Return every labelled record there is, each with its fold."""
    real = records.news() + records.pages() + records.read_by_us()
    clean = records.clean(every=4)
    read = real + clean
    if gold.has():
        gold.add_shares(real)
        read = read + gold.aligned({record.id for record in real})
    for record, fold in zip(read, split.folds(read).tolist(), strict=True):
        record.fold = fold
    carriers = real + [record for record in clean if record.lang == "en"]
    return read + [record for half in HALVES for record in made.inserted(carriers, half)]


def crossfit(found: list[Record], settings: Settings, jobs: int = 2) -> Crossfit:
    """Fit for every fold left out, and once on everything."""
    data = tables.table(found)
    fold = np.array([record.fold for record in found])[data.record]
    ladder = Ladder(data, tables.words(records.titles(TITLES)), fold, settings)
    outs = [frozenset({a, b}) for a in range(FOLDS) for b in range(a, FOLDS)]
    outs += [frozenset[int](), frozenset({SHIPPED_ONLY})]
    ladder.prefit(outs, jobs)
    wanted = [frozenset({one}) for one in range(FOLDS)] + [frozenset[int]()]
    fits = Parallel(jobs)(delayed(Ladder.fit)(ladder, out) for out in wanted)
    known = data.read & (fold != SHIPPED_ONLY)
    rows, kept = tables.documents(data, known)
    chances = np.empty((len(rows), len(CATEGORIES)), dtype=np.float32)
    plain = np.empty_like(chances)
    for one in range(FOLDS):
        unseen = fold[rows] == one
        chances[unseen] = paragraph.predict(fits[one], kept)[unseen]
        plain[unseen] = paragraph.predict(fits[one], tables.as_text(kept))[unseen]
    return Crossfit(
        [found[i] for i in np.unique(data.record[known]).tolist()], kept, fold[rows],
        chances, plain, fits[-1], fits[0], _calibration(chances, plain, kept), settings,
        _blind(found, ladder, jobs),
    )  # fmt: skip


def _blind(found: list[Record], ladder: Ladder, jobs: int) -> list[StageOne]:
    """Fit stage one without a fold and a group of templates: what it says of junk it never saw."""
    data = ladder.data
    group = np.array([-1 if one.group is None else one.group for one in found])[data.record]
    masks = [
        data.read & (ladder.fold != one) & (ladder.fold != SHIPPED_ONLY) & (group != one)
        for one in range(FOLDS)
    ]
    return list(
        Parallel(jobs)(
            delayed(paragraph.fit_stage_one)(data, ladder.titles, mask, ladder.settings)
            for mask in masks
        )
    )


def _calibration(
    chances: NDArray[np.float32], plain: NDArray[np.float32], data: Table
) -> tuple[float, float]:
    """Calibrate for text and pages alike."""
    label, weight = np.tile(data.label, 2), np.tile(data.weight, 2)
    return paragraph.calibrate(np.concatenate((chances, plain)), label, weight)
