"""python benchmarks/bench_headline.py [HEADLINES.jsonl.xz]: headlines a second, on one core.

Batches of 100,000: a few headlines with a number each, and those of a file, which all differ.
One thread does it all; processor time is not stretched by other work on the machine.
"""

from __future__ import annotations

import json
import lzma
import sys
import time
from pathlib import Path
from random import Random

from unbait import modelfile
from unbait.headline import HeadlineModel

HEADS = ("Council approves budget for new bridge over the Arven river", "17 things only cats know")
MIXED = (*HEADS, "Esta es la razón por la que debes poner una moneda en la nevera",
         "Bí mật bất ngờ đằng sau bức ảnh cưới này", "Polisi tangkap dua pelaku pencurian")
COUNT, ROUNDS = 100_000, 5


def batches(path: Path | None) -> dict[str, list[str]]:
    """Return batches of headlines by name."""
    made = {
        name: [f"{heads[i % len(heads)]} {i}" for i in range(COUNT)]
        for name, heads in (("English, made", HEADS), ("five languages, made", MIXED))
    }
    if path:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        Random(0).shuffle(rows)
        made["English, of the file"] = [r["title"] for r in rows if r["lang"] == "en"][:COUNT]
        made["all, of the file"] = [row["title"] for row in rows][:COUNT]
    return made


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    model = HeadlineModel.load(modelfile.packaged("headline"))
    print(f"{'headlines a second':24} {'clock':>10} {'processor':>10}")
    for name, titles in batches(path).items():
        model.score(titles[:1000])
        clock, processor = zip(*(_seconds(model, titles) for _ in range(ROUNDS)), strict=True)
        rates = (len(titles) / min(clock), len(titles) / min(processor))
        print(f"{name:24} {rates[0]:10,.0f} {rates[1]:10,.0f}")


def _seconds(model: HeadlineModel, titles: list[str]) -> tuple[float, float]:
    clock, processor = time.perf_counter(), time.process_time()
    model.score(titles)
    return time.perf_counter() - clock, time.process_time() - processor


if __name__ == "__main__":
    main()
