"""The formats people keep documents in: what a record is, and which module reads which file.

A file is cut into chunks that can be read alone, in any process; a chunk gives records. What is
broken comes out as a `Bad` beside the records that are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol

from unbait.errors import InputError

FormatName = Literal["jsonl", "csv", "tsv", "parquet", "warc", "wet", "files"]
Compression = Literal["", "gz", "zst"]

FORMATS: dict[str, FormatName] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".warc": "warc",
    ".wet": "wet",
    ".txt": "files",
    ".text": "files",
    ".md": "files",
    ".html": "files",
    ".htm": "files",
    ".xhtml": "files",
}
COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
OUTPUTS: tuple[FormatName, ...] = ("jsonl", "csv", "tsv", "parquet", "wet")

CHUNK_BYTES = 4 << 20
RECORD_BYTES = 256 << 20  # a longer record would have to be held whole by one process

_MODULES = {
    "jsonl": "formats_lines:JsonLines",
    "csv": "formats_csv:Csv",
    "tsv": "formats_csv:Tsv",
    "parquet": "formats_parquet:Parquet",
    "warc": "formats_warc:Warc",
    "wet": "formats_warc:Wet",
    "files": "formats_files:Files",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a record keeps what. ``html`` names a column of pages; their text goes to ``text``.

    A name that was not ``asked`` for by the user may be missing without harm.
    """

    text: str = "text"
    html: str | None = None
    id: str = "id"
    url: str = "url"
    lang: str = "lang"
    title: str = "title"
    asked: frozenset[str] = frozenset()


class DataFile(NamedTuple):
    """A file of records: its address, how it is read, its size, its place under an output.

    Loose texts and pages are ``members`` of one such file together: one document each.
    """

    path: str
    format: FormatName
    compression: Compression
    size: int
    relative: str
    members: tuple[str, ...] = ()


class Chunk(NamedTuple):
    """A stretch of a file that one process reads: bytes, row groups or members.

    ``size`` tells how many bytes of the file it stands for, compressed as they are; ``data`` holds
    the bytes themselves where another process could not find them alone.
    """

    file: DataFile
    number: int
    start: int
    end: int
    size: int
    data: bytes | None = None
    bad: tuple[Bad, ...] = ()


class Bad(NamedTuple):
    """What could not be read as a record, where it stands, and its bytes where they are small."""

    where: str
    code: str
    message: str
    content: bytes | None = None


class Record(NamedTuple):
    """One document of a file; ``row`` is all that the format needs to write it again.

    With neither ``text`` nor ``page`` there is nothing to clean, and it is written as it came.
    """

    where: str
    row: Any
    text: str | None = None
    page: str | bytes | None = None
    id: str | None = None
    url: str | None = None
    lang: str | None = None
    title: str | None = None


class Written(NamedTuple):
    """A record on its way out; ``text`` is None where it is passed on untouched."""

    record: Record
    text: str | None


class Format(Protocol):
    """Reads files of one kind, and writes what comes of them."""

    def chunks(self, file: DataFile) -> Iterator[Chunk]:
        """Cut a file into chunks; the same file always gives the same chunks."""

    def read(self, chunk: Chunk, columns: Columns) -> Iterator[Record | Bad]:
        """Give the records of a chunk."""

    def part(self, written: Iterable[Written], columns: Columns, compression: Compression) -> bytes:
        """Give the bytes that some records make in an output."""

    def join(self, parts: Iterable[Path], stream: IO[bytes], compression: Compression) -> None:
        """Write an output from its parts."""


def format_named(name: FormatName) -> Format:
    """Load the module of a format, or say which extra is missing."""
    module, kind = _MODULES[name].split(":")
    try:
        made: Format = getattr(import_module(f"unbait.io.{module}"), kind)()
    except ImportError as error:
        raise InputError(
            "EXTRA_MISSING", f"{name} needs {error.name}: pip install 'unbait[formats]'"
        ) from error
    return made


def kind_by_name(path: str) -> tuple[FormatName | None, Compression]:
    """Tell format and compression from a file's name."""
    suffixes = [suffix.lower() for suffix in Path(path.rsplit("/", 1)[-1]).suffixes]
    compression: Compression = ""
    if suffixes and suffixes[-1] in COMPRESSIONS:
        compression = COMPRESSIONS[suffixes.pop()]
    return (FORMATS.get(suffixes[-1]) if suffixes else None), compression


def output_name(relative: str, to: FormatName, compression: Compression) -> str:
    """Name the output of a file: its own name, with the suffix of the format it is written in."""
    path = Path(relative)
    name, _ = kind_by_name(path.name)
    stem = path.name
    if Path(stem).suffix.lower() in COMPRESSIONS:
        stem = Path(stem).stem
    if name == to:
        return str(path.with_name(stem + (f".{compression}" if compression else "")))
    if name is not None and not (name == "warc" and to == "wet"):
        stem = Path(stem).stem
    end = f".{compression}" if compression and to != "parquet" else ""
    return str(path.with_name(f"{stem}.{to}{end}"))


def as_dict(row: Any) -> dict[str, Any]:
    """Give a record's row as a table of names and values, whatever format it came from."""
    if isinstance(row, Mapping):
        return dict(row)
    given: dict[str, Any] = row.as_dict()
    return given
