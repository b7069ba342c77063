"""From sources to results: read, clean in batches, and hand on what fails beside what is done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from unbait.errors import InputError, UnbaitError
from unbait.io.coding import Decoded, decode
from unbait.io.sources import Reject, Source
from unbait.types import Document

if TYPE_CHECKING:
    from unbait import Cleaner
    from unbait.result import Result

Kind = Literal["auto", "text", "html"]

_BATCH_FILES = 512
_BATCH_BYTES = 8 << 20
# A page begins with a tag that pages begin with; a text about HTML begins with words.
_PAGE = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*"
    rb"<(?:!doctype\s+html|html|head|body|title|meta|link|script|style|main|article|section"
    rb"|header|nav|div|table|ul|ol|h[1-6]|p)\b",
    re.IGNORECASE | re.DOTALL,
)
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Task:
    """What the user said of the input."""

    kind: Kind = "auto"
    url: str | None = None
    lang: str | None = None
    jobs: int = 1


class Loaded(NamedTuple):
    """A source's bytes, as text; ``decoded`` is None for a page, whose parser reads the bytes."""

    source: Source
    raw: bytes
    decoded: Decoded | None


class Done(NamedTuple):
    """One input and what came of it."""

    loaded: Loaded
    result: Result


def outcomes(
    cleaner: Cleaner, sources: Iterable[Source | Reject], task: Task
) -> Iterator[Done | Reject]:
    """Clean every source, in order; one that fails comes out as a `Reject`."""
    for batch in _batches(sources, task.kind):
        texts = [item for item in batch if isinstance(item, Loaded) and item.decoded is not None]
        pages = [item for item in batch if isinstance(item, Loaded) and item.decoded is None]
        cleaned = iter(_clean_texts(cleaner, texts, task))
        made = iter(_clean_pages(cleaner, pages, task))
        for item in batch:
            if isinstance(item, Reject):
                yield item
            elif item.decoded is None:
                yield next(made)
            else:
                yield next(cleaned)


def is_page(raw: bytes) -> bool:
    """Tell markup from text by how it begins."""
    head = raw[:_HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        head = decode(head[: len(head) // 2 * 2]).text.encode("utf-8", "replace")
    return _PAGE.match(head) is not None


def _batches(sources: Iterable[Source | Reject], kind: Kind) -> Iterator[list[Loaded | Reject]]:
    """Read sources into batches of bounded size."""
    batch: list[Loaded | Reject] = []
    size = 0
    for source in sources:
        item = load(source, kind)
        batch.append(item)
        size += len(item.raw) if isinstance(item, Loaded) else 0
        if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def load(source: Source | Reject, kind: Kind) -> Loaded | Reject:
    """Read a source and see what it is; what cannot be read stays a `Reject`."""
    if isinstance(source, Reject):
        return source
    try:
        raw = source.read()
        if not raw:
            raise InputError("EMPTY_INPUT", "there is nothing in it")
    except InputError as error:
        return Reject(source.name, error.code, error.message)
    page = is_page(raw) if kind == "auto" else kind == "html"
    return Loaded(source, raw, None if page else decode(raw))


def _clean_texts(cleaner: Cleaner, texts: list[Loaded], task: Task) -> Iterable[Done | Reject]:
    """Clean a batch; if one of it fails, each goes alone, so that only that one is lost."""
    documents = [
        Document(item.decoded.text, lang=task.lang, url=task.url)
        for item in texts
        if item.decoded is not None
    ]
    try:
        results = list(cleaner.clean_many(documents, jobs=task.jobs)) if documents else []
    except Exception:  # the single runs below say what it was
        return [_clean_one(cleaner, *pair) for pair in zip(texts, documents, strict=True)]
    return map(Done, texts, results)


def _clean_one(cleaner: Cleaner, item: Loaded, document: Document) -> Done | Reject:
    try:
        (result,) = cleaner.clean_many([document])
    except Exception as error:  # one bad input must not take the others with it
        return _reject(item, error)
    return Done(item, result)


def _clean_pages(cleaner: Cleaner, pages: list[Loaded], task: Task) -> Iterable[Done | Reject]:
    """Clean pages as texts are cleaned."""
    try:
        pairs = ((item.raw, task.url) for item in pages)
        results = list(cleaner.clean_html_many(pairs, jobs=task.jobs)) if pages else []
    except Exception:  # as above
        return [_clean_page(cleaner, item, task) for item in pages]
    return map(Done, pages, results)


def _clean_page(cleaner: Cleaner, item: Loaded, task: Task) -> Done | Reject:
    try:
        return Done(item, cleaner.clean_html(item.raw, url=task.url))
    except Exception as error:  # as above
        return _reject(item, error)


def _reject(item: Loaded, error: Exception) -> Reject:
    """Say a failure; what came by standard input is kept in the record, nothing else holds it."""
    code = error.code if isinstance(error, UnbaitError) else "INTERNAL"
    message = (
        error.message if isinstance(error, UnbaitError) else f"{type(error).__name__}: {error}"
    )
    return Reject(item.source.name, code, message, None if item.source.path else item.raw)
