"""python -m training fetch|prepare|train|evaluate|export|errors|turku|gate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import joblib

CACHE = Path(__file__).resolve().parents[1] / ".cache"
FIT = CACHE / "paragraph.joblib"


@click.group()
def main() -> None:
    """Build the data, fit the models, measure them, write them out, hold the floors."""


@main.command()
def fetch() -> None:
    """Clone the public sources of the labelled sets at pinned commits."""
    from training import sources

    sources.fetch(CACHE / "sources", click.echo)


@main.command()
def prepare() -> None:
    """Join labels and texts and say what there is."""
    from training.crossfit import gather

    count: dict[str, list[int]] = {}
    for record in gather():
        one = count.setdefault(record.source, [0, 0])
        one[0] += 1
        one[1] += len(record.texts)
    for source, (documents, lines) in count.items():
        click.echo(f"{source:12} {documents:6} documents {lines:8} lines")


@main.command()
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def train(jobs: int) -> None:
    """Fit the paragraph model, five folds and all, and keep the fit for the other commands."""
    from training import crossfit
    from training.paragraph import Settings

    FIT.parent.mkdir(exist_ok=True)
    fit = crossfit.crossfit(crossfit.gather(), Settings(), jobs)
    joblib.dump(fit, FIT)


@main.command()
def evaluate() -> None:
    """Print the figures of the last fit."""
    import orjson

    from training import evaluate as measure

    click.echo(orjson.dumps(measure.figures(joblib.load(FIT)), option=orjson.OPT_INDENT_2))


@main.command()
def export() -> None:
    """Write models/paragraph and the figures of the last fit."""
    from training import export as writer

    writer.export(joblib.load(FIT))


@main.command()
@click.option("--most", default=40, show_default=True, help="Errors of each kind.")
@click.option("--fit", "path", type=click.Path(path_type=Path), default=FIT)
def errors(most: int, path: Path) -> None:
    """Print the worst false cuts and misses of the last fit, to be read by a person."""
    from training import errors as found

    for kind, every in zip(("CUT", "MISSED"), found.worst(joblib.load(path), most), strict=True):
        for one in every:
            click.echo(f"{kind} {one.source} {one.page} {one.hash}")
            click.echo(f"  {one.label}, said {one.said}, {one.score:.3f}")
            for mark, text in (("   ", one.before), (">>>", one.text), ("   ", one.after)):
                click.echo(f"  {mark} {text[:300]}")


@main.command()
def sentences() -> None:
    """Fit the judge of sentences of the last fit again and write it into models/paragraph."""
    from training import export as writer

    writer.export_sentences(joblib.load(FIT))


@main.command()
def turku() -> None:
    """Learn lines/turku as `unbait train` does, and write docs/figures/turku.json."""
    from training import turku as other

    write_figures("turku", other.report())


@main.command()
def gate() -> None:
    """Hold the committed figures against the floors; exit 1 when one has fallen."""
    from training import gate as floors

    problems = floors.check()
    click.echo("\n".join(problems) or "every figure holds its floor")
    sys.exit(bool(problems))


def write_figures(name: str, report: dict[str, Any]) -> None:
    """Write a report to docs/figures, and its figures to the terminal."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    path = CACHE.parent / "docs" / "figures" / f"{name}.json"
    path.write_bytes(orjson.dumps(report, option=options))
    click.echo(orjson.dumps(report["figures"], option=options), nl=False)


if __name__ == "__main__":
    main()
