"""From the bytes of a request to its documents, in the worker: parsed, checked, counted."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from pydantic import ValidationError

from unbait.io.audit import source_of
from unbait.io.coding import Coding, decode
from unbait.service.problems import ProblemError
from unbait.service.requests import BatchIn, DocumentIn, ScoreIn, invalid, policy_of
from unbait.types import Document, Policy

if TYPE_CHECKING:
    from unbait.render import AuditSource
    from unbait.service.settings import Settings


class Task(NamedTuple):
    """One request as a worker gets it. ``options`` holds what query and headers said."""

    kind: str
    raw: bytes
    options: dict[str, Any]


@dataclass(slots=True)
class Item:
    """One document of a request. ``problem`` is set where it cannot be worked on.

    ``page`` is markup and then ``document`` holds only what is known about it. ``wrapped`` says
    that an error is told inside the answer (batch, stream), not as the answer.
    """

    document: Document | None = None
    page: str | bytes | None = None
    policy: Policy = field(default_factory=Policy)
    id: str | None = None
    fields: Sequence[str] = ()
    source: AuditSource | None = None
    score: ScoreIn | None = None
    wrapped: bool = False
    problem: ProblemError | None = None

    @property
    def size(self) -> int:
        """Characters (of a page perhaps bytes) of work."""
        if self.page is not None:
            return len(self.page)
        return len(self.document.text) if self.document else 0


def read_task(task: Task, settings: Settings) -> list[Item]:
    """Read a request into its documents; ProblemError when it is wrong as a whole."""
    return list(_READERS[task.kind](task, settings))


def parse(raw: bytes, depth: int) -> Any:
    """Parse JSON of bounded depth."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        value = _parse_lone_surrogates(raw, error)
    if _deeper(value, depth):
        raise ProblemError("JSON_TOO_DEEP", f"at most {depth} levels")
    return value


def _parse_lone_surrogates(raw: bytes, error: orjson.JSONDecodeError) -> Any:
    """Read with the standard library what orjson refuses: escapes of half characters."""
    if b"\\u" in raw:
        try:
            return json.loads(raw.decode(), parse_constant=_refuse)
        except RecursionError:
            raise ProblemError("JSON_TOO_DEEP", "far too many levels") from None
        except ValueError:
            pass
    if "depth" in error.msg or "recursion" in error.msg:
        raise ProblemError("JSON_TOO_DEEP", "far too many levels")
    raise ProblemError("JSON_SYNTAX", f"{error.msg} at character {error.pos}")


def _refuse(name: str) -> None:
    raise ValueError(name)


def _deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, (dict, list)) for one in level)


def _read_json(task: Task, settings: Settings) -> Iterator[Item]:
    item = _item(parse(task.raw, settings.json_depth), task, settings, "body")
    if item.problem:
        raise item.problem
    yield item


def _read_batch(task: Task, settings: Settings) -> Iterator[Item]:
    try:
        batch = BatchIn.model_validate(parse(task.raw, settings.json_depth))
    except ValidationError as error:
        raise invalid(error, "body") from None
    if len(batch.documents) > settings.batch_documents:
        raise ProblemError(
            "BATCH_TOO_LARGE", f"{len(batch.documents)} of at most {settings.batch_documents}"
        )
    for number, value in enumerate(batch.documents):
        yield _item(value, task, settings, f"documents/{number}", wrapped=True)


def _read_lines(task: Task, settings: Settings) -> Iterator[Item]:
    for line in task.raw.split(b"\n"):
        if not line.strip():
            continue
        try:
            yield _item(parse(line, settings.json_depth), task, settings, "line", wrapped=True)
        except ProblemError as problem:
            yield Item(wrapped=True, problem=problem)


def _item(
    value: Any, task: Task, settings: Settings, place: str, *, wrapped: bool = False
) -> Item:
    """Make the item of one JSON document; what is wrong with it is its own problem."""
    said: dict[str, Any] = task.options["said"]
    name = value.get("id") if isinstance(value, dict) else None
    name = name if isinstance(name, str) and len(name) <= 256 else None
    try:
        one = DocumentIn.model_validate({**said, **value} if isinstance(value, dict) else value)
        item = _item_of(one, task.options["fields"])
        _check_size(item.size, settings)
    except ValidationError as error:
        return Item(id=name, wrapped=wrapped, problem=invalid(error, place))
    except ProblemError as problem:
        return Item(id=name, wrapped=wrapped, problem=problem)
    item.wrapped = wrapped
    return item


def _item_of(one: DocumentIn, fields: Sequence[str]) -> Item:
    document = Document(one.text or "", one.title, one.lang, one.url)
    return Item(document, one.html, policy_of(one), one.id, fields)


def _read_raw(task: Task, settings: Settings) -> Iterator[Item]:
    """Read a body that is the document itself, text or page."""
    _check_size(len(task.raw), settings)
    options = task.options
    given = _decoded(task.raw, options.get("charset"))
    if options["page"]:
        page: str | bytes = task.raw if given is None else given
        one = DocumentIn.model_validate({"html": "", **options["said"]})
        source = source_of(task.raw, kind="html", coding=None, found="page", exact=False)
    else:
        page = ""
        read = decode(task.raw)
        text, coding, found, exact = read.text, read.coding, read.found, read.exact
        if given is not None:
            coding = Coding(codecs.lookup(options["charset"]).name)
            text, found, exact = given, "utf-8", coding.encode(given) == task.raw
        one = DocumentIn.model_validate({"text": text, **options["said"]})
        source = source_of(task.raw, kind="text", coding=coding, found=found, exact=exact)
    item = _item_of(one, options["fields"])
    item.source = source
    if options["page"]:
        item.page = page
    yield item


def _decoded(raw: bytes, charset: str | None) -> str | None:
    """Read bytes as their content type says; None where it says UTF-8 or nothing."""
    if charset is None or charset == "utf-8":
        return None
    try:
        return raw.decode(charset)
    except UnicodeError:
        raise ProblemError(
            "CHARSET_UNSUPPORTED", f"the body is not {charset}, as its content type says"
        ) from None


def _read_score(task: Task, settings: Settings) -> Iterator[Item]:
    try:
        score = ScoreIn.model_validate(parse(task.raw, settings.json_depth))
    except ValidationError as error:
        raise invalid(error, "body") from None
    document = Document(score.text or "", score.title, score.lang)
    item = Item(document if score.text is not None else None, score=score)
    _check_size(item.size, settings)
    yield item


def _check_size(size: int, settings: Settings) -> None:
    if size > settings.document_bytes:
        raise ProblemError("DOCUMENT_TOO_LARGE", f"at most {settings.document_bytes:,} bytes")


_READERS = {
    "json": _read_json,
    "batch": _read_batch,
    "lines": _read_lines,
    "raw": _read_raw,
    "score": _read_score,
}
