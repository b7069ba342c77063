"""Speed of whole runs: ``unbait clean`` over shards, beside peers and inside engines.

    python -m benchmarks.bench_pipelines make --megabytes 1000 --folder .cache/bench
    python -m benchmarks.bench_pipelines run   --folder .cache/bench
    python -m benchmarks.bench_pipelines peers --folder .cache/bench
    python -m benchmarks.bench_pipelines engines --folder .cache/bench
    python -m benchmarks.bench_pipelines sites

``make`` repeats the articles and pages of the project's data folder ($UNBAIT_DATA, by default
../shared/data) until a shard is full; every record gets a sentence of its own.
"""

from __future__ import annotations

import argparse
import lzma
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

DATA = Path(os.environ.get("UNBAIT_DATA", "../shared/data"))
TEXTS, PAGES, TABLE = "texts.jsonl", "pages.warc.gz", "texts.parquet"


def read(name: str) -> Iterator[dict[str, Any]]:
    with lzma.open(DATA / name) as stream:
        for line in stream:
            yield orjson.loads(line)


def articles() -> list[str]:
    scraped = ["\n".join(line["text"] for line in row["lines"])
               for row in read("lines/news.jsonl.xz")]  # fmt: skip
    clean = ["\n\n".join(row["lines"]) for row in read("text/clean-news.jsonl.xz")]
    return scraped + clean


def make(folder: Path, megabytes: int) -> None:
    """Write the shards."""
    folder.mkdir(parents=True, exist_ok=True)
    _make_texts(folder / TEXTS, articles(), megabytes * 1_000_000)
    _make_table(folder / TEXTS, folder / TABLE)
    _make_pages(folder / PAGES, megabytes * 1_000_000)


def _make_texts(path: Path, texts: list[str], size: int) -> None:
    written = number = 0
    with path.open("wb") as stream:
        while written < size:
            text = f"{texts[number % len(texts)]}\n\nThis is copy {number} of what was said."
            url = f"http://site{number % 97}.test/{number}"
            row = {"id": f"d{number}", "url": url, "text": text}
            written += stream.write(orjson.dumps(row) + b"\n")
            number += 1


def _make_table(source: Path, path: Path, most: int = 60_000_000) -> None:
    """Put the first records into Parquet, for the engines."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, size = [], 0
    with source.open("rb") as stream:
        for line in stream:
            rows.append(orjson.loads(line))
            size += len(line)
            if size > most:
                break
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=1000)


def _make_pages(path: Path, size: int) -> None:
    import gzip

    pages = [row["html"].encode("utf-8", "replace") for row in read("html/daniel.jsonl.xz")]
    written = number = 0
    with path.open("wb") as stream:
        while written < size:
            body = pages[number % len(pages)] + f"<p>copy {number}</p>".encode()
            http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
            head = (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n"
                f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://a.test/{number}\r\n"
                "Content-Type: application/http; msgtype=response\r\n"
                f"Content-Length: {len(http)}\r\n\r\n"
            ).encode()
            stream.write(gzip.compress(head + http + b"\r\n\r\n", 6))
            written += len(body)
            number += 1
    path.with_suffix(".size").write_text(str(written))


def timed(arguments: list[str]) -> tuple[float, float, float]:
    """Run a command; give seconds, seconds of all cores, and the most memory of a process in MB.

    Where others use the machine too, the seconds of the cores tell more than the clock.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cores, after.ru_maxrss / 1024


def run(folder: Path) -> None:
    """Measure ``unbait clean`` on one and two processes."""
    sizes = {TEXTS: (folder / TEXTS).stat().st_size,
             PAGES: int((folder / PAGES).with_suffix(".size").read_text())}  # fmt: skip
    for name, size in sizes.items():
        alone = 0.0
        for jobs in (1, 2):
            with tempfile.TemporaryDirectory(dir=folder) as out:
                seconds, cores, memory = timed(
                    [sys.executable, "-m", "unbait", "clean", "-q", "-o", out, "--jobs", str(jobs),
                     str(folder / name)]
                )  # fmt: skip
            alone = alone or seconds
            say(name, f"{jobs} processes", seconds, size, f"{cores:.1f} s of cores, "
                f"{memory:.0f} MB a process, {alone / seconds:.2f} times one")  # fmt: skip


