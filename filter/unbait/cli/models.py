"""``unbait models``: look at the models and make sure they are whole."""

from __future__ import annotations

from pathlib import Path

import click

_BRIEF = ("name", "feature_version", "weights_sha256")


@click.group("models")
def command() -> None:
    """List the models, show one, verify that they are whole, go back to an earlier one."""


@command.command("list")
def list_models() -> None:
    """List the packaged models: name, feature version and hash of the weights."""
    from unbait.modelfile import read_manifest

    for path in _packaged():
        manifest = {"name": path.name, **read_manifest(path)}
        click.echo("\t".join(str(manifest.get(field, "-")) for field in _BRIEF))


@command.command("show")
@click.argument("model", metavar="NAME|DIRECTORY")
def show(model: str) -> None:
    """Show a model's manifest as JSON: data, metrics, hashes, versions."""
    import orjson

    from unbait.modelfile import read_manifest

    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    click.echo(orjson.dumps(read_manifest(_directory(model)), option=options))


@command.command("verify")
@click.argument("models", nargs=-1, metavar="[NAME|DIRECTORY...]")
@click.pass_context
def verify(ctx: click.Context, models: tuple[str, ...]) -> None:
    """Check hashes and versions, and replay what each model said when it was made.

    Without a name all packaged models are checked. Exit code 1 when one is damaged, missing,
    made for another version, or says something else here.
    """
    from unbait.errors import ModelError

    paths = [_directory(model) for model in models] or _packaged()
    failed = False
    for path in paths:
        try:
            click.echo(f"{path.name}: {_verify(path)}")
        except ModelError as error:
            failed = True
            click.echo(f"{path.name}: {error}", err=True)
    ctx.exit(1 if failed else 0)


@command.command("undo")
@click.argument("directory", type=click.Path(path_type=Path))
def undo(directory: Path) -> None:
    """Put back the model that stood in DIRECTORY before the last unbait train.

    To go back to the packaged model, leave --model out: training never changes it.
    """
    from unbait.refit import directory as standing

    manifest = standing.undo(directory)
    click.echo(f"{directory}: back to the weights {manifest['weights_sha256'][:16]}")


def _packaged() -> list[Path]:
    """List the directories of the packaged models, by name."""
    from unbait.modelfile import MANIFEST, packaged

    root = packaged("paragraph").parent
    return sorted(path.parent for path in root.glob(f"*/{MANIFEST}"))


def _directory(model: str) -> Path:
    """Find a model by its name or its directory; a bare name is a packaged one."""
    from unbait.modelfile import packaged

    is_path = "/" in model or Path(model).is_dir()
    return Path(model) if is_path else packaged(model)


def _verify(path: Path) -> str:
    """Check one model the way of its kind; say what was checked."""
    from unbait.modelfile import read_manifest

    if read_manifest(path).get("name") == "page":
        from unbait.html.model import PageModel

        PageModel.load(path)
        return "whole"
    from unbait.parity import verify as replay

    return f"whole, {replay(path)} parity rows the same"
