"""What a month of Common Crawl costs at the measured rate, by simulation.

    python -m benchmarks.scale      # writes docs/figures/scale.json and the tables of docs/scale.md

The rates are those of docs/figures/pipelines.json (core seconds, one core). How much the work of
files differs is drawn from the pages of the data folder, timed here. All else that is assumed
stands in `Month` and `Fleet`.
"""

from __future__ import annotations

import heapq
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.pipelines.shards import SETS, read
from unbait import Cleaner

FIGURES, OUT, PAGE = (Path("docs/figures/pipelines.json"), Path("docs/figures/scale.json"),
                      Path("docs/scale.md"))  # fmt: skip
FLEETS = (100, 1_000, 10_000, 50_000)
SAMPLE, GROUP = 400, 20


@dataclass(frozen=True)
class Month:
    """A crawl: pages, files, and kilobytes a page unpacked, as markup and as text."""

    pages: float = 2.7e9
    files: int = 90_000
    markup_kilobytes: float = 146.0
    text_kilobytes: float = 7.0
    file_spread: float = 0.1  # standard deviation of the log of a file's size


@dataclass(frozen=True)
class Fleet:
    """Cores of rented machines: some slow, all taken away now and then."""

    slow_share: float = 0.05
    slow_factor: float = 3.0
    lost_an_hour: float = 0.05
    minutes_to_replace: float = 3.0
    chunks_a_file: int = 500
    dollars_a_core_hour: float = 0.0408


def page_seconds() -> np.ndarray:
    """Time groups of pages, in processor seconds a page."""
    pages = [row["html"] for row, _ in zip(read(SETS[2]), range(SAMPLE), strict=False)]
    cleaner, told = Cleaner(), []
    cleaner.clean_html(pages[0])
    for first in range(0, len(pages), GROUP):
        started = time.process_time()
        for page in pages[first : first + GROUP]:
            assert cleaner.clean_html(page).text is not None
        told.append((time.process_time() - started) / GROUP)
    return np.array(told)


def simulate(seconds: np.ndarray, cores: int, fleet: Fleet, *, resume: bool) -> dict[str, float]:
    """Hand files to cores as they come free; give hours until the last ends, and core hours.

    A core that is taken away leaves its file: with ``resume`` all but the chunk at hand is kept.
    """
    chance = np.random.default_rng(5)
    speed = np.where(chance.random(cores) < fleet.slow_share, fleet.slow_factor, 1.0)
    free = [(0.0, core) for core in range(cores)]
    heapq.heapify(free)
    waiting = [float(one) for one in seconds[::-1]]
    spent = lost = end = 0.0
    while waiting:
        began, core = heapq.heappop(free)
        left = waiting.pop()
        needs = left * float(speed[core])
        life = float(chance.exponential(3600 / fleet.lost_an_hour))
        if life >= needs:
            spent, end = spent + needs, max(end, began + needs)
            heapq.heappush(free, (began + needs, core))
            continue
        done = life / float(speed[core])
        gone = min(done, left / fleet.chunks_a_file) if resume else done
        waiting.append(left - done + gone)
        spent, lost = spent + life, lost + gone * float(speed[core])
        heapq.heappush(free, (began + life + 60 * fleet.minutes_to_replace, core))
    return {
        "cores": cores, "hours": round(end / 3600, 2), "core_hours": round(spent / 3600, 1),
        "lost_core_hours": round(lost / 3600, 1),
        "dollars": round(spent / 3600 * fleet.dollars_a_core_hour, 2),
    }  # fmt: skip


def main() -> None:
    month, fleet = Month(), Fleet()
    runs = orjson.loads(FIGURES.read_bytes())["runs"]
    groups = page_seconds()
    spread = float(groups.std() / groups.mean())
    a_file = spread / np.sqrt(month.pages / month.files / GROUP)
    sigma = float(np.hypot(month.file_spread, a_file))
    chance = np.random.default_rng(3)
    sizes = np.exp(chance.normal(-sigma * sigma / 2, sigma, month.files))
    told: dict[str, Any] = {
        "month": asdict(month), "fleet": asdict(fleet),
        "spread_of_groups_of_pages": round(spread, 3), "spread_of_files": round(sigma, 3),
    }  # fmt: skip
    for name, shard, kilobytes in (("WET", "texts.jsonl", month.text_kilobytes),
                                   ("WARC", "pages.warc.gz", month.markup_kilobytes)):  # fmt: skip
        rate = runs[shard]["one"]["megabytes_a_core_second"]
        mean = month.pages * kilobytes / 1e3 / rate / month.files
        told[name] = {
            "megabytes_a_core_second": rate, "terabytes": month.pages * kilobytes / 1e9,
            "core_seconds_a_file": round(mean, 1),
            "resumed": [simulate(sizes * mean, cores, fleet, resume=True) for cores in FLEETS],
            "begun_anew": [simulate(sizes * mean, cores, fleet, resume=False) for cores in FLEETS],
        }  # fmt: skip
    OUT.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    text = PAGE.read_text()
    tables = "\n\n".join(_table(name, told[name]) for name in ("WET", "WARC"))
    PAGE.write_text(re.sub(r"(<!-- tables -->\n).*?(<!-- end -->)", rf"\1{tables}\n\2", text,
                           flags=re.DOTALL))  # fmt: skip


def _table(name: str, told: dict[str, Any]) -> str:
    rows = [
        f"**{name}**, {told['terabytes']:,.0f} TB unpacked at "
        f"{told['megabytes_a_core_second']:.2f} MB a core second, "
        f"{told['core_seconds_a_file'] / 60:,.1f} core minutes a file:\n",
        "| cores | hours | core hours | $ | lost with machines | the same without `--resume` |",
        "|---|---|---|---|---|---|",
    ]
    for kept, anew in zip(told["resumed"], told["begun_anew"], strict=True):
        rows.append(
            f"| {kept['cores']:,} | {kept['hours']:,.1f} | {kept['core_hours']:,.0f} | "
            f"{kept['dollars']:,.0f} | {kept['lost_core_hours']:,.1f} core hours | "
            f"{anew['hours']:,.1f} h, {anew['lost_core_hours']:,.0f} core hours lost |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
