"""How the model's and the rules' word on a segment are weighed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unbait import Cleaner
from unbait.policy import HEARD, Inside, weigh
from unbait.types import CATEGORIES, Category, Finding

AD, TEASER, METADATA = (CATEGORIES.index(name) for name in ("ad", "teaser", "metadata"))
NOTHING = Inside([], {}, 0.9)


def chances(**given: float) -> np.ndarray:
    row = np.zeros((1, len(CATEGORIES)), dtype=np.float32)
    for name, chance in given.items():
        row[0, CATEGORIES.index(name)] = chance
    return row


def said(category: Category = "ad", *, own: bool = False, whole: bool = True) -> Finding:
    return Finding(0, 9, category, "XX-AD101", "why", 0.97, whole, own)


def weighed(row: np.ndarray, finding: Finding, junk: float) -> tuple[int, float]:
    made = weigh(row, np.array([junk]), [(0, finding)], NOTHING)
    return int(made.category[0]), float(made.score[0])


@pytest.mark.parametrize(
    ("junk", "own", "score"),
    [(HEARD / 2, False, HEARD / 2), (HEARD / 2, True, 0.97), (HEARD, False, 0.97)],
)
def test_a_packaged_rule_is_not_heard_against_a_sure_model_but_ones_own_is(
    junk: float, own: bool, score: float
) -> None:
    row = chances(content=1 - junk, ad=junk)
    assert weighed(row, said(own=own), junk)[1] == pytest.approx(score)


def test_what_is_not_heard_is_still_told() -> None:
    made = weigh(chances(content=0.99, ad=0.01), np.array([0.01]), [(0, said())], NOTHING)
    assert made.findings == {0: [said()]}


def test_the_model_says_the_kind_where_it_is_sure_and_else_the_rule() -> None:
    sure, torn = chances(teaser=0.7, ad=0.1), chances(teaser=0.4, ad=0.4)
    assert weighed(sure, said("ad"), 0.8)[0] == TEASER
    assert weighed(torn, said("ad"), 0.8)[0] == AD
    assert weighed(sure, said("ad", own=True), 0.8)[0] == AD


def test_a_rule_for_metadata_holds_what_the_model_takes_for_junk() -> None:
    assert weighed(chances(teaser=0.8, content=0.2), said("metadata"), 0.8)[0] == METADATA


def test_a_users_rule_cuts_whatever_the_model_says(tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text(
        '[[rule]]\nid = "ME-AD1"\nname = "harbour"\ncategory = "ad"\n'
        "pattern = '^the harbour master spoke.*$'\nwhy = \"Not wanted here.\"\n"
        'match = ["The harbour master spoke.", "The harbour master spoke again."]\n'
        'no_match = ["A harbour.", "He spoke."]\n',
        encoding="utf-8",
    )
    lines = [f"The council met on day {day} and heard the owners of the quay." for day in range(9)]
    line = "The harbour master spoke of the lease, which ends in March, and of the ferry."
    text = "\n".join([*lines[:5], line, *lines[5:]])
    assert Cleaner(rules=[rules]).clean(text).text == "\n".join(lines)
