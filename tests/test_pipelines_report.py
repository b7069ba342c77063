"""The page of a run report, in real headless Chromium."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unbait.pipelines.plan import Plan, Task
from unbait.pipelines.report import as_page, report
from unbait.pipelines.shards import Failure, Outcome
from unbait.pipelines.tally import Tally

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

HOSTILE = "<script>document.title = 'taken'</script><img src=http://elsewhere.test/x>"


def tally() -> Tally:
    return Tally(
        documents=1234, changed=99, dropped=5, characters_in=10_000, characters_out=9_000,
        cuts=Counter(ad=8, teaser=2), cut_characters=Counter(ad=800, teaser=200),
        rules=Counter({"EN-AD101": 8}), languages=Counter(en=1200, de=34),
        problems=Counter(RECORD_SYNTAX=3), site_documents=Counter({HOSTILE: 3, "x" * 90: 1}),
        site_characters=Counter({HOSTILE: 100}), site_cut=Counter({HOSTILE: 25}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [1100, 390])
def test_a_person_sees_what_a_run_came_to(tmp_path: Path, browser: Any, width: int) -> None:
    failed = Failure(HOSTILE, "chunk 3", "FILE_MISSING", "it is gone", again=True)
    made = report(Plan((), (), Task()), Outcome(tally(), [failed]), 2.0)
    path = tmp_path / "report.html"
    path.write_bytes(as_page(made))
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.title() == "unbait: run report" and asked == [path.as_uri()]
    text = page.inner_text("body")
    for said in ("1,234", "10.0% of the characters", "EN-AD101", "25.0%", HOSTILE, "FILE_MISSING"):
        assert said in text
    bars = page.evaluate("[...document.querySelectorAll('svg')].map(one => one.clientWidth)")
    assert bars[1] == pytest.approx(bars[0] / 4, abs=2) and bars[0] > 100
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
