"""Rules over a batch: one automaton says which rules may hit where, then those alone are run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unbait.errors import RuleError
from unbait.rules.loading import compile_pattern, keep_rules, load_user, wrapped
from unbait.rules.model import Additions, Rule, RuleFile
from unbait.rules.packaged import load_packaged
from unbait.rules.scripts import SCRIPTS, script_of, scripts_in
from unbait.rules.view import Codes, Ints, LineView, line_view
from unbait.types import Finding

LINE_CHARACTERS = 300  # longer paragraphs are prose: line rules leave them alone
_CHUNK_BYTES = 4_096
_PIECE_BYTES = 32_768  # longer paragraphs are matched in pieces, so that time stays linear
_HITS_A_PIECE = 256
_SET_MEMORY = 48 << 20


class Hits(NamedTuple):
    """What rules found: row by row a segment, a rule and the place in folded offsets."""

    segment: Ints
    rule: Ints
    start: Ints
    end: Ints


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
        self._groups = _by_script(self.rules)
        self._sets: dict[str, Any] = {}
        self._exact: dict[int, Any] = {}
        self._is_line = np.array([rule.scope == "line" for rule in self.rules], bool)

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
        rules, begins, stops = self._scan(view, codes, start, end)
        if not rules:
            return _no_hits()
        rule = np.array(rules, np.int64)
        begin, stop = np.array(begins, np.int64), np.array(stops, np.int64)
        segment = np.searchsorted(view.start, begin, "right") - 1
        hits = Hits(segment, rule, view.to_codes(begin), view.to_codes(stop))
        fits = end[segment] - start[segment] <= LINE_CHARACTERS
        kept = (fits | ~self._is_line[rule]) & self._counting(hits, hosts)
        order = np.lexsort((rule, hits.end, hits.start, segment))
        order = order[kept[order]]
        return Hits(*(column[order] for column in hits))

    def finding(self, rule: int, start: int, end: int) -> Finding:
        """Say a hit as the rest of the project says it."""
        one = self.rules[rule]
        return Finding(start, end, one.category, one.id, one.why, one.score, one.whole)

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
    ) -> tuple[list[int], list[int], list[int]]:
        """Run every script's set over its segments, chunk by chunk."""
        found: tuple[list[int], list[int], list[int]] = ([], [], [])
        present = scripts_in(codes, start, end)
        for script in self._groups:
            segments = present.get(script) if script in SCRIPTS else np.arange(start.size)
            if segments is None:
                continue
            for low, high in _chunks(view, segments):
                self._scan_chunk(script, view.data[low:high], low, found)
        return found

    def _scan_chunk(
        self, script: str, chunk: bytes, offset: int, found: tuple[list[int], ...]
    ) -> None:
        hit = self._set_of(script).Match(chunk)
        if not hit:
            return
        rules, begins, stops = found
        group = self._groups[script]
        for local in hit:
            rule = group[local]
            count = 0
            for match in self._exact_of(rule).finditer(chunk):
                low, high = match.span()
                if high > low:
                    rules.append(rule)
                    begins.append(low + offset)
                    stops.append(high + offset)
                    count += 1
                    if count >= _HITS_A_PIECE and not self._is_line[rule]:
                        break

    def _set_of(self, script: str) -> Any:
        compiled = self._sets.get(script)
        if compiled is None:
            rules = [self.rules[index] for index in self._groups[script]]
            compiled = self._sets[script] = _compiled_set(rules)
        return compiled

    def _exact_of(self, index: int) -> Any:
        compiled = self._exact.get(index)
        if compiled is None:
            rule = self.rules[index]
            compiled = self._exact[index] = compile_pattern(wrapped(rule.pattern, rule.scope))
        return compiled


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


def _chunks(view: LineView, segments: Ints) -> Iterable[tuple[int, int]]:
    """Cut the lines of segments into chunks; never inside a line, unless it is very long."""
    if not segments.size:
        return
    start, end = view.start[segments], view.end[segments]
    apart = np.diff(segments) != 1
    place = end // _CHUNK_BYTES
    last = np.flatnonzero(np.concatenate(((np.diff(place) != 0) | apart, [True])))
    first = np.concatenate(([0], last[:-1] + 1))
    for low, high in zip(start[first].tolist(), end[last].tolist(), strict=True):
        if high - low <= _PIECE_BYTES:
            yield low, high
        else:
            yield from _pieces(view.data, low, high)


def _pieces(data: bytes, low: int, high: int) -> Iterable[tuple[int, int]]:
    """Cut a very long chunk at a space, or where a character begins if there is none near."""
    while high - low > _PIECE_BYTES:
        cut = low + _PIECE_BYTES
        breaks = max(data.rfind(mark, cut - 1_024, cut) for mark in (b" ", b"\n"))
        if breaks > low:
            cut = breaks + 1
        while data[cut] & 0xC0 == 0x80:
            cut -= 1
        yield low, cut
        low = cut
    yield low, high


def _by_script(rules: Sequence[Rule]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, rule in enumerate(rules):
        groups.setdefault(script_of(rule.lang), []).append(index)
    return groups


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
