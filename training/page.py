"""Train, measure and write the page model: ``python -m training.page DATA [--out models/page]``.

DATA is the folder that holds html/wcxb-dev, html/daniel and html/annotated (.jsonl.xz). Every
number is measured by site, in five folds: no page of a site is scored by a model that saw it, and
in each fold the second stage learns from first-stage scores of models that saw neither the page
nor the fold. What was fitted is kept under ``--cache``, so that a stopped run can go on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from training.page_labels import Labelled, align, from_lines, word_f1
from unbait.html import features
from unbait.html.blocks import Page, read_page
from unbait.html.model import _ARRAYS, PAGE_TYPES, PageModel
from unbait.html.nest import Nest, climb, nest
from unbait.html.network import PageNetwork, surroundings

SETS: Final = {"wcxb-dev": 1.0, "daniel": 0.5, "annotated": 0.4}
FOLDS: Final = 5
WHOLE: Final = -1  # stands for no fold: what learns from everything is what ships
SEEDS: Final = 2  # networks that answer together, in the folds as in what ships
COMMAND: Final = "python -m training.page DATA && python -m training.page_card models/page"
Array = NDArray[Any]
Left = tuple[int, ...]
LEFT: Final[tuple[Left, ...]] = tuple(
    left for size in range(3) for left in combinations(range(FOLDS), size)
)


@dataclass
class Sample:
    """One page of the training data, with its labels and where they come from."""

    name: str
    id: str
    group: str
    site: str
    page: Page
    labelled: Labelled
    page_type: str | None
    chain: list[Array]
    nest: Nest
    rows: Array

    @property
    def fold(self) -> int:
        """Return the fold of the page's site."""
        return zlib.crc32(self.site.encode()) % FOLDS


