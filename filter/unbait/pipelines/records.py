"""Records to results, in batches; one that fails costs itself alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from unbait.errors import UnbaitError
from unbait.io.audit import audit_line
from unbait.io.batches import together_or_alone
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
    known = [one for one in records if isinstance(one, Record)]
    texts = [one for one in known if one.text is not None]
    pages = [one for one in known if one.text is None and one.page is not None]
    of_texts = iter(together_or_alone(texts, partial(_texts, cleaner), bad_of))
    of_pages = iter(together_or_alone(pages, partial(_pages, cleaner), bad_of))
    for record in records:
        if isinstance(record, Bad):
            yield record
        elif record.text is not None:
            yield _paired(record, next(of_texts))
        elif record.page is not None:
            yield _paired(record, next(of_pages))
        else:
            yield record, None


def _paired(record: Record, result: Result | Bad) -> tuple[Record, Result] | Bad:
    return result if isinstance(result, Bad) else (record, result)


def _texts(cleaner: Cleaner, records: Sequence[Record]) -> Iterator[Result]:
    return cleaner.clean_many(map(document_of, records))


def _pages(cleaner: Cleaner, records: Sequence[Record]) -> Iterator[Result]:
    return cleaner.clean_html_many((one.page or "", one.url) for one in records)


def bad_of(record: Record, error: Exception) -> Bad:
    """Say why a record could not be cleaned."""
    if isinstance(error, UnbaitError):
        return Bad(record.where, error.code, error.message, content_of(record))
    says = f"{type(error).__name__}: {error}"
    return Bad(record.where, "INTERNAL", says, content_of(record))
