"""The list of errors: the surest first, each text once, few of one document."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra train-paragraph")
pytest.importorskip("torch", reason="needs the extra train-paragraph")

from training import errors, tables
from training.crossfit import Crossfit
from training.paragraph import Settings
from training.records import Record
from unbait.types import CATEGORIES

LINES = [f"The ferry sailed at {hour} with {hour * 3} people on board." for hour in range(2, 8)]


def crossfit(chance_of_junk: list[list[float]], labels: list[list[str]]) -> Crossfit:
    """Make a fit that says so of made documents."""
    records = [
        Record(f"page:{i}", "news", [f"{text} {i}" for text in LINES[: len(part)]], part,
               [1.0] * len(part))
        for i, part in enumerate(labels)
    ]  # fmt: skip
    data = tables.table(records)
    flat = np.concatenate(chance_of_junk).astype(np.float32)
    chances = np.zeros((len(flat), len(CATEGORIES)), dtype=np.float32)
    chances[:, CATEGORIES.index("teaser")], chances[:, 0] = flat, 1 - flat
    fold = np.zeros(len(flat), dtype=np.int64)
    unfit: Any = None
    return Crossfit(
        records, data, fold, chances, chances, unfit, unfit, (1.0, 0.0), Settings(), []
    )


def test_the_surest_errors_come_first_and_few_of_one_document() -> None:
    fit = crossfit(
        [[0.9, 0.99, 0.95, 0.1], [0.7, 0.2, 0.3, 0.6]],
        [["content"] * 4, ["content", "teaser", "ad", "teaser"]],
    )
    cuts, misses = errors.worst(fit, 10)
    assert [(one.page, round(one.score, 2)) for one in cuts] == [
        ("page:0", 0.99), ("page:0", 0.95), ("page:1", 0.7),
    ]  # fmt: skip
    assert [(one.label, round(one.score, 2)) for one in misses] == [("teaser", 0.2), ("ad", 0.3)]
    assert cuts[0].said == "teaser" and cuts[0].text == f"{LINES[1]} 0"
    assert cuts[0].before == f"{LINES[0]} 0" and cuts[2].before == ""


def test_no_more_than_asked() -> None:
    fit = crossfit([[0.9], [0.8], [0.7]], [["content"]] * 3)
    assert len(errors.worst(fit, 2)[0]) == 2
