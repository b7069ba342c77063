"""The worker processes and who looks after them: starts, feeds, watches, replaces."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from unbait.errors import UnbaitError
from unbait.service import wire
from unbait.service.jobs import Job, Line
from unbait.service.problems import ProblemError
from unbait.service.settings import Settings
from unbait.service.work import Part, failure

log = logging.getLogger("unbait.service")

WORKER = (sys.executable, "-m", "unbait.service.worker")
_START_SECONDS = 120.0
_MOST_LOST = 5  # documents of one request that may each cost a worker
_LONGEST_BACK_OFF = 30.0
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Watcher(Protocol):
    """Who wants to know what the pool does (the metrics)."""

    def took(self, jobs: int) -> None:
        """Jobs went to a worker together."""

    def worked(self, stats: dict[str, Any]) -> None:
        """A worker sent answers."""

    def replaced(self, reason: str) -> None:
        """A worker died or hung."""


class Pool:
    """Runs jobs in worker processes; what is lost with a worker is tried again, alone."""

    def __init__(
        self, settings: Settings, watcher: Watcher, command: Sequence[str] = WORKER
    ) -> None:
        """Prepare; ``command`` starts a worker when the number of a socket is added to it."""
        self.settings = settings
        self.watcher = watcher
        self.command = command
        self.line = Line(settings.queue_requests)
        self.members = [Member(self) for _ in range(settings.worker_count())]
        self.running: set[Job] = set()
        self.failure: UnbaitError | None = None
        self._dismissed = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all workers; raises what keeps them from starting."""
        self._tasks = [asyncio.create_task(member.live()) for member in self.members]
        while not any(member.ready for member in self.members):
            await asyncio.sleep(0.02)
            if self.failure:
                await self.stop()
                raise self.failure

    async def stop(self) -> None:
        """End all workers; what still waits is told so."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.dismiss()

    def dismiss(self) -> None:
        """Answer at once, and take nothing any more: the time to finish is over."""
        self._dismissed = True
        for job in (*self.line.drain(), *self.running):
            job.fail(_stopped())

    @property
    def ready(self) -> int:
        """How many workers can take work."""
        return sum(member.ready for member in self.members)

    @property
    def busy(self) -> int:
        """How many workers are at work."""
        return sum(member.busy for member in self.members)

    async def run(
        self, kind: str, raw: bytes, options: dict[str, Any], *, patient: bool = False
    ) -> list[Part]:
        """Do one job; ``patient`` waits for room in the line instead of being refused."""
        if self._dismissed:
            raise _stopped()
        job = Job(kind, raw, options, asyncio.get_running_loop().create_future())
        if patient:
            await self.line.put_patiently(job)
        elif not self.line.put(job):
            raise ProblemError(
                "OVERLOADED", f"{len(self.line)} requests wait already", retry_after=1
            )
        return await job.done

    def give_up_or_retry(self, job: Job, reason: str, code: str) -> None:
        """Go on with a job whose worker is gone: past the document that did it, if known."""
        self.running.discard(job)
        if job.done.done() or job.settle():
            return
        if job.alone:
            problem = ProblemError(code, reason)
            if job.expected is None:
                job.fail(problem)
                return
            job.lost += 1
            missing = job.expected - len(job.parts) if job.lost >= _MOST_LOST else 1
            names = job.names[len(job.parts) :][:missing]
            job.parts += [failure(problem, job.wrapped, name) for name in names]
            if job.settle():
                return
        job.alone = True
        self.line.put_back(job)


class Member:
    """One place in the pool: a worker process at a time, replaced when it dies or hangs."""

    def __init__(self, pool: Pool) -> None:
        """Belong to a pool."""
        self.pool = pool
        self.ready = False
        self.busy = False
        self.memory = 0
        self.pid: int | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def live(self) -> None:
        """Keep a worker alive and fed until cancelled."""
        back_off = 0.0
        while self.pool.failure is None:
            try:
                process = await self._start()
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                log.error("a worker did not start: %s", type(error).__name__)
                back_off = min(back_off * 2 + 0.25, _LONGEST_BACK_OFF)
                await asyncio.sleep(back_off)
                continue
            except UnbaitError as error:
                self.pool.failure = error
                return
            back_off = 0.0
            try:
                await self._feed(process)
            finally:
                self.ready = self.busy = False
                await self._end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        process: asyncio.subprocess.Process | None = None
        theirs = await self._connect()
        try:
            with theirs:
                making = asyncio.ensure_future(asyncio.create_subprocess_exec(
                    *self.pool.command, str(theirs.fileno()), pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL, env={**os.environ, **_ONE_THREAD},
                ))  # fmt: skip
                try:
                    process = await asyncio.shield(making)
                except asyncio.CancelledError:
                    process = await making  # or nobody would see it to its end
                    raise
            self._writer.writelines(wire.pack({"settings": asdict(self.pool.settings)}))
            async with asyncio.timeout(_START_SECONDS):
                head, _ = await wire.read(self._reader)
            if head["t"] == "failed":
                raise UnbaitError(head["code"], head["says"])
        except BaseException:
            await self._end(process)
            raise
        self.memory, self.pid, self.ready = head["memory"], process.pid, True
        return process

    async def _connect(self) -> socket.socket:
        """Open a pair of sockets and return the worker's."""
        ours, theirs = socket.socketpair()
        try:
            self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        return theirs

    async def _end(self, process: asyncio.subprocess.Process | None) -> None:
        """Close the socket and see the process, if it came to be one, to its end."""
        self._writer.close()
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        ending = asyncio.create_task(process.wait())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:  # the service stops, but no process may outlive its loop
            await ending
            raise

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        """Give work until the worker is gone."""
        gone = asyncio.create_task(process.wait())
        try:
            while True:
                taking = asyncio.create_task(
                    self.pool.line.take(self.pool.settings.micro_batch_bytes)
                )
                try:
                    await asyncio.wait({taking, gone}, return_when=asyncio.FIRST_COMPLETED)
                except asyncio.CancelledError:
                    if not taking.cancel():
                        self.pool.running.update(taking.result())
                    raise
                if not taking.done():
                    taking.cancel()
                    self._lost("died")
                    return
                if not await self._work(taking.result()):
                    return
        finally:
            gone.cancel()

    async def _work(self, jobs: list[Job]) -> bool:
        """Have jobs done; False when the worker did not live through them."""
        pool = self.pool
        pool.running.update(jobs)
        pool.watcher.took(len(jobs))
        self.busy = True
        try:
            await self._exchange({job.id: job for job in jobs})
        except TimeoutError:
            self._lost("hung")
            seconds = pool.settings.document_seconds
            for job in reversed(jobs):
                # Alone it had its full time already.
                job.alone = job.alone or (len(jobs) == 1 and job.expected == 1)
                pool.give_up_or_retry(job, f"more than {seconds:g} seconds", "DOCUMENT_TIMEOUT")
            return False
        except (asyncio.IncompleteReadError, ConnectionError):
            self._lost("died")
            for job in reversed(jobs):
                pool.give_up_or_retry(job, "it was tried twice", "WORKER_DIED")
            return False
        self.busy = False
        pool.running.difference_update(jobs)
        return True

    async def _exchange(self, jobs: dict[int, Job]) -> None:
        """Send jobs and take answers; each frame must come within a document's time."""
        seconds = self.pool.settings.document_seconds
        alone = any(job.alone for job in jobs.values())
        frame = wire.pack(
            {"jobs": [job.head() for job in jobs.values()], "alone": alone},
            *(job.raw for job in jobs.values()),
        )
        self._writer.writelines(frame)
        async with asyncio.timeout(seconds) as limit:
            await self._writer.drain()
            while True:
                head, body = await wire.read(self._reader)
                limit.reschedule(asyncio.get_running_loop().time() + seconds)
                match head["t"]:
                    case "planned":
                        for number, names in head["names"].items():
                            job = jobs[int(number)]
                            job.expected, job.names = len(names), names
                            job.settle()
                    case "parts":
                        _spread(head["parts"], body, jobs)
                        self.pool.watcher.worked(head["stats"])
                    case "idle":
                        self.memory = head["memory"]
                        return

    def _lost(self, reason: str) -> None:
        self.ready = self.busy = False
        log.warning("worker %s %s and is replaced", self.pid, reason)
        self.pool.watcher.replaced(reason)


def _stopped() -> ProblemError:
    return ProblemError("DRAINING", "the service stopped", retry_after=5)


def _spread(parts: Sequence[Any], body: bytes, jobs: dict[int, Job]) -> None:
    """Give each job its answers."""
    at = 0
    for name, statuses, sizes in parts:
        job = jobs[name]
        for status, size in zip(statuses, sizes, strict=True):
            job.parts.append(Part(status, body[at : at + size]))
            at += size
        job.settle()
