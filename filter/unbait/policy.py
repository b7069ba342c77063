"""Findings and probabilities to decisions. Detection ends here, editing begins in ``render``.

Every rule hit and every probability of a batch come in; what goes out is, per segment, a category,
a score and whether it goes, and the spans inside kept segments that go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from unbait.model import CONTENT, JUNK, METADATA
from unbait.types import CATEGORIES, Category, Finding, Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from unbait.segment import Batch

HEARD = 0.2  # packaged rules inform the model: where it is surer than this of content, it stands
SURE_KIND = 0.6  # of all junk that it may be: then the model says the kind, not the rule
_JUNK = np.array(JUNK)


class Span(NamedTuple):
    """A junk sentence or fragment inside a segment, in source offsets.

    ``finding`` is the rule's, None when the model found it.
    """

    segment: int
    start: int
    end: int
    category: Category
    score: float
    finding: Finding | None

    def moved(self, by: int) -> Span:
        """Return it, its finding too, where they stand ``by`` characters later."""
        finding = self.finding and self.finding.moved(by)
        return self._replace(start=self.start + by, end=self.end + by, finding=finding)


@dataclass(frozen=True, slots=True)
class Inside:
    """What the model thinks of single sentences.

    ``suspects`` are sentences that may be junk inside their paragraph; ``rest`` says for each
    paragraph that would be content without them how likely what is left is junk; in the others a
    suspect must be as sure as ``certain``.
    """

    suspects: list[Span]
    rest: dict[int, float]
    certain: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found in a batch, before any policy: any policy can be applied to it later.

    Arrays are (segments,): ``category`` indexes CATEGORIES (never content), ``score`` is the
    probability of junk, ``protected`` says that a keep rule holds the segment.
    """

    category: NDArray[np.int64]
    score: NDArray[np.float64]
    protected: NDArray[np.bool_]
    findings: dict[int, list[Finding]]
    inside: Inside


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is decided of a batch. Arrays are (segments,); ``guarded`` is (documents,).

    ``category`` indexes CATEGORIES, ``score`` is the probability of junk, ``marked`` says that
    the policy would remove the segment. ``guarded`` documents keep everything because nearly all
    of them would have gone. ``evidence`` is what it was decided on, where one batch was judged.
    """

    category: NDArray[np.int64]
    score: NDArray[np.float64]
    marked: NDArray[np.bool_]
    spans: dict[int, list[Span]]
    findings: dict[int, list[Finding]]
    guarded: NDArray[np.bool_]
    evidence: Evidence | None = None


def judge(
    batch: Batch,
    policy: Policy,
    chances: NDArray[np.float32],
    junk: NDArray[np.float64],
    findings: Sequence[tuple[int, Finding]],
    inside: Inside,
) -> Judgement:
    """Weigh the model's ``chances`` (segments, categories) and ``junk`` against the rules' word.

    ``findings`` are (segment, finding).
    """
    return decide(batch, policy, weigh(chances, junk, findings, inside))


def weigh(
    chances: NDArray[np.float32],
    junk: NDArray[np.float64],
    findings: Sequence[tuple[int, Finding]],
    inside: Inside,
) -> Evidence:
    """Put the model's and the rules' word together: of each segment one category, one score."""
    known, sure = kinds(chances)
    category, score = _by_model(chances, junk, known)
    protected = np.zeros(len(score), dtype=bool)
    protected[protects(findings)] = True
    grouped: dict[int, list[Finding]] = {}
    for segment, finding in findings:
        grouped.setdefault(segment, []).append(finding)
        if is_heard(finding, junk[segment]):
            kind = CATEGORIES.index(finding.category)
            if kind != METADATA and sure[segment] and not finding.own:
                kind = known[segment]
            _by_rule(category, score, segment, kind, finding.score)
    return Evidence(category, score, protected, grouped, inside)


def decide(batch: Batch, policy: Policy, evidence: Evidence) -> Judgement:
    """Apply a policy to what was found.

    A paragraph that would go for the junk inside it keeps the rest, where the rest alone reads
    like content.
    """
    category, score = evidence.category.copy(), evidence.score.copy()
    inside = evidence.inside
    removable = np.array([name in policy.remove for name in CATEGORIES])
    sure = score >= policy.threshold
    metadata = category == METADATA
    marked = removable[category] & (sure | metadata) & ~evidence.protected
    spared = {segment for segment in inside.rest if marked[segment]}
    for segment in spared:
        marked[segment], score[segment] = False, inside.rest[segment]
    sure = score >= policy.threshold
    category[~marked & ~sure & ~metadata] = CONTENT
    suspects = [
        span
        for span in inside.suspects
        if span.segment in spared or span.score >= inside.certain
    ]
    spans = _spans(policy, marked, evidence.protected, evidence.findings, suspects)
    guarded = _guard(batch, policy, marked)
    return Judgement(category, score, marked, spans, evidence.findings, guarded, evidence)


def is_heard(finding: Finding, junk: float) -> bool:
    """Say whether a rule's word on a whole segment counts beside the model's chance of junk."""
    if not finding.whole or finding.category == "content":
        return False
    return finding.own or finding.category == "metadata" or junk >= HEARD


def names_junk(findings: Sequence[tuple[int, Finding]], count: int) -> NDArray[np.bool_]:
    """Say of which of ``count`` segments a rule says that all of it is junk."""
    named = np.zeros(count, dtype=bool)
    kept = ("content", "metadata")
    named[[i for i, one in findings if one.whole and one.category not in kept]] = True
    return named


def kinds(chances: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the likeliest kind of junk of each segment, and whether no rule can say better."""
    junk = chances[:, JUNK]
    return _JUNK[junk.argmax(axis=1)], junk.max(axis=1) >= SURE_KIND * junk.sum(axis=1)


