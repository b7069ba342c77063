"""python -m training.verdicts: count the verdicts, and write docs/figures/verdicts.json.

On clean news (thresholds were set on its even articles, the odd ones are the figure), on documents
made from both halves of what was written, on whole pages by their type, each typed by a model that
saw no page of its site, and how well an unmet promise tells a headline from another's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import orjson
from sklearn.metrics import roc_auc_score

from training import export, page, page_types, records
from training.synthetic import documents
from training.synthetic.bank import HALVES, Half
from unbait import Cleaner, html, modelfile
from unbait.pages import PageCleaner
from unbait.promise import headline_numbers
from unbait.types import Document

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures" / "verdicts.json"
OF_EACH = 10  # made documents of a kind in a language


def clean_news(cleaner: Cleaner) -> dict[str, dict[str, int]]:
    """Count the verdicts on articles that are clean, of either half."""
    texts = ("\n\n".join(row["lines"]) for row in records.rows("text/clean-news"))
    halves: list[list[str]] = [[], []]
    for number, result in enumerate(cleaner.clean_many(Document(text) for text in texts)):
        halves[number % 2].append(result.verdict.name)
    return {name: _counted(half) for name, half in zip(("even", "odd"), halves, strict=True)}


def made(cleaner: Cleaner, half: Half) -> dict[str, dict[str, int]]:
    """Count the verdicts on made documents, by kind."""
    counts = {}
    for kind in documents.KINDS:
        rng = Random(f"{kind} {half}")
        texts = [
            documents.document(kind, lang, rng, half)
            for lang in documents.languages(kind, half) for _ in range(OF_EACH)
        ]  # fmt: skip
        counts[kind] = _counted(result.verdict.name for result in cleaner.clean_many(texts))
    return counts


def pages(cleaner: Cleaner) -> dict[str, Any]:
    """Count verdicts and likeliest types of whole pages, by their true type.

    Which blocks are main content is the packaged model's word, which was fitted on these pages.
    """
    rows, typed = list(page.records(records.DATA, "wcxb-dev")), page_types.read()
    packaged = html.PageModel.load(modelfile.packaged("page"))
    counts: dict[str, Counter[str]] = {}
    types: dict[str, Counter[str]] = {}
    for fold in range(page.FOLDS):
        arrays = packaged.arrays | typed.firsts[fold, fold]
        cleaning = PageCleaner(cleaner, replace(packaged, arrays=arrays), typed.fit(fold))
        for number in np.flatnonzero(typed.folds == fold).tolist():
            row = rows[number]
            result = cleaning.clean(row["html"], row["url"])
            counts.setdefault(row["page_type"], Counter())[result.verdict.name] += 1
            types.setdefault(row["page_type"], Counter())[result.page_type[0]] += 1
    return {
        "verdicts": {kind: dict(sorted(count.items())) for kind, count in sorted(counts.items())},
        "types": {kind: dict(sorted(count.items())) for kind, count in sorted(types.items())},
    }


def promises(shift: int = 1) -> dict[str, float]:
    """Tell how well ``headline_unmet`` tells an article's own headline from the next article's."""
    pairs = [
        (row["title"], row["gold"]) for row in records.rows("html/wcxb-dev")
        if row["page_type"] == "article" and row.get("title") and row["gold"]
    ]  # fmt: skip
    bodies = [body for _, body in pairs]
    own, other = (
        [
            headline_numbers(title, body)["headline_unmet"]
            for (title, _), body in zip(pairs, bodies[by:] + bodies[:by], strict=True)
        ]
        for by in (0, shift)
    )
    threshold = Cleaner().policy.unmet
    return {
        "pairs": len(pairs),
        "auc": round(float(roc_auc_score([0] * len(own) + [1] * len(other), own + other)), 4),
        "own_unmet": round(float(np.mean(np.array(own) >= threshold)), 4),
        "other_unmet": round(float(np.mean(np.array(other) >= threshold)), 4),
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def main() -> None:
    """Count everything and write it."""
    cleaner, hashes = Cleaner(), export.data_hashes()
    figures = {
        "clean-news": clean_news(cleaner),
        "made": {half: made(cleaner, half) for half in HALVES},
        "promises": promises(),
        "pages": pages(cleaner),
        "data": {name: hashes[name] for name in ("text/clean-news", "html/wcxb-dev")},
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    FIGURES.write_bytes(orjson.dumps(figures, option=options))
    print(FIGURES.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
