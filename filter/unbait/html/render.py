"""The kept blocks of a page as text, markdown or plain HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

from unbait.html import tags
from unbait.html.blocks import Page

Format = Literal["text", "markdown", "html"]
Edit = Callable[[int, int], str]

_HTML_TAG: Final = {
    "li": "li", "dt": "dt", "dd": "dd", "blockquote": "blockquote", "pre": "pre",
    "figcaption": "figcaption", "caption": "caption",
}  # fmt: skip
_ESCAPE: Final = re.compile(r"([\\`*_\[\]<>])|^(#{1,6}\s|[-+]\s|\d+[.)]\s|>\s?)", re.M)


def render(page: Page, kept: Sequence[int], form: Format = "text", edit: Edit | None = None) -> str:
    """Write these blocks, in this order, in one of the formats.

    ``edit`` gives the text of a stretch of the page with what was cut inside it left out.
    """
    read = edit or (lambda start, end: page.text[start:end])
    write = {"text": _as_text, "markdown": _as_markdown, "html": _as_html}[form]
    pieces: list[str] = []
    before = -1
    for i in kept:
        text = read(int(page.start[i]), int(page.end[i]))
        if not text.strip():
            continue
        if pieces:
            pieces.append(_gap(page, before, i, form))
        pieces.append(write(page, i, text))
        before = i
    return "".join(pieces)


def _gap(page: Page, before: int, i: int, form: Format) -> str:
    if form == "html":
        return "\n"
    between = page.text[page.end[before] : page.start[i]]
    if i == before + 1:
        return between
    # Blocks that were apart stay apart, except items of one list and rows of one table.
    same = page.tag[before] == page.tag[i] and tags.IS_LINE[page.tag[i]] | tags.IS_CELL[page.tag[i]]
    return "\n" if same else "\n\n"


def _as_text(_page: Page, _i: int, text: str) -> str:
    return text


def _depth(page: Page, i: int, name: str) -> int:
    return int(page.inside[i, tags.INSIDE[name]])


def _as_markdown(page: Page, i: int, text: str) -> str:
    if _depth(page, i, "pre"):
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
        return f"{fence}\n{text}\n{fence}"
    text = _ESCAPE.sub(r"\\\g<0>", text)
    if page.heading[i]:
        return "#" * int(page.heading[i]) + " " + " ".join(text.split())
    quote = "> " * min(_depth(page, i, "blockquote"), 5)
    if "\t" in text:
        text = "| " + text.replace("|", "\\|").replace("\t", " | ") + " |"
    elif tags.NAMES[page.tag[i]] in ("li", "dt", "dd"):
        text = "  " * max(0, min(_depth(page, i, "ul"), 9) - 1) + "- " + text
    return quote + text


def _as_html(page: Page, i: int, text: str) -> str:
    if page.heading[i]:
        tag = f"h{page.heading[i]}"
    elif _depth(page, i, "pre"):
        tag = "pre"
    elif "\t" in text:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in text.split("\t"))
        return f"<table><tr>{cells}</tr></table>"
    elif _depth(page, i, "blockquote"):
        tag = "blockquote"
    else:
        tag = _HTML_TAG.get(tags.NAMES[page.tag[i]], "p")
    body = f"<{tag}>{html.escape(text)}</{tag}>"
    return (
        f"<ul>{body}</ul>" if tag == "li" else f"<dl>{body}</dl>" if tag in ("dt", "dd") else body
    )
