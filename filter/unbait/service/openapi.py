"""The OpenAPI of the service: FastAPI's own, and what it cannot know of raw bodies."""

from __future__ import annotations

from importlib import resources
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from unbait.io.audit import schema as audit_schema
from unbait.service import problems, routes, streams
from unbait.service.answers import JSON
from unbait.service.metrics import MEDIA_TYPE as METRICS_TYPE
from unbait.service.requests import DocumentIn, ScoreIn
from unbait.service.settings import Settings

DESCRIPTION = (
    "Text or HTML of a scraped page in, the clean article out, with every cut and its reasons. "
    "Errors are problems (RFC 9457) with a stable `code`."
)
_REF = "#/components/schemas/"
_COMMON = {401, 429, 503}
_BODY = {400, 408, 413, 415, 422, 500}
_STATUSES: dict[str, set[int]] = {
    "/v1/clean": _BODY | _COMMON,
    "/v1/clean/batch": _BODY | _COMMON,
    "/v1/clean/stream": {415, 422} | _COMMON,
    "/v1/score": _BODY | _COMMON | {501},
    "/v1/rules": {422} | _COMMON,
    "/v1/rules/{id}": {404} | _COMMON,
    "/v1/models": _COMMON,
    "/metrics": _COMMON,
    "/healthz": set(),
    "/readyz": {503},
}
_ANSWERS: dict[str, tuple[str, Any]] = {
    "/v1/clean": (JSON, {"$ref": f"{_REF}Result"}),
    "/v1/clean/batch": (JSON, {"$ref": f"{_REF}BatchResult"}),
    "/v1/clean/stream": (streams.MEDIA_TYPE, {"type": "string"}),
    "/v1/score": (JSON, {"$ref": f"{_REF}Scores"}),
    "/v1/rules": (JSON, {"$ref": f"{_REF}Rules"}),
    "/v1/rules/{id}": (JSON, {"$ref": f"{_REF}Rule"}),
    "/v1/models": (JSON, {"$ref": f"{_REF}Models"}),
    "/metrics": (METRICS_TYPE, {"type": "string"}),
    "/healthz": (JSON, {"$ref": f"{_REF}Status"}),
    "/readyz": (JSON, {"$ref": f"{_REF}Status"}),
}


def describe(app: FastAPI, settings: Settings) -> None:
    """Have the application tell all of its API."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, settings)
        return app.openapi_schema

    app.openapi = made  # type: ignore[method-assign]


def examples() -> dict[str, Any]:
    """Return the examples of request bodies; tests send every one."""
    data = resources.files(__package__).joinpath("examples.json").read_bytes()
    loaded: dict[str, Any] = orjson.loads(data)
    return loaded


def _document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    document["components"] = {"schemas": _schemas(settings)}
    bodies = _bodies()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"] = _responses(path)
            if path in bodies:
                operation["requestBody"] = {"required": True, "content": bodies[path]}
    if settings.keys():
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        for path in set(_STATUSES) - {"/healthz", "/readyz"}:
            for operation in document["paths"][path].values():
                operation["security"] = [{"bearer": []}, {"key": []}]
    return document


def _bodies() -> dict[str, Any]:
    known = examples()

    def json(name: str, *shown: str) -> dict[str, Any]:
        return {"schema": {"$ref": _REF + name}, "examples": {key: known[key] for key in shown}}

    text: dict[str, Any] = {"schema": {"type": "string"}}
    raw = dict.fromkeys(routes.TEXT_TYPES + routes.PAGE_TYPES, text)
    line = "One document (as in /v1/clean) on each line."
    return {
        "/v1/clean": {JSON: json("DocumentIn", "CleanText", "CleanPage"), **raw},
        "/v1/clean/batch": {JSON: json("BatchIn", "Batch")},
        "/v1/clean/stream": {
            streams.MEDIA_TYPE: {"schema": {**text["schema"], "description": line}}
        },
        "/v1/score": {JSON: json("ScoreIn", "ScoreText", "ScoreHeadlines")},
    }


def _responses(path: str) -> dict[str, Any]:
    media_type, schema = _ANSWERS[path]
    answers: dict[str, Any] = {
        "200": {"description": "Done", "content": {media_type: {"schema": schema}}}
    }
    problem = {problems.MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}
    for status in sorted(_STATUSES[path]):
        codes = [code for code, kind in problems.KINDS.items() if kind.status == status]
        answers[str(status)] = {"description": ", ".join(codes), "content": problem}
    return answers


def _schemas(settings: Settings) -> dict[str, Any]:
    _, made = models_json_schema(
        [(DocumentIn, "validation"), (ScoreIn, "validation")], ref_template=_REF + "{model}"
    )
    schemas: dict[str, Any] = made["$defs"]
    # pydantic cannot say in a schema what its model validators hold.
    schemas["DocumentIn"]["oneOf"] = [_has("text"), _has("html")]
    schemas["ScoreIn"]["anyOf"] = [_has("text"), _has("headlines")]
    schemas["BatchIn"] = _object(
        {"documents": {
            "type": "array",
            "items": {"$ref": f"{_REF}DocumentIn"},
            "maxItems": settings.batch_documents,
        }}
    )  # fmt: skip
    return schemas | _answer_schemas()


def _answer_schemas() -> dict[str, Any]:
    text, number, integer = {"type": "string"}, {"type": "number"}, {"type": "integer"}
    audit = orjson.loads(
        orjson.dumps(audit_schema()).replace(b'"#/$defs/', f'"{_REF}Audit/$defs/'.encode())
    )
    within = f"{_REF}Audit/properties/"
    result = {
        "id": text, "text": text, "input": text, "audit": {"$ref": f"{_REF}Audit"},
        "verdict": {"$ref": f"{within}verdict"}, "notes": {"$ref": f"{within}notes"},
        "decisions": {"$ref": f"{within}decisions"}, "error": {"$ref": f"{_REF}Problem"},
    }  # fmt: skip
    paragraph = _object(
        {"start": integer, "end": integer, "score": number, "category": text, "action": text}
    )
    brief = {"id": text, "name": text, "category": text, "lang": text, "scope": text,
             "status": text, "score": number, "why": text}  # fmt: skip
    texts = {"type": "array", "items": text}
    return {
        "Audit": {key: value for key, value in audit.items() if key != "$schema"},
        "Problem": _object(
            {"type": text, "title": text, "status": integer, "detail": text, "code": text},
            more={"reason": text, "errors": {"type": "array", "items": {"type": "object"}}},
        ),
        "Result": _object({}, more={key: one for key, one in result.items() if key != "error"}),
        "BatchResult": _object(
            {"results": {"type": "array", "items": _object({}, more=result)}}
        ),
        "Scores": _object(
            {},
            more={
                "paragraphs": {"type": "array", "items": paragraph},
                "headlines": {"type": "array", "items": _object({"score": number})},
            },
        ),
        "Rules": _object(
            {"total": integer, "rules": {"type": "array", "items": _object(brief)}}
        ),
        "Rule": _object({**brief, "pattern": text, "match": texts, "no_match": texts}),
        "Models": _object(
            {"models": {"type": "array", "items": {"type": "object", "required": ["name"]}}}
        ),
        "Status": _object({"status": text}),
    }


def _object(needed: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(needed),
        "properties": {**needed, **(more or {})},
    }


def _has(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