def records(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the records of one set."""
    with lzma.open(folder / "html" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def site_of(name: str, record: dict[str, Any]) -> str:
    """Return the site a page belongs to, by its url or by its id."""
    found = record["id"]
    if name == "wcxb-dev":
        return urlsplit(record.get("url") or "").netloc.removeprefix("www.") or found
    if found.startswith("daniel:"):
        return str(found.split("_")[1].removeprefix("www."))
    return re.split(r"[-_/]", found.split(":", 1)[1])[0].removeprefix("www.")


def read(folder: Path) -> list[Sample]:
    """Read and label every page of every set."""
    samples = []
    for name in SETS:
        for record in records(folder, name):
            page = read_page(record["html"], url=record.get("url"))
            if name == "annotated":
                labelled = from_lines(page, record["lines"])
            else:
                gold = re.sub(r"</?p>", "", record["gold"])
                labelled = align(page, gold, record.get("lang") == "Chinese")
            group = record.get("page_type") or record.get("lang") or "?"
            chain = climb(page)
            made = nest(page, chain)
            rows = features.dense(page, made)
            page.caches["rows"] = (chain, made, rows)
            samples.append(
                Sample(
                    name, record["id"], group, site_of(name, record), page, labelled,
                    record.get("page_type"), chain, made, rows,
                )
            )  # fmt: skip
    return samples


def weights_of(samples: list[Sample]) -> list[Array]:
    """Weigh blocks by their words, pages alike, sets as ``SETS`` says, big sites less."""
    sites = Counter((s.name, s.site) for s in samples)
    out = []
    for s in samples:
        label = s.labelled.label
        size = np.array([min(len(block) + 1, 150) for block in s.labelled.words], dtype=np.float64)
        weight = np.where(np.isfinite(label), size**0.6, 0.0)
        if s.name != "annotated" and not (label > 0.5).any():
            weight[:] = 0
        if weight.sum() > 0:
            weight *= SETS[s.name] * min(1.0, (8 / sites[s.name, s.site]) ** 0.5) / weight.sum()
        out.append(weight)
    mean = np.concatenate(out)
    scale = (mean > 0).sum() / mean.sum()
    return [weight * scale for weight in out]


def sparse_rows(samples: list[Sample]) -> Any:
    """Return the hashed features of all blocks as one sparse matrix."""
    import scipy.sparse as sp

    rows, columns, base = [], [], 0
    for s in samples:
        words, path = features.text_words(s.page), features.tag_words(s.page, s.chain)
        named = features.attribute_rows(s.page, s.chain)
        rows += [words.row + base, path.row + base, named.row + base]
        columns += [words.bucket, path.bucket, named.bucket + features.TEXT_BUCKETS]
        base += len(s.page)
    row, column = (np.concatenate(x).astype(np.int32) for x in (rows, columns))
    width = features.TEXT_BUCKETS + len(features.LEVELS) * features.ATTRIBUTE_BUCKETS
    matrix = sp.csr_matrix((np.full(len(row), 0.5, np.float32), (row, column)), (base, width))
    matrix.sum_duplicates()
    return matrix


def fit_types(samples: list[Sample], vectors: Array, chosen: Array) -> dict[str, Array]:
    """Fit the page type on the WCXB pages among these."""
    from sklearn.linear_model import LogisticRegression

    known = np.array([s.page_type is not None for s in samples]) & chosen
    mean, scale = vectors[known].mean(axis=0), vectors[known].std(axis=0) + 0.05
    model = LogisticRegression(C=0.003, max_iter=80, tol=1e-3)
    target = [PAGE_TYPES.index(s.page_type) for s, k in zip(samples, known, strict=True) if k]
    model.fit((vectors[known] - mean) / scale, target)
    return {
        "type_weight": model.coef_.astype(np.float32),
        "type_bias": model.intercept_.astype(np.float32),
        "type_mean": mean.astype(np.float32),
        "type_scale": scale.astype(np.float32),
    }


def fit_first(sparse: Any, dense: Array, label: Array, weight: Array) -> dict[str, Array]:
    """Fit the first stage: weights of hashed words and of the dense columns."""
    import scipy.sparse as sp
    from sklearn.linear_model import LogisticRegression

    mean, scale = dense.mean(axis=0), dense.std(axis=0) + 1e-6
    shape = ((dense - mean) / scale).clip(-5, 5).astype(np.float32)
    model = LogisticRegression(C=0.15, max_iter=50, tol=1e-3)
    model.fit(sp.hstack([sparse, sp.csr_matrix(shape)], format="csr"), label, sample_weight=weight)
    coefficients = model.coef_[0].astype(np.float32)
    hashed, words = sparse.shape[1], features.TEXT_BUCKETS
    return {
        "text": (coefficients[:words] * 0.5).astype(np.float16).astype(np.float32),
        "attributes": (coefficients[words:hashed] * 0.5).astype(np.float16).astype(np.float32),
        "dense": coefficients[hashed:],
        "dense_mean": mean.astype(np.float32),
        "dense_scale": scale.astype(np.float32),
        "bias": model.intercept_.astype(np.float32),
    }


def first_stages(samples: list[Sample], cache: Path) -> None:
    """Fit the first stage for every set of folds left out.

    A file holds the arrays of the model, and ``score`` (blocks of the folds left out, 3) and
    ``types`` (their pages, 7) as the model gives them; with no fold left out, of no page.
    """
    todo = [left for left in LEFT if not _first_path(cache, left).exists()]
    if todo:
        weight = np.concatenate(weights_of(samples))
        label = _labels(samples)
        fold = np.array([s.fold for s in samples])
        owner = np.repeat(fold, [len(s.page) for s in samples])
        dense = np.concatenate([s.rows for s in samples])
        vectors = np.stack([features.page_vector(s.page, s.rows) for s in samples])
        sparse = sparse_rows(samples)
        for left in todo:
            use = ~np.isin(owner, left) & (weight > 0)
            arrays = fit_types(samples, vectors, ~np.isin(fold, left))
            arrays |= fit_first(sparse[use], dense[use], label[use], weight[use])
            model = PageModel(blank() | arrays, {}, blank_network())
            out = [s for s in samples if s.fold in left]
            found = [np.stack(model.first_stage(s.page, s.chain, s.rows), axis=1) for s in out]
            types = [model._types(s.page, s.rows) for s in out]
            np.savez(
                _first_path(cache, left), score=np.concatenate(found) if out else np.zeros((0, 3)),
                types=np.array(types), allow_pickle=False, **arrays,
            )  # fmt: skip
            print("first stage without", left, flush=True)


def _first_path(cache: Path, left: Left) -> Path:
    return cache / f"first-{''.join(map(str, left))}.npz"


def second_rows(
    samples: list[Sample], cache: Path, fold: int, named: bool = True
) -> list[Array]:
    """Return every page's rows for the second stage that leaves ``fold`` out, or ``WHOLE``.

    Each page's first-stage scores come from a model that saw neither the page nor the fold.
    Unless ``named``, they are what they would be if no class or id word were known.
    """
    kept: dict[Left, tuple[dict[int, Array], dict[int, Array]]] = {}
    rows = []
    for i, s in enumerate(samples):
        left = tuple(sorted({s.fold, fold} - {WHOLE}))
        if left not in kept:
            kept[left] = _by_page(samples, np.load(_first_path(cache, left)), left)
        score, types = (table[i] for table in kept[left])
        whole, text, attributes = score.T.astype(np.float64)
        if not named:
            whole, attributes = whole - attributes, np.zeros_like(attributes)
        rows.append(
            features.second_rows(s.page, s.nest, s.rows, (whole, text, attributes), types)
            if len(s.page)
            else np.zeros((0, len(features.SECOND_NAMES)), np.float32)
        )
    return rows


def _by_page(
    samples: list[Sample], kept: Any, left: Left
) -> tuple[dict[int, Array], dict[int, Array]]:
    """Cut the scores of the folds left out into pages."""
    places = [i for i, s in enumerate(samples) if s.fold in left]
    ends = np.cumsum([len(samples[i].page) for i in places])
    scores = np.split(kept["score"], ends[:-1])
    return dict(zip(places, scores, strict=True)), dict(zip(places, kept["types"], strict=True))


def second_stage(samples: list[Sample], cache: Path, fold: int) -> None:
    """Fit the networks that leave ``fold`` out, or those of ``WHOLE``; score the pages left out."""
    seeds = [seed for seed in range(SEEDS) if not _network_path(cache, fold, seed).exists()]
    if not seeds:
        return
    from training.page_network import Example, fit

    rows = second_rows(samples, cache, fold)
    nameless = second_rows(samples, cache, fold, named=False)
    weight = weights_of(samples)
    around = [surroundings(s.nest) for s in samples]
    examples = [
        Example(
            rows[i], nameless[i], around[i], np.nan_to_num(s.labelled.label) > 0.5, weight[i],
            np.array([len(block) for block in s.labelled.words]), SETS[s.name],
        )
        for i, s in enumerate(samples)
        if s.fold != fold and weight[i].sum() > 0
    ]  # fmt: skip
    for seed in seeds:
        network = fit(examples, seed)
        out = [i for i, s in enumerate(samples) if s.fold == fold and len(s.page)]
        logits = {f"page{i}": network(rows[i], around[i]) for i in out}
        path = _network_path(cache, fold, seed)
        np.savez(path, allow_pickle=False, **network.arrays("network"), **logits)
        print("second stage without", fold, "seed", seed, flush=True)


def _network_path(cache: Path, fold: int, seed: int) -> Path:
    return cache / f"network-{'whole' if fold == WHOLE else fold}-{seed}.npz"


def blank() -> dict[str, Array]:
    """Return arrays for the parts of a model that are not fitted yet."""
    return {name: np.zeros((1, 1), dtype=np.float32) for name in _ARRAYS}


def blank_network() -> PageNetwork:
    """Return a network that is not fitted yet."""
    return PageNetwork(*(np.zeros((1, 1, 1), dtype=np.float32) for _ in fields(PageNetwork)))


def assemble(
    samples: list[Sample], cache: Path, folds: Sequence[int]
) -> tuple[PageModel, list[Array]]:
    """Return the model, fitted on everything, and the scores that each page got in its fold.

    Pages of other folds get no score.
    """
    kept = {
        fold: [np.load(_network_path(cache, fold, seed)) for seed in range(SEEDS)]
        for fold in (*folds, WHOLE)
    }
    logits = [
        np.mean([each[f"page{i}"] for each in kept[s.fold]], axis=0)
        if len(s.page) and s.fold in kept
        else np.zeros(0)
        for i, s in enumerate(samples)
    ]
    slope, shift = calibrate(samples, [_logistic(-logit) for logit in logits])
    first = np.load(_first_path(cache, ()))
    arrays = {name: first[name] for name in _ARRAYS if name != "calibration"}
    arrays["calibration"] = np.array([-slope, shift], dtype=np.float32)
    network = PageNetwork.together([PageNetwork.of(each, "network") for each in kept[WHOLE]])
    scores = [_logistic(shift - slope * logit) for logit in logits]
    return PageModel(arrays, {}, network), scores


def _labels(samples: list[Sample]) -> Array:
    label = np.concatenate([s.labelled.label for s in samples])
    return np.asarray((np.nan_to_num(label) > 0.5).astype(int))


def _logit(chance: Array) -> Array:
    chance = np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(chance / (1 - chance)))


def _logistic(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)), dtype=np.float32)


def calibrate(samples: list[Sample], scores: list[Array]) -> tuple[float, float]:
    """Fit slope and shift of the folds' scores to how often blocks are junk, pages alike."""
    from sklearn.linear_model import LogisticRegression

    gold = [
        (s, junk)
        for s, junk in zip(samples, scores, strict=True)
        if s.name != "annotated" and len(junk)
    ]
    label = np.concatenate([s.labelled.label for s, _ in gold]) <= 0.5
    weight = np.concatenate([np.full(len(junk), 1 / max(len(junk), 1)) for _, junk in gold])
    column = _logit(np.concatenate([junk for _, junk in gold]))[:, None]
    model = LogisticRegression(C=1e6).fit(column, label, sample_weight=weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def measure(samples: list[Sample], scores: list[Array], model: PageModel) -> dict[str, Any]:
    """Return word F1 by page type and language, over the pages that were scored.

    Pages whose gold text is empty count as 0 in all figures but those "with gold".
    """
    groups: dict[str, list[float]] = defaultdict(list)
    for s, junk in zip(samples, scores, strict=True):
        if s.name == "annotated" or len(junk) != len(s.page):
            continue
        kept = model.select(s.page, junk)
        found = [word for i in np.flatnonzero(kept) for word in s.labelled.words[i]]
        f1 = word_f1(found, s.labelled.gold)
        groups[f"{s.name}/{s.group}"].append(f1)
        groups[s.name].append(f1)
        if s.labelled.gold:
            groups[f"{s.name} with gold"].append(f1)
    return {name: round(float(np.mean(f1)), 4) for name, f1 in groups.items()}


def _is_small(name: str) -> bool:
    """Tell whether half precision is enough for an array: for weights, not for scales."""
    head, _, part = name.partition(".")
    return head in ("text", "attributes") or (bool(part) and part not in ("mean", "scale"))


def export(model: PageModel, folder: Path, metrics: dict[str, Any], data: dict[str, str]) -> None:
    """Write weights and manifest; the parity rows are pages of our own."""
    from safetensors.numpy import save

    every = model.arrays | model.network.arrays("network")
    arrays = {
        name: np.ascontiguousarray(array.astype(np.float16 if _is_small(name) else array.dtype))
        for name, array in every.items()
    }
    weights = save(arrays)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(weights)
    manifest = {
        "name": "page",
        "features": features.VERSION,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "columns": list(features.SECOND_NAMES),
        "page_types": list(PAGE_TYPES),
        "threshold": 0.5,
        "networks": len(model.network.out),
        "data": data,
        "metrics": metrics,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models/page"))
    parser.add_argument("--figures", type=Path, default=Path("docs/figures/page.json"))
    parser.add_argument("--scores", type=Path, help="write the folds' scores here (.npz)")
    parser.add_argument("--cache", type=Path, default=Path(".cache/page"))
    parser.add_argument(
        "--folds", default="0,1,2,3,4", help="fit and measure the second stage in these folds alone"
    )
    arguments = parser.parse_args()
    samples = read(arguments.data)
    print("pages", len(samples), flush=True)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    first_stages(samples, arguments.cache)
    folds = [int(name) for name in arguments.folds.split(",")]
    for fold in (*folds, WHOLE):
        second_stage(samples, arguments.cache, fold)
    model, scores = assemble(samples, arguments.cache, folds)
    if arguments.scores:
        ids = {f"{s.name}/{s.id}": score for s, score in zip(samples, scores, strict=True)}
        np.savez(arguments.scores, allow_pickle=False, **ids)
    metrics = {"folds": folds, **measure(samples, scores, model)}
    print(json.dumps(metrics, indent=1))
    data = {
        f"html/{name}": hashlib.sha256(
            (arguments.data / "html" / f"{name}.jsonl.xz").read_bytes()
        ).hexdigest()
        for name in SETS
    }
    export(model, arguments.out, metrics, data)
    report = {"command": COMMAND, "data": data, "figures": metrics}
    arguments.figures.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
