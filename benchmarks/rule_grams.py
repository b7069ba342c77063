"""How often four bytes follow each other in real text: what the choice of keys goes by.

Run with the data beside the repository: ``python benchmarks/rule_grams.py`` writes
``filter/unbait/rules/grams.json`` (the most frequent grams, times per million bytes). After it,
``python -m unbait.rules.packaged`` chooses the keys anew.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from unbait.fold import fold_text
from unbait.rules.keys import GRAMS

DATA = Path(__file__).parents[2] / "shared" / "data"
SETS = ("lines/news", "lines/pages", "lines/turku", "text/clean-news")
MOST = 3_000
PER_SET = 1_500_000


def texts() -> Iterator[str]:
    for name in SETS:
        with lzma.open(DATA / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            documents = [json.loads(line)["lines"] for line in lines]
        step = max(1, sum(map(len, map(str, documents))) // PER_SET)
        yield "\n".join(
            line if isinstance(line, str) else line["text"]
            for document in documents[::step]
            for line in document
        )


def main() -> None:
    data = "\n".join(fold_text(text)[0] for text in texts()).encode("utf-8", "replace")
    grams = np.ndarray((len(data) - 3,), np.uint32, data, 0, (1,))
    values, counts = np.unique(grams, return_counts=True)
    order = np.lexsort((values, -counts))[:MOST]
    shares = {
        int(values[one]): round(float(counts[one]) / len(data) * 1e6, 1) for one in order.tolist()
    }
    GRAMS.write_text(json.dumps(shares, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
