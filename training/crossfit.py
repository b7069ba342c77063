"""All that is fitted for one model: five folds for the figures, everything for the weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from training import made, paragraph, records, split, tables
from training.paragraph import Fitted, Ladder, Settings, StageOne
from training.records import Record
from training.split import FOLDS
from training.tables import Table
from unbait.types import CATEGORIES


@dataclass(slots=True)
class Crossfit:
    """Records, their arrays, what unseen folds were given, and the model fitted on everything."""

    records: list[Record]
    data: Table
    fold: NDArray[np.int64]
    chances: NDArray[np.float32]
    fitted: Fitted
    calibration: tuple[float, float]
    settings: Settings
    stage_ones: list[StageOne]


TITLES = 40_000


def gather() -> list[Record]:
    """Return every labelled record there is."""
    real = records.news() + records.pages() + records.read_by_us()
    clean = records.clean(every=4)
    english = [record for record in clean if record.lang == "en"]
    return real + clean + made.inserted(real + english)


def crossfit(found: list[Record], settings: Settings, jobs: int = 2) -> Crossfit:
    """Fit for every fold left out, and once on everything."""
    data = tables.table(found)
    fold = split.folds(found)[data.record]
    ladder = Ladder(data, tables.words(records.titles(TITLES)), fold, settings)
    outs = [frozenset({a, b}) for a in range(FOLDS) for b in range(a, FOLDS)] + [frozenset[int]()]
    ladder.prefit(outs, jobs)
    wanted = [frozenset({one}) for one in range(FOLDS)] + [frozenset[int]()]
    fits = Parallel(jobs)(delayed(Ladder.fit)(ladder, out) for out in wanted)
    chances = np.empty((len(fold), len(CATEGORIES)), dtype=np.float32)
    for one in range(FOLDS):
        chances[fold == one] = paragraph.predict(fits[one], data)[fold == one]
    return Crossfit(
        found, data, fold, chances, fits[-1],
        paragraph.calibrate(chances, data.label, data.weight), settings,
        [ladder.stage_one(frozenset({one})) for one in range(FOLDS)],
    )  # fmt: skip
