"""Options that several commands share."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from unbait import Cleaner, Policy

Command = TypeVar("Command", bound=Callable[..., Any])

policy_option = click.option(
    "--policy",
    metavar="default|strict|flag|FILE",
    default="default",
    show_default=True,
    help="What goes: strict cuts metadata too, flag only marks; FILE is a policy of your own.",
)

_THRESHOLD_OPTION = click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    help="How sure it must be before it cuts, above 0 to 1.",
)

_CLEANER_OPTIONS = (
    policy_option,
    click.option(
        "--rules",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A file of your own rules, or a folder of them; may be given more than once.",
    ),
    click.option(
        "--keep",
        multiple=True,
        metavar="PATTERN",
        help="Keep every paragraph in which this pattern is found.",
    ),
    click.option("--disable", multiple=True, metavar="ID", help="Switch a rule off."),
    click.option(
        "--model",
        type=click.Path(path_type=Path),
        metavar="DIRECTORY",
        help="A model of your own, as unbait train makes it.",
    ),
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
    return _with_options(_given_cleaner(command), (_THRESHOLD_OPTION, *_CLEANER_OPTIONS))  # type: ignore[return-value]


def takes_cleaner_to_tune(command: Command) -> Command:
    """Add the same options but the threshold, for a command that looks for it."""
    return _with_options(_given_cleaner(command), _CLEANER_OPTIONS)  # type: ignore[return-value]


def policy_named(name: str) -> Policy:
    """Return a policy by its name, or the one of a file."""
    from unbait import Policy

    made = {"default": Policy, "strict": Policy.strict, "flag": Policy.flag}.get(name)
    return made() if made else Policy.load(name)


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


@dataclass(frozen=True, slots=True)
class CleanerOptions:
    """What was said of the cleaner; calling it builds one."""

    policy: str
    threshold: float | None
    rules: tuple[Path, ...]
    keep: tuple[str, ...]
    disable: tuple[str, ...]
    model: Path | None

    def __call__(self) -> Cleaner:
        """Load rules and model."""
        from unbait import Cleaner

        policy = policy_named(self.policy)
        if self.threshold is not None:
            policy = policy.but(threshold=self.threshold)
        cleaner = Cleaner(
            policy, rules=self.rules, keep=self.keep, disable=self.disable, model=self.model
        )
        if self.threshold is None:
            _warn_of_other_model(self.policy, cleaner)
        return cleaner


def _given_cleaner(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def with_cleaner(
        *,
        policy: str,
        rules: tuple[Path, ...],
        keep: tuple[str, ...],
        disable: tuple[str, ...],
        model: Path | None,
        threshold: float | None = None,
        **others: Any,
    ) -> Any:
        found = tuple(file for path in rules for file in _rule_files(path))
        options = CleanerOptions(policy, threshold, found, keep, disable, model)
        return command(build_cleaner=options, **others)

    return with_cleaner


def _rule_files(path: Path) -> list[Path]:
    """Give a file, or the rule files of a folder."""
    return sorted(path.glob("*.toml")) if path.is_dir() else [path]


def _warn_of_other_model(policy: str, cleaner: Cleaner) -> None:
    """Say that a promise does not hold when it was made for another model."""
    if policy in ("default", "strict", "flag"):
        return
    from unbait.policyfile import proof

    made_for = proof(policy).get("model_sha256", cleaner.model_sha256)
    if made_for != cleaner.model_sha256:
        click.echo(
            f"{policy}: its promise was made for another model ({made_for[:12]}…) than this one "
            f"({cleaner.model_sha256[:12]}…); run unbait calibrate again",
            err=True,
        )
