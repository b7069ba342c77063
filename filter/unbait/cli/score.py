"""``unbait score``: the probability of junk of each paragraph, for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from unbait.cli.options import files_argument, jobs_option, takes_cleaner, takes_reading

if TYPE_CHECKING:
    from unbait.cli.options import CleanerOptions
    from unbait.cli.work import Done, Loaded
    from unbait.io.sources import Reject

_HEADLINE_FIELDS = ("id", "line", "score", "text")
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
@click.option("--headlines", is_flag=True, help="Each line is a headline: how likely is it bait?")
@takes_cleaner
@takes_reading
@jobs_option
@click.pass_context
def command(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    *,
    files: tuple[str, ...],
    form: str,
    headlines: bool,
    build_cleaner: CleanerOptions,
    kind: Any,
    url: str | None,
    lang: str | None,
    jobs: int,
) -> None:
    """Write the probability of junk of each paragraph, and nothing else.

    A row for each paragraph: id (the input's name), start and end (characters), score (0..1),
    category, action and text. FILE is as for clean. With --headlines a row for each line that is
    not blank: id, line (from 1), score and text.
    """
    from unbait.cli import work
    from unbait.cli.writing import say_failure
    from unbait.io.audit import audit_line
    from unbait.io.sources import Reject, expand

    write, failed = sys.stdout.buffer.write, False
    fields = _HEADLINE_FIELDS if headlines else _FIELDS
    if form == "tsv":
        write("\t".join(fields).encode() + b"\n")
    task = work.Task(kind, url, lang, jobs)
    outcomes: Iterable[Done | Loaded | Reject] = (
        (work.load(source, "text") for source in expand(files))
        if headlines
        else work.outcomes(build_cleaner(), expand(files), task)
    )
    for outcome in outcomes:
        if isinstance(outcome, Reject):
            failed = True
            say_failure(outcome)
            continue
        rows = _rows(outcome) if isinstance(outcome, work.Done) else _headline_rows(outcome)
        for row in rows:
            if form == "jsonl":
                write(audit_line(dict(zip(fields, row, strict=True))))
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


def _headline_rows(loaded: Loaded) -> Iterator[tuple[object, ...]]:
    """Give a row for each line that is not blank."""
    from unbait import headline

    text = loaded.decoded.text if loaded.decoded else ""
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    scores = headline.packaged().score([line for _, line in lines]).tolist()
    for (number, line), score in zip(lines, scores, strict=True):
        yield loaded.source.name, number, score, line


def _field(value: object) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(value).translate(_ESCAPES)
