"""Documents a second inside engines, on one core, beside the library on the same table."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.pipelines.shards import Shards


def measure(made: Shards) -> dict[str, Any]:
    """Measure every engine; its own start is not counted, but told."""
    rows = pq.read_metadata(made.table).num_rows
    told: dict[str, Any] = {"documents": rows}
    alone = 0.0
    for name, work in WAYS.items():
        began = time.perf_counter()
        spent = work(made.table)
        alone = alone or spent
        told[name] = {
            "documents_a_second": round(rows / spent, 1),
            "overhead": round(spent / alone - 1, 3),
            "seconds": round(spent, 2),
            "seconds_with_start": round(time.perf_counter() - began, 2),
        }
    return told


def _library(path: Path) -> float:
    from unbait.pipelines.columns import ColumnCleaner

    cleaner = ColumnCleaner()
    cleaner(["The council met on Monday."])
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        reader = pq.ParquetFile(path)
        with pq.ParquetWriter(f"{out}/a.parquet", reader.schema_arrow) as writer:
            for group in range(reader.num_row_groups):
                table = reader.read_row_group(group)
                texts = cleaner(table.column("text").to_pylist()).texts
                place = table.schema.get_field_index("text")
                writer.write_table(table.set_column(place, "text", [texts]))
        return time.perf_counter() - started


def _datatrove(path: Path) -> float:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter

    from unbait.pipelines.datatrove import UnbaitFilter

    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        LocalPipelineExecutor(
            pipeline=[ParquetReader(str(path.parent), glob_pattern=path.name), UnbaitFilter(),
                      ParquetWriter(f"{out}/out")],
            logging_dir=f"{out}/logs", tasks=1,
        ).run()  # fmt: skip
        return time.perf_counter() - started


def _ray(path: Path) -> float:
    import ray
    import ray.data

    from unbait.pipelines.ray import RayCleaner

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    def clean(source: Any, out: str) -> None:
        made = source.map_batches(RayCleaner, batch_format="pyarrow", batch_size=1000,
                                  compute=ray.data.ActorPoolStrategy(size=1))  # fmt: skip
        made.write_parquet(out)

    with tempfile.TemporaryDirectory() as out:
        clean(ray.data.from_items([{"text": "The council met."}]), f"{out}/warm")
        started = time.perf_counter()
        clean(ray.data.read_parquet(str(path)), f"{out}/out")
        spent = time.perf_counter() - started
    ray.shutdown()
    return spent


def _spark(path: Path) -> float:
    from pyspark.sql import SparkSession

    from unbait.pipelines.spark import clean_spark

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
               .config("spark.driver.host", "127.0.0.1").getOrCreate())  # fmt: skip
    session.sparkContext.setLogLevel("ERROR")
    frame = session.read.parquet(str(path))
    with tempfile.TemporaryDirectory() as out:
        clean_spark(frame.limit(10)).write.parquet(f"{out}/warm")
        started = time.perf_counter()
        clean_spark(frame).write.parquet(f"{out}/out")
        spent = time.perf_counter() - started
    session.stop()
    return spent


WAYS: dict[str, Callable[[Path], float]] = {
    "library": _library, "datatrove": _datatrove, "ray": _ray, "spark": _spark,
}  # fmt: skip
