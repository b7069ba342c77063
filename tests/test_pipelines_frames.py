"""Data frames and data sets: the library's texts, other columns and their types untouched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines_given import FILTER, any_shard, clean_texts, documents, page
from unbait import Policy
from unbait.pipelines.columns import (
    BAIT,
    CUT,
    ERROR,
    VERDICT,
    ColumnCleaner,
    headline_scores,
)
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


SOBER, HOOK = "Council approves budget for new bridge", "You won't believe what this council did"


def test_headlines_alone() -> None:
    sober, nothing, hook, other = headline_scores(iter([SOBER, None, HOOK, 7]))
    assert nothing is None and other is None
    assert sober is not None and hook is not None and sober < 0.5 < hook
    assert headline_scores([]) == []


def test_a_column_of_headlines_counts_in_the_verdict() -> None:
    body = "The sea was calm all week. Nobody in the harbour remembers a storm in that month. " * 5
    bait = Recipe(Policy(bait=0.5, unmet=0.1, repeated=1.0))
    made = ColumnCleaner(bait)([body, body, body], titles=[HOOK, SOBER, None])
    assert made.verdicts == ["clickbait", "article", "article"]
    assert made.baits == headline_scores([HOOK, SOBER, None])
    assert ColumnCleaner()([body]).baits is None


def test_every_frame_has_a_column_for_headlines() -> None:
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    from unbait.pipelines.arrow import clean_table
    from unbait.pipelines.frames import clean_pandas, clean_polars, dataset_cleaner

    heads = [SOBER, None, HOOK]
    rows = [{**row, "head": head} for row, head in zip(documents(3), heads, strict=True)]
    want = headline_scores(heads)
    assert clean_polars(pl.DataFrame(rows), title="head")[BAIT].to_list() == want
    batch = {name: [row[name] for row in rows] for name in ("text", "head")}
    assert dataset_cleaner(title="head")(batch)[BAIT] == want
    asked = {"text": "text", "url": None, "title": "head", "into": None}
    table = clean_table(pa.Table.from_pylist(rows), ColumnCleaner(), **asked)
    assert table.column(BAIT).to_pylist() == want
    frame = clean_pandas(pd.DataFrame(rows, index=[7, 8, 9]), title="head")
    assert frame[BAIT].dtype == "Float64" and frame[BAIT].isna().tolist() == [False, True, False]
    assert frame[BAIT].loc[9] == want[2]
    assert BAIT not in clean_pandas(pd.DataFrame(rows)).columns


def test_sparks_schema_names_what_the_table_holds() -> None:
    pa = pytest.importorskip("pyarrow")
    types = pytest.importorskip("pyspark.sql.types", reason="needs the extra spark")
    from unbait.pipelines.arrow import clean_table
    from unbait.pipelines.spark import clean_schema

    rows = [{"text": row["text"], "head": SOBER} for row in documents(2)]
    given = types.StructType([types.StructField(name, types.StringType()) for name in rows[0]])
    for title in (None, "head"):
        asked = {"text": "text", "url": None, "title": title, "into": "clean"}
        table = clean_table(pa.Table.from_pylist(rows), ColumnCleaner(), **asked)
        names = clean_schema(given, "clean", bait=title is not None).fieldNames()
        assert table.column_names == names and (BAIT in names) == (title is not None)


def test_policies_reach_the_columns() -> None:
    rows = documents(3)
    flagged = ColumnCleaner(Recipe(Policy.flag()))([row["text"] for row in rows])
    assert flagged.texts == [row["text"] for row in rows]


CACHED = """
import sys, datasets
from unbait.pipelines.frames import dataset_cleaner
from unbait.pipelines.recipe import Recipe

source, cache, *rules = sys.argv[1:]
rows = datasets.Dataset.from_parquet(source, cache_dir=cache)
made = rows.map(dataset_cleaner(url="url", recipe=Recipe(rules=tuple(rules))), batched=True)
print(made.cache_files[0]["filename"], made[3]["text"] == rows[3]["text"])
"""


def test_datasets_find_their_cache_again(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the extra datasets")
    source = any_shard(tmp_path / "a.parquet", 20)

    def mapped(seed: str, *rules: Path) -> tuple[str, int]:
        """Map in a process of its own; give the cache file and when it was written."""
        said = subprocess.run(
            [sys.executable, "-c", CACHED, str(source), str(tmp_path / "cache"), *map(str, rules)],
            env={**os.environ, "PYTHONPATH": FILTER, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        assert said[1] == "False"
        return said[0], Path(said[0]).stat().st_mtime_ns

    first = mapped("1")
    assert mapped("2") == first
    rules = tmp_path / "mine.toml"
    rules.write_text('[[rule]]\nid = "MY-1"\ncategory = "ad"\npattern = "may"\nwhy = "A test."\n')
    other = mapped("1", rules)
    assert other[0] != first[0] and mapped("2", rules) == other
    rules.write_text(rules.read_text().replace("may", "june"))
    assert mapped("1", rules)[0] != other[0]


def test_datasets_get_the_texts_of_the_library() -> None:
    datasets = pytest.importorskip("datasets", reason="needs the extra datasets")
    from unbait.pipelines.frames import dataset_cleaner

    rows = documents(20)
    made = datasets.Dataset.from_list(rows).map(dataset_cleaner(url="url"), batched=True)
    assert made["text"][:] == clean_texts(rows)
    assert made.features["n"].dtype == "int64"


@pytest.mark.parametrize(
    "policy", [Policy(), Policy.strict(), Policy.flag(), Policy(threshold=0.9, spam=0.3, bait=0.7)]
)
def test_recipes_travel_whole(policy: Policy) -> None:
    recipe = Recipe(policy, ("a.toml",), ("keep",), ("EN-AD101",), "model", explain=True)
    assert Recipe.of(recipe.plain()) == recipe


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
