"""Records to results, in batches; one that fails costs itself alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from unbait.errors import UnbaitError
from unbait.io.audit import audit_line
from unbait.io.formats import Bad, Record, as_dict
from unbait.types import Document

if TYPE_CHECKING:
    from unbait.cleaner import Cleaner
    from unbait.result import Result

_RECORDS = 512
_CHARACTERS = 1 << 20


def clean_records(
    cleaner: Cleaner, records: Iterable[Record | Bad]
) -> Iterator[tuple[Record, Result | None] | Bad]:
    """Clean records in order. A record without a document comes back with None."""
    held: list[Record | Bad] = []
    size = 0
    for record in records:
        held.append(record)
        size += len(record.text or record.page or "") if isinstance(record, Record) else 0
        if len(held) >= _RECORDS or size >= _CHARACTERS:
            yield from _clean(cleaner, held)
            held, size = [], 0
    yield from _clean(cleaner, held)


def document_of(record: Record) -> Document:
    """Give a record's text as the cleaner takes it."""
    return Document(record.text or "", record.title, record.lang, record.url)


def content_of(record: Record) -> bytes:
    """Give a record's own bytes, so that what cannot be cleaned is not lost."""
    raw = getattr(record.row, "raw", None)
    if isinstance(raw, bytes):
        return raw
    if isinstance(record.row, int):  # a place in a column: the caller holds the text
        return b""
    try:
        return audit_line(as_dict(record.row))
    except (TypeError, ValueError):
        return json.dumps(as_dict(record.row), default=str).encode()


def _clean(
    cleaner: Cleaner, records: list[Record | Bad]
) -> Iterator[tuple[Record, Result | None] | Bad]:
    texts = [one for one in records if isinstance(one, Record) and one.text is not None]
    results, pages = iter(_texts(cleaner, texts)), iter(_pages(cleaner, records))
    for record in records:
        if isinstance(record, Bad):
            yield record
        elif record.text is not None:
            yield _paired(record, next(results))
        elif record.page is not None:
            yield _paired(record, next(pages))
        else:
            yield record, None


def _paired(record: Record, result: Result | Bad) -> tuple[Record, Result] | Bad:
    return result if isinstance(result, Bad) else (record, result)


def _texts(cleaner: Cleaner, records: list[Record]) -> list[Result | Bad]:
    try:
        return list(cleaner.clean_many(map(document_of, records)))
    except Exception:  # the single runs below say which it was
        return [_text(cleaner, record) for record in records]


def _text(cleaner: Cleaner, record: Record) -> Result | Bad:
    try:
        (result,) = cleaner.clean_many([document_of(record)])
    except Exception as error:  # one bad record must not take the others with it
        return bad_of(record, error)
    return result


def _pages(cleaner: Cleaner, records: Iterable[Record | Bad]) -> list[Result | Bad]:
    pages = [
        one
        for one in records
        if isinstance(one, Record) and one.text is None and one.page is not None
    ]
    try:
        return list(cleaner.clean_html_many((one.page or "", one.url) for one in pages))
    except Exception:  # as above
        return [_page(cleaner, one) for one in pages]


def _page(cleaner: Cleaner, record: Record) -> Result | Bad:
    try:
        made: Result = cleaner.clean_html(record.page or "", url=record.url)
    except Exception as error:  # as above
        return bad_of(record, error)
    return made


def bad_of(record: Record, error: Exception) -> Bad:
    """Say why a record could not be cleaned."""
    if isinstance(error, UnbaitError):
        return Bad(record.where, error.code, error.message, content_of(record))
    says = f"{type(error).__name__}: {error}"
    return Bad(record.where, "INTERNAL", says, content_of(record))