def protects(findings: Sequence[tuple[int, Finding]]) -> list[int]:
    """Return the segments that a keep or protect rule holds."""
    return [segment for segment, finding in findings if finding.category == "content"]


def _by_model(
    chances: NDArray[np.float32], junk: NDArray[np.float64], kind: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the likeliest junk category where junk is likelier than not, else what it is."""
    all_junk = chances[:, JUNK].sum(axis=1)
    metadata = chances[:, METADATA] > np.maximum(all_junk, chances[:, CONTENT])
    category = np.where(metadata, METADATA, kind)
    return category, np.where(metadata, np.minimum(junk, all_junk), junk)


def _by_rule(
    category: NDArray[np.int64], score: NDArray[np.float64], segment: int, kind: int, sure: float
) -> None:
    """Let a rule that names the whole segment say what it is, and raise its score."""
    if kind == METADATA:
        if score[segment] < sure:
            category[segment] = METADATA
            score[segment] = min(score[segment], 1.0 - sure)
    else:
        category[segment] = kind
        score[segment] = max(score[segment], sure)


def _spans(
    policy: Policy,
    marked: NDArray[np.bool_],
    protected: NDArray[np.bool_],
    findings: dict[int, list[Finding]],
    suspects: Sequence[Span],
) -> dict[int, list[Span]]:
    """Return the spans to cut per segment: in order, none touching another."""
    found = [
        Span(segment, f.start, f.end, f.category, f.score, f)
        for segment, group in findings.items()
        for f in group
        if not f.whole and f.category != "content"
    ]
    spans: dict[int, list[Span]] = {}
    for span in sorted([*found, *suspects], key=lambda one: (one.segment, one.start, -one.end)):
        if span.category not in policy.remove or span.score < policy.threshold:
            continue
        if marked[span.segment] or protected[span.segment]:
            continue
        before = spans.setdefault(span.segment, [])
        if not before or span.start >= before[-1].end:
            before.append(span)
    return {segment: group for segment, group in spans.items() if group}


def _guard(
    batch: Batch, policy: Policy, marked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Say of which documents so much would go that something else must be wrong."""
    size = batch.end - batch.start
    count = len(batch.document_start) - 1
    whole = np.bincount(batch.segment_document, weights=size, minlength=count)
    gone = np.bincount(batch.segment_document, weights=size * marked, minlength=count)
    return (gone > policy.guard * whole) & (whole > 0)
