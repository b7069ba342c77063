"""Train, measure and write the page model: ``python -m training.page DATA [--out models/page]``.

DATA is the folder that holds html/wcxb-dev, html/daniel and html/annotated (.jsonl.xz). Every
number is measured by site, in five folds: no page of a site is scored by a model that saw it.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import lzma
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from training.page_labels import Labelled, align, from_lines, word_f1
from unbait.html import features
from unbait.html.blocks import Page, read_page
from unbait.html.model import _ARRAYS, PAGE_TYPES, PageModel

SETS: Final = {"wcxb-dev": 1.0, "daniel": 0.5, "annotated": 0.4}
FOLDS: Final = 5
TREES: Final = 220
DEPTH: Final = 6
RATE: Final = 0.1
Array = NDArray[Any]


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
    chain: list[Array] = field(default_factory=list)
    rows: Array = field(default_factory=lambda: np.zeros((0, 0), np.float32))

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
            sample = Sample(
                name, record["id"], group, site_of(name, record), page, labelled,
                record.get("page_type"),
            )  # fmt: skip
            sample.chain = features.climb(page)
            sample.rows = features.dense(page, sample.chain)
            page.caches["dense"] = sample.rows
            samples.append(sample)
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


def second_rows(samples: list[Sample], models: list[PageModel]) -> Array:
    """Return the second stage's rows; page ``i`` is scored by ``models[fold of i]``."""
    out = []
    for s in samples:
        if not len(s.page):
            continue
        model = models[s.fold % len(models)]
        score, *parts = model.first_stage(s.page, s.chain, s.rows)
        types = model._types(s.page, s.rows)
        around = features.context(s.page, s.chain, score, (parts[0], parts[1]), types)
        out.append(np.concatenate((s.rows, around), axis=1))
    return np.concatenate(out)


def fit_second(rows: Array, label: Array, weight: Array) -> dict[str, Array]:
    """Grow the trees of the second stage."""
    from catboost import CatBoostClassifier

    # Light rows are thinned, and the rest made heavier for them: half the time, the same trees.
    chance = np.minimum(1.0, weight * 2)
    kept = np.random.default_rng(0).random(len(label)) < chance
    model = CatBoostClassifier(
        iterations=TREES, depth=DEPTH, learning_rate=RATE, border_count=32, thread_count=1,
        verbose=False, boosting_type="Plain", bootstrap_type="No", score_function="L2",
        leaf_estimation_iterations=1, random_seed=0, allow_writing_files=False,
    )  # fmt: skip
    model.fit(rows[kept], label[kept], sample_weight=(weight / np.maximum(chance, 1e-9))[kept])
    return _export_trees(model)


def _export_trees(model: Any) -> dict[str, Array]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trees.json"
        model.save_model(str(path), format="json")
        said = json.loads(path.read_text())
    trees = said["oblivious_trees"]
    column = np.zeros((len(trees), DEPTH), dtype=np.int32)
    value = np.full((len(trees), DEPTH), np.inf, dtype=np.float32)
    leaf = np.zeros((len(trees), 1 << DEPTH), dtype=np.float32)
    scale, bias = said["scale_and_bias"]
    for t, tree in enumerate(trees):
        for d, split in enumerate(tree["splits"]):
            column[t, d], value[t, d] = split["float_feature_index"], split["border"]
        leaf[t, : len(tree["leaf_values"])] = tree["leaf_values"]
    leaf *= scale
    leaf[0] += bias[0] if isinstance(bias, list) else bias
    # The model's score is the chance of junk: the trees were grown for content.
    return {
        "split_column": column, "split_value": value, "leaf": leaf,
        "calibration": np.array([-1.0, 0.0], dtype=np.float32),
    }  # fmt: skip


def blank() -> dict[str, Array]:
    """Return arrays for the parts of a model that are not fitted yet."""
    return {name: np.zeros((1, 1), dtype=np.float32) for name in _ARRAYS}


