"""python -m training.headline_export: measure crossed, fit on everything, write the model.

Figures go to docs/figures/headline.json and .svg; the model to models/headline.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from training import headline as fit
from training import headline_vectors
from unbait import features, modelfile
from unbait.headline import COLUMNS, LANGUAGES, HeadlineModel

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "figures"
MODEL = ROOT / "models" / "headline"
INVENTED = Path(__file__).parent / "parity" / "headline.txt"
_BINS = 10


def crossed(data: fit.Titles, book: fit.Book) -> dict[str, NDArray[np.float64]]:
    """Return logits of unseen titles by name of the test, NaN where it does not look.

    English has two sources, each judged by the other; a language's only source is judged by its
    own other folds, and once by the column for all languages without any title of its own.
    """
    made = {}
    for source in np.unique(data.source):
        here = data.source == source
        lang = str(data.lang[here][0])
        same = data.lang == lang
        logits = np.full(len(here), np.nan)
        if (same & ~here).any():
            logits[here] = fit.apply(data, fit.fit_column(data, book, same & ~here, lang))[here]
            made[f"{lang} {source} by its language's other source"] = logits
        within = np.full(len(here), np.nan)
        for fold in range(fit.FOLDS):
            out = here & (data.fold == fold)
            column = fit.fit_column(data, book, same & ~out, lang)
            within[out] = fit.apply(data, column)[out]
        made[f"{lang} {source} by folds"] = within
        none = np.full(len(here), np.nan)
        column = fit.fit_column(data, book, ~same, "any", (lang,))
        none[here] = fit.apply(data, column)[here]
        made[f"{lang} {source} by other languages alone"] = none
    return made


def figures(data: fit.Titles, made: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    """Return AUC, F1 at even odds, the best F1 and a reliability table of each test.

    F1 is of the logits as they come, nothing about them fitted on the tested titles; the best F1
    chooses its cut on them and is no result, but says how much a better cut could give.
    """
    rows = {}
    for name, logits in made.items():
        known = ~np.isnan(logits)
        truth, z = data.label[known], logits[known]
        chance = _chances(data, known, logits)[known]
        cuts = np.quantile(z, np.linspace(0.02, 0.98, 49))
        rows[name] = {
            "titles": int(known.sum()), "bait": round(float(truth.mean()), 3),
            "auc": round(float(roc_auc_score(truth, z)), 4),
            "f1": round(float(f1_score(truth, z >= 0)), 3),
            "best_f1": round(max(float(f1_score(truth, z >= cut)) for cut in cuts), 3),
            "reliability": reliability(chance, truth, fit.weights(data, known)[known]),
        }  # fmt: skip
    return rows


def _chances(
    data: fit.Titles, known: fit.Mask, logits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return probabilities, each half of the titles calibrated by the other half."""
    chance = np.full(len(logits), np.nan)
    for odd in (0, 1):
        half = known & (np.arange(len(known)) % 2 == odd)
        slope, offset = fit.calibrate(data, known & ~half, np.nan_to_num(logits))
        chance[half] = 1 / (1 + np.exp(-(slope * logits[half] + offset)))
    return chance


def reliability(
    chance: NDArray[np.float64], truth: NDArray[np.int64], weight: NDArray[np.float64]
) -> list[list[float]]:
    """Return [mean said, share found] of each tenth of the scale, bait weighed to be half."""
    place = np.minimum((chance * _BINS).astype(int), _BINS - 1)
    found = []
    for number in range(_BINS):
        here = place == number
        if here.any():
            w = weight[here]
            found.append([round(float(np.average(x[here], weights=w)), 3) for x in (chance, truth)])
    return found


def fitted(
    data: fit.Titles, book: fit.Book, made: dict[str, NDArray[np.float64]]
) -> dict[str, NDArray[Any]]:
    """Fit every column on all its titles, calibrated by the crossed logits."""
    bait, bias = np.zeros((fit.BUCKETS, COLUMNS)), np.zeros(COLUMNS)
    for number, lang in enumerate(LANGUAGES):
        mask = np.ones(len(data.label), bool) if lang == "any" else data.lang == lang
        table, offset = fit.fit_column(data, book, mask, lang)
        unseen = _unseen(made, lang)
        slope, shift = fit.calibrate(data, ~np.isnan(unseen), np.nan_to_num(unseen))
        bait[:, number], bias[number] = table * slope, offset * slope + shift
    tongue, tongue_bias = fit.fit_tongue(data, book)
    result: dict[str, NDArray[Any]] = {}
    for name, table, offsets in (("bait", bait, bias), ("tongue", tongue, tongue_bias)):
        scale = np.maximum(np.abs(table).max(axis=0), 1e-9) / 127
        result[f"{name}.table"] = np.rint(table / scale).astype(np.int8)
        result[f"{name}.scale"] = scale.astype(np.float32)
        result[f"{name}.bias"] = offsets.astype(np.float32)
    return result


def _unseen(made: dict[str, NDArray[np.float64]], lang: str) -> NDArray[np.float64]:
    """Gather a language's folds; for "any" what other languages say of each."""
    kind = "by other languages alone" if lang == "any" else "by folds"
    chosen = [z for name, z in made.items()
              if name.endswith(kind) and (lang == "any" or name.startswith(lang))]  # fmt: skip
    return np.asarray(np.nanmean(np.stack(chosen), axis=0))


def export() -> None:
    """Measure, fit, write."""
    import warnings

    warnings.filterwarnings("ignore", "Mean of empty slice")
    book = fit.Book(headline_vectors.load())
    data = fit.titles(book)
    made = crossed(data, book)
    rows = figures(data, made)
    FIGURES.mkdir(parents=True, exist_ok=True)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    (FIGURES / "headline.json").write_bytes(orjson.dumps(rows, option=options))
    modelfile.save(MODEL, fitted(data, book, made), {
        "name": "headline", "feature_version": features.FEATURE_VERSION, "version": "1.0.0",
        "languages": list(LANGUAGES), "hash_bits": features.HASH_BITS, "prior": 0.5,
        "titles": len(data.texts), "sources": sorted(set(data.source.tolist())),
        "metrics": {n: {k: r[k] for k in ("auc", "f1", "best_f1")} for n, r in rows.items()},
    })  # fmt: skip
    write_parity()
    plot(rows)


def write_parity() -> None:
    """Write what the model says of invented headlines."""
    titles = INVENTED.read_text(encoding="utf-8").splitlines()
    scores = HeadlineModel.load(MODEL).score(titles)
    lines = [
        orjson.dumps({"title": t, "score": s}, option=orjson.OPT_APPEND_NEWLINE)
        for t, s in zip(titles, scores.tolist(), strict=True)
    ]
    (MODEL / "parity.jsonl").write_bytes(b"".join(lines))


def plot(rows: dict[str, Any]) -> None:
    """Draw the reliability of each test."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unbait"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 6))
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, row in rows.items():
        if not name.endswith("alone"):
            axes.plot(*zip(*row["reliability"], strict=True), marker=".", label=name)
    axes.set(xlabel="said", ylabel="found (bait weighed to one half)")
    axes.legend(fontsize=6)
    figure.savefig(FIGURES / "headline.svg", metadata={"Date": None})


if __name__ == "__main__":
    export()
