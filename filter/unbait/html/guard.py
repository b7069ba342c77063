"""Caps on what makes parsers quadratic: nesting, attributes of one tag, number of tags.

lexbor's time grows with the square of the depth and of the attributes of one tag, so both are
counted in the bytes before it sees them. Ordinary pages pass with two linear scans.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbait.html import tags

MAX_DEPTH: Final = 400
MAX_FORMATTING: Final = 64
MAX_ATTRIBUTES: Final = 256
MAX_TAGS: Final = 400_000

_ATTRIBUTE: Final = (
    rb"[\t\n\f\r /]*+[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+"
    rb"(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?+)?+"
)
_ATTRIBUTES = re.compile(rb"(?:" + _ATTRIBUTE + rb")*+", re.S)
_FEW_ATTRIBUTES = re.compile(rb"(?:" + _ATTRIBUTE + rb"){0,%d}+" % MAX_ATTRIBUTES, re.S)
# Tags, comments, scripts and styles as the HTML standard cuts them. What an open quote swallows to
# the end of the page is matched too, so that no byte is scanned twice.
_TAG = re.compile(
    rb"<(?:([sS](?:cript|tyle))\b[^>]*+>[^<]*+(?:<(?!/[sS](?:cript|tyle))[^<]*+)*+"
    rb"|(/?)([a-zA-Z][^\t\n\f\r />]*+)((?:" + _ATTRIBUTE + rb")*+)"
    rb"[\t\n\f\r /]*+(?:>|\Z)|!--.*?(?:-->|\Z))",
    re.S,
)
# What nearly all of a page is made of: text, and tags in their plainest form with few attributes.
# One match runs over all of it, up to the next thing worth a look.
_PLAIN = re.compile(
    rb"(?:[^<]++|</[a-zA-Z0-9]++>"
    rb"|<(?!script|style|SCRIPT|STYLE)[a-zA-Z][a-zA-Z0-9]*+"
    rb"(?:\s++[^\s/>=\"'<]++(?:=\"[^\"]*+\")?+(?=[\s/>])){0,60}+\s*+/?+>)*+"
)
_OPTIONAL_END: Final = frozenset(
    b"p li dt dd option optgroup tr td th thead tbody tfoot colgroup rp rt html head body".split()
)
_FORMATTING: Final = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())
_VOID: Final = frozenset(name.encode() for name in tags.VOID)
_DEEPENS = np.ones(len(tags.NAMES), dtype=np.int32)
_STYLES = np.zeros(len(tags.NAMES), dtype=np.int32)
for _i, _name in enumerate(tags.NAMES):
    _DEEPENS[_i] = _name.encode() not in _VOID | _OPTIONAL_END
    _STYLES[_i] = _name.encode() in _FORMATTING


def cap(page: bytes) -> tuple[bytes, list[str], frozenset[str]]:
    """Return the page with nesting, attributes and tags capped, what was cut, and its tags."""
    cut: list[str] = []
    page = _cap_tags(page, cut)
    page = _cap_attributes(page, cut)
    ids, closing = _tag_ids(page)
    if _is_deep(ids, closing):
        page = _cap_depth(page, cut)
    present = np.bincount(ids, minlength=1).nonzero()[0]
    return page, cut, frozenset(tags.NAMES[i] for i in present.tolist())


def _cap_tags(page: bytes, cut: list[str]) -> bytes:
    if page.count(b"<") <= MAX_TAGS:
        return page
    places = np.flatnonzero(np.frombuffer(page, dtype=np.uint8) == ord("<"))
    cut.append(f"page cut after {MAX_TAGS} of {len(places)} tags")
    return page[: int(places[MAX_TAGS])]


def _cap_attributes(page: bytes, cut: list[str]) -> bytes:
    pieces, done, worst = [], 0, 0
    for match in _odd_tags(page):
        start, end = match.span(4)
        # An attribute takes two bytes at least: short tags need no count.
        if end - start < 2 * MAX_ATTRIBUTES:
            continue
        few = _FEW_ATTRIBUTES.match(page, start, end)
        stop = few.end() if few else start
        if stop < end:
            worst += 1
            pieces.append(page[done:stop])
            done = end
    if not pieces:
        return page
    cut.append(f"attributes after the first {MAX_ATTRIBUTES} dropped in {worst} tags")
    pieces.append(page[done:])
    return b"".join(pieces)


def _odd_tags(page: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the tags that are not in their plainest form."""
    at, size = 0, len(page)
    while at < size:
        plain = _PLAIN.match(page, at)
        at = plain.end() if plain else at
        if at >= size:
            return
        match = _TAG.match(page, at)
        if match:
            yield match
        at = max(match.end() if match else 0, at + 1)


def _tag_ids(page: bytes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the ids of everything that looks like a tag, and whether it closes."""
    data = np.frombuffer(page + bytes(tags.LONGEST_NAME + 2), dtype=np.uint8)
    places = np.flatnonzero(data == ord("<"))
    closing = data[places + 1] == ord("/")
    starts = places + 1 + closing
    first = data[starts] | 32
    named = (first >= ord("a")) & (first <= ord("z"))
    return tags.ids_at(data, starts[named]), closing[named]


def _is_deep(ids: NDArray[np.int64], closing: NDArray[np.bool_]) -> bool:
    """Tell whether more tags may be open somewhere than ordinary pages ever have."""
    if not len(ids):
        return False
    for weight, most in ((_DEEPENS, MAX_DEPTH), (_STYLES, MAX_FORMATTING)):
        step = weight[ids]
        opened = np.cumsum(np.where(closing, -step, step))
        if int((opened - np.minimum(np.minimum.accumulate(opened), 0)).max()) > most:
            return True
    return False


def _cap_depth(page: bytes, cut: list[str]) -> bytes:
    pieces: list[bytes] = []
    done = depth = formatting = dropped = 0
    opened: Counter[bytes] = Counter()
    skipped: Counter[bytes] = Counter()
    for match in _TAG.finditer(page):
        name = (match[3] or b"").lower()
        if not name or name in _VOID or name in _OPTIONAL_END:
            continue
        styled = name in _FORMATTING
        drop = False
        if match[2]:
            if skipped[name]:
                skipped[name] -= 1
                drop = True
            elif opened[name]:
                opened[name] -= 1
                depth -= 1
                formatting -= styled
        elif depth >= MAX_DEPTH or (styled and formatting >= MAX_FORMATTING):
            skipped[name] += 1
            drop = True
        else:
            opened[name] += 1
            depth += 1
            formatting += styled
        if drop:
            dropped += 1
            pieces.append(page[done : match.start()])
            done = match.end()
    if dropped:
        cut.append(f"{dropped} tags nested deeper than {MAX_DEPTH} dropped, their text kept")
    pieces.append(page[done:])
    return b"".join(pieces)
