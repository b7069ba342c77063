"""Files of labels: documents whose lines a person has judged, one document a line of JSON.

    {"id": "a", "title": null, "lang": "en", "url": null, "lines": [
      {"text": "The ferry sails again.", "label": "content"},
      {"text": "Like this story?", "label": "engagement"},
      {"text": "Menu", "keep": false},
      {"text": "not judged, here for its neighbours"}]}

A label is a category, or "junk" where the kind was not said; ``keep`` true or false says content or
junk. The service's page exports what a person has looked at in this form.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbait.errors import LabelError
from unbait.types import CATEGORIES, Document

if TYPE_CHECKING:
    from collections.abc import Iterator

JUNK = "junk"  # a label: goes, but the kind was not said
LABELS = (*CATEGORIES, JUNK)
_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One document: its lines and their labels, None where a line was not judged."""

    id: str
    texts: tuple[str, ...]
    labels: tuple[str | None, ...]
    title: str | None = None
    lang: str | None = None
    url: str | None = None

    def document(self) -> Document:
        """Return the document as a cleaner takes it: each line a paragraph."""
        return Document(_BETWEEN.join(self.texts), self.title, self.lang, self.url)

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield where each line stands in the document's text."""
        start = 0
        for text in self.texts:
            yield start, start + len(text)
            start += len(text) + len(_BETWEEN)


@dataclass(frozen=True, slots=True)
class Sample:
    """The documents of a file of labels, and the file's SHA-256."""

    documents: tuple[Labelled, ...]
    sha256: str

    def count(self) -> int:
        """Return how many lines have a label."""
        return sum(label is not None for one in self.documents for label in one.labels)


def load(path: Path) -> Sample:
    """Read a file of labels; LabelError names line and field and what to write instead."""
    import orjson

    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabelError("LABELS_MISSING", f"{path}: cannot be read ({error.strerror})") from error
    documents: list[Labelled] = []
    for number, line in enumerate(_unpacked(path, data).splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise LabelError("LABELS_SYNTAX", f"{where}: no JSON: {error}") from error
        if not isinstance(row, dict) or "lines" not in row:
            raise _wrong(where, "", 'a row is a document: {"lines": [{"text": …, "label": …}]}')
        documents.append(_document(row, where))
    return Sample(tuple(documents), hashlib.sha256(data).hexdigest())


def _unpacked(path: Path, data: bytes) -> bytes:
    """Return the bytes of a file that may be compressed (.gz, .xz)."""
    if path.suffix not in (".gz", ".xz"):
        return data
    import gzip
    import lzma

    try:
        return gzip.decompress(data) if path.suffix == ".gz" else lzma.decompress(data)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise LabelError("LABELS_SYNTAX", f"{path}: cannot be unpacked: {error}") from error


def _document(row: dict[str, Any], where: str) -> Labelled:
    """Read one document with its lines; blank lines are left out."""
    lines = row["lines"]
    if not isinstance(lines, list):
        raise _wrong(where, "lines", "write a list of lines")
    read = [_line(line, f"{where}: lines[{i}]") for i, line in enumerate(lines)]
    kept = [(text, label) for text, label in read if text]
    title, lang, url = (_text_or_none(row, name, where) for name in ("title", "lang", "url"))
    texts, labels = tuple(text for text, _ in kept), tuple(label for _, label in kept)
    return Labelled(str(row.get("id", where)), texts, labels, title, lang, url)


def _line(line: Any, where: str) -> tuple[str, str | None]:
    if not isinstance(line, dict):
        raise _wrong(where, "", 'a line is {"text": …, "label": …}')
    text = line.get("text")
    if not isinstance(text, str):
        raise _wrong(where, "text", "write the line's text")
    keep, label = line.get("keep"), line.get("label")
    if keep is not None and label is None:
        if not isinstance(keep, bool):
            raise _wrong(where, "keep", "write true or false")
        label = "content" if keep else JUNK
    if label is not None and label not in LABELS:
        raise _wrong(where, "label", f"write one of {', '.join(LABELS)}, not {label!r}")
    return text.strip(), label


def _text_or_none(row: dict[str, Any], name: str, where: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(where, name, "write text, or leave it out")
    return value


def _wrong(where: str, name: str, says: str) -> LabelError:
    return LabelError("LABELS_FIELD", f"{where}: {name + ': ' if name else ''}{says}")
