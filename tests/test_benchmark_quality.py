"""The comparison with the peers: what is counted, and that a line kept is told from a line gone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra train")

from benchmarks.quality import __main__ as quality
from benchmarks.quality import peers

LINES = [
    "The ferry sails again on Monday, the council said.",
    "Share",
    "Read our privacy policy and terms of use.",
    "A walk, a talk; a vote.",
]


def test_a_line_is_found_by_its_letters() -> None:
    kept = ["the FERRY sails again on Monday — the council said", "a walk a talk a vote"]
    assert peers.gone(LINES, kept) == [False, True, True, False]
    assert peers.gone(["Share", "Share", "…"], ["share"]) == [False, True, False]


def test_a_page_holds_each_line_as_a_paragraph() -> None:
    page = peers.as_page(["a < b", "c"])
    assert page.count("<p>") == 2 and "a &lt; b" in page


@pytest.mark.parametrize("tool", list(peers.PEERS))
def test_a_peer_judges_every_line(tool: str) -> None:
    package, run = peers.PEERS[tool]
    if peers.installed(package) is None:
        pytest.skip(f"{package} is not installed")
    if package in ("dolma", "datatrove"):
        pytest.skip("warns of NumPy 2 when it is imported; the benchmark itself runs it")
    cuts = run([LINES, LINES[:2]])
    assert cuts.shape == (6,) and cuts.dtype == bool


def test_a_point_counts_both_ways() -> None:
    junk = np.array([True, True, False, False, False])
    one = quality.point(np.array([True, False, True, False, False]), junk)
    assert one == {"junk_found": 0.5, "content_lost": 1 / 3, "junk_f1": 0.5}


def test_a_curve_goes_up() -> None:
    rng = np.random.default_rng(0)
    junk = rng.random(2000) < 0.3
    certain = np.clip(rng.normal(junk * 0.4 + 0.3, 0.2), 0.001, 1)
    points = np.array(quality.curve(certain, junk))
    assert (np.diff(points, axis=0) * [-1, 1, 1] >= 0).all()


def test_the_table_takes_its_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{quality.BEGIN}\nold\n{quality.END}\nafter\n")
    quality.write_table(page, "| new |")
    assert page.read_text() == f"before\n{quality.BEGIN}\n| new |\n{quality.END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(SystemExit):
        quality.write_table(page, "| new |")


def test_the_page_of_figures_has_the_marks() -> None:
    text = quality.PAGE.read_text()
    assert text.count(quality.BEGIN) == text.count(quality.END) == 1
