"""JSON lines, plain or compressed. Plain files are cut by place, so that every process reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from unbait.io.audit import audit_line
from unbait.io.formats import (
    CHUNK_BYTES,
    RECORD_BYTES,
    Bad,
    Chunk,
    Columns,
    Compression,
    DataFile,
    Record,
    Written,
    as_dict,
)
from unbait.io.formats_open import compressed, decompressed, open_read

_MARK = b"\xef\xbb\xbf"
_KEPT = 1 << 20  # of a line that is no record, so much goes to the rejects


class JsonLines:
    """One JSON object a line; its other fields go out as they came."""

    def chunks(self, file: DataFile) -> Iterator[Chunk]:
        """Cut plain files by bytes; what is compressed is handed on in blocks of whole lines."""
        if file.compression == "":
            for number, start in enumerate(range(0, file.size, CHUNK_BYTES)):
                size = min(CHUNK_BYTES, file.size - start)
                yield Chunk(file, number, start, start + size, size)
            return
        with open_read(file.path) as stream:
            pieces = decompressed(stream, file.compression, file.path)
            yield from line_blocks(file, pieces, stream.tell)

    def read(self, chunk: Chunk, columns: Columns) -> Iterator[Record | Bad]:
        """Give the records of the lines that begin in a chunk."""
        yield from chunk.bad
        for place, line in lines_of(chunk):
            if line.strip():
                yield _record(place, line.removeprefix(_MARK) if place == 0 else line, columns)

    def part(self, written: Iterable[Written], columns: Columns, compression: Compression) -> bytes:
        """Write records as lines."""
        lines = (audit_line(row_out(one, columns)) for one in written)
        return compressed(b"".join(lines), compression)

    def join(self, parts: Iterable[Path], stream: IO[bytes], compression: Compression) -> None:
        """Put parts one after the other."""
        join_bytes(parts, stream)


def join_bytes(parts: Iterable[Path], stream: IO[bytes]) -> None:
    """Put files one after the other into a stream."""
    for path in parts:
        with path.open("rb") as part:
            shutil.copyfileobj(part, stream, 1 << 20)


def row_out(written: Written, columns: Columns) -> dict[str, Any]:
    """Give a record's row with its clean text in it."""
    row = as_dict(written.record.row)
    if written.text is not None:
        row[columns.text] = written.text
    return row


def line_blocks(
    file: DataFile, pieces: Iterator[bytes | Bad], tell: Callable[[], int]
) -> Iterator[Chunk]:
    """Gather a stream into chunks of whole lines; a broken place ends the line it is in.

    ``tell`` says how much of the file itself was read.
    """
    held: list[bytes] = []
    size = number = place = told = 0
    bad: list[Bad] = []
    for piece in pieces:
        if isinstance(piece, Bad):
            bad.append(piece)
            held.append(b"\n")
            size += 1
            continue
        held.append(piece)
        size += len(piece)
        if size > RECORD_BYTES and b"\n" not in piece:
            says = f"a line of more than {RECORD_BYTES} bytes"
            bad.append(Bad(f"byte {place}", "RECORD_TOO_LONG", says))
            held, size, place = [b"\n"], 1, place + size
        if size < CHUNK_BYTES or b"\n" not in piece:
            continue
        data = b"".join(held)
        cut = data.rfind(b"\n") + 1
        yield Chunk(file, number, place, place + cut, tell() - told, data[:cut], tuple(bad))
        held, size, number, place, bad = [data[cut:]], len(data) - cut, number + 1, place + cut, []
        told = tell()
    if size or bad:
        data = b"".join(held)
        yield Chunk(file, number, place, place + len(data), tell() - told, data, tuple(bad))


def lines_of(chunk: Chunk) -> Iterator[tuple[int, bytes]]:
    """Give the lines that begin in a chunk, with their places."""
    data = chunk.data
    place = chunk.start
    if data is None:
        with open_read(chunk.file.path) as stream:
            if chunk.start:
                # A line that begins exactly here follows a line break just before.
                stream.seek(chunk.start - 1)
                place = chunk.start - 1 + _skip_line(stream)
            if place >= chunk.end:
                return
            data = stream.read(chunk.end - place)
            if not data.endswith(b"\n"):
                data += stream.readline(RECORD_BYTES)
    for line in data.split(b"\n"):
        yield place, line
        place += len(line) + 1


def _skip_line(stream: IO[bytes]) -> int:
    """Read past the next line break, however far it is; say how far."""
    gone = 0
    while line := stream.readline(1 << 20):
        gone += len(line)
        if line.endswith(b"\n"):
            break
    return gone


def _record(place: int, line: bytes, columns: Columns) -> Record | Bad:
    where = f"byte {place}"
    try:
        row = parse(line)
    except ValueError as error:
        return Bad(where, "RECORD_SYNTAX", f"no JSON: {error}", line[:_KEPT])
    if not isinstance(row, dict):
        return Bad(where, "RECORD_SYNTAX", "a line must be a JSON object", line[:_KEPT])
    return record_of(where, row, row, columns, line[:_KEPT])


def parse(line: bytes) -> Any:
    """Read JSON; what orjson refuses (NaN, huge integers, lone surrogates) json may read."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            return json.loads(line)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def record_of(
    where: str, row: Any, values: dict[str, Any], columns: Columns, content: bytes | None
) -> Record | Bad:
    """Make a record of named values, or say which column is not as it should be."""
    for column in (columns.html or columns.text, *columns.asked):
        if column not in values:
            return Bad(where, "COLUMN_MISSING", f"no column {column!r}", content)
    document = values[columns.html or columns.text]
    if document is not None and not isinstance(document, str | bytes):
        kind = type(document).__name__
        return Bad(where, "COLUMN_TYPE", f"{columns.html or columns.text!r}: {kind}", content)
    if columns.html is None and isinstance(document, bytes):
        return Bad(where, "COLUMN_TYPE", f"{columns.text!r}: bytes, not text", content)
    title = values.get(columns.title)
    return Record(
        where,
        row,
        text=document if columns.html is None and isinstance(document, str) else None,
        page=None if columns.html is None else document,
        id=_name(values.get(columns.id)),
        url=_name(values.get(columns.url)),
        lang=_name(values.get(columns.lang)),
        title=title if isinstance(title, str) else None,
    )


def _name(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
