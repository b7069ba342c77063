"""What the page says about itself outside its text, kept raw until somebody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser


@dataclass(frozen=True, slots=True)
class Head:
    """Title, language, meta tags, canonical link and JSON-LD scripts, as they stand."""

    title: str = ""
    language: str = ""
    meta: tuple[tuple[str, str], ...] = ()
    canonical: str = ""
    json_ld: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    scripts: bool = False
    frames: bool = False


def read_head(parser: LexborHTMLParser, data: bytes) -> Head:
    """Collect what the metadata are read from, before the tree loses its scripts."""
    meta: list[tuple[str, str]] = []
    json_ld: list[str] = []
    times: list[str] = []
    title = canonical = ""
    for node in parser.css(_WANTED):
        tag = node.tag
        if tag == "title":
            title = title or node.text().strip()
            continue
        given = node.attributes
        if tag == "meta":
            name = given.get("property") or given.get("name") or given.get("itemprop")
            if name and given.get("content"):
                meta.append((name.strip().lower(), given["content"] or ""))
        elif tag == "link":
            canonical = canonical or (given.get("href") or "")
        elif tag == "time":
            times.append(given.get("datetime") or "")
        else:
            json_ld.append(node.text())
    root = parser.root
    language = (root.attributes.get("lang") or "") if root is not None else ""
    low = data[:4096].lower() if len(data) < 4096 else data
    return Head(
        title,
        language,
        tuple(meta),
        canonical,
        tuple(json_ld),
        tuple(times),
        scripts=b"<script" in low or b"<SCRIPT" in low,
        frames=b"<frame" in low or b"<FRAME" in low,
    )


_WANTED = (
    'title,meta[content],link[rel~=canonical],time[datetime],script[type="application/ld+json"]'
)
