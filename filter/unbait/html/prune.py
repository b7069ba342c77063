"""Take junk out of a BeautifulSoup tree that somebody holds, and leave the rest as it was."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from unbait.errors import InputError
from unbait.html.blocks import Page, read_page

if TYPE_CHECKING:
    from bs4 import Tag
    from bs4.element import NavigableString

_MARK: Final = "data-unbait-number"
_NUMBER: Final = re.compile(rb' data-unbait-number="(\d+)"')
_KEEP: Final = frozenset(("html", "body", "main"))


class Taken(NamedTuple):
    """One piece that left the tree: the tag it was or stood in, and its text."""

    tag: str
    text: str


def prune(soup: Tag, spans: Iterable[tuple[int, int]]) -> list[Taken]:
    """Remove from ``soup`` what these stretches of ``read_page(soup).text`` show.

    An element goes when all its text goes; where it also holds text that stays, only the strings
    go. Elements without text (pictures, say) go only with an element that goes. Returns what was
    taken. A stretch inside a paragraph that markup runs through is cut from each of its strings.
    """
    from bs4 import Tag as SoupTag

    if not isinstance(soup, SoupTag):
        raise InputError(
            "PAGE_TYPE", f"prune takes a BeautifulSoup tree, not {type(soup).__name__}"
        )
    marked = copy.copy(soup)
    elements = list(soup.find_all(True))
    for number, twin in enumerate(marked.find_all(True)):
        twin[_MARK] = str(number)
    page = read_page(marked)
    whole, partial = _sort_spans(page, spans)
    taken: list[Taken] = []
    strings = _Strings(page, soup, elements)
    for i, start, end in partial:
        taken += _cut_inside(strings.of_block(i), page.text[start:end])
    pieces = {i: strings.of_block(i) for i in range(len(page))}
    staying = [s for i, found in pieces.items() if i not in whole for s in found]
    kept = {id(s) for s in staying}
    busy = {id(parent) for s in staying for parent in s.parents}
    doomed: dict[int, Tag] = {}
    loose: list[tuple[NavigableString, str]] = []
    for i in sorted(whole):
        top = _highest(pieces[i], busy, soup)
        if top is not None:
            doomed[id(top)] = top
        else:
            loose += [(string, page.block(i)) for string in pieces[i] if id(string) not in kept]
    for string, _ in loose:
        if string.parent is not None:
            taken.append(Taken(string.parent.name, " ".join(string.split())))
            string.extract()
    for element in doomed.values():
        if not any(id(parent) in doomed for parent in element.parents):
            taken.append(Taken(element.name, element.get_text(" ", strip=True)))
            element.extract()
    return taken


def _sort_spans(
    page: Page, spans: Iterable[tuple[int, int]]
) -> tuple[set[int], list[tuple[int, int, int]]]:
    """Tell blocks that go as a whole from stretches inside blocks."""
    whole: set[int] = set()
    partial: list[tuple[int, int, int]] = []
    for start, end in spans:
        first = int(np.searchsorted(page.end, start, side="right"))
        for i in range(first, len(page)):
            a, b = int(page.start[i]), int(page.end[i])
            if a >= end:
                break
            if start <= a and b <= end:
                whole.add(i)
            elif page.text[max(a, start) : min(b, end)].strip():
                partial.append((i, max(a, start), min(b, end)))
    return whole, partial


class _Strings:
    """The strings of the caller's tree that each block was read from."""

    def __init__(self, page: Page, soup: Tag, elements: Sequence[Tag]) -> None:
        self._page = page
        self._soup = soup
        self._elements = elements
        self._data = page.tree.data.tobytes()
        self._owner = np.full(len(page.tree.tag), -1, dtype=np.int64)
        self._owner[page.tree.opens] = np.arange(len(page.tree.opens))
        self._owner[page.tree.closes] = np.arange(len(page.tree.opens))

    def of_block(self, i: int) -> list[NavigableString]:
        """Return the strings of block ``i``, in order."""
        page = self._page
        found: list[NavigableString] = []
        for tag in range(int(page.first_tag[i]), int(page.last_tag[i]) + 1):
            found += self._after(tag)
        return found

    def _after(self, tag: int) -> list[NavigableString]:
        from bs4.element import NavigableString as Plain

        tree = self._page.tree
        owner = int(self._owner[tag])
        element = self._element(owner)
        if element is None:
            # A tag that the parser added: the string stands first in the tree, if anywhere.
            node = next(iter(self._soup.contents), None) if tag <= 3 else None
        elif tree.opens[owner] == tag and tree.closes[owner] != tag:
            node = next(iter(element.contents), None)
        else:
            node = element.next_sibling
        strings = []
        while isinstance(node, Plain):
            if type(node) is Plain and node.strip():
                strings.append(node)
            node = node.next_sibling
        return strings

    def _element(self, owner: int) -> Tag | None:
        if owner < 0:
            return None
        tree = self._page.tree
        at = tree.opens[owner]
        match = _NUMBER.search(self._data, int(tree.start[at]), int(tree.end[at]))
        return self._elements[int(match[1])] if match else None


def _highest(strings: Sequence[NavigableString], busy: set[int], soup: Tag) -> Tag | None:
    """Return the highest element around the first string that holds no text that stays."""
    best: Tag | None = None
    if not strings:
        return None
    for parent in strings[0].parents:
        if parent is soup or parent.name in _KEEP or id(parent) in busy:
            break
        best = parent
    if best is None or not all(best in s.parents for s in strings):
        return None
    return best


def _cut_inside(strings: Sequence[NavigableString], text: str) -> list[Taken]:
    """Cut a stretch of a block from the strings it runs through."""
    words = text.split()
    if not words:
        return []
    whole = re.compile(r"\s+".join(map(re.escape, words)))
    for string in strings:
        found = whole.search(string)
        if found:
            taken = Taken(string.parent.name if string.parent else "", found[0])
            string.replace_with(string[: found.start()] + string[found.end() :])
            return [taken]
    taken_from = []
    joined = " ".join(words)
    for string in strings:
        piece = " ".join(string.split())
        if piece and piece in joined and string.parent is not None:
            taken_from.append(Taken(string.parent.name, piece))
            string.extract()
    return taken_from