def say(name: str, what: str, seconds: float, size: float, more: str = "") -> None:
    print(f"{name:14} {what:24} {seconds:7.1f} s {size / 1e6 / seconds:7.2f} MB/s  {more}",
          flush=True)  # fmt: skip


def peers(folder: Path) -> None:
    """Measure unbait, datatrove's C4 filter and trafilatura on the same first records."""
    import pyarrow.parquet as pq

    from unbait.pipelines.recipe import Recipe
    from unbait.pipelines.records import clean_records

    rows = pq.read_table(folder / TABLE).to_pylist()[:4000]
    size = sum(len(row["text"].encode()) for row in rows)
    cleaner = Recipe().cleaner()
    started = time.perf_counter()
    for result in cleaner.clean_many([row["text"] for row in rows]):
        assert result.text is not None
    say(TEXTS, "unbait, library", time.perf_counter() - started, size)
    _c4(rows, size)
    from unbait.io.formats import Columns, format_named
    from unbait.pipelines.plan import describe

    file = describe(str(folder / PAGES), PAGES)
    reader = format_named("warc")
    chunk = next(iter(reader.chunks(file)))
    records: list[Any] = list(reader.read(chunk, Columns()))[:300]
    size = sum(len(record.page or "") for record in records)
    started = time.perf_counter()
    assert len(list(clean_records(cleaner, records))) == len(records)
    say(PAGES, "unbait, library", time.perf_counter() - started, size)
    _trafilatura(records, size)


def _c4(rows: list[dict[str, Any]], size: int) -> None:
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter

    for sentences in (True, False):
        least = 5 if sentences else -1  # -1: no sentences are counted, which is most of its time
        step = C4QualityFilter(split_paragraph=not sentences, min_num_sentences=least)
        documents = (Document(text=row["text"], id=row["id"]) for row in rows)
        started = time.perf_counter()
        what = "C4, sentences" if sentences else "C4, lines"
        try:
            kept = sum(1 for _ in step.run(documents))
        except ImportError as error:
            print(f"datatrove {what}: not measured: {error}")
            continue
        say(TEXTS, f"datatrove {what}", time.perf_counter() - started, size, f"{kept} kept")


def _trafilatura(records: list[Any], size: int) -> None:
    import trafilatura

    started = time.perf_counter()
    for record in records:
        trafilatura.extract(record.page)
    say(PAGES, "trafilatura.extract", time.perf_counter() - started, size)
    for jobs in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            pages = Path(folder, "in")
            pages.mkdir()
            for number, record in enumerate(records):
                (pages / f"{number}.html").write_text(record.page, errors="replace")
            arguments = ["--input-dir", str(pages), "--output-dir", str(Path(folder, "out"))]
            seconds, *_ = timed([str(Path(sys.executable).with_name("trafilatura")), *arguments,
                                "--parallel", str(jobs)])  # fmt: skip
        say(PAGES, f"trafilatura --parallel {jobs}", seconds, size)


def engines(folder: Path) -> None:
    """Measure engines on one core beside the library, on the same table."""
    import pyarrow.parquet as pq

    from unbait.pipelines.columns import ColumnCleaner
    from unbait.pipelines.recipe import Recipe

    path = folder / TABLE
    rows = pq.read_table(path).num_rows
    size = sum(len(t.encode()) for t in pq.read_table(path).column("text").to_pylist())
    Recipe().cleaner()

    def library() -> None:
        reader = pq.ParquetFile(path)
        cleaner = ColumnCleaner()
        for group in range(reader.num_row_groups):
            cleaner(reader.read_row_group(group).column("text").to_pylist())

    alone = 0.0
    for name, work in (("library", library), ("datatrove", lambda: _datatrove(path)),
                       ("ray", lambda: _ray(path)), ("spark", lambda: _spark(path))):  # fmt: skip
        started = time.perf_counter()
        spent = work() or time.perf_counter() - started
        alone = alone or spent
        say(TABLE, name, spent, size, f"{rows / spent:.0f} documents/s, {spent / alone - 1:+.0%}, "
            f"with start {time.perf_counter() - started:.1f} s")  # fmt: skip


