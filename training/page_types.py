"""Fit, measure and write the type model: ``python -m training.page_types [--scores FILE]``.

Chances that it learns from come from page models that saw neither the page's site nor the fold it
is measured on. Which blocks are main content is the packaged page model's word, or that of
``--scores``: an array of each page's blocks, as ``training.page --scores`` writes it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training import export, page, records
from training.page_card import PAGES
from training.page_labels import Labelled
from unbait import html, modelfile
from unbait.html import PAGE_TYPES, features, page_types
from unbait.html.nest import climb, nest
from unbait.html.page_types import TypeModel

SET: Final = "wcxb-dev"
MODEL: Final = Path(__file__).resolve().parents[1] / "models" / "page_types"
STRENGTH: Final = 0.1  # what the regularisation allows
WORDS: Final = 6.0  # what words are multiplied by, so that they are allowed more than columns
LOST: Final = (0.005, 0.01, 0.02)  # shares of articles taken for something else
OTHER: Final = [PAGE_TYPES.index(name) for name in ("collection", "listing", "product")]
COMMAND: Final = "UNBAIT_DATA=… python -m training.page_types --scores SCORES"
HELD_OUT: Final = "told by page models that saw no page of the site"
SEEN: Final = "told by the packaged page model, which saw these pages"
LETTERS: Final = 20  # of the blocks of our own pages that parity rows take for main content
SIZE: Final = round(len(PAGE_TYPES) * page_types.WORD_BUCKETS * 2 / 1000)
Array = NDArray[Any]
_WHOLE: Final = -1  # no fold is left out


@dataclass(frozen=True)
class Typed:
    """Pages with all that their types are learnt from: arrays with a row a page.

    ``vectors`` and ``columns`` are there twice: with the pages' addresses, and as if without.
    """

    samples: list[page.Sample]
    vectors: tuple[Array, Array]
    columns: tuple[Array, Array]
    words: Any

    @cached_property
    def target(self) -> Array:
        """The true type of each page."""
        return np.array([PAGE_TYPES.index(str(one.page_type)) for one in self.samples])

    @cached_property
    def folds(self) -> Array:
        """The fold of each page's site."""
        return np.array([one.fold for one in self.samples])

    @cached_property
    def firsts(self) -> dict[tuple[int, int], dict[str, Array]]:
        """What types whole pages in the page model, fitted without one fold or two."""
        return {
            pair: page.fit_types(self.samples, self.vectors[0], ~np.isin(self.folds, pair))
            for pair in combinations_with_replacement(range(page.FOLDS), 2)
        }

    def inputs(self, left: int, addressed: bool = True) -> Array:
        """Return the columns for a model that leaves a fold out, with the chances put in."""
        vectors, filled = self.vectors[not addressed], self.columns[not addressed].copy()
        for own in range(page.FOLDS):
            other = own if left == _WHOLE else left
            first = self.firsts[min(own, other), max(own, other)]
            here = self.folds == own
            filled[here, : len(PAGE_TYPES)] = page_types.log_chances(_chances(first, vectors[here]))
        return filled

    def fit(self, left: int = _WHOLE) -> TypeModel:
        """Fit the type model, on all folds but one."""
        known = self.folds != left
        both = np.concatenate([self.inputs(left, addressed)[known] for addressed in (True, False)])
        mean, scale = both.mean(axis=0), both.std(axis=0) + 0.05
        words = self.words[known] * WORDS
        shapes = sp.csr_matrix(page_types.standard(both, mean, scale))
        rows = sp.hstack([shapes, sp.vstack([words, words])], format="csr")
        halves = np.full(rows.shape[0], 0.5)  # of a page with its address and without
        model = LogisticRegression(C=STRENGTH, max_iter=300, tol=1e-3)
        model.fit(rows, np.tile(self.target[known], 2), sample_weight=halves)
        weight, words = np.split(model.coef_, [len(page_types.COLUMNS)], axis=1)
        arrays = {"weight": weight, "bias": model.intercept_, "mean": mean, "scale": scale}
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
        return TypeModel(arrays | {"words": (words.T * WORDS).astype(np.float16)}, {})

    def unseen(self, addressed: bool = True) -> Array:
        """Return the chances of every page by a model that saw no page of its site."""
        found = np.zeros((len(self.samples), len(PAGE_TYPES)))
        for fold in range(page.FOLDS):
            a, here = self.fit(fold).arrays, self.folds == fold
            shapes = page_types.standard(self.inputs(fold, addressed)[here], a["mean"], a["scale"])
            words = self.words[here] @ a["words"].astype(np.float32)
            found[here] = _softmax(shapes @ a["weight"].T + words + a["bias"])
        return found


def read(scores: Path | None = None) -> Typed:
    """Read the pages of the set."""
    model = html.PageModel.load(modelfile.packaged("page"))
    given = np.load(scores) if scores else {}
    samples, words = [], []
    vectors: tuple[list[Array], list[Array]] = [], []
    columns: tuple[list[Array], list[Array]] = [], []
    for record in page.records(records.DATA, SET):
        own, bare = (html.read_page(record["html"], url=url) for url in (record["url"], None))
        junk = given.get(f"{SET}/{record['id']}")
        junk = model.score([own])[0] if junk is None else junk
        kept, rows = np.flatnonzero(model.select(own, junk)), model.rows(own)
        for which, one in enumerate((own, bare)):
            vectors[which].append(features.page_vector(one, rows))
            nothing = np.ones(len(PAGE_TYPES))
            columns[which].append(page_types.columns(one, rows, kept, nothing))
        buckets = page_types.word_buckets(own)
        row = np.zeros(page_types.WORD_BUCKETS, dtype=np.float32)
        row[buckets] = page_types.word_weight(len(buckets))
        words.append(sp.csr_matrix(row))
        samples.append(unlabelled(record))
    first, second = (np.stack(one) for one in vectors)
    shapes = np.stack(columns[0]), np.stack(columns[1])
    return Typed(samples, (first, second), shapes, sp.vstack(words, format="csr"))


