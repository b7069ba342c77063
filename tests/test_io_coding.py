"""Bytes to text and back: nothing is lost on the way, and how it went is said."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decided import Example, decisions_for
from unbait.errors import InputError
from unbait.io.audit import restore_source, source_of
from unbait.io.coding import Coding, decode, output_coding, utf8_of
from unbait.render import audit_record, cut, output_of
from unbait.types import Document

FRENCH = "L’été à Genève fut très pluvieux, où étaient les élèves ?\n"
RUSSIAN = "Сегодня в городе прошёл дождь, сообщает пресс-служба мэрии.\n"
JAPANESE = "日本の首都は東京です。今日は雨が降りました。ニュースをお伝えします。\n"


@given(st.binary(max_size=40))
def test_any_bytes_are_read_and_the_promise_holds(raw: bytes) -> None:
    read = decode(raw)
    if read.exact:
        assert read.coding.encode(read.text) == raw
    for keep in (True, False):
        if keep and not read.exact:
            continue
        coding = output_coding(read.coding, read.text, keep=keep)
        assert coding.decode(coding.encode(read.text)) == read.text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        ("“One café” – said once.\n", "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        ("Plain English without a mark.\n", "utf-16-le"),
        ("Plain English without a mark.\n", "utf-16-be"),
    ],
)
def test_other_encodings_are_found_and_said(text: str, encoding: str) -> None:
    raw = text.encode(encoding)
    read = decode(raw)
    assert read.text == text
    assert (read.found, read.exact) == ("detected", True)
    assert read.note and read.coding.encoding in read.note


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_marks_are_kept_and_no_part_of_the_text(mark: bytes, encoding: str) -> None:
    raw = mark + FRENCH.encode(encoding)
    read = decode(raw)
    assert read.text == FRENCH
    assert read.coding == Coding(encoding, "strict", bom=True)
    assert read.coding.encode(read.text) == raw


def test_utf8_with_broken_bytes_stays_utf8() -> None:
    raw = FRENCH.encode() + b"\xff broken \xc3 bytes\n"
    read = decode(raw)
    assert (read.coding.encoding, read.found, read.exact) == ("utf-8", "mixed", True)
    assert read.text.startswith(FRENCH)
    assert read.coding.encode(read.text) == raw


def test_encoding_is_found_far_from_the_beginning() -> None:
    raw = b"plain ascii\n" * 40_000 + RUSSIAN.encode("cp1251")
    assert decode(raw).text.endswith(RUSSIAN)


def test_damaged_utf16_is_said() -> None:
    read = decode(codecs.BOM_UTF16_LE + "où".encode("utf-16-le") + b"x")
    assert not read.exact
    assert read.note and "damaged" in read.note


@given(st.text(st.characters(exclude_categories=[]), max_size=20))
def test_any_text_can_be_written_as_utf8(text: str) -> None:
    coding = utf8_of(text)
    coding.encode(text)


def result_without_middle(text: str) -> Example:
    third = len(text) // 3
    return Example(
        Document(text), decisions_for(text, [third, 2 * third], ["keep", "remove", "keep"])
    )


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize(
    "raw",
    [
        FRENCH.encode(),
        FRENCH.encode("cp1252"),
        codecs.BOM_UTF8 + FRENCH.encode(),
        codecs.BOM_UTF16_LE + FRENCH.encode("utf-16-le"),
        JAPANESE.encode("shift_jis"),
        FRENCH.encode() + b"\xff\xfe x" + FRENCH.encode(),
        b"one\r\n\r\ntwo\rthree\n",
    ],
)
def test_audit_and_output_give_the_bytes_back(raw: bytes, keep: bool) -> None:
    read = decode(raw)
    result = result_without_middle(read.text)
    clean = cut(read.text, result.decisions)
    coding = output_coding(read.coding, clean, keep=keep)
    output = coding.encode(clean)
    record = audit_record(
        result,
        source=source_of(raw, kind="text", coding=read.coding, found=read.found, exact=read.exact),
        output=output_of(output, encoding=coding.encoding, errors=coding.errors, bom=coding.bom),
    )
    assert restore_source(record, output) == raw
    with pytest.raises(InputError, match="AUDIT_MISMATCH"):
        restore_source(record, output + b" ")


def test_bytes_that_cannot_be_made_again_are_said() -> None:
    record = audit_record(result_without_middle("abcdef"))
    with pytest.raises(InputError, match="AUDIT_INEXACT"):
        restore_source(record, b"abef")
