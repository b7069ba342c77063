"""Runs the service until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
from types import FrameType

import uvicorn

from unbait.errors import InputError
from unbait.service.app import create_app
from unbait.service.protocol import guarded
from unbait.service.settings import Settings
from unbait.service.state import Service

_LEVELS = ("debug", "info", "warning", "error")
_OWN_FILES = 200
_TO_ANSWER = 2.0  # seconds at the end of a shutdown that are for answers, not for work


class _Server(uvicorn.Server):
    """Refuses new work from the moment it is told to stop."""

    service: Service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        self.service.draining = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what runs; what is not done when time is nearly over is told so, not cut off."""
        seconds = self.service.settings.shutdown_seconds
        last_call = max(seconds - _TO_ANSWER, seconds / 2)
        end = asyncio.get_running_loop().call_later(last_call, self.service.pool.dismiss)
        await super().shutdown(sockets)
        end.cancel()


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; UnbaitError says why it could not start."""
    if settings.log_level not in _LEVELS:
        raise InputError("SETTING_INVALID", f"log_level: one of {', '.join(_LEVELS)}")
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    _allow_files(settings.connections)
    app = create_app(settings)
    service: Service = app.state.service
    server = _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=guarded(settings),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    )
    server.service = service
    service.connections = server.server_state.connections
    # uvicorn takes the signal for itself, and raises it once more when all is done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    except SystemExit:
        if service.pool.failure:
            raise service.pool.failure from None
        raise


def _allow_files(connections: int) -> None:
    """Raise the limit of open files to what the connections need."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OWN_FILES
    if hard != resource.RLIM_INFINITY and wanted > hard:
        logging.getLogger("unbait.service").warning(
            "only %d open files are allowed, for %d connections", hard, connections
        )
        wanted = hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
