"""A page's normalised serialisation as arrays: tags, how they nest, and the text between them.

lexbor repairs the page as browsers do and writes it out again; in that form every tag is closed,
text and attribute values are escaped, and a few array operations over the bytes take the place
of a walk over thousands of nodes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from unbait.html import tags

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

IntArray = NDArray[np.int64]

_COMMENT = re.compile(rb"<!--.*?-->|<\?[^>]*>", re.S)
# Bytes that no UTF-8 text holds stand for characters that would be taken for markup.
LESS: Final = 0xFC
GREATER: Final = 0xFB
_PADDING: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Tree:
    """The tags of a page, in order, and how they nest.

    ``data`` is the serialisation with padding after ``size``. Tag ``i`` covers
    ``data[start[i]:end[i]]``; the text after it runs to ``start[i + 1]``. ``current[i]`` is the
    element (index into ``opens``) that the text after tag ``i`` stands in, or -1.
    Element ``e`` is opened by tag ``opens[e]``, closed by tag ``closes[e]``.
    """

    data: NDArray[np.uint8]
    size: int
    start: IntArray
    end: IntArray
    closing: NDArray[np.bool_]
    tag: IntArray
    opens: IntArray
    closes: IntArray
    parent: IntArray
    current: IntArray


def serialise(parser: LexborHTMLParser, present: frozenset[str]) -> bytes:
    """Return the parsed page without what is not text, its entities resolved safely.

    ``present`` are the tags that occur: stripping looks for each name in the whole tree.
    """
    dropped = [name for name in tags.DROPPED if name in present or name == "head"]
    parser.strip_tags(dropped, recursive=True)
    root = parser.root
    html = (root.html or "").encode("utf-8", "replace") if root is not None else b""
    if b"<!--" in html or b"<?" in html:
        html = _COMMENT.sub(b"", html)
    html = html.replace(b"&nbsp;", b" ")
    html = html.replace(b"&lt;", bytes((LESS,))).replace(b"&gt;", bytes((GREATER,)))
    return html.replace(b"&amp;", b"&")


def build(html: bytes) -> Tree:
    """Cut the serialisation into tags and work out how they nest."""
    data = np.frombuffer(html + _PADDING, dtype=np.uint8)
    start, end = _brackets(data[: len(html)])
    closing = data[start + 1] == ord("/")
    ids = tags.ids_at(data, start + 1 + closing)
    void = tags.IS_VOID[ids]
    keep = ~(void & closing)
    if not keep.all():
        start, end, ids = start[keep], end[keep], ids[keep]
        closing, void = closing[keep], void[keep]
    opening = ~closing & ~void
    if int(opening.sum()) != int(closing.sum()):
        keep = _balanced(opening, closing)
        start, end, ids = start[keep], end[keep], ids[keep]
        closing, void, opening = closing[keep], void[keep], opening[keep]
    opens, closes, parent, current = _nest(opening, closing, void)
    return Tree(data, len(html), start, end, closing, ids, opens, closes, parent, current)


def _brackets(data: NDArray[np.uint8]) -> tuple[IntArray, IntArray]:
    """Return where tags start and end; only names can hold a further "<", which is no start."""
    less = np.flatnonzero(data == ord("<"))
    more = np.flatnonzero(data == ord(">"))
    if not len(less) or not len(more):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    before = np.searchsorted(more, less)
    real = np.ones(len(less), dtype=np.bool_)
    real[1:] = before[1:] > before[:-1]
    real &= before < len(more)
    return less[real], more[before[real]] + 1


def _balanced(opening: NDArray[np.bool_], closing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the tags to keep so that every open one is closed (only odd names need this)."""
    keep = np.ones(len(opening), dtype=np.bool_)
    waiting: list[int] = []
    for i, (is_open, is_close) in enumerate(zip(opening.tolist(), closing.tolist(), strict=True)):
        if is_open:
            waiting.append(i)
        elif is_close:
            if waiting:
                waiting.pop()
            else:
                keep[i] = False
    keep[waiting] = False
    return keep


def _nest(
    opening: NDArray[np.bool_], closing: NDArray[np.bool_], void: NDArray[np.bool_]
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Pair opening and closing tags through their depth: at one depth they alternate."""
    n = len(opening)
    after = np.cumsum(opening.astype(np.int64) - closing)
    element = opening | (void & ~closing)
    opens = np.flatnonzero(element)
    number = np.cumsum(element) - 1
    is_void = void[opens]
    full = opens[~is_void]
    ends = np.flatnonzero(closing)
    by_depth = full[np.argsort(after[full], kind="stable")]
    closes = opens.copy()
    closes[number[by_depth]] = ends[np.argsort(after[ends], kind="stable")]
    # The element around a place at depth d is the last one opened before it at depth d.
    keys = after[by_depth] * (n + 1) + by_depth
    places = np.arange(n)
    found = np.searchsorted(keys, after * (n + 1) + places, side="right") - 1
    current = np.where((after > 0) & (found >= 0), number[by_depth[found]], -1) if n else after
    parent = np.full(len(opens), -1, dtype=np.int64)
    later = opens > 0
    parent[later] = current[opens[later] - 1]
    return opens, closes, parent, current
