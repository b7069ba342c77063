"""The part of ``unbait clean`` that takes files of many documents: options, progress, ending."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from unbait.errors import InputError

if TYPE_CHECKING:
    from unbait.cli.options import CleanerOptions
    from unbait.pipelines.plan import Plan, Task
    from unbait.pipelines.shards import Outcome, Progress

Command = TypeVar("Command", bound=Callable[..., Any])

INTERRUPTED = 130
_STATE = ".unbait"
_SAY_EVERY = 0.5
_SAY_EVERY_IN_LOGS = 60.0

_OPTIONS = (
    click.option("--text-column", help="The column or field of the text.  [default: text]"),
    click.option("--html-column", help="The column of pages; their text goes to --text-column."),
    click.option("--id-column", help="The column that names a record.  [default: id]"),
    click.option("--url-column", help="The column of the page's address.  [default: url]"),
    click.option(
        "--to",
        type=click.Choice(["jsonl", "csv", "tsv", "parquet", "wet"]),
        help="Write records in this format; without it in their own (WARC as WET).",
    ),
    click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write what the run came to as JSON, and as a page beside it (.html).",
    ),
    click.option("--resume", is_flag=True, help="Go on with a run that was stopped or killed."),
    click.option(
        "--any-order", is_flag=True, help="Records of a file may come out in another order."
    ),
    click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where a run keeps what it has done, until it ends.  [default: .unbait in the output]",
    ),
    click.option("--tag", is_flag=True, help="Write spans beside the documents; cut nothing."),
)


class Places(NamedTuple):
    """Where a run writes; without a folder its output goes to standard output."""

    output_dir: str | None
    audit: Path | None
    rejects: Path | None


@dataclass(frozen=True)
class RunOptions:
    """What the user said of a run over files of many documents."""

    text_column: str | None = None
    html_column: str | None = None
    id_column: str | None = None
    url_column: str | None = None
    to: Any = None
    report: Path | None = None
    resume: bool = False
    any_order: bool = False
    state: Path | None = None
    tag: bool = False

    def wanted(self, files: tuple[str, ...]) -> bool:
        """Tell whether this run is one of many documents: by what is asked, or by the files."""
        if self != RunOptions():
            return True
        from unbait.pipelines.plan import is_container

        return any(is_container(name) for name in files if name != "-")


def takes_run(command: Command) -> Command:
    """Add the options; the command gets them as one ``RunOptions``."""

    @functools.wraps(command)
    def with_run(**values: Any) -> Any:
        mine = {name: values.pop(name) for name in RunOptions.__dataclass_fields__}
        return command(run_options=RunOptions(**mine), **values)

    made: Any = with_run
    for option in reversed(_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return]


def run(
    options: RunOptions,
    files: tuple[str, ...],
    build_cleaner: CleanerOptions,
    places: Places,
    *,
    drop: frozenset[Any],
    jobs: int,
    quiet: bool,
) -> int:
    """Clean files of many documents; give the exit code."""
    from unbait.pipelines import plan as planning

    if options.tag and drop:
        raise click.UsageError("--tag cuts and drops nothing: it takes no --drop-verdict.")
    output_dir = places.output_dir
    task = _task(options, build_cleaner, places.audit is not None, drop)
    plan = planning.make_plan(files, task, without=output_dir)
    if output_dir is None:
        _check_stream(options, plan)
    with _state(options, output_dir) as folder:
        started = time.monotonic()
        try:
            outcome = _carry_out(plan, folder, options, output_dir, jobs, quiet)
        except KeyboardInterrupt:
            _say_stopped(output_dir)
            return INTERRUPTED
        outcome = _finish(plan, outcome, folder, places)
        _report(options.report, plan, outcome, time.monotonic() - started)
        if outcome.complete:
            from unbait.pipelines.parts import Store

            Store(folder).end()
    _say_outcome(outcome, quiet)
    return 0 if outcome.clean else 1


def _task(
    options: RunOptions, build_cleaner: CleanerOptions, audit: bool, drop: frozenset[Any]
) -> Task:
    from unbait.io.formats import Columns
    from unbait.pipelines.plan import Task
    from unbait.pipelines.recipe import Recipe

    cleaner = build_cleaner()  # here too, so that a wrong rule is told before any work
    recipe = Recipe(
        cleaner.policy,
        tuple(str(path.resolve()) for path in build_cleaner.rules),
        build_cleaner.keep,
        build_cleaner.disable,
        None if build_cleaner.model is None else str(build_cleaner.model.resolve()),
        explain=audit,
    )
    given = {"text": options.text_column, "html": options.html_column, "id": options.id_column,
             "url": options.url_column}  # fmt: skip
    named = {name: value for name, value in given.items() if value is not None}
    asked = frozenset(value for name, value in named.items() if name in ("id", "url"))
    columns = Columns(**named, asked=asked)
    return Task(
        recipe, columns, options.to, audit, options.tag, options.report is not None, drop
    )


def _check_stream(options: RunOptions, plan: Plan) -> None:
    """Refuse what one stream cannot hold."""
    if options.resume or options.state:
        raise click.UsageError("--resume and --state need --output-dir.")
    kinds = {plan.task.output(file) for file in plan.files}
    if len(kinds) > 1 or (len(plan.files) > 1 and kinds & {"parquet", "csv", "tsv"}):
        raise click.UsageError("several outputs need --output-dir, or one --to jsonl.")


@contextlib.contextmanager
def _state(options: RunOptions, output_dir: str | None) -> Iterator[Path]:
    """Give the folder of a run's parts: kept until the run is complete."""
    if options.state is not None:
        yield options.state
    elif output_dir is None:
        with tempfile.TemporaryDirectory(prefix="unbait-") as folder:
            yield Path(folder, "run")
    elif "://" in output_dir:
        yield Path(f"{_STATE}-{hashlib.sha256(output_dir.encode()).hexdigest()[:12]}")
    else:
        yield Path(output_dir, _STATE)


