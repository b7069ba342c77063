"""How fast pages are read, scored and cleaned, on one core, beside trafilatura fast if installed.

Processor time, best of two runs; the tools take turns, 32 pages each.

python benchmarks/bench_html.py DATA [--set annotated] [--pages 200] [--memory 10000]
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from training.page import records
from unbait import Cleaner
from unbait.html import PageModel, read_page
from unbait.pages import PageResult

GROUP = 32  # pages of one call of clean_html_many, and of one turn


def many(cleaner: Cleaner, group: list[bytes]) -> Iterator[PageResult]:
    return cleaner.clean_html_many((page, None) for page in group)


def seconds(runs, groups: list[list[bytes]]) -> dict[str, list[float]]:  # type: ignore[no-untyped-def]
    """Return the seconds each tool takes for each page; of a group taken at once, its mean."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for group in groups:
        for name, run in runs.items():
            if name.endswith("_many"):
                began = time.process_time()
                run(group)
                taken[name] += [(time.process_time() - began) / len(group)] * len(group)
                continue
            for page in group:
                began = time.process_time()
                run(page)
                taken[name].append(time.process_time() - began)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", default="annotated")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--model", type=Path, default=Path("models/page"))
    parser.add_argument("--memory", type=int, default=0, help="read so many pages, tell the growth")
    parser.add_argument("--peers", action="store_true")
    arguments = parser.parse_args()
    found = islice(records(arguments.data, arguments.set), arguments.pages)
    pages = [record["html"].encode("utf-8", "replace") for record in found]
    size = sum(map(len, pages)) / 1e6
    model = PageModel.load(arguments.model)

    def article(page: bytes) -> None:
        read = read_page(page)
        model.select(read, model.score([read])[0])

    cleaner = Cleaner()
    runs = {
        "read_page": read_page,
        "read, score, select": article,
        "clean_html": lambda page: cleaner.clean_html(page).text,
        "clean_html_many": lambda group: [one.text for one in many(cleaner, group)],
    }
    if arguments.peers:
        from trafilatura import extract

        runs["trafilatura fast"] = lambda page: extract(page, fast=True)
    figures = {"set": arguments.set, "pages": len(pages), "megabytes": round(size, 1)}
    groups = [pages[low : low + GROUP] for low in range(0, len(pages), GROUP)]
    turns = [seconds(runs, groups) for _ in range(2)]
    for name in runs:
        best = sorted(min((turn[name] for turn in turns), key=sum))
        figures[name] = {
            "MB/s": round(size / sum(best), 1),
            "p50 ms": round(1e3 * best[len(best) // 2], 2),
            "p95 ms": round(1e3 * best[int(len(best) * 0.95)], 2),
        }  # type: ignore[assignment]
    if arguments.memory:
        figures["growth MB"] = growth(runs["clean_html"], pages, arguments.memory)  # type: ignore[assignment]
    print(json.dumps(figures, indent=1))


def growth(run, pages: list[bytes], count: int) -> float:  # type: ignore[no-untyped-def]
    """Return by how much memory grew between the first tenth of these many pages and the last."""
    import psutil

    process, start = psutil.Process(), 0
    for i in range(count):
        run(pages[i % len(pages)])
        if i == count // 10:
            gc.collect()
            start = process.memory_info().rss
    gc.collect()
    return round((process.memory_info().rss - start) / 1e6, 1)


if __name__ == "__main__":
    main()
