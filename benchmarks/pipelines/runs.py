"""``unbait clean`` over whole shards, on one and on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.pipelines.shards import Shards


@dataclass
class Spent:
    """What a command took: the clock, all cores, and the most memory of all its processes.

    Pages that processes share are counted once (PSS).
    """

    seconds: float
    core_seconds: float
    megabytes: float

    def rates(self, size: int) -> dict[str, float]:
        return {
            "seconds": round(self.seconds, 2),
            "core_seconds": round(self.core_seconds, 2),
            "megabytes_a_second": round(size / 1e6 / self.seconds, 3),
            "megabytes_a_core_second": round(size / 1e6 / self.core_seconds, 3),
            "memory_megabytes": round(self.megabytes, 1),
        }


def spend(arguments: list[str]) -> Spent:
    """Run a command with one thread a process, and watch its processes."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    before = os.times()
    started = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, env=environment)
    most = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, most))
    watcher.start()
    code = process.wait()
    seconds = time.perf_counter() - started
    watcher.join()
    after = os.times()
    if code:
        raise SystemExit(f"{arguments}: exit {code}")
    cores = after.children_user + after.children_system
    return Spent(seconds, cores - before.children_user - before.children_system, most[0])


def _watch(process: subprocess.Popen[bytes], most: list[float]) -> None:
    """Sample the memory of a process and of all below it, twice a second."""
    while process.poll() is None:
        total = 0
        try:
            mine = psutil.Process(process.pid)
            for one in (mine, *mine.children(recursive=True)):
                total += one.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        most[0] = max(most[0], total / 1e6)
        time.sleep(0.5)


def clean(path: Path, jobs: int) -> Spent:
    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        arguments = ["clean", "-q", "-o", out, "--jobs", str(jobs), str(path)]
        return spend([sys.executable, "-m", "unbait", *arguments])


def measure(made: Shards) -> dict[str, Any]:
    """Measure each shard on one core and on two; scaling is by the clock."""
    told: dict[str, Any] = {}
    for path, size, records in (
        (made.texts, made.text_bytes, made.documents),
        (made.pages, made.page_bytes, made.responses),
    ):
        alone, both = clean(path, 1), clean(path, 2)
        told[path.name] = {
            "one": {**alone.rates(size), "records_a_core_second": records / alone.core_seconds},
            "two": both.rates(size),
            "scaling": round(alone.seconds / both.seconds, 3),
        }
    return told
