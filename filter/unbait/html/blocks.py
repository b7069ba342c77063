"""A page as blocks: the text a reader could see, in page order, and what the markup says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

from unbait.html import guard, tags
from unbait.html.decode import to_utf8
from unbait.html.head import Head, read_head
from unbait.html.tree import GREATER, LESS, IntArray, Tree, build, serialise
from unbait.html.words import Words, attribute_words

if TYPE_CHECKING:
    from bs4 import Tag

# Stand-ins for bytes while white space is folded; none occurs in UTF-8.
_SPACE, _LINE, _STRONG, _CELL = 0, 1, 2, 3
_KEPT_SPACE, _KEPT_NEWLINE, _KEPT_TAB = 0xF8, 0xF9, 0xFA
_RESTORE: Final = bytes.maketrans(
    bytes((LESS, GREATER, _KEPT_SPACE, _KEPT_NEWLINE, _KEPT_TAB)), b"<> \n\t"
)
_MARKUP = re.compile(rb"<(?:(?:script|style)[^>]*>.*?</|[^>]*>)|\s+", re.S)
_HIDING = re.compile(
    rb'[^"]*(?:display|visibility|content-visibility)[^"]*(?:none|hidden|collapse)', re.I
)
_HIDDEN_STYLE: Final = {
    ("display", "none"),
    ("visibility", "hidden"),
    ("visibility", "collapse"),
    ("content-visibility", "hidden"),
}


_FEW_LETTERS: Final = 200  # a page with scripts and no more text is built by them


@dataclass(frozen=True, slots=True)
class Page:
    """A page's text and its blocks; every array but the trees' has one entry a block.

    ``start`` and ``end`` count code points of ``text``. ``element`` is the block's own element
    (index into ``tree.opens``, -1 at the root); ``inside`` counts the ancestors named in
    ``tags.COUNTED``, one column each. ``letters`` counts bytes that are no white space,
    ``linked`` those within links.
    """

    text: str
    start: IntArray
    end: IntArray
    element: IntArray
    inner: IntArray
    tag: IntArray
    heading: NDArray[np.int8]
    depth: IntArray
    inside: NDArray[np.int64]
    letters: IntArray
    linked: IntArray
    hidden: NDArray[np.bool_]
    first_tag: IntArray
    last_tag: IntArray
    byte_start: IntArray
    byte_end: IntArray
    utf8: bytes
    tree: Tree
    words: Words
    head: Head
    url: str | None = None
    truncated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    caches: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.start)

    @property
    def link_share(self) -> NDArray[np.float32]:
        """Return the share of each block's letters that stands within links."""
        return (self.linked / np.maximum(self.letters, 1)).astype(np.float32)

    def block(self, i: int) -> str:
        """Return the text of block ``i``."""
        return self.text[self.start[i] : self.end[i]]


def read_page(page: str | bytes | Tag, url: str | None = None, encoding: str | None = None) -> Page:
    """Read a page into blocks. ``encoding`` is the charset of the HTTP header, if there was one."""
    data, truncated = to_utf8(page, encoding)
    data, capped, present = guard.cap(data)
    parser = LexborHTMLParser(data, scripting=True)
    head = read_head(parser, data)
    html = serialise(parser, present)
    made = _assemble(build(html), head, url, (*truncated, *capped))
    if _text_size(_noscript(data)) <= len(made.text):
        return made
    # Pages that scripts would build say more to readers without scripts.
    parser = LexborHTMLParser(data, scripting=False)
    tree = build(serialise(parser, present - {"noscript"}))
    return _assemble(tree, head, url, (*truncated, *capped))


def _noscript(data: bytes) -> bytes:
    """Return the markup within all noscript elements."""
    pieces = []
    at = data.find(b"<noscript")
    while at >= 0:
        end = data.find(b"</noscript", at)
        end = end if end >= 0 else len(data)
        pieces.append(data[at:end])
        at = data.find(b"<noscript", end)
    return b"".join(pieces)


def _text_size(html: bytes) -> int:
    """Return about how many bytes of text stand in this markup."""
    return len(_MARKUP.sub(b"", html)) if len(html) > 200 else 0


