"""Around every request: its id, safe headers, a limit on slow readers, counters, one log line."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import traceback
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from unbait.service.answers import problem_response
from unbait.service.problems import ProblemError
from unbait.service.protocol import ABORT

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from unbait.service.state import Service

log = logging.getLogger("unbait.access")

_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class Frame:
    """The outermost application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        """Wrap ``app``."""
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        turn = _Turn(self._service, scope, receive, send)
        try:
            await self._app(scope, turn.receive, turn.send)
        except TimeoutError:
            await _cut(scope)  # the client does not read: a polite end would wait for it too
        except Exception as error:
            # Its message may quote a document: type and places are enough.
            places = "".join(traceback.format_tb(error.__traceback__))
            log.error("id=%s %s\n%s", turn.id, type(error).__name__, places)
            if turn.status:
                await _cut(scope)  # half an answer must not look like a whole one
            else:
                problem = ProblemError("INTERNAL", type(error).__name__)
                await problem_response(problem)(scope, receive, turn.send)
        finally:
            turn.finish()


class _Turn:
    """One request on its way through."""

    def __init__(self, service: Service, scope: Scope, receive: Receive, send: Send) -> None:
        self._service, self._scope = service, scope
        self._receive, self._send = receive, send
        given = Headers(scope=scope).get("x-request-id", "")
        self.id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = self.id
        self.status = self.received = self.sent = 0
        self._begun = time.perf_counter()

    async def receive(self) -> Message:
        """Count what comes."""
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """Add headers, count, and wait for a slow reader only so long."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message["headers"], *_SAFE, (b"x-request-id", self.id.encode())]
            if not any(name == _API_POLICY[0] for name, _ in headers):
                headers.append(_API_POLICY)
            message = {**message, "headers": headers}
        self.sent += len(message.get("body", b""))
        async with asyncio.timeout(self._service.settings.idle_seconds):
            await self._send(message)

    def finish(self) -> None:
        """Count the request and log it: never its text, address or query."""
        seconds = time.perf_counter() - self._begun
        scope = self._scope
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        metrics = self._service.metrics
        metrics.answered(route, method, self.status, seconds)
        metrics.moved(self.received, self.sent)
        if self._service.settings.access_log:
            log.info(
                "id=%s method=%s route=%s status=%d in=%d out=%d ms=%.1f",
                self.id, method, route, self.status, self.received, self.sent, seconds * 1000,
            )  # fmt: skip


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


async def _cut(scope: Scope) -> None:
    scope[ABORT]()
    await asyncio.sleep(0.01)  # uvicorn sees it gone before we return
