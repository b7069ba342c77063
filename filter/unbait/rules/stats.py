"""What rules do on real lines: hits, hits on real text, precision, time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unbait.rules.checking import joined
from unbait.rules.engine import RuleSet
from unbait.rules.model import Rule
from unbait.rules.view import Codes, Ints


class RuleStats(NamedTuple):
    """One rule on one set of lines. ``right`` is the share of hits that are not content."""

    rule: Rule
    hits: int
    content_hits: int
    content_lines: tuple[str, ...]
    milliseconds_per_megabyte: float

    @property
    def right(self) -> float:
        """Give the share of hits that are not content, smoothed so that few hits say little."""
        return (self.hits - self.content_hits + 0.95) / (self.hits + 1)


def rule_stats(
    rules: Sequence[Rule], lines: Sequence[str], labels: Sequence[str] | None = None
) -> list[RuleStats]:
    """Count each rule's hits on lines; without labels every line is taken as content.

    Lines labelled metadata count neither way. A line that a protect rule keeps is not hit.
    """
    ruleset = RuleSet(rules)
    codes, start, end = joined(lines)
    hits = ruleset.find(codes, start, end)
    protects = np.array([rule.category == "content" for rule in ruleset.rules], bool)
    kept = np.zeros(len(lines), bool)
    kept[hits.segment[protects[hits.rule]]] = True
    named = np.array(labels if labels is not None else ["content"] * len(lines))
    seconds = _seconds(ruleset, codes, start, end)
    size = max(1, codes.size) / 1e6
    results = []
    for index, rule in enumerate(ruleset.rules):
        lines_hit = np.unique(hits.segment[hits.rule == index])
        if rule.category != "content":
            lines_hit = lines_hit[~kept[lines_hit]]
        lines_hit = lines_hit[named[lines_hit] != "metadata"]
        wrong = lines_hit[named[lines_hit] == "content"]
        results.append(
            RuleStats(
                rule,
                len(lines_hit),
                len(wrong),
                tuple(lines[one] for one in wrong[:20].tolist()),
                seconds[index] * 1e3 / size,
            )
        )
    return results


def _seconds(ruleset: RuleSet, codes: Codes, start: Ints, end: Ints) -> list[float]:
    """Time each rule alone over the whole text."""
    times = []
    for rule in ruleset.rules:
        alone = RuleSet([rule])
        alone.find(codes[:1], start[:0], end[:0])
        begun = time.perf_counter()
        alone.find(codes, start, end)
        times.append(time.perf_counter() - begun)
    return times
