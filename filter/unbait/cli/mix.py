"""``unbait mix``: a policy applied to tags, without a model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from unbait.cli.options import policy_named, policy_option

if TYPE_CHECKING:
    from unbait.io.formats import Bad, Columns, DataFile, Record
    from unbait.types import Policy


@click.command("mix")
@click.argument("documents", type=click.Path())
@click.argument("tags", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="The file to write.")
@policy_option
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    help="How sure it must be before it cuts; tags hold scores from 0.05.",
)
@click.option("--remove", help="Categories that go, with commas between, instead of a policy's.")
@click.option("--text-column", default="text", show_default=True, help="The field of the text.")
@click.option("--id-column", default="id", show_default=True, help="The field that names a record.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write records without fitting tags, and why, as JSON lines.",
)
@click.pass_context
def command(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    *,
    documents: str,
    tags: str,
    output: str,
    policy: str,
    threshold: float | None,
    remove: str | None,
    text_column: str,
    id_column: str,
    rejects: Path | None,
) -> None:
    """Cut what a policy says from DOCUMENTS, by the TAGS that clean --tag wrote for them.

    No model runs, so that one set of tags serves any number of policies. The output is that of
    clean with the same policy.

    \b
      unbait clean --tag -o attributes/ documents/a.jsonl.gz
      unbait mix documents/a.jsonl.gz attributes/a.jsonl.gz -o clean/a.jsonl.gz --threshold 0.8
    """
    from unbait.io.formats import Columns
    from unbait.pipelines.plan import describe

    chosen = _policy(policy, threshold, remove)
    columns = Columns(text=text_column, id=id_column)
    try:
        file, tag_file = describe(documents, documents), describe(tags, tags)
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from error
    failed = _write(file, tag_file, columns, chosen, output, rejects)
    if failed:
        click.echo(f"{failed:,} records rejected", err=True)
    ctx.exit(1 if failed else 0)


def _policy(name: str, threshold: float | None, remove: str | None) -> Policy:
    made = policy_named(name)
    changes: dict[str, Any] = {}
    if threshold is not None:
        changes["threshold"] = threshold
    if remove is not None:
        changes["remove"] = frozenset(one.strip() for one in remove.split(",") if one.strip())
    try:
        return made.but(**changes)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _write(
    file: DataFile, tag_file: DataFile, columns: Columns, policy: Policy, output: str,
    rejects: Path | None,
) -> int:  # fmt: skip
    """Write the mixed documents chunk by chunk; say how many records were rejected."""
    from unbait.io.formats import Written, format_named, kind_by_name
    from unbait.io.formats_open import open_write
    from unbait.pipelines.dolma import mix_records
    from unbait.pipelines.rejects import reject_line

    sink, compression = format_named("jsonl"), kind_by_name(output)[1]
    failed, held = 0, []
    with open_write(output) as stream, _rejects(rejects) as refused:
        for item in mix_records(_records(file, columns), _lines(tag_file), policy):
            if isinstance(item, Written):
                held.append(item)
            else:
                failed += 1
                refused.write(reject_line(item, file.path))
            if len(held) >= 1000:
                stream.write(sink.part(held, columns, compression))
                held.clear()
        stream.write(sink.part(held, columns, compression))
    return failed


def _records(file: DataFile, columns: Columns) -> Iterator[Record | Bad]:
    from unbait.io.formats import format_named

    reader = format_named(file.format)
    for chunk in reader.chunks(file):
        yield from reader.read(chunk, columns)


def _lines(file: DataFile) -> Iterator[Any]:
    """Give the lines of a tag file; what is no JSON fits no document."""
    from unbait.io.formats_lines import JsonLines, lines_of, parse

    for chunk in JsonLines().chunks(file):
        for _, line in lines_of(chunk):
            if line.strip():
                try:
                    yield parse(line)
                except ValueError:
                    yield None


@contextlib.contextmanager
def _rejects(path: Path | None) -> Iterator[IO[bytes]]:
    """Open the rejects file; without one, what is written goes nowhere."""
    import io

    from unbait.io.atomic import atomic_writer

    if path is None:
        yield io.BytesIO()
        return
    with atomic_writer(path) as stream:
        yield stream
