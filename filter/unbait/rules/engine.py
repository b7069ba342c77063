"""Rules over a batch: cheap looks say which rule may hit which line, then those alone are run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unbait.errors import RuleError
from unbait.rules.loading import (
    CUT,
    compile_pattern,
    keep_rules,
    load_user,
    matches,
    matches_line,
    wrapped,
)
from unbait.rules.lookup import KeyTable, OpeningTable, SignTable, distinct
from unbait.rules.model import LINE_CHARACTERS, USERS, Additions, Rule, RuleFile
from unbait.rules.packaged import load_packaged
from unbait.rules.view import Codes, Ints, LineView, line_view
from unbait.types import CATEGORIES, Finding

_FEW_LINES = 8  # are matched one by one; more at once, by the rule's sieve
_CHUNK_BYTES = 4_096
_PIECE_BYTES = 32_768  # longer paragraphs are matched in pieces, so that time stays linear
_HITS_A_PIECE = 256
_SET_MEMORY = 16 << 20
_MATCH_MEMORY = 8 << 20  # with half of it some packaged rules fall back to a slower automaton
_SET_RULES = 10  # in one automaton: more multiply its states, fewer mean more runs over the text


class Hits(NamedTuple):
    """What rules found: row by row a segment, a rule and the place in folded offsets."""

    segment: Ints
    rule: Ints
    start: Ints
    end: Ints

    def split(self, segment: int) -> tuple[Hits, Hits]:
        """Give the hits before a segment, and those from it on with segments counted from it."""
        cut = int(np.searchsorted(self.segment, segment))
        after = self.segment[cut:] - segment
        return Hits(*(one[:cut] for one in self)), Hits(after, *(one[cut:] for one in self[1:]))


class RuleSet:
    """Rules ready to run. Read-only once made; it pickles by its rules."""

    def __init__(
        self,
        rules: Iterable[Rule],
        sites: dict[str, Additions] | None = None,
    ) -> None:
        """Take rules that count everywhere, and per host what it adds and takes away."""
        sites = sites or {}
        everywhere = tuple(rules)
        own = tuple(rule for site in sites.values() for rule in site.rules)
        self.rules: tuple[Rule, ...] = (*everywhere, *own)
        _refuse_double_ids(self.rules)
        self._sites = sites
        self._everywhere = len(everywhere)
        self._keys, self._openings = KeyTable(self.rules), OpeningTable(self.rules)
        self._signs = SignTable(self.rules)
        self._asks_both = np.array([rule.asks_both for rule in self.rules], bool)
        others = [
            index
            for index, rule in enumerate(self.rules)
            if not (rule.keys or rule.openings or rule.signs)
        ]
        self._lines = tuple(i for i in others if self.rules[i].scope == "line")
        self._spans = tuple(i for i in others if self.rules[i].scope == "span")
        self._sets: dict[tuple[int, ...], Any] = {}
        self._sieves: dict[int, Any] = {}
        self._exact: dict[int, Any] = {}
        self._category = np.array([CATEGORIES.index(rule.category) for rule in self.rules], int)
        self._score = np.array([rule.score for rule in self.rules], np.float32)
        self._informs = np.array([rule.whole and rule.lang != USERS for rule in self.rules], bool)
        self._longest = np.array([_longest(rule) for rule in self.rules], np.int64)
        self._is_line = [rule.scope == "line" for rule in self.rules]

    @classmethod
    def packaged(
        cls,
        user_files: Iterable[str | Path | RuleFile] = (),
        disable: Iterable[str] = (),
        keep: Iterable[str] = (),
        langs: Iterable[str] | None = None,
    ) -> RuleSet:
        """Make the packaged rules with a user's files, ids to switch off and patterns to keep."""
        rules = list(load_packaged(None if langs is None else set(langs)))
        off = list(disable)
        sites: dict[str, Additions] = {}
        files = [one if isinstance(one, RuleFile) else load_user(Path(one)) for one in user_files]
        for number, file in enumerate(files, start=1):
            rules.extend(_renumbered(file.rules, number))
            off.extend(file.disable)
            for host, site in file.sites.items():
                mine = Additions(_renumbered(site.rules, number, host), site.disable)
                sites[host] = _merged(sites.get(host), mine)
        rules.extend(keep_rules(keep))
        known = {rule.id for rule in rules} | {r.id for site in sites.values() for r in site.rules}
        _refuse_unknown_ids((*off, *(i for s in sites.values() for i in s.disable)), known)
        return cls((rule for rule in rules if rule.id not in set(off)), sites)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the rules: compiled sets cannot be."""
        return RuleSet, (self.rules[: self._everywhere], self._sites)

    @property
    def has_sites(self) -> bool:
        """Tell whether some rules depend on the site, so that ``find`` wants hosts."""
        return bool(self._sites)

    def own_keeps(self) -> frozenset[str]:
        """Return the ids of the keep rules that people brought."""
        own = (r for r in self.rules if r.lang == USERS and r.category == "content")
        return frozenset(rule.id for rule in own)

    def for_site(self, host: str | None) -> NDArray[np.bool_]:
        """Say of each rule whether it counts on a host (or where none is known)."""
        counts = np.arange(len(self.rules)) < self._everywhere
        for site, additions in self._sites.items():
            if host and _belongs(host.lower(), site):
                own = {rule.id for rule in additions.rules}
                off = set(additions.disable)
                for index, rule in enumerate(self.rules):
                    counts[index] = (counts[index] or rule.id in own) and rule.id not in off
        return counts

    def find(
        self, codes: Codes, start: Ints, end: Ints, hosts: Sequence[str | None] | None = None
    ) -> Hits:
        """Find every hit in the segments ``codes[start:end]`` of a folded batch.

        Segments are in order, not empty and at least one code apart; ``hosts`` names the host of
        each segment's document. Hits come in the order of segment, place and rule.
        """
        if not len(start):
            return _no_hits()
        view = line_view(codes, start, end)
        found = self._scan(view, codes, start, end)
        if not found:
            return _no_hits()
        rule, begin, stop = np.array(found, np.int64).T
        segment = np.searchsorted(view.start, begin, "right") - 1
        hits = Hits(segment, rule, view.to_codes(begin), view.to_codes(stop))
        kept = self._counting(hits, hosts)
        order = np.lexsort((rule, hits.end, hits.start, segment))
        order = order[kept[order]]
        return Hits(*(column[order] for column in hits))

    def told(self, hits: Hits, segments: int) -> NDArray[np.float32]:
        """Return how sure the packaged rules are of each segment's category.

        Shape (segments, categories); a user's own rules decide but do not inform the model.
        """
        told = np.zeros((segments, len(CATEGORIES)), dtype=np.float32)
        known = self._informs[hits.rule]
        rule, segment = hits.rule[known], hits.segment[known]
        np.maximum.at(told, (segment, self._category[rule]), self._score[rule])
        return told

    def finding(self, rule: int, start: int, end: int) -> Finding:
        """Say a hit as the rest of the project says it."""
        one = self.rules[rule]
        own = one.lang == USERS
        return Finding(start, end, one.category, one.id, one.why, one.score, one.whole, own)

    def _counting(self, hits: Hits, hosts: Sequence[str | None] | None) -> NDArray[np.bool_]:
        if not self._sites:
            return np.ones(len(hits.rule), bool)
        if hosts is None:
            return self.for_site(None)[hits.rule]
        of_host = {host: self.for_site(host) for host in {hosts[s] for s in hits.segment.tolist()}}
        pairs = zip(hits.segment.tolist(), hits.rule.tolist(), strict=True)
        return np.array([of_host[hosts[segment]][rule] for segment, rule in pairs], bool)

    def _scan(
        self, view: LineView, codes: Codes, start: Ints, end: Ints
    ) -> list[tuple[int, int, int]]:
        """Find hits as rule and bytes: where keys and openings say so, else by a set."""
        units = _units(view)
        rules, which = self._worth_trying(view, units, codes, start, end)
        spans = list(zip(units.start.tolist(), units.end.tolist(), strict=True))
        texts = [view.data[low:high] for low, high in spans]
        found: list[tuple[int, int, int]] = []
        bounds = np.flatnonzero(np.diff(rules, prepend=-1, append=-1)).tolist()
        rule, unit = rules.tolist(), which.tolist()
        for first, stop in pairwise(bounds):
            own = unit[first:stop]
            for at in self._sieved(rule[first], own, texts) if stop - first > _FEW_LINES else own:
                self._match(rule[first], texts[at], spans[at][0], found)
        for first, stop in _chunks(units.start, units.end) if self._spans else ():
            self._match_set(self._spans, view.data[first:stop], first, found)
        short = np.flatnonzero(end - start <= LINE_CHARACTERS)
        for at in range(0, len(self._lines), _SET_RULES):
            self._scan_lines(self._lines[at : at + _SET_RULES], view, short, found)
        return found

    def _worth_trying(
        self, view: LineView, units: _Units, codes: Codes, start: Ints, end: Ints
    ) -> tuple[Ints, Ints]:
        """Say which rules may hit which units: ordered by the rule, each pair once."""
        count, length = units.start.size, end - start
        place, rule = self._keys.find(view.data)
        unit = np.searchsorted(units.start, place + 1, "right") - 1
        unit = np.maximum(unit, 0)  # a key may begin with the line break before the first line
        worth = length[units.segment[unit]] <= self._longest[rule]
        keyed = distinct(rule[worth] * count + unit[worth])
        short = np.flatnonzero(length <= LINE_CHARACTERS)
        line, rule = self._openings.find(codes, start[short], end[short])
        opened = self._pairs(rule, short[line], units, length)
        signed = self._pairs(*self._signs.find(codes, start, end), units, length)
        of_keyed, of_opened = self._asks_both[keyed // count], self._asks_both[opened // count]
        both = np.intersect1d(keyed[of_keyed], opened[of_opened], assume_unique=True)
        alone = (keyed[~of_keyed], opened[~of_opened], signed)
        return np.divmod(distinct(np.concatenate((*alone, both))), count)

    def _pairs(self, rule: Ints, segment: Ints, units: _Units, length: Ints) -> Ints:
        """Number the pairs of rules and units of segments, where the segment is short enough."""
        worth = length[segment] <= self._longest[rule]
        rule, segment = rule[worth], segment[worth]
        first = np.searchsorted(units.segment, segment)
        pieces = np.searchsorted(units.segment, segment, "right") - first
        unit = np.arange(pieces.sum()) + np.repeat(first - np.cumsum(pieces) + pieces, pieces)
        return distinct(np.repeat(rule, pieces) * units.start.size + unit)

    def _scan_lines(
        self, rules: tuple[int, ...], view: LineView, which: Ints, found: list[tuple[int, int, int]]
    ) -> None:
        """Run line rules that have neither keys nor openings on all lines ``which``."""
        starts, ends = view.start[which], view.end[which]
        after = np.cumsum(ends - starts + 1)
        begins = after - (ends - starts + 1)
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        lines = b"\n".join([view.data[low:high] for low, high in spans])
        hits: list[tuple[int, int, int]] = []
        for low, high in _chunks(begins, after - 1):
            self._match_set(rules, lines[low:high], low, hits)
        for index, begin, stop in hits:
            line = np.searchsorted(after, begin, "right")
            shift = int(starts[line] - begins[line])
            found.append((index, begin + shift, stop + shift))

    def _match_set(
        self, rules: tuple[int, ...], text: bytes, offset: int, found: list[tuple[int, int, int]]
    ) -> None:
        for local in self._set_of(rules).Match(text) or ():
            index, end = rules[local], -1
            for place, _ in matches(self._sieve_of(index), text):
                if place > end:
                    begin = text.rfind(b"\n", 0, place) + 1
                    end = text.find(b"\n", place)
                    end = len(text) if end < 0 else end
                    self._match(index, text[begin:end], offset + begin, found)

    def _sieved(self, index: int, units: list[int], texts: list[bytes]) -> list[int]:
        """Give the units that a rule's sieve leaves: it runs over all of them at once.

        Rule by rule, because an automaton that has just run is in the processor's cache.
        """
        own = itemgetter(*units)(texts)
        places = [place for place, _ in matches(self._sieve_of(index), b"\n".join(own))]
        if not places:
            return []
        after = list(accumulate(len(text) + 1 for text in own))
        return [units[line] for line in sorted({bisect_right(after, at) for at in places})]

    def _match(
        self, index: int, text: bytes, offset: int, found: list[tuple[int, int, int]]
    ) -> None:
        """Add the hits of one rule in one text: of a line rule one, of others so many at most."""
        exact = self._exact_of(index)
        if self._is_line[index]:
            if text and matches_line(exact, text):
                found.append((index, offset, offset + len(text)))
            return
        group = 1 if CUT in self.rules[index].pattern else 0
        for low, high in islice(matches(exact, text, group), _HITS_A_PIECE):
            if high > low:
                found.append((index, low + offset, high + offset))

    def _set_of(self, group: tuple[int, ...]) -> Any:
        compiled = self._sets.get(group)
        if compiled is None:
            compiled = self._sets[group] = _compiled_set([self.rules[index] for index in group])
        return compiled

    def _sieve_of(self, index: int) -> Any:
        compiled = self._sieves.get(index)
        if compiled is None:
            rule = self.rules[index]
            compiled = self._sieves[index] = _compiled(rule.sieve, rule.scope)
        return compiled

    def _exact_of(self, index: int) -> Any:
        compiled = self._exact.get(index)
        if compiled is None:
            rule = self.rules[index]
            compiled = self._exact[index] = _compiled(rule.pattern, rule.scope)
        return compiled


def _longest(rule: Rule) -> int:
    """Say how long a paragraph may be for the rule to be tried on it."""
    return rule.longest if rule.scope == "line" else np.iinfo(np.int64).max


def _compiled(pattern: str, scope: str) -> Any:
    return compile_pattern(wrapped(pattern, scope), _MATCH_MEMORY)


def _compiled_set(rules: Sequence[Rule]) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_nl = True
    options.never_capture = True
    options.max_mem = _SET_MEMORY
    compiled = re2.Set.SearchSet(options)
    for rule in rules:
        compiled.Add(wrapped(rule.sieve, rule.scope).encode("utf-8"))
    compiled.Compile()
    return compiled


class _Units(NamedTuple):
    """What is matched at once: lines, and pieces of the very long ones; and their segments."""

    start: Ints
    end: Ints
    segment: Ints


def _units(view: LineView) -> _Units:
    segments = np.arange(view.start.size)
    very_long = np.flatnonzero(view.end - view.start > _PIECE_BYTES)
    if not very_long.size:
        return _Units(view.start, view.end, segments)
    cuts = [
        (cut, segment)
        for segment in very_long.tolist()
        for cut in _cuts(view.data, int(view.start[segment]), int(view.end[segment]))
    ]
    places = np.array([cut for cut, _ in cuts], np.int64)
    owners = np.array([segment for _, segment in cuts], np.int64)
    start = np.sort(np.concatenate((view.start, places)))
    end = np.sort(np.concatenate((view.end, places)))
    return _Units(start, end, np.sort(np.concatenate((segments, owners))))


def _cuts(data: bytes, low: int, high: int) -> Iterator[int]:
    """Cut a very long line at spaces, or where a character begins if there is none near."""
    while high - low > _PIECE_BYTES:
        cut = low + _PIECE_BYTES
        space = data.rfind(b" ", cut - 1_024, cut)
        if space > low:
            cut = space + 1
        while data[cut] & 0xC0 == 0x80:
            cut -= 1
        yield cut
        low = cut


def _chunks(start: Ints, end: Ints) -> Iterator[tuple[int, int]]:
    """Put neighbouring lines together until a set has enough to do."""
    if not start.size:
        return
    place = end // _CHUNK_BYTES
    last = np.flatnonzero(np.append(np.diff(place) != 0, True))
    first = np.concatenate(([0], last[:-1] + 1))
    yield from zip(start[first].tolist(), end[last].tolist(), strict=True)


def _belongs(host: str, site: str) -> bool:
    return host == site or host.endswith("." + site)


def _renumbered(rules: Sequence[Rule], file: int, host: str = "") -> tuple[Rule, ...]:
    """Make the ids of keep-rules differ over files and sites; people do not name them."""
    suffix = f"-{host.upper().replace('.', '-')}" if host else ""
    return tuple(
        rule._replace(id=f"{rule.id.replace('KEEP-', f'KEEP-{file}-', 1)}{suffix}")
        if rule.id.startswith("KEEP-")
        else rule
        for rule in rules
    )


def _merged(one: Additions | None, other: Additions) -> Additions:
    if one is None:
        return other
    return Additions(one.rules + other.rules, one.disable + other.disable)


def _refuse_double_ids(rules: Sequence[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise RuleError("RULE_ID", f"rule {rule.id}: id: is taken: write another one")
        seen.add(rule.id)


def _refuse_unknown_ids(ids: Iterable[str], known: set[str]) -> None:
    for one in ids:
        if one not in known:
            raise RuleError(
                "RULE_ID", f"disable: there is no rule {one!r}: see `unbait rules list`"
            )


def _no_hits() -> Hits:
    return Hits(*(np.zeros(0, np.int64) for _ in range(4)))
