"""Formats: every record once, other columns untouched, and what is broken said and passed over."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbait.errors import InputError
from unbait.io import formats_csv, formats_lines, formats_warc
from unbait.io.formats import (
    Bad,
    Columns,
    Record,
    Written,
    format_named,
    kind_by_name,
    output_name,
)
from unbait.io.formats_open import decompressed, open_read, open_write
from unbait.pipelines.plan import Task, describe, is_container, make_plan

pa = pytest.importorskip("pyarrow", reason="needs the extra formats")
pq = pytest.importorskip("pyarrow.parquet")
zstandard = pytest.importorskip("zstandard")
fsspec = pytest.importorskip("fsspec")
pytest.importorskip("fastwarc")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats_lines, "CHUNK_BYTES", 600)
    monkeypatch.setattr(formats_csv, "CHUNK_BYTES", 600)
    monkeypatch.setattr(formats_warc, "_CHUNK", 600)


def read_all(path: Path | str, columns: Columns | None = None) -> list[Record | Bad]:
    file = describe(str(path), "x")
    reader = format_named(file.format)
    return [
        item
        for chunk in reader.chunks(file)
        for item in reader.read(chunk, columns or Columns())
    ]


def records(path: Path | str, columns: Columns | None = None) -> list[Record]:
    return [one for one in read_all(path, columns) if isinstance(one, Record)]


def bad(path: Path | str, columns: Columns | None = None) -> list[Bad]:
    return [one for one in read_all(path, columns) if isinstance(one, Bad)]


def rows(count: int = 60) -> list[dict[str, Any]]:
    return [{"id": i, "text": f"Text ü {i}\nsecond line", "n": i / 2} for i in range(count)]


def as_lines(made: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in made)


@pytest.mark.parametrize("end", ["", ".gz", ".zst"])
def test_json_lines_come_once_and_in_order(tmp_path: Path, end: str) -> None:
    data = as_lines(rows())
    packed = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[end](data)
    (tmp_path / f"a.jsonl{end}").write_bytes(packed)
    found = records(tmp_path / f"a.jsonl{end}")
    assert [one.row for one in found] == rows()
    assert [one.id for one in found][:2] == ["0", "1"]


@given(
    lines=st.lists(st.integers(0, 90), max_size=40), size=st.integers(1, 120), last=st.booleans()
)
def test_chunks_of_a_plain_file_share_its_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[int], size: int, last: bool
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    made = [{"text": "x" * length, "i": i} for i, length in enumerate(lines)]
    data = as_lines(made)
    path.write_bytes(data if last else data.rstrip(b"\n"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats_lines, "CHUNK_BYTES", size)
        assert [one.row for one in records(path)] == made


def test_json_lines_that_are_none_are_handed_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "a"}\n[1]\n{"text": 3}\n{"tex\n\n{"no": 1}\n{"text": null}\n'
        b'{"text": "b", "n": NaN, "big": 123456789012345678901234567890}\n'
    )
    assert [one.text for one in records(path)] == ["a", None, "b"]
    assert [one.code for one in bad(path)] == [
        "RECORD_SYNTAX", "COLUMN_TYPE", "RECORD_SYNTAX", "COLUMN_MISSING",
    ]  # fmt: skip
    out = format_named("jsonl").part([Written(records(path)[-1], "c")], Columns(), "")
    assert b"123456789012345678901234567890" in out and b'"c"' in out


def test_a_broken_gzip_member_costs_itself(tmp_path: Path) -> None:
    members = [gzip.compress(as_lines(rows()[i : i + 20])) for i in (0, 20, 40)]
    broken = bytearray(members[1])
    broken[len(broken) // 2] ^= 0xFF
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(members[0] + bytes(broken) + members[2])
    ids = [one.row["id"] for one in records(path)]
    assert ids[:20] == list(range(20)) and ids[-20:] == list(range(40, 60))
    assert len(set(ids)) == len(ids)
    assert "GZIP_BROKEN" in {one.code for one in bad(path)}


@pytest.mark.parametrize(("end", "code"), [("gz", "GZIP_CUT"), ("zst", "ZSTD_CUT")])
def test_a_compressed_file_cut_short_is_said(tmp_path: Path, end: str, code: str) -> None:
    import os

    data = as_lines([{"text": os.urandom(400).hex()} for _ in range(400)])
    packed = gzip.compress(data) if end == "gz" else zstandard.compress(data)
    path = tmp_path / f"a.jsonl.{end}"
    path.write_bytes(packed[: len(packed) // 2])
    assert records(path)
    assert code in {one.code for one in bad(path)}


@given(data=st.binary(max_size=300))
def test_any_bytes_after_a_gzip_member_give_an_answer(data: bytes) -> None:
    stream = io.BytesIO(gzip.compress(b"one\n") + data)
    pieces = list(decompressed(stream, "gz", "x"))
    assert pieces[0] == b"one\n"


def test_csv_fields_may_hold_line_breaks_and_quotes(tmp_path: Path) -> None:
    made = [{"id": str(i), "text": f'He said "{i}"\n\nand, went'} for i in range(60)]
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "text"])
        writer.writeheader()
        writer.writerows(made)
    found = records(path)
    assert [one.row for one in found] == made
    sink = format_named("csv")
    parts = []
    for number in range(0, 60, 20):
        part = tmp_path / f"{number}.out"
        part.write_bytes(sink.part(
            [Written(one, one.text) for one in found[number : number + 20]], Columns(), ""
        ))  # fmt: skip
        parts.append(part)
    out = io.BytesIO()
    sink.join(iter(parts), out, "")
    assert list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline=""))) == made


def test_parquet_keeps_types_row_groups_and_metadata(tmp_path: Path) -> None:
    import datetime
    import decimal

    table = pa.table(
        {
            "when": pa.array([datetime.datetime(2026, 1, 1)] * 50, pa.timestamp("us", "UTC")),
            "text": pa.array([f"text {i}" for i in range(50)], pa.large_string()),
            "price": pa.array([decimal.Decimal("1.50")] * 50, pa.decimal128(9, 2)),
            "tags": pa.array([["a", None]] * 50, pa.list_(pa.string())),
            "kind": pa.array(["x"] * 50).dictionary_encode(),
            "raw": pa.array([b"\xff"] * 50),
        }
    ).replace_schema_metadata({"made": "by us"})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=20)
    found = records(path)
    sink = format_named("parquet")
    parts = []
    for number in range(0, 50, 20):
        part = tmp_path / f"{number}.out"
        group = found[number : number + 20]
        part.write_bytes(sink.part([Written(r, f"{r.text}!") for r in group], Columns(), ""))
        parts.append(part)
    with open_write(str(tmp_path / "b.parquet")) as stream:
        sink.join(iter(parts), stream, "")
    made = pq.read_table(tmp_path / "b.parquet")
    assert made.drop_columns("text").equals(pq.read_table(path).drop_columns("text"))
    assert made.schema.equals(pq.read_schema(path)) and made.schema.metadata[b"made"] == b"by us"
    assert made.column("text").to_pylist() == [f"text {i}!" for i in range(50)]
    assert pq.ParquetFile(tmp_path / "b.parquet").num_row_groups == 3


def test_parquet_cut_short_is_an_error_with_a_code(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"] * 50}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError) as error:
        list(format_named("parquet").chunks(describe(str(path), "x")))
    assert error.value.code == "PARQUET_BROKEN"


def response(number: int, body: bytes = b"", *, kind: str = "text/html; charset=utf-8") -> bytes:
    page = body or f"<html><body><p>Page ü {number}</p></body></html>".encode()
    http = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + page
    return warc("response", number, http, "application/http; msgtype=response")


def warc(kind: str, number: int, body: bytes, content: str, length: int | None = None) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{kind}-{number}>\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://site.test/{number}\r\n"
        f"Content-Type: {content}\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def archive(path: Path, made: list[bytes]) -> Path:
    packed = path.name.endswith(".gz")
    path.write_bytes(b"".join(gzip.compress(one) if packed else one for one in made))
    return path


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_warc_responses_come_once_with_charset_and_url(tmp_path: Path, name: str) -> None:
    made = [warc("warcinfo", 0, b"software: x", "application/warc-fields")]
    for number in range(20):
        made += [warc("request", number, b"GET / HTTP/1.1\r\n\r\n", "application/http")]
        made += [response(number)]
    made += [response(20, "<p>Caf\xe9 20</p>".encode("latin-1"), kind="text/html; charset=latin-1")]
    made += [response(21, b"\x89PNG", kind="image/png")]
    found = records(archive(tmp_path / name, made))
    assert len(found) == len(made)
    pages = [one for one in found if one.page is not None]
    assert [one.url for one in pages] == [f"http://site.test/{i}" for i in range(21)]
    assert [f" {i}<" in str(one.page) for i, one in enumerate(pages)] == [True] * 21
    assert "Café" in str(pages[-1].page)


def test_a_page_about_archives_does_not_begin_a_record(tmp_path: Path) -> None:
    inside = b"<pre>\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n"
    made = [response(i, inside + b"x" * 700) for i in range(6)]
    found = read_all(archive(tmp_path / "a.warc", made))
    assert [one.url for one in found if isinstance(one, Record)] == [
        f"http://site.test/{i}" for i in range(6)
    ]


@pytest.mark.parametrize("length", [3, 10_000_000, None])
@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_wrong_length_costs_its_record_alone(
    tmp_path: Path, name: str, length: int | None
) -> None:
    made = [response(i) for i in range(12)]
    wrong = warc("response", 5, b"HTTP/1.1 200 OK\r\n\r\n<p>5</p>", "application/http", length)
    if length is None:
        wrong = wrong.replace(b"Content-Length: ", b"Content-Length: x")
    made[5] = wrong
    path = archive(tmp_path / name, made)
    urls = [one.url for one in records(path)]
    assert urls == [f"http://site.test/{i}" for i in range(12) if i != 5]
    assert {one.code for one in bad(path)} == {"WARC_LENGTH"}


def test_a_broken_member_of_an_archive_costs_itself(tmp_path: Path) -> None:
    packed = [gzip.compress(response(i)) for i in range(12)]
    broken = bytearray(packed[4])
    broken[len(broken) // 2] ^= 0x55
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join([*packed[:4], bytes(broken), *packed[5:]]))
    urls = [one.url for one in records(path)]
    assert urls == [f"http://site.test/{i}" for i in range(12) if i != 4]
    assert "GZIP_BROKEN" in {one.code for one in bad(path)}


def test_a_record_whose_digest_differs_is_rejected(tmp_path: Path) -> None:
    wrong = response(1).replace(
        b"WARC-Date", b"WARC-Block-Digest: sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nWARC-Date"
    )
    path = archive(tmp_path / "a.warc", [response(0), wrong, response(2)])
    assert [one.code for one in bad(path)] == ["WARC_DIGEST"]
    assert len(records(path)) == 2


def test_a_wet_goes_in_and_out(tmp_path: Path) -> None:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    made = [warc("warcinfo", 0, b"software: x", "application/warc-fields")]
    made += [warc("conversion", i, f"Text ü {i}".encode(), "text/plain") for i in range(9)]
    found = records(archive(tmp_path / "a.wet.gz", made))
    assert [one.text for one in found[1:]] == [f"Text ü {i}" for i in range(9)]
    sink = format_named("wet")
    data = sink.part(
        [Written(one, None if one.text is None else one.text + "!") for one in found],
        Columns(), "gz",
    )  # fmt: skip
    out = list(ArchiveIterator(io.BytesIO(data), record_types=WarcRecordType.any_type))
    assert len(out) == 10 and out[0].record_type == WarcRecordType.warcinfo
    again = [
        (one.headers["WARC-Record-ID"], one.verify_block_digest(), one.reader.read().decode())
        for one in ArchiveIterator(io.BytesIO(data), record_types=WarcRecordType.conversion)
    ]
    assert again == [
        (f"<urn:uuid:conversion-{i}>", True, f"Text ü {i}!") for i in range(9)
    ]


def test_formats_are_told_by_name_or_content(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(as_lines(rows())))
    (tmp_path / "y").write_bytes(response(1))
    (tmp_path / "z").write_bytes(b"{not json} but a text\n\nmore")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "w")
    assert describe(str(tmp_path / "x"), "x")[1:3] == ("jsonl", "gz")
    assert describe(str(tmp_path / "y"), "x").format == "warc"
    assert describe(str(tmp_path / "z"), "x").format == "files"
    assert describe(str(tmp_path / "w"), "x").format == "parquet"
    assert [is_container(str(tmp_path / n)) for n in "xyzw"] == [True, True, False, True]
    assert kind_by_name("s3://b/a.warc.wet.gz") == ("wet", "gz")


@pytest.mark.parametrize(
    ("name", "to", "compression", "given"),
    [
        ("a/b.jsonl.gz", "jsonl", "gz", "a/b.jsonl.gz"),
        ("b.warc.gz", "wet", "gz", "b.warc.wet.gz"),
        ("b.jsonl.zst", "parquet", "", "b.parquet"),
        ("pages", "jsonl", "", "pages.jsonl"),
    ],
)
def test_outputs_are_named_after_inputs(name: str, to: Any, compression: Any, given: str) -> None:
    assert output_name(name, to, compression) == given


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


def test_addresses_are_read_and_written_whole_or_not(memory: Any) -> None:
    with memory.open("/in/a.jsonl", "wb") as stream:
        stream.write(as_lines(rows()))
    assert [one.row for one in records("memory://in/a.jsonl")] == rows()
    plan = make_plan(["memory://in"], Task())
    assert [(file.relative, file.format) for file in plan.files] == [("a.jsonl", "jsonl")]
    with open_write("memory://out/a") as stream:
        stream.write(b"all")
    with pytest.raises(ZeroDivisionError), open_write("memory://out/b") as stream:
        stream.write(b"half" * (1 // 0))
    assert memory.cat("/out/a") == b"all"
    assert not memory.exists("/out/b")
    with open_read("memory://out/a") as stream:
        assert stream.read() == b"all"
