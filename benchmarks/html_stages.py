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
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.page import FOLDS, Sample, _by_page, _first_path, assemble, read
from training.page_labels import word_f1, words
from unbait import Cleaner
from unbait.html import PAGE_TYPES, Page, PageModel
from unbait.pages import PageCleaner, Read
from unbait.types import Document

Taken = tuple[Sample, NDArray[np.int64]]  # a page, and the blocks it keeps
TOGETHER = 32
COLUMNS = ("page model alone", "paragraph model as on texts", "restrained by page type")


class Known(PageModel):
    """A page model whose word on types is already known."""

    def page_types(self, page):  # type: ignore[no-untyped-def]
        return dict(zip(PAGE_TYPES, page.caches["known types"].tolist(), strict=True))


def learned_from(data: Path) -> set[str]:
    with lzma.open(data / "lines" / "pages.jsonl.xz", "rt", encoding="utf-8") as lines:
        return {json.loads(line)["id"] for line in lines}


def texts_left(cleaner: PageCleaner, kept: list[Taken]) -> Iterator[list[str]]:
    """Yield, page by page, the words of the kept blocks that the paragraph stage leaves."""
    read = [Read(s.page, {}, Document(s.page.text, s.page.head.title or None)) for s, _ in kept]
    judgements = cleaner.judge_blocks(read, [part for _, part in kept])
    for (s, part), judged in zip(kept, judgements, strict=True):
        guarded = bool(judged.guarded.any())
        left: list[str] = []
        for number, i in enumerate(part.tolist()):
            if judged.marked[number] and not guarded:
                continue
            text, base = s.page.block(i), int(s.page.start[i])
            spans = [] if guarded else judged.spans.get(number, [])
            for span in sorted(spans, key=lambda span: -span.start):
                text = text[: max(span.start - base, 0)] + text[span.end - base :]
            left += words(text, s.group == "Chinese")
        yield left


class Unrestrained(PageCleaner):
    def is_prose(self, page: Page) -> bool:
        return True


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
    known = Known(model.arrays, model.manifest, model.network)
    packaged = PageCleaner.load(Cleaner())
    both = [kind(packaged.cleaner, known, packaged.types) for kind in (Unrestrained, PageCleaner)]
    taken = [
        (s, np.flatnonzero(known.select(s.page, junk)))
        for s, junk in zip(samples, scores, strict=True)
        if s.name != "annotated" and s.id not in learned and len(s.page)
        and not zlib.crc32(s.id.encode()) % arguments.every
    ]  # fmt: skip
    parts = [taken[low : low + TOGETHER] for low in range(0, len(taken), TOGETHER)]
    columns = [
        [[word for i in part for word in s.labelled.words[i]] for s, part in taken],
        *([text for part in parts for text in texts_left(one, part)] for one in both),
    ]
    found: dict[str, list[list[float]]] = defaultdict(list)
    for (s, _), *texts in zip(taken, *columns, strict=True):
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
