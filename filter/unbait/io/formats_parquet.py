"""Parquet: a row group is a chunk, and every other column goes out with its type untouched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from unbait.errors import InputError
from unbait.io.formats import (
    Bad,
    Chunk,
    Columns,
    Compression,
    DataFile,
    Record,
    Written,
    as_dict,
)
from unbait.io.formats_lines import record_of
from unbait.io.formats_open import open_read


class TableRow(NamedTuple):
    """A row of a table, by its place."""

    table: Any
    place: int

    def as_dict(self) -> dict[str, Any]:
        """Give the row as Python values."""
        row: dict[str, Any] = self.table.slice(self.place, 1).to_pylist()[0]
        return row


class Parquet:
    """Tables in row groups; the output has the row groups of the input."""

    def chunks(self, file: DataFile) -> Iterator[Chunk]:
        """Name the row groups."""
        with open_read(file.path) as stream:
            try:
                groups = pq.ParquetFile(stream).metadata
            except (pa.ArrowException, OSError) as error:
                says = f"{error}; is it cut short?"
                raise InputError("PARQUET_BROKEN", says) from error
        for number in range(groups.num_row_groups):
            yield Chunk(file, number, number, number + 1, _packed_size(groups.row_group(number)))

    def read(self, chunk: Chunk, columns: Columns) -> Iterator[Record | Bad]:
        """Give the rows of a row group."""
        try:
            with open_read(chunk.file.path) as stream:
                table = pq.ParquetFile(stream).read_row_group(chunk.start)
        except (pa.ArrowException, OSError) as error:
            yield Bad(f"row group {chunk.start}", "PARQUET_BROKEN", str(error))
            return
        names = {getattr(columns, name) for name in ("text", "html", "id", "url", "lang", "title")}
        known = [name for name in table.column_names if name in names]
        values = (table.column(name).to_pylist() for name in known)
        rows = zip(*values, strict=True) if known else iter([()] * table.num_rows)
        for index, row in enumerate(rows):
            where = f"row group {chunk.start} row {index}"
            given = dict(zip(known, row, strict=True))
            yield record_of(where, TableRow(table, index), given, columns, None)

    def part(self, written: Iterable[Written], columns: Columns, compression: Compression) -> bytes:
        """Write rows as an Arrow stream; ``join`` makes Parquet of it once."""
        rows = list(written)
        if not rows:
            return b""
        tables = {id(one.record.row.table) for one in rows if isinstance(one.record.row, TableRow)}
        same = len(tables) == 1 and all(isinstance(one.record.row, TableRow) for one in rows)
        table = _from_table(rows, columns) if same else _from_dicts(rows, columns)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        data: bytes = sink.getvalue().to_pybytes()
        return data

    def join(self, parts: Iterable[Path], stream: IO[bytes], compression: Compression) -> None:
        """Write each part as a row group under one schema."""
        paths = [path for path in parts if path.stat().st_size]
        schemas = [_schema(path) for path in paths] or [pa.schema([])]
        schema = pa.unify_schemas(schemas, promote_options="permissive")
        with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
            for path in paths:
                with pa.memory_map(str(path)) as source:
                    table = pa.ipc.open_stream(source).read_all()
                    if table.schema != schema:
                        empty = schema.empty_table()
                        table = pa.concat_tables([empty, table], promote_options="permissive")
                    writer.write_table(table, row_group_size=max(1, table.num_rows))


def _packed_size(group: Any) -> int:
    """Give the bytes that a row group takes in its file."""
    return sum(group.column(i).total_compressed_size for i in range(group.num_columns))


def _schema(path: Path) -> Any:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).schema


def _from_table(rows: list[Written], columns: Columns) -> Any:
    """Take the written rows out of their table and put the clean texts in."""
    table = rows[0].record.row.table.take(pa.array([one.record.row.place for one in rows]))
    place = table.schema.get_field_index(columns.text)
    before = table.column(place).to_pylist() if place >= 0 else [None] * len(rows)
    texts = [
        old if one.text is None else storable(one.text)
        for old, one in zip(before, rows, strict=True)
    ]
    field = table.schema.field(place) if place >= 0 else pa.field(columns.text, pa.string())
    if pa.types.is_dictionary(field.type):
        array = pa.array(texts, field.type.value_type).dictionary_encode()
        array = array.cast(field.type)
    else:
        array = pa.array(texts, field.type)
    if place < 0:
        return table.append_column(field, array)
    return table.set_column(place, field, array)


def _from_dicts(rows: list[Written], columns: Columns) -> Any:
    values = []
    for one in rows:
        row = as_dict(one.record.row)
        if one.text is not None:
            row[columns.text] = one.text
        values.append({
            key: storable(value) if isinstance(value, str) else value for key, value in row.items()
        })  # fmt: skip
    return pa.Table.from_pylist(values)


def storable(text: str) -> str:
    """Give a text that UTF-8 can hold: lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
