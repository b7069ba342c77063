"""Pages as they come (bytes of any charset, strings, trees) to valid UTF-8 bytes."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from unbait.errors import InputError

if TYPE_CHECKING:
    from bs4 import Tag

MAX_BYTES: Final = 16 * 2**20
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def to_utf8(page: str | bytes | Tag, encoding: str | None = None) -> tuple[bytes, list[str]]:
    """Return the page as valid UTF-8 without NUL and without BOM, and what was cut from it."""
    if isinstance(page, (bytes, bytearray, memoryview)):
        data = _from_bytes(bytes(page), encoding)
    elif isinstance(page, str):
        data = _from_str(page)
    elif hasattr(page, "decode") and hasattr(page, "descendants"):
        data = _from_str(page.decode(formatter="minimal"))
    else:
        kind = type(page).__name__
        raise InputError("PAGE_TYPE", f"a page is str, bytes, BeautifulSoup or Tag, not {kind}")
    cut = []
    if len(data) > MAX_BYTES:
        cut.append(f"page cut after {MAX_BYTES} of {len(data)} bytes")
        data = data[:MAX_BYTES].decode("utf-8", "ignore").encode()
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    return data, cut


def _from_str(page: str) -> bytes:
    page = page.removeprefix("\ufeff")
    try:
        return page.encode()
    except UnicodeEncodeError:
        # Surrogate pairs are joined, lone halves become U+FFFD, as browsers do.
        return page.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _from_bytes(page: bytes, encoding: str | None) -> bytes:
    for bom, name in _BOMS:
        if page.startswith(bom):
            return page[len(bom) :].decode(name, "replace").encode()
    if encoding is None:
        if _is_utf8(page):
            return page
        encoding = _detect(page)
    try:
        name = codecs.lookup(encoding).name
        if name == "utf-8":
            return page.decode("utf-8", "replace").encode()
        return _from_str(page.decode(name, "replace"))
    except (LookupError, UnicodeError):  # unknown names, and codecs that are not text: base64
        return page.decode("utf-8", "replace").encode()


def _is_utf8(page: bytes) -> bool:
    """Tell whether the bytes are UTF-8: text in other charsets hardly ever is, save 7-bit ones."""
    if b"\x1b" in page or page[:4096].count(b"\0") > 16:
        return False
    try:
        page.decode()
    except UnicodeDecodeError:
        return False
    return True


def _detect(page: bytes) -> str:
    from resiliparse.parse.encoding import detect_encoding

    found = detect_encoding(page, max_len=131072, html5_compatible=True, from_html_meta=True)
    return found or "utf-8"
