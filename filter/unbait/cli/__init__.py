"""The command line: a way in and out, without cleaning logic.

Only click is imported here and at the top of the command modules; all else waits until it is
used, so that ``--help`` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from unbait.errors import PolicyError, RuleError, UnbaitError

COMMANDS = (
    "clean", "explain", "score", "rules", "models", "calibrate", "train", "serve", "mix", "sites",
)  # fmt: skip


class Failure(click.ClickException):
    """An error of this package, said on standard error under its code."""


class WrongUse(Failure):
    """An error in what the user wrote, as in a rule file."""

    exit_code = 2


class LazyGroup(click.Group):
    """Commands that are imported when they are asked for, one module each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the README."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"unbait.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors of this package end as a sentence, not as a trace."""
        try:
            return super().invoke(ctx)
        except UnbaitError as error:
            kind = WrongUse if isinstance(error, (PolicyError, RuleError)) else Failure
            raise kind(str(error)) from error


def _say_version(ctx: click.Context) -> None:
    from unbait import __version__

    click.echo(f"unbait {__version__}")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _param, asked: _say_version(ctx) if asked else None,
    help="Show the version and exit.",
)
def main() -> None:
    """Give back the article: cut injected ads, bait, teasers and leftover interface.

    Exit code 0: done. 1: something could not be cleaned; it is named on standard error and
    the rest is done. 2: wrong use.
    """