def _assemble(tree: Tree, head: Head, url: str | None, truncated: tuple[str, ...]) -> Page:
    break_kind = _breaks(tree)
    flow = _flow(tree, break_kind)
    text = flow.utf8.decode("utf-8", "replace")
    first = flow.first_tag
    inner = tree.current[first]
    words = attribute_words(tree)
    element = _block_elements(tree, inner)
    safe = np.maximum(element, 0)
    tag = np.where(element >= 0, tree.tag[tree.opens[safe]], 0) if len(tree.opens) else element
    starts, ends = _code_points(flow.utf8, flow.start, flow.end)
    depth = np.cumsum(np.where(tree.closing, -1, ~tags.IS_VOID[tree.tag]))
    inside = _inside(tree)[first]
    heading = tags.HEADING_LEVEL[tag]
    return Page(
        text=text,
        start=starts,
        end=ends,
        element=element,
        inner=inner,
        tag=tag,
        heading=heading,
        depth=depth[first] if len(first) else first,
        inside=inside,
        letters=flow.letters,
        linked=flow.linked,
        hidden=_hidden(tree)[first],
        first_tag=first,
        last_tag=flow.last_tag,
        byte_start=flow.start,
        byte_end=flow.end,
        utf8=flow.utf8,
        tree=tree,
        words=words,
        head=head,
        url=url,
        truncated=truncated,
        notes=_notes(head, int(flow.letters.sum())),
    )


def _notes(head: Head, letters: int) -> tuple[str, ...]:
    if letters >= _FEW_LETTERS or (letters and not (head.scripts or head.frames)):
        return ()
    if head.frames:
        return ("the page is a frameset: its text stands in other pages",)
    if head.scripts:
        none = "hardly any" if letters else "no"
        return (f"the page has {none} text of its own: scripts build it in the browser",)
    return ("the page has no text",)


def _breaks(tree: Tree) -> NDArray[np.int64]:
    """Return what each tag does to the line: nothing, new line, new paragraph or new cell."""
    kind = np.zeros(len(tree.tag), dtype=np.int64)
    kind[tags.IS_LINE[tree.tag]] = _LINE
    kind[tags.IS_STRONG[tree.tag]] = _STRONG
    cell = tags.IS_CELL[tree.tag]
    kind[cell] = _LINE
    row = (tree.tag == tags.ID["tr"]) & ~tree.closing
    if not row.any():
        return kind
    # A row whose cells hold no blocks is one line, its cells apart by tabs.
    hard = np.cumsum((kind > 0) & ~cell & (tree.tag != tags.ID["br"]))
    rows = np.flatnonzero(row[tree.opens])
    first, last = tree.opens[rows], tree.closes[rows]
    plain = hard[last] - hard[first] == 1
    level = np.zeros(len(kind) + 1, dtype=np.int64)
    np.add.at(level, first[plain] + 1, 1)
    np.add.at(level, last[plain], -1)
    within = np.cumsum(level)[:-1] > 0
    kind[within & cell] = _CELL
    kind[within & (tree.tag == tags.ID["br"])] = _SPACE
    return kind


@dataclass(frozen=True, slots=True)
class _Flow:
    """The page's text with white space folded, and the blocks' places in it."""

    utf8: bytes
    start: IntArray
    end: IntArray
    first_tag: IntArray
    last_tag: IntArray
    letters: IntArray
    linked: IntArray