def unlabelled(record: dict[str, Any]) -> page.Sample:
    """Make a page's sample with its site and type, which are all that typing it needs."""
    site, kind, blank = page.site_of(SET, record), record["page_type"], html.read_page("")
    nothing, chain = Labelled(np.zeros(0), [], []), climb(blank)
    inner = nest(blank, chain)
    rows = np.zeros((0, 0), np.float32)
    return page.Sample(SET, record["id"], kind, site, blank, nothing, kind, chain, inner, rows)


def _chances(first: dict[str, Array], vectors: Array) -> Array:
    standard = (vectors - first["type_mean"]) / first["type_scale"]
    return _softmax(standard @ first["type_weight"].T + first["type_bias"])


def _softmax(logits: Array) -> Array:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def measure(chances: Array, target: Array) -> dict[str, Any]:
    """Return the share of pages typed right, of all and of each type.

    And the shares of the types that are no articles which are found while so many articles are
    lost: those whose chance of being another type is above a threshold.
    """
    likeliest, other = chances.argmax(axis=1), chances[:, OTHER].sum(axis=1)
    articles = np.sort(other[target == 0])
    found = {}
    for lost in LOST:
        threshold = articles[int(np.ceil(len(articles) * (1 - lost))) - 1]
        found[f"{lost:.1%}"] = {"threshold": round(float(threshold), 3)} | {
            PAGE_TYPES[kind]: round(float((other[target == kind] > threshold).mean()), 3)
            for kind in OTHER
        }
    return {
        "right": round(float((likeliest == target).mean()), 4),
        "right_by_type": {
            name: round(float((likeliest[target == i] == i).mean()), 3)
            for i, name in enumerate(PAGE_TYPES)
        },
        "found_while_articles_are_lost": found,
    }


def write(typed: Typed, metrics: dict[str, Any]) -> None:
    """Fit on everything; write the model, its parity rows and its card."""
    model = typed.fit()
    modelfile.save(MODEL, model.arrays, {
        "name": "page_types", "feature_version": features.VERSION, "version": "1.0.0",
        "types": list(PAGE_TYPES), "columns": list(page_types.COLUMNS),
        "word_buckets": page_types.WORD_BUCKETS, "pages": len(typed.samples),
        "data": {f"html/{SET}": export.data_hashes()[f"html/{SET}"]}, "metrics": metrics,
        "command": COMMAND,
    })  # fmt: skip
    rows = [orjson.dumps(parity_row(source)) + b"\n" for source in PAGES if source]
    (MODEL / "parity.jsonl").write_bytes(b"".join(rows))
    (MODEL / "CARD.md").write_text(card(metrics), encoding="utf-8")


def parity_row(source: str) -> dict[str, Any]:
    """Return what the written model says of one of our pages, given what comes before it."""
    own = html.read_page(source, url="https://site.example/news/boats-come-home-7")
    rows = features.dense(own, nest(own, climb(own)))
    kept = np.flatnonzero(own.letters >= LETTERS)
    first = {name: (1 + i) / 28 for i, name in enumerate(PAGE_TYPES)}
    found = TypeModel.load(MODEL).chances(own, rows, kept, first)
    types = [round(chance, 6) for chance in found.values()]
    return {"html": source, "url": own.url, "kept": kept.tolist(), "first": first, "types": types}


def card(metrics: dict[str, Any]) -> str:
    """Return the card that people read."""
    right, bare = (metrics[name]["right"] for name in ("addressed", "without_address"))
    rows = "\n".join(
        f"| {name} | {share:.2f} | {metrics['page_model']['right_by_type'][name]:.2f} |"
        for name, share in metrics["addressed"]["right_by_type"].items()
    )
    return f"""# page_types

Says which of seven types a page is ({", ".join(PAGE_TYPES)}), once its
main content is chosen. One linear layer over the page model's own chances, the shape of the blocks
that were kept (prose, links, lengths, headings, repeated paths), the page's address and its hashed
words; {SIZE} KB, no code.

- **Trained on** the {metrics["pages"]} pages of `html/{SET}` (WCXB, Murrough Foley, CC-BY-4.0),
  each with its address and as if it had none. Only weights are here, no text.
- **Measured** by folds of sites: no page is typed by a model, of either stage, that saw a page of
  its site. Types right: {right:.3f} (without addresses {bare:.3f}); by the page model alone
  {metrics["page_model"]["right"]:.3f}. Which blocks are main content was {metrics["kept"]}.
- **Not for**: languages other than English, of which it saw hardly a page.
- **Made again by** `{COMMAND}`, after each new page model.

| type | told right | by the page model alone |
|---|---|---|
{rows}
"""


def main() -> None:
    """Fit, measure and write, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, help="junk scores of the folds (.npz)")
    scores = parser.parse_args().scores
    typed = read(scores)
    alone = np.exp(typed.inputs(_WHOLE)[:, : len(PAGE_TYPES)])
    metrics = {
        "pages": len(typed.samples),
        "kept": HELD_OUT
        if scores
        else "the word of the packaged page model, which saw these pages",
        "page_model": measure(alone, typed.target),
        "addressed": measure(typed.unseen(), typed.target),
        "without_address": measure(typed.unseen(addressed=False), typed.target),
    }
    print(orjson.dumps(metrics, option=orjson.OPT_INDENT_2).decode())
    write(typed, metrics)


if __name__ == "__main__":
    main()
