"""Request bodies: counted while they are read and after decompression, and never waited for long.

Decompression goes in small steps, so that neither a bomb nor a large body holds the event loop.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from starlette.requests import ClientDisconnect

from unbait.service.problems import ProblemError

if TYPE_CHECKING:
    from starlette.requests import Request

    from unbait.service.limits import Hold
    from unbait.service.settings import Settings

_STEP = 1 << 16
_ZSTD_WINDOW = 8 << 20  # what RFC 9659 lets a sender use


class Decoder(Protocol):
    """Undoes one content encoding, piece by piece."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what comes of more data, in pieces of bounded size."""

    def finish(self) -> None:
        """Raise when the end is missing."""


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        return


class _Zlib:
    """gzip (also of several members) and deflate (with or without its wrapper)."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inner = zlib.decompressobj(wbits)
        self._begun = False
        self._held = b""  # a first byte alone does not tell whether there is a wrapper

    def feed(self, data: bytes) -> Iterator[bytes]:
        data, self._held = self._held + data, b""
        if not self._begun and len(data) < 2:
            self._held = data
            return
        while data:
            if self._inner.eof:
                self._inner = zlib.decompressobj(self._wbits)
            if not self._begun and self._wbits == zlib.MAX_WBITS and not _has_wrapper(data):
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            self._begun = True
            piece = self._inner.decompress(data, _STEP)
            data = self._inner.unconsumed_tail or self._inner.unused_data
            yield piece

    def finish(self) -> None:
        while piece := self._inner.decompress(self._inner.unconsumed_tail, _STEP):
            raise zlib.error(f"{len(piece)} bytes left")
        if not self._inner.eof:
            raise zlib.error("ended early")


class _Zstd:
    """zstd with a bounded window, also of several frames."""

    def __init__(self) -> None:
        import zstandard

        self._context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._inner: Any = self._context.decompressobj(write_size=_STEP)
        self._error = zstandard.ZstdError
        self._done = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        # A block of zstd holds 128 KB at most: few compressed bytes give a bounded piece.
        while data:
            if self._done:
                self._inner = self._context.decompressobj(write_size=_STEP)
                self._done = False
            part, data = data[:64], data[64:]
            try:
                yield self._inner.decompress(part)
            except self._error as error:
                raise zlib.error(str(error)) from error
            if self._inner.eof:
                data = self._inner.unused_data + data
                self._done = True

    def finish(self) -> None:
        if not self._done:
            raise zlib.error("ended early")


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "identity": _Plain,
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    "zstd": _Zstd,
}


def decoder(encoding: str) -> Decoder:
    """Return the decoder of a Content-Encoding; one encoding, not several."""
    try:
        return _DECODERS[encoding.strip().lower() or "identity"]()
    except (KeyError, ImportError):
        raise ProblemError(
            "ENCODING_UNSUPPORTED", f"one of {', '.join(_DECODERS)}, and only one"
        ) from None


async def read_body(request: Request, settings: Settings, hold: Hold) -> bytes:
    """Read a whole body within the limits of size and time."""
    most = settings.body_bytes
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most)
    pieces = []
    size = 0
    try:
        async with asyncio.timeout(settings.body_seconds):
            async for piece in pieces_of(request, most=most):
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                hold.add(len(piece))
                pieces.append(piece)
    except TimeoutError:
        raise ProblemError(
            "BODY_TIMEOUT", f"it took more than {settings.body_seconds:g} seconds"
        ) from None
    return b"".join(pieces)


async def pieces_of(
    request: Request, *, most: int | None = None, idle: float | None = None
) -> AsyncIterator[bytes]:
    """Yield the decompressed body; ``most`` bytes as sent, ``idle`` seconds between pieces."""
    undo = decoder(request.headers.get("content-encoding", ""))
    sent = 0
    try:
        async for data in _sent(request, idle):
            sent += len(data)
            if most is not None and sent > most:
                raise _too_large(most)
            for number, piece in enumerate(undo.feed(data)):
                if piece:
                    yield piece
                if number % 8 == 7:
                    await asyncio.sleep(0)  # a bomb takes turns with everyone else
        if sent:
            undo.finish()
    except zlib.error as error:
        raise ProblemError("ENCODING_DAMAGED", str(error)) from None


async def _sent(request: Request, idle: float | None) -> AsyncIterator[bytes]:
    """Yield the body as it comes."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(idle):
                data = await anext(stream, None)
        except TimeoutError:
            raise ProblemError("BODY_TIMEOUT", f"nothing came for {idle:g} seconds") from None
        except ClientDisconnect:
            raise ProblemError("BODY_INCOMPLETE", "the connection was closed") from None
        if data is None:
            return
        yield data


def _too_large(most: int) -> ProblemError:
    return ProblemError("BODY_TOO_LARGE", f"at most {most:,} bytes, sent and decompressed")


def _has_wrapper(data: bytes) -> bool:
    """Tell zlib's two bytes from raw deflate; senders mean either by ``deflate``."""
    return len(data) < 2 or (data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0)
