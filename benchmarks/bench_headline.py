"""python benchmarks/bench_headline.py: headlines a second, in one batch, on one core.

Counts processor time, which other work on the machine does not stretch; one thread does it all."""

from __future__ import annotations

import time

from unbait import modelfile
from unbait.headline import HeadlineModel

HEADS = ("Council approves budget for new bridge over the Arven river", "17 things only cats know")
MIXED = (*HEADS, "Esta es la razón por la que debes poner una moneda en la nevera",
         "Bí mật bất ngờ đằng sau bức ảnh cưới này", "Polisi tangkap dua pelaku pencurian")
COUNT, ROUNDS = 100_000, 5


def main() -> None:
    model = HeadlineModel.load(modelfile.packaged("headline"))
    for name, heads in (("English", HEADS), ("five languages", MIXED)):
        titles = [f"{heads[i % len(heads)]} {i}" for i in range(COUNT)]
        model.score(titles[:1000])
        best = min(_seconds(model, titles) for _ in range(ROUNDS))
        print(f"{name:15} {COUNT / best:10,.0f} headlines a second")


def _seconds(model: HeadlineModel, titles: list[str]) -> float:
    start = time.process_time()
    model.score(titles)
    return time.process_time() - start


if __name__ == "__main__":
    main()
