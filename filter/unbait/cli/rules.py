"""``unbait rules``: look at the rules, and try your own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from unbait.rules import Rule

# What a rule says; the rest of its fields is how it is run.
_FIELDS = (
    *("id", "name", "lang", "category", "scope", "status", "score"),
    *("pattern", "why", "match", "no_match"),
)
_RULE_FILE = click.Path(path_type=Path)


@click.group("rules")
def command() -> None:
    """List the rules, show one, test your own, count hits."""


@command.command("list")
@click.option("--lang", multiple=True, help="Only these languages (and any).")
@click.option("--category", type=click.Choice(CATEGORIES), help="Only this category.")
@click.option("--rules", multiple=True, type=_RULE_FILE, help="A file of your own rules as well.")
@click.option("--jsonl", is_flag=True, help="Write JSON lines with every field.")
def list_rules(
    lang: tuple[str, ...], category: str | None, rules: tuple[Path, ...], jsonl: bool
) -> None:
    """List rules: id, category, scope, status and name."""
    from unbait.rules import load_packaged

    everything = [*load_packaged(set(lang) or None), *_own(rules)]
    chosen = [rule for rule in everything if category in (None, rule.category)]
    for rule in _with_examples(chosen, as_written=True) if jsonl else chosen:
        click.echo(_as_json(rule) if jsonl else "\t".join(_brief(rule)))


@command.command("show")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--rules", multiple=True, type=_RULE_FILE, help="A file of your own rules as well.")
def show(ids: tuple[str, ...], rules: tuple[Path, ...]) -> None:
    """Show rules whole: what they find, why that is junk, examples each way."""
    from unbait.errors import RuleError
    from unbait.rules import load_packaged

    known = {rule.id: rule for rule in (*load_packaged(), *_own(rules))}
    missing = [one for one in ids if one not in known]
    if missing:
        raise RuleError("RULE_UNKNOWN", f"no rule {', '.join(missing)}: see unbait rules list")
    asked = _with_examples([known[one] for one in ids], as_written=True)
    click.echo("\n\n".join("\n".join(_whole(one)) for one in asked))


@command.command("test")
@click.argument("files", nargs=-1, metavar="[FILE...]", type=_RULE_FILE)
@click.option(
    "--on",
    multiple=True,
    type=click.Path(),
    metavar="TEXT",
    help="Count hits in these texts (files, folders, globs) too: good text should have none.",
)
@click.pass_context
def test(ctx: click.Context, files: tuple[Path, ...], on: tuple[str, ...]) -> None:
    """Run rules against their own examples, beside the packaged ones.

    FILE is a file of your rules; without one the packaged rules are tested.
    Exit code 1 when an example is not met or a text cannot be read.
    """
    from unbait.rules import load_packaged
    from unbait.rules.checking import check_rules

    packaged = load_packaged()
    own = tuple(_own(files) if files else _with_examples(packaged))
    problems = check_rules(own, packaged if files else ())
    for problem in problems:
        click.echo(f"{problem.rule}: {problem.message}")
    for rule in own:
        if not (rule.match and rule.no_match):
            click.echo(f"{rule.id}: note: give it examples: match = [...], no_match = [...]")
    failed = _print_stats(own, on) if on else False
    click.echo(f"{len(own)} rules, {len(problems)} problems")
    ctx.exit(1 if problems or failed else 0)


@command.command("stats")
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...", type=click.Path())
@click.option("--rules", multiple=True, type=_RULE_FILE, help="Count these files' rules instead.")
@click.pass_context
def stats(ctx: click.Context, texts: tuple[str, ...], rules: tuple[Path, ...]) -> None:
    """Count each rule's hits in texts (files, folders, globs, -), and the time it takes.

    Rules without a hit are left out, and lines that a protect rule keeps are no hits.
    """
    from unbait.rules import load_packaged

    ctx.exit(1 if _print_stats(tuple(_own(rules)) or load_packaged(), texts) else 0)


def _own(files: Iterable[Path]) -> Iterator[Rule]:
    """Load the rules of a user's files, those of single sites too."""
    from unbait.rules import load_user

    for path in files:
        loaded = load_user(path)
        yield from loaded.rules
        for site in loaded.sites.values():
            yield from site.rules


def _with_examples(rules: Iterable[Rule], *, as_written: bool = False) -> list[Rule]:
    """Add the examples to packaged rules, which are loaded without; read from their files.

    ``as_written`` gives the pattern of the file too, in place of the one that is run.
    """
    import tomllib

    from unbait.rules.packaged import pack_files

    wanted = list(rules)
    raw = {
        one["id"]: one
        for path in pack_files({rule.lang for rule in wanted})
        for one in tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
    }
    fields = ("match", "no_match", *(("pattern",) if as_written else ()))
    return [
        rule._replace(**{field: raw[rule.id][field] for field in fields})
        if rule.id in raw
        else rule
        for rule in wanted
    ]


def _print_stats(rules: tuple[Rule, ...], texts: Iterable[str]) -> bool:
    """Print a row for each rule that hits; tell whether a text could not be read."""
    from unbait.rules.stats import rule_stats

    lines, failed = _lines_of(texts)
    rows = [one for one in rule_stats(rules, lines) if one.hits]
    click.echo(f"hits\tms/MB\trule\tname\tin {len(lines)} lines")
    for row in sorted(rows, key=lambda one: (-one.hits, one.rule.id)):
        example = row.content_lines[0][:80]
        speed = f"{row.milliseconds_per_megabyte:.1f}"
        click.echo(f"{row.hits}\t{speed}\t{row.rule.id}\t{row.rule.name}\t{example}")
    return failed


def _lines_of(texts: Iterable[str]) -> tuple[list[str], bool]:
    """Read the non-blank lines of texts; say what cannot be read."""
    from unbait.cli.work import Loaded, load
    from unbait.cli.writing import say_failure
    from unbait.io.sources import Reject, expand

    lines: list[str] = []
    failed = False
    for source in expand(texts):
        item = load(source, "text")
        if isinstance(item, Loaded) and item.decoded is not None:
            lines += [line.strip() for line in item.decoded.text.splitlines() if line.strip()]
        elif isinstance(item, Reject):
            failed = True
            say_failure(item)
    return lines, failed


def _brief(rule: Rule) -> tuple[str, ...]:
    return rule.id, rule.category, rule.scope, rule.status, rule.name


def _as_json(rule: Rule) -> str:
    import orjson

    return orjson.dumps({field: getattr(rule, field) for field in _FIELDS}).decode()


def _whole(rule: Rule) -> Iterator[str]:
    yield f"{rule.id}  {rule.name}"
    yield f"  category  {rule.category}, {rule.scope}, {rule.lang}, {rule.status}"
    yield f"  score     {rule.score}"
    yield f"  why       {rule.why}"
    yield f"  pattern   {rule.pattern}"
    for example in rule.match:
        yield f"  hits      {example}"
    for example in rule.no_match:
        yield f"  not       {example}"
