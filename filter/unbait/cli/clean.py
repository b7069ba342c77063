"""``unbait clean``: the article without what was put into it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from unbait.cli.options import (
    color_option,
    files_argument,
    jobs_option,
    takes_cleaner,
    takes_reading,
    use_color,
)
from unbait.cli.run import Places, RunOptions, takes_run
from unbait.cli.run import run as run_many

if TYPE_CHECKING:
    from unbait.cli.options import CleanerOptions
    from unbait.html import Format


def _verdicts(_ctx: click.Context, _option: click.Parameter, value: str) -> frozenset[str]:
    """Read the names of verdicts, and refuse others."""
    from unbait.types import VerdictName

    names = frozenset(filter(None, value.replace(" ", "").split(",")))
    wrong = names - set(get_args(VerdictName))
    if wrong:
        raise click.BadParameter(f"no such verdict: {', '.join(sorted(wrong))}")
    return names


@click.command("clean")
@files_argument
@click.option(
    "-i",
    "--in-place",
    is_flag=True,
    help="Write each file back; what it was stays beside it as FILE.bak (then .bak.1, ...).",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(file_okay=False),
    help="Write each clean text or file under this folder (or s3://, gs://, ...).",
)
@click.option(
    "--audit",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what was cut and why as JSON lines; the input can be made again from it.",
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what could not be cleaned, and why, as JSON lines.",
)
@click.option(
    "--drop-verdict",
    metavar="NAMES",
    default="",
    callback=_verdicts,
    help="Leave out documents that are spam, not_article or clickbait (several: with commas).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html"]),
    default="text",
    show_default=True,
    help="How the article of a page is written; texts stay texts.",
)
@click.option("--diff", is_flag=True, help="Show a unified diff instead of the clean text.")
@click.option("--marked", is_flag=True, help="Show the text with its cuts struck through instead.")
@takes_cleaner
@takes_reading
@takes_run
@jobs_option
@color_option
@click.option("-q", "--quiet", is_flag=True, help="Say errors only: no notes, no progress.")
@click.pass_context
def command(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    *,
    files: tuple[str, ...],
    in_place: bool,
    output_dir: str | None,
    audit: Path | None,
    rejects: Path | None,
    drop_verdict: frozenset[str],
    form: Format,
    diff: bool,
    marked: bool,
    run_options: RunOptions,
    build_cleaner: CleanerOptions,
    kind: Any,
    url: str | None,
    lang: str | None,
    jobs: int,
    color: str,
    quiet: bool,
) -> None:
    """Cut junk from texts and write what stays to standard output.

    FILE is a text, a page (HTML), a folder, a glob, or - for standard input. Folders give
    their text and HTML files, in order of name. FILE may also hold many documents: JSON lines,
    CSV, Parquet, WARC or WET, plain or compressed, here or at an address (s3://...).

    \b
      unbait clean article.txt > clean.txt
      unbait clean --in-place --audit audit.jsonl scraped/
      curl -s https://example.com/story | unbait clean -
      unbait clean -o clean/ --jobs 8 --report report.json crawl/*.warc.gz
    """
    _refuse_mixtures(files, in_place, output_dir is not None, diff, marked)
    if form != "text" and (audit or diff or marked or run_options.wanted(files)):
        raise click.UsageError(
            "--format is for pages alone: no --audit, --diff, --marked, no files of many documents."
        )
    if run_options.wanted(files):
        if in_place or diff or marked or "-" in files:
            raise click.UsageError(
                "files of many documents take no --in-place, --diff, --marked and no -."
            )
        code = run_many(
            run_options, files, build_cleaner, Places(output_dir, audit, rejects),
            drop=drop_verdict, jobs=jobs, quiet=quiet,
        )  # fmt: skip
        ctx.exit(code)
    from unbait.cli import work
    from unbait.cli.writing import Run, Shown, Target, line_writer
    from unbait.io.sources import expand

    cleaner = build_cleaner()
    folder = Path(output_dir) if output_dir else None
    sources = list(expand(files, without=folder))
    shown: Shown = "diff" if diff else "marked" if marked else "text"
    target = Target(in_place, folder, shown, use_color(color), len(sources) > 1, form)
    task = work.Task(kind, url, lang, jobs)
    with line_writer(audit) as write_audit, line_writer(rejects) as write_reject:
        run = Run(target, write_audit, write_reject, quiet, drop_verdict)
        with _progress(len(sources), quiet or target.fills_terminal) as step:
            for outcome in work.outcomes(cleaner, sources, task):
                run.take(outcome)
                step()
    ctx.exit(1 if run.failed else 0)


def _refuse_mixtures(
    files: tuple[str, ...], in_place: bool, to_folder: bool, diff: bool, marked: bool
) -> None:
    """Refuse options that cannot both be meant."""
    if in_place and to_folder:
        raise click.UsageError("--in-place and --output-dir cannot be used together.")
    if in_place and "-" in files:
        raise click.UsageError("--in-place cannot write back standard input (-).")
    if diff and marked:
        raise click.UsageError("--diff and --marked cannot be used together.")


@contextlib.contextmanager
def _progress(length: int, silent: bool) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal for more than one input, and nothing in a pipe."""
    if silent or length < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=length, label="cleaning", file=sys.stderr) as bar:
        yield lambda: bar.update(1)
