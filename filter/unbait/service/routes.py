"""The routes: they read a body, hand it to the pool, and write what comes back."""

from __future__ import annotations

import codecs
from email.message import Message
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from unbait.service import streams
from unbait.service.answers import JSON, Live, Pieces
from unbait.service.bodies import read_body
from unbait.service.metrics import MEDIA_TYPE as METRICS_TYPE
from unbait.service.problems import MEDIA_TYPE as PROBLEM_TYPE
from unbait.service.problems import ProblemError
from unbait.service.requests import CleanQuery, RulesQuery
from unbait.service.state import Service
from unbait.service.work import Part, written

TEXT_TYPES = ("text/plain",)
PAGE_TYPES = ("text/html", "application/xhtml+xml")


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _guard(request: Request) -> None:
    await _service(request).guard(request)


public = APIRouter()
api = APIRouter(dependencies=[Depends(_guard)])


@api.post("/v1/clean", summary="Clean one document")
async def clean(request: Request, query: Annotated[CleanQuery, Query()]) -> Response:
    """Clean a text or a page: JSON, or the document itself with its content type."""
    media, charset = _content_type(request)
    options = query.options()
    if media == JSON:
        return await _answer(request, "json", options)
    if media not in TEXT_TYPES + PAGE_TYPES:
        raise _unsupported(JSON, *TEXT_TYPES, *PAGE_TYPES)
    options |= {"page": media in PAGE_TYPES, "charset": charset}
    return await _answer(request, "raw", options)


@api.post("/v1/clean/batch", summary="Clean many documents")
async def clean_batch(request: Request, query: Annotated[CleanQuery, Query()]) -> Response:
    """Clean many documents; each has its own result or error, in order."""
    _require(request, JSON)
    return await _answer(request, "batch", query.options())


@api.post("/v1/clean/stream", summary="Clean a stream of documents")
async def clean_stream(request: Request, query: Annotated[CleanQuery, Query()]) -> Response:
    """Clean NDJSON of any length: a line out for each line in, in order, while it comes in."""
    _require(request, *streams.MEDIA_TYPES)
    service = _service(request)
    if service.streams.locked():
        raise ProblemError("OVERLOADED", "too many streams are open", retry_after=5)
    await service.streams.acquire()
    lines = streams.cleaned(service, request, query.options())
    return Live(lines, streams.MEDIA_TYPE, service.streams.release)


@api.post("/v1/score", summary="Score paragraphs and headlines")
async def score(request: Request) -> Response:
    """Give the probability of junk of each paragraph, of clickbait of each headline."""
    _require(request, JSON)
    return await _answer(request, "score", {})


@api.get("/v1/rules", summary="List the rules")
async def rules(request: Request, query: Annotated[RulesQuery, Query()]) -> Response:
    """List the rules: what each finds and why that is junk."""
    return Response(written(_service(request).catalogue.rules(query)), media_type=JSON)


@api.get("/v1/rules/{id}", summary="Show a rule")
async def rule(request: Request, id: str) -> Response:  # noqa: A002 - the name in the path
    """Show a rule whole: its pattern, and examples each way."""
    found = await _service(request).catalogue.rule(id)
    if found is None:
        raise ProblemError("RULE_UNKNOWN", "see /v1/rules for those there are")
    return Response(written(found), media_type=JSON)


@api.get("/v1/models", summary="List the models")
async def models(request: Request) -> Response:
    """List the models with their versions, hashes and measured quality."""
    return Response(written({"models": _service(request).catalogue.models}), media_type=JSON)


@api.get("/metrics", summary="Metrics for Prometheus")
async def metrics(request: Request) -> Response:
    """Count requests, documents, bytes, cuts; show queue and workers."""
    page = _service(request).metrics.page()
    return Response(page, headers={"content-type": METRICS_TYPE})


@public.get("/healthz", summary="Is the service alive?")
async def healthz() -> Response:
    """Answer as long as the event loop runs."""
    return Response(b'{"status":"ok"}', media_type=JSON)


@public.get("/readyz", summary="Can it take work?")
async def readyz(request: Request) -> Response:
    """Answer 200 while there is a worker and room in the queue."""
    service = _service(request)
    if service.draining:
        raise ProblemError("DRAINING", "try another one", retry_after=5)
    if not service.pool.ready:
        raise ProblemError("NOT_READY", "workers are starting", retry_after=1)
    if len(service.pool.line) >= service.settings.queue_requests:
        raise ProblemError("OVERLOADED", "the queue is full", retry_after=1)
    return Response(b'{"status":"ready"}', media_type=JSON)


async def _answer(request: Request, kind: str, options: dict[str, Any]) -> Response:
    """Read the body, have the work done, and answer."""
    service = _service(request)
    hold = service.budget.hold()
    try:
        raw = await read_body(request, service.settings, hold)
        parts = await service.run(request, kind, raw, options)
        hold.grow(sum(len(part.body) for part in parts))
        return _response(service, kind, parts, hold.release)
    except BaseException:
        hold.release()
        raise


def _response(service: Service, kind: str, parts: list[Part], release: Any) -> Response:
    refused = len(parts) == 1 and parts[0].status >= 400
    if kind == "batch" and not (refused and parts[0].body.startswith(b'{"type"')):
        pieces = [b'{"results":[']
        for number, part in enumerate(parts):
            pieces += (b"," if number else b"", part.body)
        return Pieces([*pieces, b"]}"], 200, JSON, release)
    (part,) = parts
    return Pieces([part.body], part.status, PROBLEM_TYPE if refused else JSON, release)


def _content_type(request: Request) -> tuple[str, str | None]:
    """Return media type and charset; a charset that Python does not know is refused."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    given = message.get_param("charset")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not isinstance(given, str):
        return media, None
    try:
        codec = codecs.lookup(given)
    except (LookupError, ValueError):
        codec = None
    if codec is None or not codec._is_text_encoding:
        raise ProblemError("CHARSET_UNSUPPORTED", "see Python's standard encodings")
    return media, codec.name


def _require(request: Request, *media_types: str) -> None:
    if _content_type(request)[0] not in media_types:
        raise _unsupported(*media_types)


def _unsupported(*media_types: str) -> ProblemError:
    return ProblemError("MEDIA_TYPE_UNSUPPORTED", f"one of {', '.join(media_types)}")
