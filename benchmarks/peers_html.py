"""Main content of pages: unbait beside other extractors, on the same pages in the same run.

Run it where the peers are installed (see docs/html.md):
    python benchmarks/peers_html.py DATA --scores folds.npz --out docs/figures/html
Word F1 as WCXB's evaluate.py counts it. unbait is scored with the folds' scores that
``training.page --scores`` wrote: every page by a model that saw no page of its site.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from training.page import records
from training.page_labels import word_f1, words
from unbait.html.blocks import read_page
from unbait.html.model import PageModel


def trafilatura(**settings: bool) -> Callable[[str], str]:
    def run(page: str) -> str:
        from trafilatura import extract

        return extract(page, **settings) or ""

    return run


def readability(page: str) -> str:
    from lxml.html import fromstring
    from readability import Document

    summary = Document(page).summary()
    return " ".join(fromstring(summary).itertext()) if summary.strip() else ""


def resiliparse(page: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return extract_plain_text(page, main_content=True)


def justext(page: str) -> str:
    import justext as library

    found = library.justext(page.encode(), library.get_stoplist("English"))
    return "\n".join(p.text for p in found if not p.is_boilerplate)


def newspaper4k(page: str) -> str:
    import newspaper

    article = newspaper.Article("http://example.com/", fetch_images=False)
    article.download(input_html=page)
    article.parse()
    return article.text


PEERS: dict[str, Callable[[str], str]] = {
    "trafilatura default": trafilatura(),
    "trafilatura precision": trafilatura(favor_precision=True),
    "trafilatura fast": trafilatura(fast=True),
    "readability-lxml": readability,
    "resiliparse": resiliparse,
    "jusText": justext,
    "newspaper4k": newspaper4k,
}


class Unbait:
    """Blocks and page model alone, each page scored by the fold that did not see its site."""

    def __init__(self, folder: Path, scores: Path) -> None:
        self.model = PageModel.load(folder)
        self.scores = np.load(scores)

    def __call__(self, page: str, key: str) -> str:
        read = read_page(page)
        junk = self.scores[key]
        kept = (
            self.model.select(read, junk) if len(junk) == len(read) else np.zeros(len(read), bool)
        )
        return "\n".join(read.block(int(i)) for i in np.flatnonzero(kept))


def measure(
    data: Path, sets: tuple[str, ...], every: int, unbait: Unbait
) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name in sets:
        for record in records(data, name):
            if zlib.crc32(record["id"].encode()) % every:
                continue
            chinese = record.get("lang") == "Chinese"
            gold = words(re.sub(r"</?p>", "", record["gold"]), chinese)
            group = f"{name}/{record.get('page_type') or record.get('lang')}"
            page = record["html"]
            for tool in ("unbait", *PEERS):
                began = time.perf_counter()
                text = _safe(
                    lambda p, t=tool, k=f"{name}/{record['id']}": (
                        unbait(p, k) if t == "unbait" else PEERS[t](p)
                    ),
                    page,
                )
                found[tool]["seconds"].append(time.perf_counter() - began)
                f1 = word_f1(words(text, chinese), gold)
                found[tool][group].append(f1)
                found[tool][name].append(f1)
    return found


def _safe(run: Callable[[str], str], page: str) -> str:
    try:
        return run(page)
    except Exception:
        # A peer that raises has extracted nothing.
        return ""


def table(found: dict[str, dict[str, list[float]]]) -> str:
    groups = sorted(g for g in found["unbait"] if g != "seconds")
    lines = ["| | pages | " + " | ".join(found) + " |", "|---|---|" + "---|" * len(found)]
    for group in groups:
        cells = [f"{np.mean(tool[group]):.3f}" for tool in found.values()]
        lines.append(f"| {group} | {len(found['unbait'][group])} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


_NOTE = (
    "Word F1 on {} of each set, all tools in one run; unbait by site-held-out folds, "
    "page model alone.\njusText runs with its English stop list; Chinese is counted in "
    "characters.\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/page"))
    parser.add_argument("--every", type=int, default=1, help="take one page in so many")
    parser.add_argument("--out", type=Path, default=Path("docs/figures/html"))
    arguments = parser.parse_args()
    sets = ("wcxb-dev", "daniel")
    unbait = Unbait(arguments.model, arguments.scores)
    found = measure(arguments.data, sets, arguments.every, unbait)
    hashes = {
        name: hashlib.sha256(
            (arguments.data / "html" / f"{name}.jsonl.xz").read_bytes()
        ).hexdigest()
        for name in sets
    }
    figures: dict[str, Any] = {
        "data": hashes,
        "every": arguments.every,
        "word_f1": {
            tool: {g: round(float(np.mean(f1)), 4) for g, f1 in groups.items() if g != "seconds"}
            for tool, groups in found.items()
        },
        "seconds": {tool: round(sum(groups["seconds"]), 1) for tool, groups in found.items()},
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
    share = f"one page in {arguments.every}" if arguments.every > 1 else "all pages"
    said = "\n".join(f"data {name} sha256 {digest}" for name, digest in hashes.items())
    arguments.out.with_suffix(".md").write_text(
        f"{_NOTE.format(share)}\n{table(found)}\n{said}\n"
    )
    print(table(found))


if __name__ == "__main__":
    main()
