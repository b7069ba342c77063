"""Junk found and content lost with and without site memory."""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.pipelines.shards import SETS, read
from unbait import Cleaner, Document
from unbait.pipelines.sites import SiteMemory
from unbait.result import Result

Clean = Callable[[Cleaner, "list[Page]"], Iterable[Result]]
PAGES = 1000
MANY = 10  # sites of fewer pages are not counted

# Furniture of a site that does not exist; half of it reads like prose. {} is another number a page.
FURNITURE_BEFORE = (
    "Valley Courier | News | Sport | Weather | Notices",
    "The river has carried the news of this valley since the spring of eighteen hundred.",
    "Today {} households along the river read the same paper over breakfast.",
)
FURNITURE_AFTER = (
    "Share this story with your neighbours",
    "Our reporters walk the whole valley twice a week, and like to be stopped and told things.",
    "The desk is open from 7 in the morning until the last train has left, and {} people called.",
    "Sign up for the Sunday letter",
    "A subscription costs less than a loaf of bread, and it keeps a printer and {} others in work.",
    "Printed on paper from the mill at the old ford, which has run without a break for a century.",
    "© Valley Courier, {}",
)


class Page(NamedTuple):
    """A page of a site, which of its lines are content, and its markup."""

    document: Document
    content: Callable[[str], bool]
    html: str | None = None


def measure(_made: object) -> dict[str, Any]:
    """Measure on real pages of many sites, and on a generated site."""
    real = _daniel()
    return {
        "html/daniel, clean_html": _beside(real, _pages),
        "html/daniel, the page's text alone": _beside(real, _texts),
        f"generated, {PAGES} pages": _beside(_generated(), _texts),
    }


def _texts(cleaner: Cleaner, pages: list[Page]) -> Iterable[Result]:
    return cleaner.clean_many(page.document for page in pages)


def _pages(cleaner: Cleaner, pages: list[Page]) -> Iterable[Result]:
    return (cleaner.clean_html(page.html or "", url=page.document.url) for page in pages)


def _beside(pages: list[Page], clean: Clean) -> dict[str, Any]:
    memory = SiteMemory()
    memory.add_many([(page.document.url, page.document.text) for page in pages])
    with tempfile.TemporaryDirectory() as folder:
        packs = memory.write_packs(Path(folder))
        remembering = Cleaner(rules=packs)
    sites = Counter(page.document.url for page in pages)
    counted = [page for page in pages if sites[page.document.url] >= MANY]
    return {
        "pages": len(counted),
        "sites": len({page.document.url for page in counted}),
        "rule_files": len(packs),
        "without": _found(clean(Cleaner(), counted), counted),
        "with": _found(clean(remembering, counted), counted),
    }


def _found(results: Iterable[Result], pages: list[Page]) -> dict[str, float]:
    """Count characters of lines: junk that goes, content that goes."""
    totals: Counter[tuple[bool, bool]] = Counter()
    for page, result in zip(pages, results, strict=True):
        gone = [(d.start, d.end) for d in result.decisions if d.action == "remove"]
        for line in re.finditer(r"[^\n]+", result.document.text):
            middle = (line.start() + line.end()) // 2
            removed = any(low <= middle < high for low, high in gone)
            totals[page.content(line.group()), removed] += len(_letters(line.group()))
    return {
        "junk_found": round(_share(totals, content=False), 4),
        "content_lost": round(_share(totals, content=True), 4),
    }


def _share(totals: Counter[tuple[bool, bool]], *, content: bool) -> float:
    return totals[content, True] / max(1, totals[content, True] + totals[content, False])


def _daniel() -> list[Page]:
    """Pages as the page reader sees them, whole; a line is content when the gold text holds it."""
    from unbait.html import read_page

    pages = []
    for row in read(SETS[2]):
        gold = _letters(re.sub(r"<[^>]+>", " ", row["gold"]))
        url = f"http://{row['id'].split(':')[1].split('_')[1]}/"
        if gold:
            text = read_page(row["html"], url=url).text
            pages.append(Page(Document(text, url=url), _is_in(gold), row["html"]))
    return pages


def _is_in(gold: str) -> Callable[[str], bool]:
    def content(line: str) -> bool:
        letters = _letters(line)
        return len(letters) >= 15 and letters in gold

    return content


def _generated() -> list[Page]:
    """Real articles in the furniture above; on every tenth page one line of an article repeats."""
    chance = random.Random(7)
    given = [row["lines"] for row in read(SETS[1]) if len(row["lines"]) > 3][:PAGES]
    said_again = "The mayor did not answer a question about the bridge on Thursday."
    pages = []
    for number, lines in enumerate(given):
        body = [*lines, said_again] if number % 10 == 0 else list(lines)
        furniture = [[one.format(chance.randint(10, 9999)) for one in part]
                     for part in (FURNITURE_BEFORE, FURNITURE_AFTER)]  # fmt: skip
        text = "\n\n".join([*furniture[0], *body, *furniture[1]])
        junk = frozenset(furniture[0] + furniture[1])
        document = Document(text, url="http://valley-courier.test/")
        pages.append(Page(document, lambda line, junk=junk: line not in junk))  # type: ignore[misc]
    return pages


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())
