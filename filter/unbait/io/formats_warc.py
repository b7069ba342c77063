"""WARC and WET: records framed by us, so that a broken one takes no other along; read by fastwarc.

Compressed archives (a gzip member a record, as the standard asks) are cut by bytes anywhere: a
process begins at the first member of its stretch. Plain ones are walked by their lengths.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from fastwarc.warc import WarcRecord, WarcRecordType

from unbait.errors import InputError
from unbait.io.coding import decode
from unbait.io.formats import Bad, Chunk, Columns, Compression, DataFile, Record, Written
from unbait.io.formats_frames import Frame, boundaries, frames
from unbait.io.formats_lines import join_bytes
from unbait.io.formats_open import GZIP, compressed, decompressed, open_read

_CHUNK = 2 << 20
_KEPT = 1 << 20
_TEXTUAL = ("text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")


class WarcRow(NamedTuple):
    """What stays of a record beside its document: its header fields, and its bytes."""

    headers: dict[str, str]
    raw: bytes

    def as_dict(self) -> dict[str, Any]:
        """Give the fields that another format keeps."""
        return {
            "id": self.headers.get("warc-record-id"),
            "url": self.headers.get("warc-target-uri"),
            "date": self.headers.get("warc-date"),
        }


class Warc:
    """Archives of responses; what goes out as an archive is a WET."""

    def chunks(self, file: DataFile) -> Iterator[Chunk]:
        """Cut an archive by bytes."""
        if file.compression == "zst":
            raise InputError("WARC_ZSTD", "zstd archives are not read: decompress it first")
        if file.compression == "gz":
            cuts = list(range(0, file.size, _CHUNK))
        else:
            with open_read(file.path) as stream:
                cuts = _spaced(boundaries(stream, file.size), _CHUNK)
        for number, start in enumerate(cuts):
            end = cuts[number + 1] if number + 1 < len(cuts) else file.size
            yield Chunk(file, number, start, end, end - start)

    def read(self, chunk: Chunk, columns: Columns) -> Iterator[Record | Bad]:
        """Give the records that begin in a chunk."""
        with open_read(chunk.file.path) as stream:
            for frame in frames(_pieces(stream, chunk)):
                yield frame if isinstance(frame, Bad) else _record(frame)

    def part(self, written: Iterable[Written], columns: Columns, compression: Compression) -> bytes:
        """Write conversion records, a member each; others of a WET go out as they came."""
        out = []
        for one in written:
            raw = _conversion(one) if one.text is not None else _untouched(one)
            if raw:
                out.append(compressed(raw, compression))
        return b"".join(out)

    def join(self, parts: Iterable[Path], stream: IO[bytes], compression: Compression) -> None:
        """Put parts one after the other."""
        join_bytes(parts, stream)


class Wet(Warc):
    """Archives of texts, read and written the same way."""


def _spaced(places: Iterator[int], size: int) -> list[int]:
    """Choose record boundaries that lie at least so far apart."""
    cuts: list[int] = []
    for place in places:
        if not cuts or place - cuts[-1] >= size:
            cuts.append(place)
    return cuts


def _pieces(stream: IO[bytes], chunk: Chunk) -> Iterator[bytes | Bad]:
    """Give the decompressed bytes of the records that begin in a chunk."""
    if chunk.file.compression != "gz":
        stream.seek(chunk.start)
        left = chunk.end - chunk.start
        while left > 0 and (piece := stream.read(min(left, 1 << 20))):
            left -= len(piece)
            yield piece
        return
    start = _member(stream, chunk.start, chunk.file.size)
    # The last member that begins before the end runs up to the first one after it.
    end = _member(stream, chunk.end, chunk.file.size)
    if chunk.number == 0 and start > 0:
        yield Bad("byte 0", "GZIP_BROKEN", f"{start} bytes are no gzip member")
    stream.seek(start)
    yield from decompressed(_Window(stream, end - start), "gz", chunk.file.path)  # type: ignore[arg-type]


class _Window:
    """The next bytes of a stream, as if it ended there."""

    def __init__(self, stream: IO[bytes], left: int) -> None:
        self._stream = stream
        self._left = max(0, left)

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data


def _member(stream: IO[bytes], start: int, size: int) -> int:
    """Find the first gzip member at or after a place that begins with a record."""
    place, held = start, b""
    while place < size:
        stream.seek(place)
        held = stream.read(1 << 16)
        found = held.find(GZIP)
        while found >= 0:
            if _begins_record(stream, place + found, held[found:]):
                return place + found
            found = held.find(GZIP, found + 1)
        place += max(1, len(held) - len(GZIP) + 1)
    return size


def _begins_record(stream: IO[bytes], place: int, head: bytes) -> bool:
    if len(head) < 512:
        stream.seek(place)
        head = stream.read(512)
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 5) == b"WARC/"
    except zlib.error:
        return False


def _record(frame: Frame) -> Record | Bad:
    """Make a record of a frame: a page, a text, or something that is passed on."""
    try:
        record = WarcRecord.from_bytes(frame.raw)
        kind = record.record_type
        headers = {name.lower(): value for name, value in record.headers.items()}
        if "warc-block-digest" in headers and not record.verify_block_digest():
            return Bad(frame.where, "WARC_DIGEST", "its digest differs", frame.raw[:_KEPT])
        row = WarcRow(headers, frame.raw)
        common = {"id": headers.get("warc-record-id"), "url": headers.get("warc-target-uri")}
        if kind == WarcRecordType.conversion:
            return Record(frame.where, row, text=_body(record), **common)
        page = _page(record) if kind == WarcRecordType.response else None
    except (OSError, ValueError, RuntimeError) as error:
        return Bad(frame.where, "WARC_BROKEN", str(error), frame.raw[:_KEPT])
    return Record(frame.where, row, page=page, **common)


def _body(record: WarcRecord) -> str:
    return decode(record.reader.read()).text


def _page(record: WarcRecord) -> str | bytes | None:
    """Give a response's page, in the charset its header names where that reads it."""
    if not record.http_headers:
        record.parse_http(auto_decode="all")
    status, kind = record.http_headers.status_code, record.http_content_type or "text/html"
    if status != 200 or not kind.lower().startswith(_TEXTUAL):
        return None
    raw: bytes = record.reader.read()
    if record.http_charset:
        try:
            return raw.decode(record.http_charset)
        except (LookupError, UnicodeDecodeError):
            return raw
    return raw


