"""``python -m unbait.cli.reference``: the help texts as a page, made by the program itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from unbait.cli import main

_WIDTH = 88
_HEAD = """# The command line

Made by `python -m unbait.cli.reference > docs/cli.md` (`make docs`); a test keeps it in step.
"""


def reference() -> str:
    """Give the whole page."""
    root = click.Context(
        main,
        info_name="unbait",
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        **main.context_settings,
    )
    return "\n".join([_HEAD, *_sections(main, root)])


def _sections(command: click.Command, ctx: click.Context) -> Iterator[str]:
    """Give a section for a command and for each below it."""
    help_text = "\n".join(line.rstrip() for line in command.get_help(ctx).splitlines())
    yield f"## {ctx.command_path}\n\n```\n{help_text}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            if below is not None:
                yield from _sections(below, click.Context(below, parent=ctx, info_name=name))


if __name__ == "__main__":
    click.echo(reference(), nl=False)
