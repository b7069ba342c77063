"""What happened in a run, as numbers that add up: over chunks, files and machines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from unbait.io.formats import Bad, Record
    from unbait.result import Result

DROPPED = "DROPPED"
SITES = 10_000  # beyond so many sites the rest are told together
OTHER_SITES = "(other sites)"
_LANG_SAMPLE = 2_000
_LANG_CUTOFF = 1_000  # resiliparse's distance: above it, it does not know the language


@dataclass
class Tally:
    """Counts of documents, characters and cuts. Every count is a sum, so tallies merge.

    A record is one of ``documents`` (cleaned), ``dropped`` (by its verdict), ``passed_on`` (it
    holds no document) and ``problems``.
    """

    documents: int = 0
    dropped: int = 0
    passed_on: int = 0
    characters_in: int = 0
    characters_out: int = 0
    changed: int = 0
    cuts: Counter[str] = field(default_factory=Counter)
    cut_characters: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    site_documents: Counter[str] = field(default_factory=Counter)
    site_characters: Counter[str] = field(default_factory=Counter)
    site_cut: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        """Count one cleaned document: what every run tells."""
        before, after = len(result.document.text), len(result.text)
        self.documents += 1
        self.characters_in += before
        self.characters_out += after
        self.changed += before != after

    def add_details(self, record: Record, result: Result, *, flags: bool) -> None:
        """Count what a report tells; it takes about as long as cleaning.

        ``flags`` says that the policy marks what it does not cut.
        """
        before, after = len(result.document.text), len(result.text)
        self.verdicts[result.verdict.name] += 1
        self.languages[record.lang or language_of(result.text)] += 1
        site = site_of(record.url)
        if site:
            self._add_site(site, 1, before, before - after)
        touched = flags or before != after or result.notes
        for decision in result.decisions if touched else ():
            if decision.action != "keep":
                self.cuts[decision.category] += 1
                self.cut_characters[decision.category] += decision.end - decision.start
                if decision.reasons:
                    self.rules[decision.reasons[0].code] += 1

    def add_bad(self, bad: Bad) -> None:
        """Count something that could not be done; what is left out as asked is no problem."""
        if bad.code == DROPPED:
            self.dropped += 1
        else:
            self.problems[bad.code] += 1

    def merge(self, other: Tally) -> None:
        """Take another tally's counts in."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if name.startswith("site_"):
                continue
            if isinstance(mine, Counter):
                mine.update(value)
            else:
                setattr(self, name, mine + value)
        for site, count in other.site_documents.items():
            self._add_site(site, count, other.site_characters[site], other.site_cut[site])

    def _add_site(self, site: str, documents: int, characters: int, cut: int) -> None:
        if site not in self.site_documents and len(self.site_documents) >= SITES:
            site = OTHER_SITES
        self.site_documents[site] += documents
        self.site_characters[site] += characters
        self.site_cut[site] += cut

    def as_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return {
            name: dict(value) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> Tally:
        """Read what ``as_dict`` gave."""
        fields: dict[str, Any] = {
            name: Counter(value) if isinstance(value, dict) else value
            for name, value in data.items()
        }
        return cls(**fields)


def site_of(url: str | None) -> str | None:
    """Give the host of an address, without ``www.``."""
    try:
        host = urlsplit(url).hostname if url else None
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def language_of(text: str) -> str:
    """Guess the language of a text from how it begins; ``unknown`` where that says nothing."""
    from resiliparse.parse.lang import detect_fast

    name, distance = detect_fast(text[:_LANG_SAMPLE])
    return str(name) if distance < _LANG_CUTOFF else "unknown"
