"""``unbait explain``: each paragraph with what it is, how sure that is, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unbait.cli.options import (
    color_option,
    files_argument,
    takes_cleaner,
    takes_reading,
    use_color,
)

if TYPE_CHECKING:
    from unbait.cli.options import CleanerOptions


@click.command("explain")
@files_argument
@takes_cleaner
@takes_reading
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the view of one FILE as a page: blocks coloured by decision, reasons on hover.",
)
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    files: tuple[str, ...],
    build_cleaner: CleanerOptions,
    kind: Any,
    url: str | None,
    lang: str | None,
    page: Path | None,
    color: str,
) -> None:
    """Show each paragraph with its score, its category and the words that decided it.

    Nothing is written but this view. FILE is as for clean.
    """
    if page is not None and len(files) > 1:
        raise click.UsageError("--html takes one FILE.")
    from unbait.cli import views, work
    from unbait.cli.writing import notes_of, say, say_failure
    from unbait.io.sources import Reject, expand

    paint, failed = use_color(color), False
    task = work.Task(kind, url, lang)
    for outcome in work.outcomes(build_cleaner(), expand(files), task):
        if isinstance(outcome, Reject):
            failed = True
            say_failure(outcome)
            continue
        source = outcome.loaded.source
        for note in notes_of(outcome):
            say(source, note)
        if page is not None:
            views.write_report(outcome.result, source.name, page)
            continue
        for line in views.explain(outcome.result, source.name, color=paint):
            click.echo(line, nl=False, color=paint)
    ctx.exit(1 if failed else 0)
