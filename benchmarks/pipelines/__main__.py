"""Measure runs, peers, engines and site memory, and write docs/figures/pipelines.json.

    python -m benchmarks.pipelines --megabytes 1000      # all of it, in a temporary folder
    python -m benchmarks.pipelines --only runs,peers --megabytes 100
    python -m benchmarks.pipelines --only sites          # the others stay as they are in the file

The shards are made of the articles and pages of the data folder ($UNBAIT_DATA, by default
../shared/data), repeated until they are full; every record gets a sentence of its own.
Time of the clock is only worth something on a machine that nobody else uses: the load before is
written down, and core seconds stand beside the clock.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks.pipelines import engines, peers, runs, shards, sites

FIGURES = Path("docs/figures/pipelines.json")
PARTS = {"runs": runs.measure, "peers": peers.measure, "engines": engines.measure,
         "sites": sites.measure}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--folder", type=Path, help="where the shards are made, and deleted")
    parser.add_argument("--figures", type=Path, default=FIGURES)
    given = parser.parse_args()
    known = orjson.loads(given.figures.read_bytes()) if given.figures.exists() else {}
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        wanted = given.only.split(",")
        made = shards.make(Path(folder), given.megabytes) if set(wanted) - {"sites"} else None
        for name in wanted:
            load = os.getloadavg()[0]
            told: dict[str, Any] = {
                "made": time.strftime("%Y-%m-%d"), "load_before": round(load, 2),
                **({"input": made.told()} if made and name != "sites" else {}),
                **PARTS[name](made),
            }  # fmt: skip
            known[name] = told
            known["data_sha256"] = shards.hashes()
            given.figures.write_bytes(
                orjson.dumps(known, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            )
            print(orjson.dumps({name: told}, option=orjson.OPT_INDENT_2).decode(), flush=True)


if __name__ == "__main__":
    main()
