"""``unbait serve``: the HTTP service, where its extra is installed."""

from __future__ import annotations

from importlib import import_module

import click


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes."
)
def command(host: str, port: int, workers: int) -> None:
    """Serve cleaning over HTTP (needs the extra: pip install 'unbait[serve]')."""
    from unbait.errors import UnbaitError

    try:
        serve = import_module("unbait.service").serve
    except (ImportError, AttributeError) as error:
        raise UnbaitError(
            "EXTRA_MISSING", f"the service cannot start ({error}): pip install 'unbait[serve]'"
        ) from error
    serve(host=host, port=port, workers=workers)
