"""Real lines that look like junk, in the shapes of what a fold's model cut of clean articles."""

import pytest

from unbait import Cleaner

PROSE = (
    "The county will hold its summer games in seven towns this year, the council said on Monday.",
    "More than four hundred people have put their names down, twice as many as two years ago.",
)
SHAPES = {
    "a list of dates": ("Rowing - 11-14 August", "Sport climbing - 11-15 & 17-18 August",
                        "Fencing - 12, 13, 15 August", "- 13-21 August"),
    "a list of fixtures": ("Vellmark v Ostra", "Harrow Bay v Tolland", "Corrin v Eastwick",
                           "Dunmore v Vellmark Reserves"),
    "names of prizes": ("Best singer in a choir", "Best supporting actor in a school play",
                        "Best comedy or musical"),
    "a sub-heading like a headline": ("Living time capsules",),
    "a source line": ("Radio Vellmark, Channel 4 and the county's own paper",),
    "a result": ("Vellmark 0", "Ostra 2"),
}  # fmt: skip


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


STILL_CUT = {"a result"}  # as advertising: a name and a number


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(one, marks=pytest.mark.xfail(strict=True) if one in STILL_CUT else ())
        for one in SHAPES
    ],
)
def test_real_lines_that_look_like_junk_stay(cleaner: Cleaner, shape: str) -> None:
    text = "\n".join((PROSE[0], *SHAPES[shape], PROSE[1]))
    assert cleaner.clean(text).text == text