def _conversion(written: Written) -> bytes:
    """Write one text as a record: the same input gives the same bytes."""
    assert written.text is not None
    body = written.text.encode("utf-8", "surrogateescape")
    before: dict[str, str] = getattr(written.record.row, "headers", {})
    origin = written.record.id or written.record.where
    digest = base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
    wet = before.get("warc-type") == "conversion"
    named = uuid.uuid5(uuid.NAMESPACE_URL, f"{origin} {digest}")
    fields = {
        "WARC-Type": "conversion",
        "WARC-Target-URI": written.record.url,
        "WARC-Date": before.get("warc-date") or "1970-01-01T00:00:00Z",
        "WARC-Record-ID": before["warc-record-id"] if wet else f"<urn:uuid:{named}>",
        "WARC-Refers-To": before.get("warc-refers-to") if wet else before.get("warc-record-id"),
        "WARC-Identified-Content-Language": before.get("warc-identified-content-language"),
        "WARC-Block-Digest": f"sha1:{digest}",
        "Content-Type": "text/plain",
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {_flat(value)}\r\n" for name, value in fields.items() if value)
    return b"WARC/1.0\r\n" + head.encode("utf-8", "replace") + b"\r\n" + body + b"\r\n\r\n"


def _flat(value: str) -> str:
    """Keep a value on its line: a break in it would write another field."""
    return " ".join(value.splitlines())


def _untouched(written: Written) -> bytes | None:
    row = written.record.row
    if not isinstance(row, WarcRow) or row.headers.get("warc-type") not in ("warcinfo", "metadata"):
        return None
    return row.raw
