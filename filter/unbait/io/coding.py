"""Bytes to text and back: the encoding is found, said, and kept for the way out."""

from __future__ import annotations

import codecs
import re
from typing import Literal, NamedTuple

from unbait.errors import InputError

Found = Literal["utf-8", "bom", "detected", "mixed"]

# Longest first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK_OF = {name: mark for mark, name in _MARKS}
_SAMPLE = 65_536
# No text holds these controls; where they appear, quotes and dashes of cp1252 were misread.
_C1 = re.compile("[\x80-\x84\x86-\x9f]")
# What is tried on marked bytes; UTF-8 has a handler that loses nothing, the others may not.
_HANDLERS = {True: ("strict", "surrogateescape"), False: ("strict", "surrogatepass", "replace")}


class Coding(NamedTuple):
    """How text stands in bytes: a Python codec, its error handler, and whether a mark leads."""

    encoding: str = "utf-8"
    errors: str = "strict"
    bom: bool = False

    def encode(self, text: str) -> bytes:
        """Write text the way this coding reads it."""
        mark = _MARK_OF[self.encoding] if self.bom else b""
        return mark + text.encode(self.encoding, self.errors)

    def decode(self, raw: bytes) -> str:
        """Read bytes that this coding wrote."""
        body = raw[len(_MARK_OF[self.encoding]) :] if self.bom else raw
        return body.decode(self.encoding, self.errors)


class Decoded(NamedTuple):
    """A text read from bytes, and how: ``exact`` says that writing it gives the bytes again."""

    text: str
    coding: Coding
    found: Found
    exact: bool

    @property
    def note(self) -> str | None:
        """What a person should know of the reading; nothing for plain UTF-8."""
        if self.found == "detected":
            end = "" if self.exact else "; writing it back would not give the same bytes"
            return f"not UTF-8: read as {self.coding.encoding}, found by detection{end}"
        if self.found == "mixed":
            return f"some bytes are no {self.coding.encoding}: they are passed on as they stand"
        if not self.exact:
            return f"damaged {self.coding.encoding}: bytes that mean nothing became U+FFFD"
        return None


def decode(raw: bytes) -> Decoded:
    """Read bytes as text: by their mark, as UTF-8, or by detection; it never fails."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return _marked(raw, name)
    bare = _utf16_without_mark(raw)
    if bare is not None:
        return bare
    try:
        return Decoded(raw.decode(), Coding(), "utf-8", True)
    except UnicodeDecodeError as error:
        return _not_utf8(raw, error.start)


def utf8_of(text: str) -> Coding:
    """Return the UTF-8 coding that can write this text, whatever surrogates stand in it."""
    for errors in ("strict", "surrogateescape"):
        try:
            text.encode("utf-8", errors)
        except UnicodeEncodeError:
            continue
        return Coding("utf-8", errors)
    return Coding("utf-8", "surrogatepass")


def output_coding(source: Coding, text: str, *, keep: bool) -> Coding:
    """Choose the coding of an output: a file keeps its own, a stream is UTF-8."""
    if keep or source.encoding == "utf-8":
        return source
    return utf8_of(text)


def _marked(raw: bytes, name: str) -> Decoded:
    """Read bytes that say their encoding."""
    for errors in _HANDLERS[name == "utf-8"]:
        coding = Coding(name, errors, bom=True)
        try:
            text = coding.decode(raw)
        except UnicodeDecodeError:
            continue
        exact = errors != "replace" and coding.encode(text) == raw
        return Decoded(text, coding, "mixed" if errors == "surrogateescape" else "bom", exact)
    raise InputError("UNDECODABLE", f"bytes marked {name} cannot be read")  # pragma: no cover


def _utf16_without_mark(raw: bytes) -> Decoded | None:
    """See UTF-16 of mostly Latin text by its zero bytes, which plain text does not have."""
    sample = raw[:_SAMPLE]
    if b"\0" not in sample or len(raw) % 2:
        return None
    half = len(sample) // 2
    for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros.count(0) > 0.7 * half and sample.count(0) < 1.3 * zeros.count(0):
            return _strict(raw, name)
    return None


def _not_utf8(raw: bytes, first: int) -> Decoded:
    """Tell UTF-8 with a few broken bytes from another encoding, and read it."""
    mixed = raw.decode("utf-8", "surrogateescape")
    if not _mostly_utf8(mixed):
        # Imported late: only files in other encodings need it.
        from resiliparse.parse.encoding import detect_encoding

        sample = raw[max(0, first - _SAMPLE) : first + _SAMPLE]
        for name in (detect_encoding(sample, html5_compatible=False), "cp1252"):
            read = _strict(raw, name) if name else None
            if read is not None and not _C1.search(read.text):
                return read
    return Decoded(mixed, Coding("utf-8", "surrogateescape"), "mixed", True)


def _strict(raw: bytes, name: str) -> Decoded | None:
    """Read bytes in a named encoding, if they are of it."""
    try:
        coding = Coding(codecs.lookup(name).name)
        text = coding.decode(raw)
        exact = coding.encode(text) == raw
    except (LookupError, UnicodeError):
        return None
    return Decoded(text, coding, "detected", exact)


def _mostly_utf8(text: str) -> bool:
    """More characters that only UTF-8 makes than bytes it could not read."""
    broken = sum(map(text.count, _escaped(text)))
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return beyond - broken > broken


def _escaped(text: str) -> set[str]:
    return {char for char in set(text) if "\udc80" <= char <= "\udcff"}