def _datatrove(path: Path) -> float:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import JsonlWriter

    from unbait.pipelines.datatrove import UnbaitFilter

    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        LocalPipelineExecutor(
            pipeline=[ParquetReader(str(path.parent), glob_pattern=path.name), UnbaitFilter(),
                      JsonlWriter(f"{out}/out", compression=None)],
            logging_dir=f"{out}/logs", tasks=1,
        ).run()  # fmt: skip
        return time.perf_counter() - started


def _ray(path: Path) -> float:
    import ray
    import ray.data

    from unbait.pipelines.ray import RayCleaner

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    started = time.perf_counter()
    ray.data.read_parquet(str(path)).map_batches(
        RayCleaner, batch_format="pyarrow", batch_size=1000,
        compute=ray.data.ActorPoolStrategy(size=1),
    ).materialize()  # fmt: skip
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
    clean_spark(frame.limit(10)).count()  # its worker has started
    started = time.perf_counter()
    clean_spark(frame).write.format("noop").mode("overwrite").save()
    spent = time.perf_counter() - started
    session.stop()
    return spent


def sites() -> None:
    """Junk found and content lost with and without site memory, on html/daniel."""
    from unbait import Cleaner, Document
    from unbait.pipelines.recipe import Recipe
    from unbait.pipelines.sites import SiteMemory

    cleaner = Recipe().cleaner()
    given = []
    for row in read("html/daniel.jsonl.xz"):
        url = f"http://{row['id'].split(':')[1].split('_')[1]}/"
        page = cleaner.clean_html(row["html"], url=url).document
        given.append((Document(page.text, url=url), _letters(re.sub(r"<[^>]+>", " ", row["gold"]))))
    memory = SiteMemory()
    memory.add_many([(one.url, one.text) for one, _ in given])
    with tempfile.TemporaryDirectory() as folder:
        packs = memory.write_packs(Path(folder))
        remembering = Cleaner(rules=packs)
    many = {url for url, count in Counter(one.url for one, _ in given).items() if count >= 10}
    given = [(one, gold) for one, gold in given if one.url in many and gold]
    print(f"{len(given)} pages of {len(many)} sites, {len(packs)} packs")
    for name, made in (("without", cleaner), ("with", remembering)):
        found = _found(made.clean_many([one for one, _ in given]), [gold for _, gold in given])
        print(f"{name:8} junk found {found[0]:.3f}, content lost {found[1]:.4f} (characters)")


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


def _found(results: Iterable[Any], golds: list[str]) -> tuple[float, float]:
    totals: Counter[tuple[bool, bool]] = Counter()
    for result, gold in zip(results, golds, strict=True):
        gone = [(d.start, d.end) for d in result.decisions if d.action != "keep"]
        for line in re.finditer(r"[^\n]+", result.document.text):
            letters = _letters(line.group())
            content = len(letters) >= 15 and letters in gold
            middle = (line.start() + line.end()) // 2
            totals[content, any(low <= middle < high for low, high in gone)] += len(letters)
    junk = totals[False, True] / (totals[False, True] + totals[False, False])
    return junk, totals[True, True] / (totals[True, True] + totals[True, False])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "run", "peers", "engines", "sites"])
    parser.add_argument("--folder", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--megabytes", type=int, default=1000)
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder, given.megabytes)
    elif given.what == "sites":
        sites()
    else:
        {"run": run, "peers": peers, "engines": engines}[given.what](given.folder)


if __name__ == "__main__":
    main()
