"""The pages of docs/pipelines do what they say: their code runs, over Parquet and WARC."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipelines_given import FILTER, JUNK, any_shard, clean_texts, documents, page
from tests.pipelines_site import site  # noqa: F401 - a fixture
from unbait import Cleaner

pa = pytest.importorskip("pyarrow", reason="needs the extra formats")
pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs/pipelines"
COUNT, PAGES = 40, 5


def blocks(name: str, kind: str) -> list[str]:
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("crawl", "clean", "documents"):
        (tmp_path / name).mkdir()
    any_shard(tmp_path / "crawl/texts.parquet", COUNT)
    any_shard(tmp_path / "crawl/pages.warc.gz", PAGES)
    any_shard(tmp_path / "documents/a.jsonl.gz", COUNT)
    return tmp_path


def run(folder: Path, *command: str) -> str:
    names = {"PYTHONPATH": FILTER, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
             "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}  # fmt: skip
    made = subprocess.run(command, cwd=folder, env={**os.environ, **names}, timeout=300,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert made.returncode == 0 and "Traceback" not in made.stderr, made.stderr[-3000:]
    return made.stdout


def run_python(folder: Path, name: str, first: str = "") -> str:
    script = folder / "example.py"
    script.write_text(first + "\n".join(blocks(name, "python")))
    return run(folder, sys.executable, str(script))


def run_shell(folder: Path, name: str) -> None:
    for line in "\n".join(blocks(name, "sh")).splitlines():
        command, *words = line.split()
        assert command == "unbait"
        run(folder, sys.executable, "-m", "unbait", *words)


def rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()  # type: ignore[no-any-return]


def hold_texts(path: Path, name: Callable[[dict[str, Any]], int]) -> None:
    made = sorted(rows(path), key=name)
    assert [row["text"] for row in made] == clean_texts(documents(COUNT))


def hold_pages(path: Path, url: Callable[[dict[str, Any]], str]) -> None:
    made = sorted(rows(path), key=url)
    cleaner = Cleaner()
    urls = [f"http://site.test/{i}" for i in range(PAGES)]
    assert [url(row) for row in made] == urls
    for number, row in enumerate(made):
        assert row["text"] == cleaner.clean_html(page(number), url=urls[number]).text


def test_every_page_is_held_here() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    for path in DOCS.glob("*.md"):
        assert f'"{path.stem}"' in tests


def test_one_machine(folder: Path) -> None:
    run_shell(folder, "README")
    hold_texts(folder / "clean/texts.parquet", lambda row: row["n"])
    archive = gzip.decompress((folder / "clean/pages.warc.wet.gz").read_bytes())
    assert archive.count(b"WARC-Type: conversion") == PAGES and JUNK.encode() not in archive
    told = orjson.loads((folder / "report.json").read_bytes())
    assert told["documents"] == COUNT + PAGES and (folder / "report.html").exists()


def test_scrapy(folder: Path, site: str) -> None:  # noqa: F811
    pytest.importorskip("scrapy", reason="needs the extra scrapy")
    run_python(folder, "scrapy", f"SITE = {site!r}\n")
    items = [orjson.loads(line) for line in (folder / "articles.jsonl").read_bytes().splitlines()]
    cleaner = Cleaner()
    assert len(items) >= PAGES
    for item in items:
        number = int(item["url"].rsplit("/", 1)[-1])
        assert item["text"] == cleaner.clean_html(page(number), url=item["url"]).text


def test_trafilatura(folder: Path) -> None:
    pytest.importorskip("trafilatura", reason="needs the extra trafilatura")
    (folder / "crawl/page.html").write_text(page(1))
    said = run_python(folder, "trafilatura")
    assert "The council met on day 1" in said and JUNK not in said


def test_frames(folder: Path) -> None:
    pytest.importorskip("pandas", reason="needs the extra frames")
    pytest.importorskip("polars", reason="needs the extra frames")
    pytest.importorskip("datasets", reason="needs the extra datasets")
    run_python(folder, "frames")
    for name in ("pandas", "polars", "datasets"):
        hold_texts(folder / f"clean/{name}.parquet", lambda row: row["n"])


def test_datatrove(folder: Path) -> None:
    pytest.importorskip("datatrove", reason="needs the extra datatrove")
    run_python(folder, "datatrove")
    hold_texts(folder / "clean/texts", lambda row: row["metadata"]["n"])
    hold_pages(folder / "clean/pages", lambda row: row["metadata"]["url"])


def test_ray(folder: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")
    run_python(folder, "ray")
    hold_texts(folder / "clean/texts", lambda row: row["n"])
    hold_pages(folder / "clean/pages", lambda row: row["url"])


def test_spark(folder: Path) -> None:
    pytest.importorskip("pyspark", reason="needs the extra spark")
    if shutil.which("java") is None:
        pytest.skip("needs Java (Debian: default-jre-headless)")
    run_python(folder, "spark")
    hold_texts(folder / "clean/texts", lambda row: row["n"])
    hold_pages(folder / "clean/pages", lambda row: row["url"])


def test_tags(folder: Path) -> None:
    run_shell(folder, "tags")
    lines = gzip.decompress((folder / "clean/default.jsonl.gz").read_bytes()).splitlines()
    assert [orjson.loads(line)["text"] for line in lines] == clean_texts(documents(COUNT))


def test_sites(tmp_path: Path) -> None:
    motto = "The river has carried the news of this valley since eighteen hundred."
    words = ("council", "school", "bridge", "market", "harbour", "museum")
    said = [f"The {one} and the {other} were on the table when the mayor spoke on Monday."
            for one in words for other in words]  # fmt: skip
    (tmp_path / "crawl").mkdir()
    made = [{"url": f"http://valley.test/{i}", "text": f"{one}\n\n{motto}"}
            for i, one in enumerate(said)]  # fmt: skip
    data = b"".join(orjson.dumps(row) + b"\n" for row in made)
    (tmp_path / "crawl/valley.jsonl").write_bytes(data)
    run_shell(tmp_path, "sites")
    (pack,) = (tmp_path / "sites").iterdir()
    assert pack.name == "valley.test.toml" and "stood on 36 of 36 pages" in pack.read_text()
    clean = (tmp_path / "clean/valley.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["text"] for line in clean] == said
    assert "the desk opens at 0." in run_python(tmp_path, "sites")
