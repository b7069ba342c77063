"""``unbait calibrate``: the threshold that loses at most so much, with its proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from unbait.cli.options import takes_cleaner_to_tune

if TYPE_CHECKING:
    from unbait.cli.options import CleanerOptions


def _share(_ctx: click.Context, _option: click.Parameter, value: str) -> float:
    """Read "0.5%" or "0.005"."""
    try:
        share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError as error:
        raise click.BadParameter(f"write a share such as 0.5% or 0.005, not {value!r}") from error
    if not 0 < share < 1:
        raise click.BadParameter(f"lies between 0 and 100 %, not {value!r}")
    return share


@click.command("calibrate")
@click.option(
    "--labels",
    required=True,
    type=click.Path(path_type=Path),
    help="Labelled documents, chosen by chance, one a line (docs/labels.md).",
)
@click.option(
    "--max-loss",
    required=True,
    metavar="SHARE",
    callback=_share,
    help="How much of a document's content may be lost, such as 0.5%.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("policy.toml"),
    show_default=True,
    help="The policy file to write.",
)
@takes_cleaner_to_tune
def command(
    *, labels: Path, max_loss: float, output: Path, build_cleaner: CleanerOptions
) -> None:
    """Find the threshold that cuts most and still keeps a promise; write it with its proof.

    The promise: of a document like those of the sample at most SHARE of the content's characters
    is cut, in the mean over documents and samples. It holds for any sample size, model and text,
    as long as the sample was chosen by chance from what will be cleaned. Use the file with
    clean --policy FILE and the same --rules, --keep, --disable and --model.
    """
    from unbait.calibrate import as_table, calibrate
    from unbait.io.atomic import write_atomic
    from unbait.labels import load
    from unbait.policyfile import dumps

    policy, proof = calibrate(build_cleaner(), load(labels), max_loss)
    write_atomic(output, dumps(policy, as_table(proof)).encode())
    click.echo(
        f"{output}: threshold {policy.threshold}. At most {proof.bound:.2%} of a document's "
        f"content is lost (promised {max_loss:.2%}); in the sample of {proof.documents} documents "
        f"it was {proof.risk:.2%}, and {proof.junk_found:.0%} of the junk was found."
    )
