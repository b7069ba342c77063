"""python -m training.verdicts [--scores FILE]: count verdicts, write docs/figures/verdicts.json.

On clean news (thresholds were set on its even articles, the odd ones are the figure), on documents
made from both halves of what was written, on whole pages by their type, each judged by page models
that saw no page of its site, and how well an unmet promise tells a headline from another's.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
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


@dataclass(frozen=True, slots=True)
class _Told(html.PageModel):
    """A page model that is told how likely the blocks of its one page are junk."""

    junk: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def score(self, pages: Sequence[html.Page]) -> list[NDArray[np.float32]]:
        """Return what was told."""
        return [self.junk for _ in pages]


def pages(cleaner: Cleaner, scores: Path | None) -> dict[str, Any]:
    """Count verdicts and likeliest types of whole pages, by their true type.

    Which blocks are main content say ``scores``, of models that saw no page of the site; without
    them the packaged model, which was fitted on these pages.
    """
    rows, typed = list(page.records(records.DATA, "wcxb-dev")), page_types.read(scores)
    given = np.load(scores) if scores else {}
    packaged = html.PageModel.load(modelfile.packaged("page"))
    counts: dict[str, Counter[str]] = {}
    types: dict[str, Counter[str]] = {}
    for fold in range(page.FOLDS):
        model = replace(packaged, arrays=packaged.arrays | typed.firsts[fold, fold])
        whole = {one.name: getattr(model, one.name) for one in fields(model)}
        telling = typed.fit(fold)
        for number in np.flatnonzero(typed.folds == fold).tolist():
            row = rows[number]
            junk = given.get(f"wcxb-dev/{row['id']}")
            own = model if junk is None else _Told(**whole, junk=junk)
            result = PageCleaner(cleaner, own, telling).clean(row["html"], row["url"])
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, help="junk scores of the page model's folds (.npz)")
    scores = parser.parse_args().scores
    cleaner, hashes = Cleaner(), export.data_hashes()
    figures = {
        "clean-news": clean_news(cleaner),
        "made": {half: made(cleaner, half) for half in HALVES},
        "promises": promises(),
        "pages": pages(cleaner, scores) | {"unseen": scores is not None},
        "data": {name: hashes[name] for name in ("text/clean-news", "html/wcxb-dev")},
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    FIGURES.write_bytes(orjson.dumps(figures, option=options))
    print(FIGURES.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
