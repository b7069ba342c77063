"""A worker process: ``python -m unbait.service.worker FD``. It holds the model and cleans.

It ends when the service goes away; signals are the service's business.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

from unbait.errors import UnbaitError
from unbait.service import wire
from unbait.service.problems import ProblemError
from unbait.service.reading import Item, Task, read_task
from unbait.service.settings import Settings
from unbait.service.work import Desk, Part, failure, groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from unbait import Cleaner

_NICE = 5  # the event loop goes first, so that health answers under full load
# What is compiled at first use is compiled before the first request.
_WARM_UP = "The harbour was quiet on Sunday.\n\nClick here: cheap tickets\n\nhttps://example.org"
_PAGE = os.sysconf("SC_PAGE_SIZE")


def main(make_desk: Callable[[Settings], Desk] | None = None) -> None:
    """Serve the socket named on the command line until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICE)
    with socket.socket(fileno=int(sys.argv[1])) as sock:
        try:
            head, _ = wire.receive_blocking(sock)
            settings = Settings(**head["settings"])
            try:
                desk = (make_desk or _desk)(settings)
            except UnbaitError as error:
                wire.send_blocking(sock, {"t": "failed", "code": error.code, "says": error.message})
                return
            wire.send_blocking(sock, {"t": "ready", "memory": _memory()})
            while True:
                _serve(sock, desk, settings)
        except (EOFError, ConnectionError):
            return


def make_cleaner(settings: Settings) -> Cleaner:
    """Load the cleaner that the settings describe."""
    from unbait import Cleaner

    return Cleaner(rules=settings.rules, disable=settings.disable, model=settings.model or None)


def _desk(settings: Settings) -> Desk:
    cleaner = make_cleaner(settings)
    cleaner.clean(_WARM_UP)
    return Desk(cleaner)


def _serve(sock: socket.socket, desk: Desk, settings: Settings) -> None:
    """Answer one frame: the jobs of one or more requests."""
    head, body = wire.receive_blocking(sock)
    planned: list[tuple[int, Item]] = []
    refused: list[tuple[int, list[Part]]] = []
    names: dict[str, list[str | None]] = {}
    for job, items in _planned(head["jobs"], body, settings):
        if isinstance(items, ProblemError):
            names[str(job["id"])] = [None] * (job["first"] + 1)
            refused.append((job["id"], [failure(items, wrapped=False)]))
        else:
            names[str(job["id"])] = [item.id for item in items]
            planned += ((job["id"], item) for item in items[job["first"] :])
    # Said first: from here on a death is one document's fault.
    wire.send_blocking(sock, {"t": "planned", "names": names})
    if refused:
        _send(sock, refused, {})
    owners = [job for job, _ in planned]
    done = 0
    for group in groups([item for _, item in planned], head["alone"]):
        parts, stats = desk.run(group)
        _send(sock, _by_job(owners[done : done + len(group)], parts), stats)
        done += len(group)
    wire.send_blocking(sock, {"t": "idle", "memory": _memory()})


def _planned(
    jobs: Sequence[dict[str, Any]], body: memoryview, settings: Settings
) -> Iterator[tuple[dict[str, Any], list[Item] | ProblemError]]:
    at = 0
    for job in jobs:
        raw = bytes(body[at : at + job["size"]])
        at += job["size"]
        try:
            yield job, read_task(Task(job["kind"], raw, job["options"]), settings)
        except ProblemError as problem:
            yield job, problem


def _by_job(owners: Sequence[int], parts: Sequence[Part]) -> list[tuple[int, list[Part]]]:
    """Put together the parts of one job; they stand side by side."""
    grouped: list[tuple[int, list[Part]]] = []
    for owner, part in zip(owners, parts, strict=True):
        if not grouped or grouped[-1][0] != owner:
            grouped.append((owner, []))
        grouped[-1][1].append(part)
    return grouped


def _send(
    sock: socket.socket, grouped: Sequence[tuple[int, list[Part]]], stats: dict[str, Any]
) -> None:
    parts = [
        [job, [part.status for part in parts], [len(part.body) for part in parts]]
        for job, parts in grouped
    ]
    bodies = (part.body for _, parts in grouped for part in parts)
    wire.send_blocking(sock, {"t": "parts", "parts": parts, "stats": stats}, *bodies)


def _memory() -> int:
    """Return the resident bytes of this process."""
    with open("/proc/self/statm", "rb") as stream:  # noqa: PTH123 - once a task, and quicker
        return int(stream.read().split()[1]) * _PAGE


if __name__ == "__main__":
    main()
