"""From sources to results: read, clean in batches, and hand on what fails beside what is done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from unbait.errors import InputError, UnbaitError
from unbait.io.batches import together_or_alone
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
        of_texts, of_pages = _clean(cleaner, texts, task), _clean(cleaner, pages, task)
        for item in batch:
            if isinstance(item, Reject):
                yield item
            elif item.decoded is None:
                yield next(of_pages)
            else:
                yield next(of_texts)


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


def _clean(cleaner: Cleaner, items: list[Loaded], task: Task) -> Iterator[Done | Reject]:
    """Clean texts, or pages: all of ``items`` are one or the other."""

    def results(some: Sequence[Loaded]) -> Iterator[Result]:
        jobs = task.jobs if len(some) > 1 else 1
        if some[0].decoded is None:
            return cleaner.clean_html_many(((item.raw, task.url) for item in some), jobs)
        texts = (item.decoded.text for item in some if item.decoded is not None)
        documents = (Document(text, lang=task.lang, url=task.url) for text in texts)
        return cleaner.clean_many(documents, jobs)

    for item, made in zip(items, together_or_alone(items, results, _reject), strict=True):
        yield made if isinstance(made, Reject) else Done(item, made)


def _reject(item: Loaded, error: Exception) -> Reject:
    """Say a failure; what came by standard input is kept in the record, nothing else holds it."""
    code = error.code if isinstance(error, UnbaitError) else "INTERNAL"
    message = (
        error.message if isinstance(error, UnbaitError) else f"{type(error).__name__}: {error}"
    )
    return Reject(item.source.name, code, message, None if item.source.path else item.raw)
