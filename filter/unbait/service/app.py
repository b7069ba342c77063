"""Puts the service together as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from unbait import __version__
from unbait.service import openapi, pages, routes
from unbait.service.answers import problem_response
from unbait.service.frame import Frame
from unbait.service.pool import WORKER
from unbait.service.problems import ProblemError
from unbait.service.settings import Settings
from unbait.service.state import Service


def create_app(settings: Settings | None = None, command: Sequence[str] = WORKER) -> FastAPI:
    """Return the application; its workers start with its lifespan."""
    service = Service(settings or Settings(), command)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.pool.stop()

    app = FastAPI(
        title="unbait",
        version=__version__,
        description=openapi.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        middleware=_middleware(service),
    )
    app.state.service = service
    app.include_router(routes.public)
    app.include_router(routes.api)
    app.include_router(pages.router())
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    openapi.describe(app, service.settings)
    return app


def _middleware(service: Service) -> list[Middleware]:
    layers = [Middleware(Frame, service=service)]
    if service.settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=service.settings.cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
                expose_headers=["x-request-id", "retry-after"],
            )
        )
    return layers


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    request.app.state.service.metrics.problem(error.code)
    return problem_response(error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Say Starlette's own errors as problems."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        problem = ProblemError("METHOD_NOT_ALLOWED", f"allowed: {(error.headers or {})['Allow']}")
    else:
        problem = ProblemError("NOT_FOUND", "see /openapi.json for what there is")
    request.app.state.service.metrics.problem(problem.code)
    return problem_response(problem, error.headers)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Say what is wrong with a query, without repeating what was in it."""
    assert isinstance(error, RequestValidationError)
    errors = [
        {"where": "/".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()
    ]
    first = errors[0]
    problem = ProblemError("REQUEST_INVALID", f"{first['where']}: {first['what']}", errors=errors)
    return await _on_problem(request, problem)