def _flow(tree: Tree, kind: IntArray) -> _Flow:
    n = len(tree.start)
    none = np.zeros(0, dtype=np.int64)
    if not n:
        return _Flow(b"", none, none, none, none, none, none)
    # Of every tag that sets text apart its last byte stays, as a mark; all other tag bytes go.
    touching = _adjacent_links(tree)
    mark = (kind > 0) | touching
    ends = np.append(tree.start[1:], tree.size)
    from_ = tree.end - mark
    lengths = np.empty(2 * n, dtype=np.int64)
    lengths[0::2] = from_ - np.append(0, ends[:-1])
    lengths[1::2] = ends - from_
    taken = np.repeat(_ODD[: 2 * n] if 2 * n <= len(_ODD) else np.arange(2 * n) % 2 == 1, lengths)
    body = tree.data[: tree.size][taken]
    size = lengths[1::2]
    at = np.cumsum(size) - size
    _keep_preformatted(tree, body, at, size)
    body[at[mark]] = 0
    is_solid = body > 32
    solid = np.flatnonzero(is_solid)
    if not len(solid):
        return _Flow(b"", none, none, none, none, none, none)
    # Between two solid bytes that are not neighbours lie white space and marks, of which kinds?
    gaps = np.flatnonzero(np.diff(solid) > 1)
    of_tag = np.repeat(np.arange(n, dtype=np.int32), size)
    before, after = of_tag[solid[gaps]], of_tag[solid[gaps + 1]]
    breaks = np.cumsum(tree.tag == tags.ID["br"])
    strong, line, cell = (
        counted[after] > counted[before]
        for counted in (np.cumsum(kind == which) for which in (_STRONG, _LINE, _CELL))
    )
    strong |= breaks[after] - breaks[before] > 1
    line &= ~strong
    cell &= ~(strong | line)
    width = np.ones(len(solid), dtype=np.int64)
    width[gaps + 1] += 1 + strong
    place = np.cumsum(width) - 1
    out = np.full(int(place[-1]) + 1, ord(" "), dtype=np.uint8)
    out[place] = body[solid]
    out[place[gaps + 1][strong] - 1] = out[place[gaps + 1][strong] - 2] = ord("\n")
    out[place[gaps + 1][line] - 1] = ord("\n")
    out[place[gaps + 1][cell] - 1] = ord("\t")
    edge = gaps[strong | line]
    first, last = np.append(0, edge + 1), np.append(edge, len(solid) - 1)
    first_tag, last_tag = (
        of_tag[solid[first]].astype(np.int64),
        of_tag[solid[last]].astype(np.int64),
    )
    linked = _linked(tree, is_solid, at, size, first_tag, last_tag)
    start, end = _trim_kept(out, place[first], place[last] + 1)
    filled = end > start
    return _Flow(
        out.tobytes().translate(_RESTORE),
        start[filled],
        end[filled],
        first_tag[filled],
        last_tag[filled],
        (last - first + 1)[filled],
        linked[filled],
    )


_ODD: Final = np.arange(1 << 16) % 2 == 1


def _linked(
    tree: Tree,
    is_solid: NDArray[np.bool_],
    at: IntArray,
    size: IntArray,
    first_tag: IntArray,
    last_tag: IntArray,
) -> IntArray:
    """Count the solid bytes of every block that stand within links."""
    links = np.cumsum(np.where(tree.tag == tags.ID["a"], np.where(tree.closing, -1, 1), 0)) > 0
    sums = np.zeros(len(is_solid) + 1, dtype=np.int32)
    np.cumsum(is_solid, out=sums[1:])
    by_tag = np.zeros(len(at) + 1, dtype=np.int64)
    np.cumsum((sums[at + size] - sums[at]) * links, out=by_tag[1:])
    return by_tag[last_tag + 1] - by_tag[first_tag]


def _adjacent_links(tree: Tree) -> NDArray[np.bool_]:
    """Mark links opened right where another closes: style sheets set them apart."""
    link = tree.tag == tags.ID["a"]
    touching = np.zeros(len(link), dtype=np.bool_)
    touching[1:] = link[1:] & ~tree.closing[1:] & link[:-1] & tree.closing[:-1]
    return touching


def _keep_preformatted(tree: Tree, body: NDArray[np.uint8], at: IntArray, size: IntArray) -> None:
    """Let the white space of ``pre`` survive the folding, as stand-ins above the white space."""
    pre = tree.tag == tags.ID["pre"]
    if not pre.any():
        return
    inside = np.cumsum(np.where(pre, np.where(tree.closing, -1, 1), 0)) > 0
    for i in np.flatnonzero(inside & (size > 0)).tolist():
        piece = body[at[i] : at[i] + size[i]]
        piece[piece == ord(" ")] = _KEPT_SPACE
        piece[piece == ord("\n")] = _KEPT_NEWLINE
        piece[piece == ord("\t")] = _KEPT_TAB


