"""Data frames and data sets: the library's texts, other columns and their types untouched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines_given import FILTER, clean_texts, documents, page
from unbait import Policy
from unbait.pipelines.columns import CUT, ERROR, VERDICT, ColumnCleaner
from unbait.pipelines.recipe import Recipe

# What data frame libraries deprecate among themselves is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_columns_keep_what_is_no_text() -> None:
    made = ColumnCleaner()(["The plan was agreed on Monday by the council.", None, float("nan"), 7])
    assert made.texts[0] == "The plan was agreed on Monday by the council."
    assert made.texts[1] is None and made.texts[3] == 7
    assert made.verdicts[1:] == [None, None, None] and made.cuts[0] == 0


def test_columns_of_pages_give_texts() -> None:
    made = ColumnCleaner(html=True)([page(1), None, page(2).encode()])
    assert made.errors == [None, None, None]
    assert "day 1" in made.texts[0] and "Contact us" not in made.texts[0]
    assert made.texts[1] is None and "day 2" in made.texts[2]


def test_pandas() -> None:
    pd = pytest.importorskip("pandas")
    from unbait.pipelines.frames import clean_pandas

    rows = documents(20)
    frame = pd.DataFrame(rows, index=range(100, 120))
    made = clean_pandas(frame, url="url")
    assert made["text"].tolist() == clean_texts(rows)
    assert made.index.equals(frame.index) and made["n"].dtype == frame["n"].dtype
    assert made["text"].dtype == frame["text"].dtype
    assert made[VERDICT].tolist() == ["article"] * 20 and made[CUT].min() > 0
    assert made[ERROR].isna().all()
    assert frame["text"].tolist() == [row["text"] for row in rows]
    assert clean_pandas(frame, into="clean")["text"].equals(frame["text"])


def test_polars() -> None:
    pl = pytest.importorskip("polars")
    from unbait.pipelines.frames import clean_polars

    rows = documents(20)
    frame = pl.DataFrame(rows)
    made = clean_polars(frame, url="url")
    assert made["text"].to_list() == clean_texts(rows)
    assert made.select("id", "url", "n").equals(frame.select("id", "url", "n"))
    assert made.schema[CUT] == pl.Int64


def test_policies_reach_the_columns() -> None:
    rows = documents(3)
    flagged = ColumnCleaner(Recipe(Policy.flag()))([row["text"] for row in rows])
    assert flagged.texts == [row["text"] for row in rows]


def test_datasets_find_their_cache_again(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the package datasets")
    import datasets
    from datasets.fingerprint import Hasher

    from unbait.pipelines.frames import dataset_cleaner

    rows = documents(20)
    made = datasets.Dataset.from_list(rows).map(dataset_cleaner(url="url"), batched=True)
    assert made["text"][:] == clean_texts(rows)
    code = (
        "from unbait.pipelines.frames import dataset_cleaner;"
        "from datasets.fingerprint import Hasher;"
        "print(Hasher.hash(dataset_cleaner(url='url')))"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": FILTER, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert hashes == {Hasher.hash(dataset_cleaner(url="url"))}
    other: Any = dataset_cleaner(url="url", recipe=Recipe(Policy.strict()))
    assert Hasher.hash(other) not in hashes


def test_trafilaturas_text_is_cleaned() -> None:
    pytest.importorskip("trafilatura", reason="needs the package trafilatura")
    import trafilatura

    from unbait import Cleaner
    from unbait.pipelines.trafilatura import extract, extract_result

    text = trafilatura.extract(page(3))
    assert extract(page(3)) == Cleaner().clean(text).text
    result = extract_result(page(3), url="http://site.test/3", favor_recall=True)
    assert result is not None and result.restore() == result.document.text
    assert extract("<html></html>") is None
    with pytest.raises(ValueError, match="output_format"):
        extract(page(3), output_format="json")
