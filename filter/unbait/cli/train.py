"""``unbait train``: the model, refitted on labels of one's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("train")
@click.option(
    "--labels",
    required=True,
    type=click.Path(path_type=Path),
    help="Labelled documents, one a line (docs/labels.md).",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The model directory to write.",
)
def command(labels: Path, output: Path) -> None:
    """Refit the packaged model on your labels; write it where it is better for sure.

    It starts from the packaged model and tests itself on documents it has not seen. Labels that
    are too few (200 lines of 10 documents), of one kind, swapped, contradictory, or that teach
    nothing are refused with the reason. Use the model with clean --model DIRECTORY; without it
    the packaged one is used as before. A model that stood in DIRECTORY is kept: unbait models
    undo DIRECTORY puts it back.
    """
    from unbait import __version__
    from unbait.labels import load
    from unbait.refit import refit
    from unbait.refit.directory import save

    sample = load(labels)
    made = refit(sample, __version__)
    save(made, output)
    before, after = made.before, made.after
    click.echo(
        f"{output}: trained on {sample.count():,} lines of {len(sample.documents):,} documents. "
        f"On those it had not seen: junk F1 {after.junk_f1:.3f} (packaged {before.junk_f1:.3f}), "
        f"ranking {after.ranking:.3f} ({before.ranking:.3f})."
    )
