"""What scrapers want beside the text, from the page's own JSON-LD and meta tags."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urljoin

from unbait.html.blocks import Page

_ARTICLE: Final = re.compile(r"article|posting|report|review|recipe|question|webpage|product", re.I)
_TITLE: Final = ("og:title", "twitter:title", "dc.title", "dcterms.title", "citation_title")
_BYLINE: Final = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "citation_author",
    "byl",
)
_DATE: Final = (
    "article:published_time",
    "datepublished",
    "date",
    "pubdate",
    "publishdate",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date",
    "dc.date.issued",
    "dcterms.created",
    "citation_publication_date",
    "og:published_time",
)
_LANGUAGE: Final = ("og:locale", "content-language", "dc.language", "inlanguage")
_SITE: Final = ("og:site_name", "application-name", "publisher", "dc.publisher")
_MAX_NODES: Final = 5000


def metadata(page: Page) -> dict[str, str | None]:
    """Return title, byline, date, language, url, site and the JSON-LD article_body of a page.

    What the page does not say is None. ``title`` is the article's own when the page names it,
    else that of the window, without the site's name.
    """
    meta: dict[str, str] = {}
    for name, content in page.head.meta:
        meta.setdefault(name, _plain(content))
    nodes = [node for script in page.head.json_ld for node in _nodes(script)]
    typed = [node for node in nodes if _ARTICLE.search(str(node.get("@type", "")))]
    site = _first(meta, _SITE) or _linked(typed, "publisher")
    return {
        "title": _title(page, meta, typed, site),
        "byline": _linked(typed, "author") or _byline(meta),
        "date": _said(typed, "datePublished")
        or _first(meta, _DATE)
        or next((time for time in page.head.times if time), None),
        "language": _language(page.head.language or _first(meta, _LANGUAGE)),
        "url": _canonical(page, meta),
        "site": site,
        "article_body": _body(nodes),
    }


def _plain(value: object) -> str:
    text = html.unescape(str(value))
    if "<" in text:
        text = re.sub(r"<[^<>]{0,2000}>", " ", text)
    return " ".join(text.split())


def _nodes(script: str) -> Iterator[dict[str, Any]]:
    """Yield every object of a JSON-LD script, outermost first; broken scripts yield nothing."""
    try:
        waiting: list[Any] = [json.loads(script, strict=False)]
    except (ValueError, RecursionError):
        return
    seen = 0
    while waiting and seen < _MAX_NODES:
        seen += 1
        value = waiting.pop(0)
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((meta[name] for name in names if meta.get(name)), None)


def _said(nodes: list[dict[str, Any]], key: str) -> str | None:
    for node in nodes:
        if isinstance(node.get(key), (str, int)) and str(node[key]).strip():
            return _plain(node[key])
    return None


def _linked(nodes: list[dict[str, Any]], key: str) -> str | None:
    """Return the name or names of the people or organisations under this key."""
    for node in nodes:
        given = node.get(key)
        names = []
        for one in given if isinstance(given, list) else [given]:
            name = one.get("name") if isinstance(one, dict) else one
            if isinstance(name, str) and name.strip() and not name.startswith("http"):
                names.append(_plain(name))
        if names:
            return ", ".join(dict.fromkeys(names))
    return None


def _title(
    page: Page, meta: dict[str, str], typed: list[dict[str, Any]], site: str | None
) -> str | None:
    title = _said(typed, "headline") or _first(meta, _TITLE)
    window = " ".join(page.head.title.split())
    if title or not window:
        return title
    if site:
        for mark in (" | ", " - ", " – ", " — ", " · ", " :: "):
            window = window.removesuffix(mark + site)
    return window


def _byline(meta: dict[str, str]) -> str | None:
    name = _first(meta, _BYLINE)
    if name is None or name.startswith("http"):
        return None
    return re.sub(r"^by\s+", "", name, flags=re.I)


def _language(value: str | None) -> str | None:
    found = re.match(r"[A-Za-z]{2,3}", value or "")
    return found[0].lower() if found else None


def _canonical(page: Page, meta: dict[str, str]) -> str | None:
    link = page.head.canonical or meta.get("og:url") or page.url
    if not link:
        return None
    try:
        return urljoin(page.url or "", link.strip())
    except ValueError:
        return page.url


def _body(nodes: list[dict[str, Any]]) -> str | None:
    """Return the longest articleBody with its paragraphs, tags taken out."""
    best = ""
    for node in nodes:
        body = node.get("articleBody") or node.get("text" if node.get("@type") in _POSTS else "")
        if isinstance(body, str) and len(body) > len(best):
            best = body
    if "<" in best or "&" in best:
        best = re.sub(r"(?i)<(?:br|/p|/li|/h[1-6]|/div)\b[^<>]{0,2000}>", "\n", html.unescape(best))
        best = re.sub(r"<[^<>]{0,2000}>", "", best)
    lines = (" ".join(line.split()) for line in best.splitlines())
    return "\n\n".join(line for line in lines if line) or None


_POSTS: Final = ("DiscussionForumPosting", "SocialMediaPosting", "BlogPosting")
