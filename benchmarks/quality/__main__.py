"""python -m benchmarks.quality: unbait beside the peers on the labelled lines, a table and a plot.

Needs `python -m training train` before it: what is said of unbait is what its five folds said of
lines they had not seen; fastText is trained on the same lines and folds. Metadata counts neither
way. Writes docs/figures/quality.json and .svg, and the table in docs/quality.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import joblib
import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.quality import fasttext_folds, peers
from benchmarks.quality.drawing import draw
from training import evaluate
from training.__main__ import FIT
from training.crossfit import Crossfit
from training.export import FIGURES, ROOT, data_hashes
from unbait.model import CONTENT, JUNK, METADATA

SETS = ("news", "pages")
COMMAND = "python -m training train && python -m benchmarks.quality"
PAGE = ROOT / "docs" / "quality.md"
BEGIN, END = "<!-- peers: written by python -m benchmarks.quality -->", "<!-- end of peers -->"
_POINTS = 60  # of the curve

Mask = NDArray[np.bool_]


@click.command()
@click.option("--fit", "path", type=click.Path(exists=True, path_type=Path), default=FIT)
def main(path: Path) -> None:
    """Measure all tools that are installed on the lines of a fit."""
    fit: Crossfit = joblib.load(path)
    source = np.array([record.source for record in fit.records])[fit.data.record]
    known = fit.data.label != METADATA
    cuts, missing = _cuts(fit, np.isin(source, SETS))
    figures = {}
    for name in SETS:
        rows = known & (source == name)
        junk = np.isin(fit.data.label, JUNK)[rows]
        tools = {tool: point(cut[rows], junk) for tool, cut in cuts.items()}
        figures[name] = {"lines": int(rows.sum()), "junk": int(junk.sum()), "tools": tools,
                         "curve": curve(_certain(fit)[rows], junk)}  # fmt: skip
    packages = [*(package for package, _ in peers.PEERS.values()), "fasttext"]
    report = {
        "command": COMMAND,
        "data": {one: sha for one, sha in data_hashes().items() if one.startswith("lines/")},
        "versions": {package: peers.installed(package) for package in packages},
        "missing": missing,
        "figures": figures,
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    (FIGURES / "quality.json").write_bytes(orjson.dumps(report, option=options))
    draw(figures, FIGURES / "quality.svg")
    write_table(PAGE, table(report))
    click.echo(table(report))


def _cuts(fit: Crossfit, wanted: Mask) -> tuple[dict[str, Mask], list[str]]:
    """Return what each tool cuts of all lines, and the tools that are not installed."""
    cuts: dict[str, Mask] = {"unbait": evaluate.decided(fit)}
    missing = []
    first = fit.data.first
    chosen = [number for number in range(len(fit.records)) if wanted[first[number]]]
    documents = [fit.records[number].texts for number in chosen]
    for tool, (package, run) in peers.PEERS.items():
        if peers.installed(package) is None:
            missing.append(package)
            continue
        click.echo(f"{tool} ...", err=True)
        cuts[tool] = np.zeros(len(wanted), dtype=bool)
        cuts[tool][np.concatenate([np.arange(first[n], first[n + 1]) for n in chosen])] = run(
            documents
        )
    if peers.installed("fasttext") is None:
        missing.append("fasttext")
    else:
        texts = [text for record in fit.records for text in record.texts]
        junk, known = np.isin(fit.data.label, JUNK), fit.data.label != METADATA
        cuts["fastText, same lines"] = fasttext_folds.chances(texts, junk, known, fit.fold) >= 0.5
    return cuts, missing


def _certain(fit: Crossfit) -> NDArray[np.float64]:
    """Return how sure unbait is that a line goes; what it takes for metadata never goes."""
    junk = fit.chances[:, JUNK].sum(axis=1)
    metadata = fit.chances[:, METADATA] > np.maximum(junk, fit.chances[:, CONTENT])
    by_rule = fit.data.told[:, JUNK].max(axis=1) >= evaluate.THRESHOLD
    return np.where(metadata & ~by_rule, 0.0, evaluate.probabilities(fit))


def point(cut: Mask, junk: Mask) -> dict[str, float]:
    """Return junk found, content lost and junk F1 of one cut."""
    right = int((cut & junk).sum())
    return {
        "junk_found": right / max(int(junk.sum()), 1),
        "content_lost": int((cut & ~junk).sum()) / max(int((~junk).sum()), 1),
        "junk_f1": 2 * right / max(int(cut.sum() + junk.sum()), 1),
    }


def curve(certain: NDArray[np.float64], junk: Mask) -> list[list[float]]:
    """Return (threshold, content lost, junk found) for thresholds from sure to unsure."""
    edges = np.unique(np.quantile(certain[~junk], 1 - np.geomspace(2e-4, 0.3, _POINTS)))[::-1]
    points = [(edge, point(certain >= edge, junk)) for edge in edges.tolist() if edge > 0]
    return [[edge, one["content_lost"], one["junk_found"]] for edge, one in points]


def table(report: dict[str, Any]) -> str:
    """Return the figures as a table."""
    figures = report["figures"]
    head = " | ".join(f"{name}: junk found | content lost | junk F1" for name in SETS)
    rows = [f"| tool | {head} |", "|---|" + "---|" * 3 * len(SETS)]
    for tool in figures[SETS[0]]["tools"]:
        cells = [
            f"{one['junk_found']:.3f} | {one['content_lost']:.3f} | {one['junk_f1']:.3f}"
            for one in (figures[name]["tools"][tool] for name in SETS)
        ]
        rows.append(f"| {tool} | {' | '.join(cells)} |")
    named = (f"{package} {one}" for package, one in report["versions"].items() if one)
    return "\n".join([*rows, "", f"Versions: {', '.join(named)}."])


def write_table(page: Path, text: str) -> None:
    """Put the table between its marks in a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{page}: the marks {BEGIN} and {END} are missing")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
