"""``unbait serve``: the HTTP service, where its extra is installed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click


@click.command("serve")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0: any.  [default: 8000]")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Worker processes; 0: one for each CPU.  [default: 0]",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="TOML file of settings.  [default: $UNBAIT_CONFIG]",
)
def command(
    host: str | None, port: int | None, workers: int | None, config: Path | None
) -> None:
    """Serve cleaning over HTTP (needs the extra: pip install 'unbait[serve]').

    Every setting can stand in the TOML file and in the environment as UNBAIT_NAME; what is
    given here wins. docs/service.md lists them.
    """
    from unbait.errors import UnbaitError

    try:
        service = import_module("unbait.service")
        serve, load = service.serve, import_module("unbait.service.settings").load
    except (ImportError, AttributeError) as error:
        raise UnbaitError(
            "EXTRA_MISSING", f"the service cannot start ({error}): pip install 'unbait[serve]'"
        ) from error
    serve(load(config, host=host, port=port, workers=workers))
