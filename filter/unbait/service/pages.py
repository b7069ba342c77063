"""The page at ``/``: three files that ask nothing of anyone else."""

from __future__ import annotations

import hashlib
from importlib import resources

from fastapi import APIRouter, Request
from starlette.responses import Response

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def router() -> APIRouter:
    """Return the routes of the page; its files are read once."""
    routes = APIRouter(include_in_schema=False)
    for file in sorted(resources.files(__package__).joinpath("page").iterdir(), key=str):
        path = "/" if file.name == "index.html" else f"/page/{file.name}"
        _add(routes, path, file.read_bytes(), _TYPES[file.name.rpartition(".")[2]])
    return routes


def _add(routes: APIRouter, path: str, content: bytes, media_type: str) -> None:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache", "content-security-policy": _POLICY}

    @routes.get(path)
    async def file(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(None, 304, headers)
        return Response(content, 200, headers, media_type)
