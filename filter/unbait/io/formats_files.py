"""Loose texts and pages: many small files, one document each, read together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from unbait.cli.work import is_page
from unbait.io.coding import decode
from unbait.io.formats import Bad, Chunk, Columns, Compression, DataFile, Record, Written
from unbait.io.formats_open import open_read

_TOGETHER = 128


class Files:
    """One document a file; written as records of another format."""

    def chunks(self, file: DataFile) -> Iterator[Chunk]:
        """Put neighbours together."""
        for number, start in enumerate(range(0, len(file.members), _TOGETHER)):
            members = file.members[start : start + _TOGETHER]
            size = file.size * len(members) // len(file.members)
            yield Chunk(file._replace(members=members), number, start, start + len(members), size)

    def read(self, chunk: Chunk, columns: Columns) -> Iterator[Record | Bad]:
        """Read each member as a text or a page, by how it begins."""
        for path in chunk.file.members:
            try:
                with open_read(path) as stream:
                    raw = stream.read()
            except FileNotFoundError:
                yield Bad(path, "FILE_MISSING", "no such file")
                continue
            except OSError as error:
                yield Bad(path, "FILE_UNREADABLE", str(error.strerror or error))
                continue
            row = {columns.id: path}
            if is_page(raw):
                yield Record(path, row, page=raw, id=path)
            else:
                yield Record(path, row, text=decode(raw).text, id=path)

    def part(self, written: Iterable[Written], columns: Columns, compression: Compression) -> bytes:
        """Not a way out: the plan asks for a format that holds many documents."""
        raise NotImplementedError

    def join(self, parts: Iterable[Path], stream: IO[bytes], compression: Compression) -> None:
        """Not a way out, as above."""
        raise NotImplementedError
