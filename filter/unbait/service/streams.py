"""NDJSON in, NDJSON out: in order, with back-pressure, and never more than a window in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any

import orjson

from unbait.service.bodies import pieces_of
from unbait.service.problems import ProblemError
from unbait.service.work import Part, failure

if TYPE_CHECKING:
    from starlette.requests import Request

    from unbait.service.state import Service

MEDIA_TYPE = "application/x-ndjson"
MEDIA_TYPES = (MEDIA_TYPE, "application/jsonl", "application/ndjson", "application/jsonlines")
_ESCAPED = 6  # one character may take this many bytes in JSON
_QUIET = 0.02  # a client that waits for answers before it sends more gets them after this

Waiting = asyncio.Queue["asyncio.Task[list[Part]] | ProblemError | None"]


async def cleaned(
    service: Service, request: Request, options: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
    """Yield a line of answer for each line of the request."""
    # The reader waits when the window is full; then the socket fills, and the client waits.
    waiting: Waiting = asyncio.Queue(service.settings.stream_window)
    reader = asyncio.create_task(_read(service, request, options, waiting))
    try:
        while (block := await waiting.get()) is not None:
            if isinstance(block, ProblemError):
                service.metrics.problem(block.code)
                yield orjson.dumps({"stream_error": block.record()}) + b"\n"
                break
            yield b"".join(piece for part in await block for piece in (part.body, b"\n"))
    finally:
        reader.cancel()
        while not waiting.empty():
            left = waiting.get_nowait()
            if isinstance(left, asyncio.Task):
                left.cancel()


async def _read(
    service: Service, request: Request, options: dict[str, Any], waiting: Waiting
) -> None:
    """Cut the body into blocks of whole lines and give them to the pool."""
    try:
        async for block in _blocks(service, request):
            work = _answer_too_long() if block is None else _clean(service, block, options)
            await waiting.put(asyncio.create_task(work))
    except ProblemError as problem:
        await waiting.put(problem)
    else:
        await waiting.put(None)


async def _blocks(service: Service, request: Request) -> AsyncIterator[bytes | None]:
    """Yield blocks of whole lines; None stands for a line that is too long."""
    settings = service.settings
    cutter = Cutter(settings.stream_block_bytes, settings.document_bytes * _ESCAPED)
    pieces = pieces_of(request, idle=settings.idle_seconds)
    coming: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(pieces, None))
            await asyncio.wait({coming}, timeout=_QUIET if cutter.has_lines else None)
            if not coming.done():
                yield cutter.flush()
                continue
            piece, coming = coming.result(), None
            if piece is None:
                break
            for block in cutter.feed(piece):
                yield block
    finally:
        if coming is not None:
            coming.cancel()
    if rest := cutter.finish():
        yield rest


class Cutter:
    """Cuts bytes into blocks of whole lines."""

    def __init__(self, block: int, longest: int) -> None:
        """Make blocks of at least ``block`` bytes; a line of more than ``longest`` is skipped."""
        self._block, self._longest = block, longest
        self._held = bytearray()
        self._whole = 0  # up to here the held bytes are whole lines
        self._skipping = False

    @property
    def has_lines(self) -> bool:
        """Whether whole lines are held."""
        return self._whole > 0

    def feed(self, piece: bytes) -> list[bytes | None]:
        """Take more bytes; return blocks, None for a line that is skipped."""
        if self._skipping:
            _, newline, piece = piece.partition(b"\n")
            self._skipping = not newline
        before = len(self._held)
        self._held += b"" if self._skipping else piece
        self._whole = self._held.rfind(b"\n", before) + 1 or self._whole
        blocks: list[bytes | None] = []
        too_long = len(self._held) - self._whole > self._longest
        if self._whole and (too_long or len(self._held) >= self._block):
            blocks.append(self.flush())
        if too_long:
            blocks.append(None)
            self._held.clear()
            self._skipping = True
        return blocks

    def flush(self) -> bytes:
        """Return the whole lines that are held."""
        lines = bytes(self._held[: self._whole])
        del self._held[: self._whole]
        self._whole = 0
        return lines

    def finish(self) -> bytes:
        """Return everything that is held: the last line may have no end."""
        self._whole = len(self._held)
        return self.flush()


async def _clean(service: Service, block: bytes, options: dict[str, Any]) -> list[Part]:
    try:
        return await service.pool.run("lines", block, options, patient=True)
    except ProblemError as problem:
        # Every line has its answer, also when the block failed as a whole.
        lines = sum(bool(line.strip()) for line in block.split(b"\n"))
        return [failure(problem, wrapped=True)] * lines


async def _answer_too_long() -> list[Part]:
    return [failure(ProblemError("DOCUMENT_TOO_LARGE", "this line is too long"), wrapped=True)]
