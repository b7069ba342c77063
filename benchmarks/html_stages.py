"""What the paragraph stage does to pages: word F1 before it, after it, and where it is restrained.

python -m benchmarks.html_stages DATA --cache .cache/page [--every 2]

Blocks and page types are scored by the folds that ``training.page --cache`` kept: no page by a
model that saw its site. Pages whose lines the paragraph model learned from are left out.
"""

from __future__ import annotations

import argparse
import json
import lzma
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np

from training.page import FOLDS, Sample, _by_page, _first_path, assemble, read
from training.page_labels import word_f1, words
from unbait import Cleaner
from unbait.html import PAGE_TYPES, PageModel
from unbait.pages import PageCleaner
from unbait.types import Document

COLUMNS = ("page model alone", "paragraph model as on texts", "restrained by page type")


class Known(PageModel):
    """A page model whose word on types is already known."""

    def page_types(self, page):  # type: ignore[no-untyped-def]
        return dict(zip(PAGE_TYPES, page.caches["known types"].tolist(), strict=True))


def learned_from(data: Path) -> set[str]:
    with lzma.open(data / "lines" / "pages.jsonl.xz", "rt", encoding="utf-8") as lines:
        return {json.loads(line)["id"] for line in lines}


def text_left(cleaner: PageCleaner, s: Sample, part) -> list[str]:  # type: ignore[no-untyped-def]
    """Return the words of these blocks that the paragraph stage leaves."""
    judged = cleaner._judge_blocks(s.page, part, Document(s.page.text, s.page.head.title or None))
    if judged.guarded.any():
        return [word for i in part for word in s.labelled.words[i]]
    left: list[str] = []
    for number, i in enumerate(part.tolist()):
        if judged.marked[number]:
            continue
        text, base = s.page.block(i), int(s.page.start[i])
        for span in sorted(judged.spans.get(number, []), key=lambda span: -span.start):
            text = text[: max(span.start - base, 0)] + text[span.end - base :]
        left += words(text, s.group == "Chinese")
    return left


class Unrestrained(PageCleaner):
    def _cleaner_of(self, page):  # type: ignore[no-untyped-def]
        return self.cleaner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".cache/page"))
    parser.add_argument("--every", type=int, default=1, help="take one page in so many")
    parser.add_argument("--out", type=Path, default=Path("docs/figures/html_stages.json"))
    arguments = parser.parse_args()
    samples, learned = read(arguments.data), learned_from(arguments.data)
    model, scores = assemble(samples, arguments.cache, range(FOLDS))
    for fold in range(FOLDS):
        kept = np.load(_first_path(arguments.cache, (fold,)))
        for i, types in _by_page(samples, kept, (fold,))[1].items():
            samples[i].page.caches["known types"] = types
    known = Known(model.arrays, model.manifest, model.networks)
    both = [kind(Cleaner(), known) for kind in (Unrestrained, PageCleaner)]
    found: dict[str, list[list[float]]] = defaultdict(list)
    for s, junk in zip(samples, scores, strict=True):
        if s.name == "annotated" or s.id in learned or not len(s.page):
            continue
        if zlib.crc32(s.id.encode()) % arguments.every:
            continue
        part = np.flatnonzero(known.select(s.page, junk))
        texts = [[word for i in part for word in s.labelled.words[i]]]
        texts += [text_left(cleaner, s, part) for cleaner in both]
        row = [word_f1(text, s.labelled.gold) for text in texts]
        found[f"{s.name}/{s.group}"].append(row)
        found[s.name].append(row)
    figures = {
        name: {"pages": len(rows)}
        | dict(zip(COLUMNS, np.mean(rows, axis=0).round(4).tolist(), strict=True))
        for name, rows in sorted(found.items())
    }
    arguments.out.write_text(
        json.dumps({"every": arguments.every, "word_f1": figures}, indent=1) + "\n"
    )
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
