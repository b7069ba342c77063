"""Everything that can go wrong with a request: RFC 9457 problems under codes that stay."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """One kind of problem: its HTTP status and what it is in general."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "BODY_INCOMPLETE": Kind(400, "The body ended before its announced length"),
    "ENCODING_DAMAGED": Kind(400, "The body is not what its Content-Encoding says"),
    "JSON_SYNTAX": Kind(400, "The body is not JSON"),
    "REQUEST_MALFORMED": Kind(400, "This is not an HTTP request"),
    "KEY_MISSING": Kind(401, "An API key is needed"),
    "KEY_UNKNOWN": Kind(401, "This API key is not known"),
    "NOT_FOUND": Kind(404, "There is nothing here"),
    "RULE_UNKNOWN": Kind(404, "There is no such rule"),
    "METHOD_NOT_ALLOWED": Kind(405, "This method is not offered here"),
    "BODY_TIMEOUT": Kind(408, "The body did not arrive in time"),
    "DOCUMENT_TIMEOUT": Kind(408, "Cleaning this document took too long"),
    "HEADERS_TIMEOUT": Kind(408, "The request head did not arrive in time"),
    "BATCH_TOO_LARGE": Kind(413, "Too many documents in one batch"),
    "BODY_TOO_LARGE": Kind(413, "The body is too large"),
    "DOCUMENT_TOO_LARGE": Kind(413, "This document is too large"),
    "MEDIA_TYPE_UNSUPPORTED": Kind(415, "This content type is not taken here"),
    "ENCODING_UNSUPPORTED": Kind(415, "This Content-Encoding is not taken"),
    "CHARSET_UNSUPPORTED": Kind(415, "This charset is not known"),
    "JSON_TOO_DEEP": Kind(422, "The JSON is nested too deeply"),
    "REQUEST_INVALID": Kind(422, "The request does not say what is needed"),
    "DOCUMENT_REFUSED": Kind(422, "This document cannot be worked on"),
    "RATE_LIMITED": Kind(429, "Too many requests"),
    "HEADERS_TOO_LARGE": Kind(431, "The request head is too large"),
    "INTERNAL": Kind(500, "Something went wrong on our side"),
    "WORKER_DIED": Kind(500, "The worker died on this document"),
    "MODEL_MISSING": Kind(501, "The model for this is not installed"),
    "DRAINING": Kind(503, "The service is shutting down"),
    "NOT_READY": Kind(503, "No worker is ready"),
    "OVERLOADED": Kind(503, "Too much is waiting already"),
    "TOO_MANY_CONNECTIONS": Kind(503, "Too many connections are open"),
}


class ProblemError(Exception):
    """A request that ends in a problem; ``retry_after`` in seconds, where trying again helps."""

    def __init__(
        self, code: str, detail: str, *, retry_after: int | None = None, **more: Any
    ) -> None:
        """Take a code of KINDS and what is wrong in this case."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.more = more

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.code].status

    def record(self) -> dict[str, Any]:
        """Return the members of the problem as RFC 9457 names them, and ours."""
        kind = KINDS[self.code]
        return {
            "type": f"urn:unbait:problem:{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            **self.more,
        }

    def body(self) -> bytes:
        """Return the problem as JSON."""
        return orjson.dumps(self.record())

    def headers(self) -> dict[str, str]:
        """Return the headers that go with it."""
        headers = {"content-type": MEDIA_TYPE}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        return headers


def table() -> str:
    """Return the Markdown table of all problems, as docs/service.md holds it."""
    rows = ["| code | status | what it is |", "|---|---|---|"]
    rows += [f"| `{code}` | {kind.status} | {kind.title} |" for code, kind in KINDS.items()]
    return "\n".join(rows)
