"""Speed of cleaning text on one core, beside the peers, in one run: only the ratios travel.

    python -m benchmarks.speed [--json docs/figures/speed.json]

News text of ``lines/news`` where the data is there, else our own invented articles. Every tool gets
the same lines; times are processor time of this process, best of three.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MEGA = 1e6
REPEATS = 3
SOAK_DOCUMENTS = 60_000
ARTICLES = 30


def articles() -> tuple[list[str], str]:
    """Return texts, a line a paragraph, and where they are from."""
    from training import records

    try:
        return ["\n".join(record.texts) for record in records.news()], "lines/news"
    except records.DataMissingError:
        from training.synthetic import bank

        made = ["\n".join(one) for lang in bank.LANGS for one in bank.articles(lang)]
        return made * 12, "training/synthetic/articles"


def best(run: Callable[[], object]) -> float:
    """Return the least processor seconds of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def unbait_texts(texts: list[str]) -> Callable[[], object]:
    from unbait import Cleaner

    cleaner = Cleaner()
    return lambda: [result.text for result in cleaner.clean_many(texts)]


def fasttext_lines(lines: list[str]) -> Callable[[], object]:
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text(
            "".join(f"__label__{i % 2} {line}\n" for i, line in enumerate(lines)), encoding="utf-8"
        )
        model = fasttext.train_supervised(str(path), wordNgrams=2, epoch=2, thread=1, verbose=0)
    return lambda: model.f.multilinePredict(lines, 1, 0.0, "strict")


def sklearn_lines(lines: list[str]) -> Callable[[], object]:
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(
        HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5)),
        SGDClassifier(loss="log_loss", max_iter=2, tol=None, random_state=0),
    )
    few = lines[:2000]
    pipeline.fit(few, np.arange(len(few)) % 2)
    return lambda: pipeline.predict_proba(lines[:3000])


def start_seconds() -> float:
    """Return processor seconds from start to a ready cleaner, less an empty interpreter's."""
    code = "from unbait import Cleaner; Cleaner()"
    return min(_cpu(code) for _ in range(5)) - min(_cpu("pass") for _ in range(5))


def _cpu(code: str) -> float:
    program = (
        f"import time\n{code}\nprint(time.process_time())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def soak(texts: list[str]) -> dict[str, float]:
    """Return resident megabytes early and late in a long stream of documents."""
    import itertools

    import psutil

    from unbait import Cleaner

    process = psutil.Process()
    cleaner = Cleaner()
    early = 0.0
    stream = itertools.islice(itertools.cycle(texts), SOAK_DOCUMENTS)
    for number, result in enumerate(cleaner.clean_many(stream)):
        _ = result.text
        if number == SOAK_DOCUMENTS // 10:
            early = process.memory_info().rss / MEGA
    return {"documents": SOAK_DOCUMENTS, "early": early, "late": process.memory_info().rss / MEGA}


def measure() -> dict[str, Any]:
    texts, source = articles()
    lines = [line for text in texts for line in text.split("\n")]
    size = sum(len(text.encode()) for text in texts)
    few = sum(len(line.encode()) for line in lines[:3000])
    figures: dict[str, Any] = {"texts": source, "megabytes": size / MEGA}
    figures["memory_megabytes"] = soak(texts)
    rates = {"unbait clean_many, .text read": size / best(unbait_texts(texts)) / MEGA}
    slow = few / best(sklearn_lines(lines)) / MEGA
    rates["scikit-learn HashingVectorizer char_wb 2-5 + SGD"] = slow
    try:
        rates["fastText words 1-2, predict"] = size / best(fasttext_lines(lines)) / MEGA
    except ImportError:
        figures["missing"] = "fastText is not installed: pip install fasttext"
    figures["megabytes_a_second"] = rates
    figures["start_seconds"] = start_seconds()
    figures["one_article"] = one_article(texts)
    return figures


def one_article(texts: list[str]) -> dict[str, float]:
    """Return what articles of about 5 KB cost that come alone: half of them cost less, and most.

    An article with a suspect paragraph costs twice as much as one without.
    """
    from unbait import Cleaner

    cleaner = Cleaner()
    some = [text for text in texts if 4500 <= len(text) <= 5500][:ARTICLES]
    times = [best(lambda text=text: cleaner.clean(text).text) * 1000 for text in some]
    return {"articles": len(some), "median": float(np.median(times)), "most": max(times)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    figures = json.dumps(measure(), indent=2)
    print(figures)
    if given.json:
        given.json.write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
