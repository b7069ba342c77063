"""Options that several commands share."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from unbait import Cleaner

Command = TypeVar("Command", bound=Callable[..., Any])

_CLEANER_OPTIONS = (
    click.option(
        "--policy",
        type=click.Choice(["default", "strict", "flag"]),
        default="default",
        show_default=True,
        help="What goes: strict cuts metadata too, flag only marks.",
    ),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1, min_open=True),
        help="How sure it must be before it cuts, above 0 to 1.",
    ),
    click.option(
        "--rules",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A file of your own rules; may be given more than once.",
    ),
    click.option(
        "--keep",
        multiple=True,
        metavar="PATTERN",
        help="Keep every paragraph in which this pattern is found.",
    ),
    click.option("--disable", multiple=True, metavar="ID", help="Switch a rule off."),
)

_READING_OPTIONS = (
    click.option(
        "--type",
        "kind",
        type=click.Choice(["auto", "text", "html"]),
        default="auto",
        show_default=True,
        help="What the input is; auto sees it by its content.",
    ),
    click.option("--url", help="The page's address: finds rules for its site."),
    click.option("--lang", help="The language of the input, where it is known."),
)

color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours; auto: on a terminal, unless NO_COLOR is set.",
)

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that clean side by side.",
)

files_argument = click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path()
)


def takes_cleaner(command: Command) -> Command:
    """Add the options that shape a cleaner; the command gets a function that builds it."""

    @functools.wraps(command)
    def with_cleaner(
        policy: str,
        threshold: float | None,
        rules: tuple[Path, ...],
        keep: tuple[str, ...],
        disable: tuple[str, ...],
        **others: Any,
    ) -> Any:
        build = functools.partial(_build_cleaner, policy, threshold, rules, keep, disable)
        return command(build_cleaner=build, **others)

    return _with_options(with_cleaner, _CLEANER_OPTIONS)  # type: ignore[return-value]


def takes_reading(command: Command) -> Command:
    """Add the options that say what the input is."""
    return _with_options(command, _READING_OPTIONS)  # type: ignore[return-value]


def use_color(choice: str) -> bool:
    """Decide on colours for standard output."""
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


def _with_options(command: Callable[..., Any], options: tuple[Any, ...]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def _build_cleaner(
    policy: str,
    threshold: float | None,
    rules: tuple[Path, ...],
    keep: tuple[str, ...],
    disable: tuple[str, ...],
) -> Cleaner:
    from unbait import Cleaner, Policy

    chosen = {"default": Policy, "strict": Policy.strict, "flag": Policy.flag}[policy]()
    if threshold is not None:
        chosen = chosen.but(threshold=threshold)
    return Cleaner(policy=chosen, rules=rules, keep=keep, disable=disable)
