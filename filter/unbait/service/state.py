"""What all requests of one service share."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from starlette.requests import Request

from unbait.service.catalogue import Catalogue
from unbait.service.limits import Budget, Keys, Rates
from unbait.service.metrics import Metrics
from unbait.service.pool import WORKER, Pool
from unbait.service.problems import ProblemError
from unbait.service.settings import Settings
from unbait.service.work import Part


class Service:
    """The pool, the limits and the counters of a running service."""

    def __init__(self, settings: Settings, command: Sequence[str] = WORKER) -> None:
        """Prepare everything; nothing runs before ``start``."""
        self.settings = settings
        self.metrics = Metrics()
        self.pool = Pool(settings, self.metrics, command)
        self.budget = Budget(settings.buffered_bytes)
        self.keys = Keys(settings.keys())
        self.rates = Rates(settings.rate, settings.burst)
        self.catalogue = Catalogue(settings)
        self.streams = asyncio.Semaphore(settings.streams)
        self.connections: Collection[Any] = ()
        self.draining = False

    async def start(self) -> None:
        """Start the workers."""
        self.metrics.watch(self.pool, self.budget, self.connections)
        await self.pool.start()

    async def guard(self, request: Request) -> None:
        """Let a request to the API in, or say why not; nothing of its body is read before."""
        if self.draining:
            raise ProblemError("DRAINING", "try another one", retry_after=5)
        name = self.keys.check(request.headers)
        address = request.client.host if request.client else ""
        self.rates.take(name or address)

    async def run(
        self, request: Request, kind: str, raw: bytes, options: dict[str, Any]
    ) -> list[Part]:
        """Have the pool do a job, unless the client leaves first."""
        job = asyncio.create_task(self.pool.run(kind, raw, options))
        gone = asyncio.create_task(_disconnected(request))
        try:
            await asyncio.wait({job, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not job.done():
                raise ProblemError("BODY_INCOMPLETE", "the connection was closed")
            return job.result()
        finally:
            job.cancel()
            gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
