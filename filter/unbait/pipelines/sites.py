"""Site memory: lines that repeat over the pages of one site are its furniture, whatever they say.

A first pass counts the lines of every site in a sketch of bounded size; sketches of several
workers merge. What repeats becomes a rule file a site, for people to read and edit, and the
second pass cleans with it: ``Cleaner(rules=[...])``, or ``unbait clean --rules``.

```python
memory = SiteMemory()
for url, text in pages:
    memory.add(url, text)
memory.write_packs(Path("sites"))
```
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from unbait.fold import fold, text_of
from unbait.io.atomic import write_atomic
from unbait.pipelines.tally import site_of
from unbait.segment import batch

_LONGEST = 300  # longer lines are no rule's: a line rule is not tried on them
_SHORTEST = 2
_BLANK = re.compile(r"\s+")
_DIGITS = re.compile(r"[0-9]+")
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$#&~-])")


class Limits(NamedTuple):
    """How much is remembered, and what counts as repeated.

    ``lines`` a site (a line on fewer than one in ``lines`` of all lines seen may be forgotten),
    ``sites`` at all, ``pages`` that a line must stand on, and the ``share`` of a site's pages.
    """

    lines: int = 1024
    sites: int = 100_000
    pages: int = 5
    share: float = 0.2


@dataclass
class SiteSketch:
    """The frequent lines of one site (a Misra-Gries summary: counts are never too high)."""

    pages: int = 0
    forgotten: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, lines: Iterable[str], limit: int) -> None:
        """Count the lines of one page, each once."""
        self.pages += 1
        for line in dict.fromkeys(lines):
            self.counts[line] = self.counts.get(line, 0) + 1
        if len(self.counts) > 2 * limit:
            self.shrink(limit)

    def merge(self, other: SiteSketch, limit: int) -> None:
        """Take another worker's counts in."""
        self.pages += other.pages
        self.forgotten += other.forgotten
        for line, count in other.counts.items():
            self.counts[line] = self.counts.get(line, 0) + count
        if len(self.counts) > 2 * limit:
            self.shrink(limit)

    def shrink(self, limit: int) -> None:
        """Keep the most frequent lines; what the first one left out counts is taken off all."""
        if len(self.counts) <= limit:
            return
        least = sorted(self.counts.values(), reverse=True)[limit]
        self.forgotten += least
        self.counts = {k: count - least for k, count in self.counts.items() if count > least}


