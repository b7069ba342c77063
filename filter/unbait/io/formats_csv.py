"""CSV and TSV with a header line. Quoted fields may hold line breaks, so chunks end outside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from unbait.io.coding import decode
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
)
from unbait.io.formats_lines import record_of, row_out
from unbait.io.formats_open import compressed, decompressed, open_read

csv.field_size_limit(RECORD_BYTES)


class Csv:
    """A table as text; every chunk carries the header line of its file."""

    delimiter = ","

    def chunks(self, file: DataFile) -> Iterator[Chunk]:
        """Gather whole records, quotes counted: an even number closes every field."""
        with open_read(file.path) as stream:
            pieces = decompressed(stream, file.compression, file.path)
            bad: list[Bad] = []
            header, held, number, place, here, quotes, told = b"", [], 0, 0, 0, 0, 0
            for line in _lines(pieces, bad):
                here += len(line)
                quotes += line.count(b'"')
                held.append(line)
                # A quote that is never closed must not hold the rest of the file in memory.
                if quotes % 2 and here - place < RECORD_BYTES:
                    continue
                quotes = 0
                if not header:
                    header, held, place = b"".join(held), [], here
                elif here - place >= CHUNK_BYTES:
                    data, size = header + b"".join(held), stream.tell() - told
                    yield Chunk(file, number, place, here, size, data, tuple(bad))
                    held, number, place, told, bad[:] = [], number + 1, here, told + size, []
            if held or bad:
                data, size = header + b"".join(held), stream.tell() - told
                yield Chunk(file, number, place, here, size, data, tuple(bad))

    def read(self, chunk: Chunk, columns: Columns) -> Iterator[Record | Bad]:
        """Give the records of a chunk by the names in the header."""
        yield from chunk.bad
        text = decode(chunk.data or b"").text
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)
        header = next(rows, [])
        for number, values in enumerate(rows):
            if not values:
                continue
            where = f"chunk {chunk.number} record {number}"
            if len(values) != len(header):
                says = f"{len(values)} fields under {len(header)} names"
                yield Bad(where, "RECORD_SYNTAX", says, "\t".join(values).encode(errors="replace"))
                continue
            row = dict(zip(header, values, strict=True))
            yield record_of(where, row, row, columns, None)

    def part(self, written: Iterable[Written], columns: Columns, compression: Compression) -> bytes:
        """Write records under a header; ``join`` keeps the first header only."""
        out = io.StringIO(newline="")
        writer: csv.DictWriter[str] | None = None
        for one in written:
            row = row_out(one, columns)
            if writer is None:
                writer = csv.DictWriter(
                    out, list(row), restval="", extrasaction="ignore",
                    delimiter=self.delimiter, lineterminator="\n",
                )  # fmt: skip
                writer.writeheader()
            writer.writerow(row)
        return out.getvalue().encode("utf-8", "surrogateescape")

    def join(self, parts: Iterable[Path], stream: IO[bytes], compression: Compression) -> None:
        """Put parts one after the other under one header."""
        for number, path in enumerate(path for path in parts if path.stat().st_size):
            with path.open("rb") as part:
                if number:
                    quotes = 0
                    for line in part:
                        quotes += line.count(b'"')
                        if quotes % 2 == 0:
                            break
                while piece := part.read(CHUNK_BYTES):
                    stream.write(compressed(piece, compression))


class Tsv(Csv):
    """The same with tabs."""

    delimiter = "\t"


def _lines(pieces: Iterator[bytes | Bad], bad: list[Bad]) -> Iterator[bytes]:
    """Give lines with their breaks; broken places are set aside."""
    rest = b""
    for piece in pieces:
        if isinstance(piece, Bad):
            bad.append(piece)
            continue
        *lines, rest = (rest + piece).splitlines(keepends=True) or [b""]
        yield from lines
    if rest:
        yield rest

