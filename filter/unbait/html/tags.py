"""What each HTML tag means for reading a page, as lookup tables over small integer ids."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Elements that never have an end tag: the serialiser writes none for them.
VOID: Final = [
    "area",
    "base",
    "basefont",
    "bgsound",
    "br",
    "col",
    "embed",
    "frame",
    "hr",
    "img",
    "input",
    "keygen",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
]
# Their text is not the page's text. Raw-text elements are here too: their content is not escaped.
DROPPED: Final = [
    "head",
    "title",
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "embed",
    "canvas",
    "audio",
    "video",
    "map",
    "noembed",
    "noframes",
    "xmp",
    "plaintext",
    "textarea",
    "datalist",
    "progress",
    "meter",
    "frameset",
]
HEADINGS: Final = ["h1", "h2", "h3", "h4", "h5", "h6"]
LISTS: Final = ["ul", "ol", "dl", "menu"]
# Block boundaries after which a new line, but no empty line, begins.
LINES: Final = ["li", "dt", "dd", "tr", "option", "br", "summary", "legend", "label", "caption"]
CELLS: Final = ["td", "th"]
PARAGRAPHS: Final = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "button",
    "center",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "main",
    "menu",
    "nav",
    "ol",
    "optgroup",
    "p",
    "pre",
    "search",
    "section",
    "select",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "ul",
    "amp-sidebar",
    "amp-accordion",
]
INLINE: Final = [
    "a",
    "abbr",
    "acronym",
    "b",
    "bdi",
    "bdo",
    "big",
    "cite",
    "code",
    "data",
    "del",
    "dfn",
    "em",
    "font",
    "i",
    "ins",
    "kbd",
    "mark",
    "nobr",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "time",
    "tt",
    "u",
    "var",
    "img",
    "input",
    "wbr",
    "col",
    "colgroup",
]

NAMES: Final[tuple[str, ...]] = (
    "",
    *dict.fromkeys([*PARAGRAPHS, *LINES, *CELLS, *INLINE, *VOID, *DROPPED]),
)
ID: Final[dict[str, int]] = {name: i for i, name in enumerate(NAMES)}
LONGEST_NAME: Final = 16


def flags(*groups: list[str]) -> NDArray[np.bool_]:
    """Return a table over tag ids that is true for the tags of these groups."""
    table = np.zeros(len(NAMES), dtype=np.bool_)
    table[[ID[name] for group in groups for name in group]] = True
    return table


def _hash_names() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    words = np.zeros((len(NAMES), LONGEST_NAME), dtype=np.uint8)
    for i, name in enumerate(NAMES):
        words[i, : len(name)] = np.frombuffer(name.encode(), dtype=np.uint8)
    hashes = hash_name_bytes(words)
    order = np.argsort(hashes)
    return hashes[order], order


def hash_name_bytes(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash rows of 16 zero-padded bytes to one integer each."""
    pair = np.ascontiguousarray(rows).view(np.uint64)
    return np.asarray(pair[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ pair[:, 1], dtype=np.uint64)


NAME_HASHES, NAME_ORDER = _hash_names()
_ONES: Final = 0x0101010101010101


def _all(byte: int) -> np.uint64:
    """Return eight copies of a byte."""
    return np.uint64(byte * _ONES)


_TOPS, _LOW, _CASE = _all(0x80), _all(0x21), _all(0x20)
_SLASH, _MORE, _ONE = _all(ord("/")), _all(ord(">")), _all(1)


def ids_at(data: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the tag ids of the names that start at these places, 0 where unknown.

    ``data`` must go on for ``LONGEST_NAME`` bytes after the last place. Eight bytes are looked at
    at once: a name ends at white space, "/" or ">", and its letters are lowered by one bit.
    """
    if len(data) < LONGEST_NAME:
        return np.zeros(0, dtype=np.int64)
    eight = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    first, ended = _name_part(eight[starts])
    second, _ = _name_part(eight[starts + 8])
    second[ended] = 0
    hashes = first * np.uint64(0x9E3779B97F4A7C15) ^ second
    found = np.minimum(np.searchsorted(NAME_HASHES, hashes), len(NAME_HASHES) - 1)
    return np.where(NAME_HASHES[found] == hashes, NAME_ORDER[found], 0)


def _name_part(word: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Blank what follows the name's end in every eight bytes; tell where it ended."""
    slash, more = word ^ _SLASH, word ^ _MORE
    # The lowest top bit set marks the first byte that is below "!", is "/" or is ">".
    stop = (word - _LOW) & ~word | (slash - _ONE) & ~slash | (more - _ONE) & ~more
    stop &= _TOPS
    lowest = stop & (~stop + np.uint64(1))
    ended = stop > 0
    below = np.where(ended, (lowest >> np.uint64(7)) - np.uint64(1), ~np.uint64(0))
    return (word | _CASE) & below, ended


IS_VOID = flags(VOID)
IS_STRONG = flags(PARAGRAPHS)
IS_LINE = flags(LINES)
IS_CELL = flags(CELLS)
IS_BOUNDARY = IS_STRONG | IS_LINE | IS_CELL
HEADING_LEVEL = np.zeros(len(NAMES), dtype=np.int8)
HEADING_LEVEL[[ID[name] for name in HEADINGS]] = np.arange(1, 7)

# Ancestors that are counted for every block, in the order of ``Page.inside``'s columns.
COUNTED: Final[tuple[tuple[str, ...], ...]] = (
    ("a",),
    ("ul", "ol", "dl", "menu"),
    ("table",),
    ("nav",),
    ("footer",),
    ("aside",),
    ("header",),
    ("article",),
    ("main",),
    ("form",),
    ("blockquote",),
    ("figure",),
    ("pre",),
    ("section",),
    ("b", "strong", "em", "i"),
    ("button", "select", "label"),
    ("h1", "h2", "h3", "h4", "h5", "h6"),
    ("td", "th"),
    ("p",),
    ("details", "dialog"),
)
INSIDE: Final[dict[str, int]] = {names[0]: i for i, names in enumerate(COUNTED)}
# Several counters share one integer, so that one running sum does the work of five.
FIELD_BITS: Final = 12
FIELDS_PER_WORD: Final = 5
COUNTER_WORDS: Final = -(-len(COUNTED) // FIELDS_PER_WORD)
COUNTER_WEIGHT = np.zeros((COUNTER_WORDS, len(NAMES)), dtype=np.int64)
for _i, _names in enumerate(COUNTED):
    for _name in _names:
        COUNTER_WEIGHT[_i // FIELDS_PER_WORD, ID[_name]] += 1 << (
            FIELD_BITS * (_i % FIELDS_PER_WORD)
        )
