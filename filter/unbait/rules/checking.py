"""Rules against their own examples, through the engine that runs them in earnest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from unbait.fold import codes_of, fold_text
from unbait.rules.engine import Hits, RuleSet
from unbait.rules.model import Rule
from unbait.rules.view import Codes, Ints


class Problem(NamedTuple):
    """What is wrong with one rule, for people."""

    rule: str
    message: str


def joined(texts: Sequence[str]) -> tuple[Codes, Ints, Ints]:
    """Fold texts and put them in one batch, each a segment."""
    folded = [fold_text(text)[0] for text in texts]
    lengths = np.array([len(text) for text in folded], np.int64)
    start = np.concatenate(([0], np.cumsum(lengths + 1)[:-1])).astype(np.int64)
    return codes_of("\n".join(folded)), start, start + lengths


def find_in(ruleset: RuleSet, texts: Sequence[str]) -> Hits:
    """Find hits in texts, each taken as one paragraph."""
    return ruleset.find(*joined(texts))


def check_rules(rules: Sequence[Rule], others: Sequence[Rule] = ()) -> list[Problem]:
    """Run each rule's examples, also against the other rules given; list what is wrong.

    An example to be hit must be hit and not protected; one not to be hit must not be hit by this
    rule, nor by any junk rule unless a protect rule keeps it.
    """
    problems = _double_ids([*rules, *others])
    if problems:
        return problems
    ruleset = RuleSet([*rules, *others])
    examples = [
        (index, text, wanted)
        for index, rule in enumerate(rules)
        for wanted, texts in ((True, rule.match), (False, rule.no_match))
        for text in texts
    ]
    hit_by: list[set[int]] = [set() for _ in examples]
    if examples:
        hits = find_in(ruleset, [text for _, text, _ in examples])
        for segment, rule_index in zip(hits.segment.tolist(), hits.rule.tolist(), strict=True):
            hit_by[segment].add(rule_index)
    for (index, text, wanted), hit in zip(examples, hit_by, strict=True):
        problem = _judged(ruleset.rules, index, wanted, hit)
        if problem:
            problems.append(Problem(rules[index].id, f"{problem}: {text!r}"))
    return problems


def _judged(rules: Sequence[Rule], index: int, wanted: bool, hit: set[int]) -> str | None:
    """Say what is wrong with how one example was hit, if anything."""
    mine = rules[index]
    keepers = [rules[one].id for one in sorted(hit) if rules[one].category == "content"]
    if wanted:
        if index not in hit:
            return "match example is not hit"
        if keepers and mine.category != "content":
            return f"match example is protected by {', '.join(keepers)}"
        return None
    if index in hit:
        return "no_match example is hit"
    cross = [rules[one].id for one in sorted(hit) if rules[one].category not in _NOT_TEXT]
    if cross and not keepers and mine.category != "content":
        return f"no_match example is hit by {', '.join(cross)}"
    return None


_NOT_TEXT = ("content", "metadata")


def _double_ids(rules: Iterable[Rule]) -> list[Problem]:
    seen: set[str] = set()
    problems: list[Problem] = []
    for rule in rules:
        if rule.id in seen:
            problems.append(Problem(rule.id, "id is taken: write another one"))
        seen.add(rule.id)
    return problems