def _trim_kept(out: NDArray[np.uint8], start: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
    """Move the edges of blocks over kept white space, which no block starts or ends with."""
    kept = (out >= _KEPT_SPACE) & (out <= _KEPT_TAB)
    if not kept.any():
        return start, end
    size = len(out)
    places = np.arange(size)
    next_solid = np.minimum.accumulate(np.where(kept, size, places)[::-1])[::-1]
    last_solid = np.maximum.accumulate(np.where(kept, -1, places))
    moved = np.minimum(next_solid[start], end)
    return moved, np.maximum(last_solid[end - 1] + 1, moved)


def _code_points(utf8: bytes, start: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
    """Turn byte offsets into offsets in code points."""
    if utf8.isascii():
        return start, end
    heads = np.zeros(len(utf8) + 1, dtype=np.int64)
    np.cumsum((np.frombuffer(utf8, dtype=np.uint8) & 0xC0) != 0x80, out=heads[1:])
    return heads[start], heads[end]


def _block_elements(tree: Tree, inner: IntArray) -> IntArray:
    """Climb from the elements that hold the text to the ones that make the block."""
    element = inner.copy()
    if not len(tree.opens):
        return element
    inline = ~tags.IS_BOUNDARY[tree.tag[tree.opens]]
    for _ in range(64):
        climb = (element >= 0) & inline[element]
        if not climb.any():
            break
        element = np.where(climb, tree.parent[element], element)
    return element


def _inside(tree: Tree) -> NDArray[np.int64]:
    """Count, after every tag, the open elements of each kind in ``tags.COUNTED``."""
    step = np.where(tree.closing, -1, (~tags.IS_VOID[tree.tag]).astype(np.int64))
    columns = np.empty((len(tree.tag), len(tags.COUNTED)), dtype=np.int64)
    field_mask = (1 << tags.FIELD_BITS) - 1
    for word in range(tags.COUNTER_WORDS):
        sums = np.cumsum(tags.COUNTER_WEIGHT[word][tree.tag] * step)
        for i in range(tags.FIELDS_PER_WORD):
            column = word * tags.FIELDS_PER_WORD + i
            if column < len(tags.COUNTED):
                columns[:, column] = (sums >> (tags.FIELD_BITS * i)) & field_mask
    return columns


def _hidden(tree: Tree) -> NDArray[np.bool_]:
    """Mark, after every tag, whether an element that is not shown is open."""
    level = np.zeros(len(tree.tag) + 1, dtype=np.int64)
    data = tree.data[: tree.size].tobytes()
    for e in _hidden_elements(tree, data):
        level[tree.opens[e]] += 1
        level[tree.closes[e]] -= 1
    return np.asarray(np.cumsum(level)[:-1] > 0)


def _hidden_elements(tree: Tree, data: bytes) -> list[int]:
    places: list[int] = []
    for attribute in (b' hidden="', b' aria-hidden="true"', b' style="'):
        at = data.find(attribute)
        while at >= 0:
            value = at + len(attribute)
            if attribute != b' style="' or _hides(data, value):
                places.append(at)
            at = data.find(attribute, value)
    if not places or not len(tree.opens):
        return []
    found = np.asarray(places)
    which = np.searchsorted(tree.start, found) - 1
    in_tag = (which >= 0) & (found < tree.end[which]) & ~tree.closing[which]
    return [int(e) for e in np.searchsorted(tree.opens, which[in_tag])]


def _hides(data: bytes, value: int) -> bool:
    """Tell whether the style attribute that starts here takes its element out of sight."""
    if not _HIDING.match(data, value):
        return False
    style = data[value : data.find(b'"', value)].decode("utf-8", "replace").lower()
    style = re.sub(r"/\*.*?\*/", " ", style)
    last: dict[str, tuple[bool, str]] = {}
    for declaration in style.split(";"):
        name, _, setting = declaration.partition(":")
        setting, important, _ = setting.partition("!important")
        name, setting = name.strip(), setting.strip()
        if name not in last or important or not last[name][0]:
            last[name] = (bool(important), setting)
    return any((name, setting) in _HIDDEN_STYLE for name, (_, setting) in last.items())
