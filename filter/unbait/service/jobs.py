"""A request on its way through the pool, and the bounded line where it waits."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from unbait.service.problems import ProblemError
from unbait.service.work import Part

_ids = count()


@dataclass(slots=True, eq=False)
class Job:
    """One request (or one block of a stream): its bytes, and the answers so far.

    ``alone``: a worker died or hung on it, so it goes by itself, one document at a time.
    """

    kind: str
    raw: bytes
    options: dict[str, Any]
    done: asyncio.Future[list[Part]]
    id: int = field(default_factory=_ids.__next__)
    parts: list[Part] = field(default_factory=list)
    expected: int | None = None
    names: list[str | None] = field(default_factory=list)  # the ids that its documents came with
    alone: bool = False
    lost: int = 0

    def head(self) -> dict[str, Any]:
        """Return what goes to a worker beside the bytes."""
        return {
            "id": self.id, "kind": self.kind, "options": self.options,
            "size": len(self.raw), "first": len(self.parts),
        }  # fmt: skip

    @property
    def wrapped(self) -> bool:
        """Whether each document's error is told inside the answer."""
        return self.kind in ("batch", "lines")

    def settle(self) -> bool:
        """Hand over the answers if all are there."""
        complete = self.expected is not None and len(self.parts) >= self.expected
        if complete and not self.done.done():
            self.done.set_result(self.parts)
        return complete

    def fail(self, problem: ProblemError) -> None:
        """End with a problem for the whole request."""
        if not self.done.done():
            self.done.set_exception(problem)


class Line:
    """Jobs that wait for a worker, at most so many; streams wait outside instead."""

    def __init__(self, most: int) -> None:
        """Allow ``most`` waiting jobs."""
        self._most = most
        self._jobs: deque[Job] = deque()
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        """Count the waiting jobs."""
        return len(self._jobs)

    def put(self, job: Job) -> bool:
        """Add a job; False when there is no room."""
        if len(self._jobs) >= self._most:
            return False
        self._jobs.append(job)
        self._changed()
        return True

    async def put_patiently(self, job: Job) -> None:
        """Add a job as soon as there is room; half the line is left to those who cannot wait."""
        while len(self._jobs) >= max(self._most // 2, 1):
            self._room.clear()
            await self._room.wait()
        self._jobs.append(job)
        self._changed()

    def put_back(self, job: Job) -> None:
        """Add a job at the front: it was here before."""
        self._jobs.appendleft(job)
        self._changed()

    async def take(self, size: int) -> list[Job]:
        """Wait for jobs and take as many as fit ``size`` bytes, one at least."""
        while True:
            self._drop_abandoned()
            if self._jobs:
                break
            self._more.clear()
            await self._more.wait()
        taken = [self._jobs.popleft()]
        size -= len(taken[0].raw)
        while not taken[0].alone and self._jobs:
            following = self._jobs[0]
            if following.alone or len(following.raw) > size:
                break
            size -= len(following.raw)
            taken.append(self._jobs.popleft())
        self._changed()
        return taken

    def drain(self) -> list[Job]:
        """Take everything out."""
        left = list(self._jobs)
        self._jobs.clear()
        self._changed()
        return left

    def _drop_abandoned(self) -> None:
        """Forget jobs at the front whose client has gone."""
        while self._jobs and self._jobs[0].done.done():
            self._jobs.popleft()

    def _changed(self) -> None:
        if self._jobs:
            self._more.set()
        if len(self._jobs) < max(self._most // 2, 1):
            self._room.set()