def _carry_out(
    plan: Plan, folder: Path, options: RunOptions, output_dir: str | None, jobs: int, quiet: bool
) -> Outcome:
    from unbait.pipelines.parts import Store
    from unbait.pipelines.shards import Run

    store = Store(folder)
    try:
        store.begin(plan.fingerprint(), resume=options.resume)
    except OSError as error:
        raise InputError("WRITE_FAILED", f"{folder}: {error.strerror or error}") from error
    outputs = _to_folder(output_dir) if output_dir is not None else _to_stream
    with _progress(sum(file.size for file in plan.files), quiet) as step:
        made = Run(
            plan, store, outputs, jobs, ordered=not options.any_order,
            sequential=output_dir is None, on_progress=step,
        )  # fmt: skip
        return made.go()


def _to_folder(folder: str) -> Callable[[str], contextlib.AbstractContextManager[IO[bytes]]]:
    from unbait.io.formats_open import open_write

    return lambda name: open_write(f"{folder.rstrip('/')}/{name}")


@contextlib.contextmanager
def _to_stream(_name: str) -> Iterator[IO[bytes]]:
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def _finish(plan: Plan, outcome: Outcome, folder: Path, places: Places) -> Outcome:
    """Write audit and rejects; where that fails, the run is not complete."""
    from unbait.pipelines.parts import Store
    from unbait.pipelines.shards import Failure, write_lines

    for kind, path in (("audit", places.audit), ("rejects", places.rejects)):
        if path is None:
            continue
        try:
            write_lines(Store(folder), plan, kind, str(path))
        except OSError as error:
            says = str(error.strerror or error)
            outcome.failures.append(Failure(str(path), kind, "WRITE_FAILED", says, again=True))
    return outcome


def _report(path: Path | None, plan: Plan, outcome: Outcome, seconds: float) -> None:
    if path is None:
        return
    from unbait.io.atomic import write_atomic
    from unbait.pipelines.report import as_json, as_page, report

    made = report(plan, outcome, seconds)
    try:
        write_atomic(path, as_json(made))
        write_atomic(path.with_suffix(".html"), as_page(made))
    except OSError as error:
        raise InputError("WRITE_FAILED", f"{path}: {error.strerror or error}") from error


@contextlib.contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Progress]:
    """Say on standard error how far a run is: often on a terminal, seldom in a log."""
    if quiet:
        yield lambda _size, _skipped: None
        return
    terminal = sys.stderr.isatty()
    every = _SAY_EVERY if terminal else _SAY_EVERY_IN_LOGS
    started = said = time.monotonic()
    done = skipped = 0

    def step(size: int, before: bool) -> None:
        nonlocal done, said, skipped
        done += size
        skipped += size if before else 0
        now = time.monotonic()
        if now - said >= every:
            said = now
            line = progress_line(done, total, now - started, skipped)
            click.echo(f"\r{line:<76}" if terminal else line, err=True, nl=not terminal)

    yield step
    if terminal and said > started:
        click.echo(f"\r{'':<76}\r", err=True, nl=False)


def progress_line(done: int, total: int, seconds: float, skipped: int = 0) -> str:
    """Say how much is done, how fast that went, and how long the rest may take.

    ``skipped`` bytes of what is done were done before: they say nothing of the rate.
    """
    rate = (done - skipped) / seconds if seconds else 0.0
    line = f"{done / 1e6:,.1f} MB at {rate / 1e6:.1f} MB/s"
    if done < total and rate:
        left = int((total - done) / rate)
        line += f", {done / total:.0%}, {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
    return line


def _say_stopped(output_dir: str | None) -> None:
    then = "what was done is kept; the same command with --resume goes on" if output_dir else ""
    click.echo(f"stopped{': ' + then if then else ''}", err=True)


def _say_outcome(outcome: Outcome, quiet: bool) -> None:
    from unbait.render import printable

    for one in outcome.failures:
        name = printable(f"{one.path} {one.where}".rstrip())
        click.echo(f"{name}: [{one.code}] {printable(one.message)}", err=True)
    for code, count in sorted(outcome.tally.problems.items()):
        click.echo(f"{count:,} records rejected: [{code}]", err=True)
    if not outcome.complete:
        click.echo("not all is done: the same command with --resume goes on", err=True)
    elif not quiet:
        tally = outcome.tally
        cut = tally.characters_in - tally.characters_out
        left_out = f", {tally.dropped:,} left out" if tally.dropped else ""
        click.echo(f"{tally.documents:,} documents, {cut:,} characters cut{left_out}", err=True)
