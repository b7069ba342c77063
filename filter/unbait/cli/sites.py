"""``unbait sites``: what repeats over the pages of a site, as rule files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unbait.cli.options import files_argument
from unbait.errors import InputError, UnbaitError

if TYPE_CHECKING:
    from unbait.io.formats import Bad, Record
    from unbait.pipelines.plan import Plan
    from unbait.pipelines.sites import SiteMemory

_TOGETHER = 256


@click.command("sites")
@files_argument
@click.option(
    "-o",
    "--output-dir",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a rule file for each site on which lines repeat.",
)
@click.option(
    "--memory",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the counts here; what stands there already is counted in.",
)
@click.option("--pages", type=click.IntRange(min=2), help="A line must stand on so many pages.")
@click.option(
    "--share", type=click.FloatRange(0, 1), help="And on so large a share of its site's pages."
)
@click.option("--text-column", help="The column or field of the text.  [default: text]")
@click.option("--html-column", help="The column of pages.")
@click.option("--url-column", help="The column of the page's address.  [default: url]")
@click.pass_context
def command(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    *,
    files: tuple[str, ...],
    output_dir: Path,
    memory: Path | None,
    pages: int | None,
    share: float | None,
    text_column: str | None,
    html_column: str | None,
    url_column: str | None,
) -> None:
    """Find the lines that repeat over the pages of a site, and write them as rules.

    FILE is as for clean, and its records must tell their address. Clean with what is found:

    \b
      unbait sites -o sites/ crawl/*.warc.gz
      unbait clean --rules sites/ -o clean/ crawl/*.warc.gz
    """
    from unbait.pipelines.sites import Limits, SiteMemory

    asked = {"pages": pages, "share": share}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    limits = Limits(**given)
    made = SiteMemory.load(memory, limits) if memory and memory.exists() else SiteMemory(limits)
    columns = {"text": text_column, "html": html_column, "url": url_column}
    failed = _remember(made, _plan(files, columns))
    if memory:
        made.save(memory)
    written = made.write_packs(output_dir)
    seen = sum(sketch.pages for sketch in made.sites.values())
    says = f"{seen:,} pages of {len(made.sites):,} sites, {len(written):,} rule files"
    click.echo(says, err=True)
    if failed:
        click.echo(f"{failed:,} records or files could not be read", err=True)
    ctx.exit(1 if failed else 0)


def _plan(files: tuple[str, ...], columns: dict[str, str | None]) -> Plan:
    from unbait.io.formats import Columns
    from unbait.pipelines.plan import Task, make_plan

    given: dict[str, Any] = {name: value for name, value in columns.items() if value}
    return make_plan(files, Task(columns=Columns(**given)))


def _remember(memory: SiteMemory, plan: Plan) -> int:
    """Count the lines of every record; say how many could not be read."""
    from unbait.io.formats import Bad

    failed = len(plan.bad)
    records = _records(plan)
    while together := list(islice(records, _TOGETHER)):
        pages = []
        for item in together:
            try:
                if isinstance(item, Bad):
                    failed += 1
                else:
                    pages.append((item.url, _text_of(item)))
            except UnbaitError:  # a page that is none
                failed += 1
        memory.add_many(pages)
    return failed


def _records(plan: Plan) -> Iterator[Record | Bad]:
    from unbait.io.formats import Bad, format_named

    for file in plan.files:
        reader = format_named(file.format)
        try:
            for chunk in reader.chunks(file):
                yield from reader.read(chunk, plan.task.columns)
        except (InputError, OSError) as error:
            yield Bad(file.path, "FILE_UNREADABLE", str(error))


def _text_of(record: Record) -> str:
    """Give the text that cleaning will see."""
    from unbait.html import read_page

    if record.page is None:
        return record.text or ""
    return read_page(record.page, url=record.url).text
