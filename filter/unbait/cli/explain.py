"""``unbait explain``: each paragraph with what it is, how sure that is, and why."""

from __future__ import annotations

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
    color: str,
) -> None:
    """Show each paragraph with its score, its category and the words that decided it.

    Nothing is written but this view. FILE is as for clean.
    """
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
        for line in views.explain(outcome.result, source.name, color=paint):
            click.echo(line, nl=False, color=paint)
    ctx.exit(1 if failed else 0)