def train(samples: list[Sample]) -> tuple[PageModel, list[Array]]:
    """Return the model fitted on everything, and the scores each page got in its fold."""
    weight = np.concatenate(weights_of(samples))
    label = (np.nan_to_num(np.concatenate([s.labelled.label for s in samples])) > 0.5).astype(int)
    owner = np.concatenate([np.full(len(s.page), s.fold) for s in samples])
    dense = np.concatenate([s.rows for s in samples if len(s.page)])
    vectors = np.stack([features.page_vector(s.page, s.rows) for s in samples])
    folds = np.array([s.fold for s in samples])
    sparse = sparse_rows(samples)
    print("blocks", sparse.shape, "entries", sparse.nnz, flush=True)
    models = []
    for k in [*range(FOLDS), -1]:
        arrays = blank() | fit_types(samples, vectors, folds != k)
        use = (owner != k) & (weight > 0)
        arrays |= fit_first(sparse[use], dense[use], label[use], weight[use])
        models.append(PageModel(arrays, {}))
        print("first stage", k, flush=True)
        gc.collect()
    del sparse
    rows = second_rows(samples, models[:FOLDS])
    for k, model in zip([*range(FOLDS), -1], models, strict=True):
        use = (owner != k) & (weight > 0)
        model.arrays.update(fit_second(rows[use], label[use], weight[use]))
        print("second stage", k, flush=True)
    scores = [models[s.fold].score([s.page])[0] for s in samples]
    slope, shift = calibrate(samples, scores)
    models[FOLDS].arrays["calibration"] = np.array([-slope, shift], dtype=np.float32)
    return models[FOLDS], [_logistic(slope * _logit(junk) + shift) for junk in scores]


def _logit(chance: Array) -> Array:
    chance = np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(chance / (1 - chance)))


def _logistic(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)), dtype=np.float32)


def calibrate(samples: list[Sample], scores: list[Array]) -> tuple[float, float]:
    """Fit slope and shift of the folds' scores to how often blocks are junk, pages alike."""
    from sklearn.linear_model import LogisticRegression

    gold = [(s, junk) for s, junk in zip(samples, scores, strict=True) if s.name != "annotated"]
    label = np.concatenate([s.labelled.label for s, _ in gold]) <= 0.5
    weight = np.concatenate([np.full(len(junk), 1 / max(len(junk), 1)) for _, junk in gold])
    column = _logit(np.concatenate([junk for _, junk in gold]))[:, None]
    model = LogisticRegression(C=1e6).fit(column, label, sample_weight=weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def measure(samples: list[Sample], scores: list[Array], model: PageModel) -> dict[str, Any]:
    """Return word F1 by page type and language, and what the page type gets right."""
    groups: dict[str, list[float]] = defaultdict(list)
    for s, junk in zip(samples, scores, strict=True):
        if s.name == "annotated":
            continue
        kept = model.select(s.page, junk)
        found = [word for i in np.flatnonzero(kept) for word in s.labelled.words[i]]
        groups[f"{s.name}/{s.group}"].append(word_f1(found, s.labelled.gold))
    out: dict[str, Any] = {name: round(float(np.mean(f1)), 4) for name, f1 in groups.items()}
    for name in ("wcxb-dev", "daniel"):
        every = [f for group, f1 in groups.items() if group.startswith(name) for f in f1]
        out[name] = round(float(np.mean(every)), 4)
    return out


def export(model: PageModel, folder: Path, metrics: dict[str, Any], data: dict[str, str]) -> None:
    """Write weights and manifest; the parity rows are pages of our own."""
    from safetensors.numpy import save

    halves = ("text", "attributes")
    arrays = {
        name: np.ascontiguousarray(array.astype(np.float16) if name in halves else array)
        for name, array in model.arrays.items()
    }
    weights = save(arrays)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(weights)
    manifest = {
        "name": "page",
        "features": features.VERSION,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "dense": list(features.DENSE_NAMES),
        "context": list(features.CONTEXT_NAMES),
        "page_types": list(PAGE_TYPES),
        "threshold": 0.5,
        "trees": TREES,
        "data": data,
        "metrics": metrics,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models/page"))
    parser.add_argument("--scores", type=Path, help="write the folds' scores here (.npz)")
    arguments = parser.parse_args()
    samples = read(arguments.data)
    print("pages", len(samples), flush=True)
    model, scores = train(samples)
    if arguments.scores:
        ids = {f"{s.name}/{s.id}": score for s, score in zip(samples, scores, strict=True)}
        np.savez(arguments.scores, allow_pickle=False, **ids)
    metrics = measure(samples, scores, model)
    print(json.dumps(metrics, indent=1))
    data = {
        name: hashlib.sha256(
            (arguments.data / "html" / f"{name}.jsonl.xz").read_bytes()
        ).hexdigest()
        for name in SETS
    }
    export(model, arguments.out, metrics, data)


if __name__ == "__main__":
    main()
