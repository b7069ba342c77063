"""uvicorn's HTTP protocol with the guards it lacks: silent connections, large heads, too many."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from unbait.service.problems import KINDS, ProblemError
from unbait.service.settings import Settings

ABORT = "unbait.abort"  # in the scope: cuts the connection, whatever is still unsent


class GuardedProtocol(HttpToolsProtocol):
    """One connection. Subclassed for each service, to hold its settings."""

    settings: ClassVar[Settings] = Settings()
    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one connection too many; give the others a time to speak."""
        super().connection_made(transport)
        if len(self.connections) > self.settings.connections:
            self._refuse(ProblemError("TOO_MANY_CONNECTIONS", "try again", retry_after=5))
            return
        self._timer = self.loop.call_later(self.settings.header_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a request's head; a head may not be large or slow."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._timer is None:
                self._timer = self.loop.call_later(
                    self.settings.header_seconds, self._too_slow
                )
            if self._head_bytes > self.settings.header_bytes and not _ends_within(
                data, self.settings.header_bytes - (self._head_bytes - len(data))
            ):
                most = self.settings.header_bytes
                self._refuse(ProblemError("HEADERS_TOO_LARGE", f"at most {most:,} bytes"))
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is whole: from here on the body's limits hold."""
        self._stop_timer()
        self._in_head = False
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Let a client finish sending what was answered already, within bounds."""
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > self.settings.body_bytes:
                self.transport.close()
            elif self._timer is None:
                seconds = self.settings.body_seconds
                self._timer = self.loop.call_later(seconds, self.transport.close)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect another head on this connection."""
        self._stop_timer()
        self._discarded = 0
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say as a problem that this is no HTTP."""
        self._refuse(ProblemError("REQUEST_MALFORMED", msg))

    def _too_slow(self) -> None:
        if self._head_bytes:
            seconds = self.settings.header_seconds
            self._refuse(ProblemError("HEADERS_TIMEOUT", f"at most {seconds:g} seconds"))
        else:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, problem: ProblemError) -> None:
        """Answer without the application and close."""
        self._stop_timer()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = problem.body()
            headers = {**problem.headers(), "content-length": str(len(body))}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            title = KINDS[problem.code].title
            head = f"HTTP/1.1 {problem.status} {title}\r\n{lines}connection: close\r\n\r\n"
            self.transport.write(head.encode() + body)
        self.transport.close()


def guarded(settings: Settings) -> type[asyncio.Protocol]:
    """Return the protocol class of a service."""
    return type("Protocol", (GuardedProtocol,), {"settings": settings})


def _ends_within(data: bytes, most: int) -> bool:
    """Tell whether the head ends in this data, early enough; a body may come behind it."""
    return 0 <= data.find(b"\r\n\r\n") < most