class SiteMemory:
    """Sketches of many sites: bounded, mergeable, kept as JSON lines."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Begin with nothing."""
        self.limits = limits or Limits()
        self.sites: dict[str, SiteSketch] = {}

    def add(self, url: str | None, text: str) -> None:
        """Remember the lines of one page."""
        self.add_many([(url, text)])

    def add_many(self, pages: Iterable[tuple[str | None, str]]) -> None:
        """Remember the lines of some pages; they are folded together, so batches are faster."""
        known = [(site_of(url), text) for url, text in pages]
        known = [(site, text) for site, text in known if site]
        for (site, _), lines in zip(known, lines_of([text for _, text in known]), strict=True):
            sketch = self._sketch(site or "")
            if sketch is not None:
                sketch.add(lines, self.limits.lines)

    def merge(self, other: SiteMemory) -> None:
        """Take another worker's memory in."""
        for site, sketch in other.sites.items():
            mine = self._sketch(site)
            if mine is not None:
                mine.merge(sketch, self.limits.lines)

    def _sketch(self, site: str) -> SiteSketch | None:
        """Give a site's sketch; beyond the limit no further sites are remembered."""
        if site not in self.sites and len(self.sites) >= self.limits.sites:
            return None
        return self.sites.setdefault(site, SiteSketch())

    def furniture(self, site: str) -> list[tuple[str, int]]:
        """Give the lines that repeat on a site with the pages they stand on, most first."""
        sketch = self.sites.get(site)
        if sketch is None:
            return []
        least = max(self.limits.pages, self.limits.share * sketch.pages)
        found = [(line, count) for line, count in sketch.counts.items() if count >= least]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def pack(self, site: str) -> str | None:
        """Write a site's furniture as a rule file; None where nothing repeats."""
        lines = self.furniture(site)
        if not lines:
            return None
        pages = self.sites[site].pages
        head = (
            f"# Lines that repeat over the pages of {site} ({pages} seen), found by unbait.\n"
            "# Delete a rule whose line is part of articles; nothing here applies elsewhere.\n"
        )
        return head + "".join(_rule(site, line, count, pages) for line, count in lines)

    def write_packs(self, folder: Path) -> list[Path]:
        """Write a rule file for each site on which lines repeat."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for site in sorted(self.sites):
            made = self.pack(site)
            if made is not None:
                path = folder / f"{_file_name(site)}.toml"
                write_atomic(path, made.encode())
                written.append(path)
        return written

    def save(self, path: Path) -> None:
        """Keep the memory, to merge or to go on with later."""
        lines = (
            orjson.dumps({"site": site, **vars(self.sites[site])}) + b"\n"
            for site in sorted(self.sites)
        )
        write_atomic(path, b"".join(lines))

    @classmethod
    def load(cls, path: Path, limits: Limits | None = None) -> SiteMemory:
        """Read what ``save`` kept."""
        made = cls(limits)
        with path.open("rb") as stream:
            for line in stream:
                row: dict[str, Any] = orjson.loads(line)
                site = row.pop("site")
                made.sites[site] = SiteSketch(**row)
        return made


def lines_of(texts: list[str]) -> Iterator[list[str]]:
    """Give the lines of each text as rules see them: folded, numbers alike, blanks single."""
    made = batch(texts)
    folded = fold(made.codes)
    start, end = folded.from_source(made.start), folded.from_source(made.end)
    worth = (end - start <= _LONGEST) & (end - start >= _SHORTEST)
    text = text_of(folded.codes)
    bounds = made.first_segment.tolist()
    for number in range(len(texts)):
        chosen = np.flatnonzero(worth[bounds[number] : bounds[number + 1]]) + bounds[number]
        places = zip(start[chosen].tolist(), end[chosen].tolist(), strict=True)
        lines = (_BLANK.sub(" ", text[low:high].strip()) for low, high in places)
        # Joined lines and lines with control characters are no rule's to match.
        yield [_DIGITS.sub("0", line) for line in lines if line.isprintable()]


def _rule(site: str, line: str, count: int, pages: int) -> str:
    """Write one line as a rule."""
    name = hashlib.sha256(f"{site} {line}".encode("utf-8", "replace")).hexdigest()[:10].upper()
    why = f"This line stood on {count} of {pages} pages of {site}."
    return (
        f"\n[[site.{_quoted(site)}.rule]]\n"
        f'id = "SITE-{name}"\n'
        'category = "boilerplate"\n'
        f"pattern = {_quoted(_pattern(line))}\n"
        f"why = {_quoted(why)}\n"
        f"score = {min(0.97, 0.8 + count / pages / 4):.2f}\n"
    )


def _pattern(line: str) -> str:
    """Write a line as a pattern: numbers may differ, blanks too."""
    escaped = _SPECIAL.sub(r"\\\1", line)
    return _DIGITS.sub("[0-9]+", escaped).replace(" ", r"\s+")


def _quoted(text: str) -> str:
    """Write a TOML string."""
    escaped = orjson.dumps(text.encode("utf-8", "replace").decode()).decode()
    return escaped.replace("\x7f", "\\u007f")


def _file_name(site: str) -> str:
    """Name a site's file; a host is made of letters, digits, dots and hyphens, or is made so."""
    return re.sub(r"[^a-z0-9.-]", "_", site.lower()).strip(".") or "_"
