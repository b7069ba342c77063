"""Responses that are written in pieces, as the client reads them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from unbait.service.problems import ProblemError

_PIECE = 1 << 16
JSON = "application/json"


def problem_response(problem: ProblemError, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as a response."""
    return Response(problem.body(), problem.status, {**problem.headers(), **(headers or {})})


class Pieces(Response):
    """A whole answer that is not joined; ``release`` is called when the client has it."""

    def __init__(
        self, pieces: Sequence[bytes], status: int, media_type: str, release: Callable[[], None]
    ) -> None:
        """Take the pieces in order."""
        self._pieces = pieces
        self._release = release
        size = sum(map(len, pieces))
        super().__init__(None, status, {"content-length": str(size)}, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything."""
        try:
            await send(_start(self))
            for piece in self._pieces:
                for at in range(0, len(piece), _PIECE):
                    await send(_body(piece[at : at + _PIECE], more=True))
            await send(_body(b"", more=False))
        finally:
            self._release()


class Live(Response):
    """An answer that is made while it is sent, and while the request is still coming in."""

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], media_type: str, release: Callable[[], None]
    ) -> None:
        """Take what makes the pieces."""
        self._made = pieces
        self._release = release
        super().__init__(None, 200, None, media_type)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send every piece as it comes; Starlette's own would read the request away."""
        try:
            await send(_start(self))
            async for piece in self._made:
                await send(_body(piece, more=True))
            await send(_body(b"", more=False))
        finally:
            self._release()
            await self._made.aclose()


def _start(response: Response) -> dict[str, object]:
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    }


def _body(piece: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": piece, "more_body": more}
