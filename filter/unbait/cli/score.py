"""``unbait score``: the probability of junk of each paragraph, for other programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from unbait.cli.options import files_argument, jobs_option, takes_cleaner, takes_reading

if TYPE_CHECKING:
    from unbait import Cleaner
    from unbait.cli.work import Done

_FIELDS = ("id", "start", "end", "score", "category", "action", "text")
# A row is a line and a field holds no tab; the backslash makes it readable back.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@click.command("score")
@files_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["tsv", "jsonl"]),
    default="tsv",
    show_default=True,
    help="TSV has a header; tab, line break and backslash are written \\t, \\n, \\r and \\\\.",
)
@takes_cleaner
@takes_reading
@jobs_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    files: tuple[str, ...],
    form: str,
    build_cleaner: Callable[[], Cleaner],
    kind: Any,
    url: str | None,
    lang: str | None,
    jobs: int,
) -> None:
    """Write the probability of junk of each paragraph, and nothing else.

    A row for each paragraph: id (the input's name), start and end (characters), score (0..1),
    category, action and text. FILE is as for clean.
    """
    from unbait.cli import work
    from unbait.cli.writing import say_failure
    from unbait.io.audit import audit_line
    from unbait.io.sources import Reject, expand

    write, failed = sys.stdout.buffer.write, False
    if form == "tsv":
        write("\t".join(_FIELDS).encode() + b"\n")
    task = work.Task(kind, url, lang, jobs)
    for outcome in work.outcomes(build_cleaner(), expand(files), task):
        if isinstance(outcome, Reject):
            failed = True
            say_failure(outcome)
            continue
        for row in _rows(outcome):
            if form == "jsonl":
                write(audit_line(dict(zip(_FIELDS, row, strict=True))))
            else:
                line = "\t".join(_field(value) for value in row) + "\n"
                write(line.encode("utf-8", "surrogatepass"))
    sys.stdout.flush()
    ctx.exit(1 if failed else 0)


def _rows(done: Done) -> Iterator[tuple[object, ...]]:
    """Give a row for each decision that holds more than separators."""
    text = done.result.document.text
    for d in done.result.decisions:
        piece = text[d.start : d.end]
        body = piece.strip()
        if body:
            start = d.start + piece.index(body)
            score = float(d.score)
            yield (
                done.loaded.source.name,
                start,
                start + len(body),
                score,
                d.category,
                d.action,
                body,
            )


def _field(value: object) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(value).translate(_ESCAPES)
