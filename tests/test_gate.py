"""The gate holds: a fallen figure and a floor on other data are both refused."""

import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="needs the extra train")

from training import export, gate


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("paragraph.json", "page.json"):
        (tmp_path / name).write_bytes((export.FIGURES / name).read_bytes())
    monkeypatch.setattr(gate, "FIGURES", tmp_path)
    return tmp_path / "paragraph.json"


def test_the_committed_figures_hold_their_floors() -> None:
    assert gate.check() == []


def test_a_fallen_figure_is_refused(report: Path) -> None:
    figures = json.loads(report.read_text())
    figures["figures"]["news"]["junk_f1"] = 0.5
    figures["figures"]["clean"]["lines_cut"] = 0.2
    report.write_text(json.dumps(figures))
    names = [problem.split(":")[0] for problem in gate.check()]
    assert names == ["news-junk-f1", "clean-lines-cut"]


def test_other_data_is_refused(report: Path) -> None:
    figures = json.loads(report.read_text())
    figures["data"]["lines/news"] = "0" * 64
    report.write_text(json.dumps(figures))
    assert any("not the data of the floor" in problem for problem in gate.check())
