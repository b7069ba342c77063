"""Ray, Spark and datatrove for real on this machine: the library's texts, in every one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipelines_given import FILTER, JUNK, clean_texts, documents, page
from unbait import Cleaner
from unbait.pipelines.columns import CUT, ERROR, VERDICT

pa = pytest.importorskip("pyarrow", reason="needs the extra formats")
pq = pytest.importorskip("pyarrow.parquet")

# What engines deprecate and leave open among themselves is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore")

COUNT = 60


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(documents(COUNT)), folder / "a.parquet")
    return folder


def told(rows: list[dict[str, Any]]) -> None:
    """Hold cleaned rows to what the library gives."""
    rows = sorted(rows, key=lambda row: row["n"])
    given = documents(COUNT)
    assert [row["text"] for row in rows] == clean_texts(given)
    assert [(row["id"], row["url"], row["n"]) for row in rows] == [
        (row["id"], row["url"], row["n"]) for row in given
    ]
    assert {row[VERDICT] for row in rows} == {"article"} and {row[ERROR] for row in rows} == {None}
    assert all(row[CUT] >= len(JUNK) for row in rows)


def test_datatrove(tmp_path: Path, shard: Path) -> None:
    pytest.importorskip("datatrove", reason="needs the extra datatrove")
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import JsonlWriter

    from unbait.pipelines.datatrove import UnbaitFilter

    extra = {"id": "empty", "text": " ", "url": "http://site.test/", "n": -1}
    pq.write_table(pa.Table.from_pylist([extra]), shard / "b.parquet")
    out, dropped = tmp_path / "out", tmp_path / "dropped"
    step = UnbaitFilter(
        drop=("not_article",), exclusion_writer=JsonlWriter(str(dropped), compression=None)
    )
    executor = LocalPipelineExecutor(
        pipeline=[
            ParquetReader(str(shard)),
            step,
            JsonlWriter(str(out), compression=None),
        ],
        logging_dir=str(tmp_path / "logs"),
        tasks=1,
    )
    executor.run()
    rows = [orjson.loads(line) for path in out.iterdir() for line in path.read_bytes().splitlines()]
    rows.sort(key=lambda row: row["metadata"]["n"])
    assert [row["text"] for row in rows] == clean_texts(documents(COUNT))
    assert all(row["metadata"]["unbait_verdict"] == "article" for row in rows)
    (lost,) = [
        orjson.loads(line) for p in dropped.iterdir() for line in p.read_bytes().splitlines()
    ]
    assert lost["id"] == "empty" and lost["metadata"]["filter_reason"] == "not_article"
    stats = orjson.loads((tmp_path / "logs/stats.json").read_bytes())
    (mine,) = [one["stats"] for one in stats if "unbait" in one["name"]]
    assert _total(mine["cut_ad"]) == COUNT and _total(mine["dropped_not_article"]) == 1


def _total(stat: Any) -> int:
    return int(stat["total"] if isinstance(stat, dict) else stat)


@pytest.fixture
def workers_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that engines start import this package and this test's Python."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((FILTER, os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.fixture
def ray(workers_find_us: None) -> Iterator[Any]:
    engine = pytest.importorskip("ray", reason="needs the extra ray")
    engine.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield engine
    engine.shutdown()


def test_ray(ray: Any, tmp_path: Path, shard: Path) -> None:
    import ray.data

    from unbait.pipelines.ray import RayCleaner

    made = ray.data.read_parquet(str(shard)).map_batches(
        RayCleaner,
        fn_constructor_kwargs={"url": "url"},
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    made.write_parquet(str(tmp_path / "out"))
    told(pq.read_table(tmp_path / "out").to_pylist())
    pages = ray.data.from_items([{"html": page(i), "n": i} for i in range(3)]).map_batches(
        RayCleaner,
        fn_constructor_kwargs={"text": "html", "html": True, "into": "text"},
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    cleaner = Cleaner()
    for row in pages.take_all():
        assert row["text"] == cleaner.clean_html(page(row["n"])).text
        assert row["html"] == page(row["n"])


@pytest.fixture
def spark(workers_find_us: None) -> Iterator[Any]:
    pytest.importorskip("pyspark", reason="needs the extra spark")
    if shutil.which("java") is None:
        pytest.skip("needs Java (Debian: default-jre-headless)")
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def test_spark(spark: Any, tmp_path: Path, shard: Path) -> None:
    from unbait.pipelines.spark import clean_spark

    frame = spark.read.parquet(str(shard))
    for via in ("arrow", "pandas"):
        made = clean_spark(frame, url="url", via=via)  # type: ignore[arg-type]
        assert made.schema[: len(frame.columns)] == frame.schema[:]
        made.write.parquet(str(tmp_path / via))
        told(pq.read_table(tmp_path / via).to_pylist())
