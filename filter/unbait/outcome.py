"""One document's judgement as ranges: what is cut exactly, and the decisions that cover the text.

What is removed takes one of the separators around it along, so that the rest reads as if it had
never been there: between two kept paragraphs the larger separator stays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from unbait.types import CATEGORIES, Action, Category, Decision, Finding, Reason
from unbait.verdict import verdict_of

if TYPE_CHECKING:
    from unbait.policy import Judgement, Span
    from unbait.segment import Batch
    from unbait.types import Policy, Verdict

MODEL = "MODEL"
WORD = "WORD"
_TELL_WORDS_OF = 300  # paragraphs of a document; a longer list of cuts explains itself
_TELL_WORDS_FROM = 0.2  # a kept paragraph as likely junk as this tells its words too

GUARD_NOTE = (
    "nearly all of this document looks like junk, so nothing was cut and all of it is flagged"
)


class Explainer(Protocol):
    """Says which words of a stretch of text spoke most for junk."""

    def words(self, text: str, spans: list[tuple[int, int]], /) -> list[list[Reason]]:
        """Return for each span of ``text`` its telling words, strongest first."""


class Row(NamedTuple):
    """One segment of the document and what was judged of it."""

    start: int
    end: int
    category: int
    score: float
    marked: bool
    spans: Sequence[Span]
    findings: Sequence[Finding]


class Columns(NamedTuple):
    """The rows of one document, column by column, in its own offsets.

    ``spans`` names the junk inside rows by the row's number.
    """

    start: list[int]
    end: list[int]
    category: list[int]
    score: list[float]
    marked: list[bool]
    spans: dict[int, list[Span]]


class JudgedTable:
    """A judged batch as plain lists, ready to be cut into documents one by one."""

    def __init__(self, batch: Batch, judged: Judgement) -> None:
        """Take a batch and what was judged of it."""
        base = batch.document_start[batch.segment_document]
        self._start, self._end = (batch.start - base).tolist(), (batch.end - base).tolist()
        self._category, self._score = judged.category.tolist(), judged.score.tolist()
        self._marked: list[bool] = judged.marked.tolist()
        self._bounds = batch.first_segment.tolist()
        self._base = batch.document_start.tolist()
        self._spans, self._findings = judged.spans, judged.findings
        self._spanned = sorted(judged.spans)
        self.guarded: list[bool] = judged.guarded.tolist()
        touched = np.zeros(len(self.guarded), dtype=bool)
        touched[batch.segment_document[judged.marked]] = True
        touched[batch.segment_document[self._spanned]] = True
        self.touched: list[bool] = touched.tolist()

    def columns(self, number: int) -> Columns:
        """Return one document without its findings."""
        base = self._base[number]
        low, high = self._bounds[number], self._bounds[number + 1]
        first, stop = bisect_left(self._spanned, low), bisect_left(self._spanned, high)
        spans = {
            segment - low: [span.moved(-base) for span in self._spans[segment]]
            for segment in self._spanned[first:stop]
        }
        part = slice(low, high)
        return Columns(
            self._start[part], self._end[part], self._category[part], self._score[part],
            self._marked[part], spans,
        )  # fmt: skip

    def rows(self, number: int) -> list[Row]:
        """Return the rows of one document."""
        own = self.columns(number)
        base, low = self._base[number], self._bounds[number]
        findings = self._findings
        columns = (own.start, own.end, own.category, own.score, own.marked)
        return [
            Row(
                start, end, category, score, marked, own.spans.get(i, ()),
                [one.moved(-base) for one in findings[low + i]] if low + i in findings else (),
            )
            for i, (start, end, category, score, marked) in enumerate(zip(*columns, strict=True))
        ]  # fmt: skip


class Outcome:
    """What was decided of one document."""

    def __init__(
        self, text: str, table: JudgedTable, number: int, policy: Policy, explainer: Explainer
    ) -> None:
        """Take the document's ``number`` in its judged batch; rows are made when asked for."""
        self._text = text
        self._table = table
        self._number = number
        self._policy = policy
        self._explainer = explainer
        self._guarded = table.guarded[number]
        self.notes: tuple[str, ...] = (GUARD_NOTE,) if self._guarded else ()

    @cached_property
    def _columns(self) -> Columns:
        return self._table.columns(self._number)

    @cached_property
    def _rows(self) -> list[Row]:
        return self._table.rows(self._number)

    @property
    def _cuts(self) -> bool:
        return self._policy.action == "remove" and not self._guarded

    def kept_text(self) -> str:
        """Return the text without the removed ranges."""
        if not self._cuts or not self._table.touched[self._number]:
            return self._text
        kept, here = [], 0
        for start, end in self._removed():
            kept.append(self._text[here:start])
            here = end
        if not here:
            return self._text
        kept.append(self._text[here:])
        return "".join(kept)

    def cut_counts(self) -> dict[Category, int]:
        """Return how many cuts there are of each category."""
        found: list[Category] = []
        for row in self._rows if self._cuts else ():
            if row.marked:
                found.append(CATEGORIES[row.category])
            else:
                found.extend(span.category for span in row.spans)
        return dict(Counter(found))

    def verdict(
        self, title: str | None = None, types: Mapping[str, float] | None = None, aside: str = ""
    ) -> Verdict:
        """Return what the document is as a whole.

        ``types`` are the chances of a page's types, ``aside`` the code of the finding that puts a
        paragraph outside its main content: the verdict is on the others.
        """
        rows = [row for row in self._rows if not any(f.code == aside for f in row.findings)]
        return verdict_of(self._text, rows, self._guarded, self._policy, title, types)

    def _removed(self) -> Iterator[tuple[int, int]]:
        """Yield the removed ranges in order."""
        if not self._cuts:
            return
        spans = self._columns.spans
        if not spans:
            yield from ((start, end) for _, _, start, end in self._runs())
            return
        removed = [(first, start, end) for first, _, start, end in self._runs()]
        for number in spans.keys() - {first for first, _, _ in removed}:
            if not self._columns.marked[number]:
                removed += [(number, *self._trimmed(number, span)) for span in spans[number]]
        yield from ((start, end) for _, start, end in sorted(removed))

    def _runs(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield every run of marked rows: first, one past the last, and the range that goes."""
        marked = [*self._columns.marked, True, False]  # what stops the search
        first = marked.index(True)
        while first < len(marked) - 2:
            stop = min(marked.index(False, first), len(marked) - 2)
            yield first, stop, *self._range(first, stop)
            first = marked.index(True, stop)

    def _range(self, first: int, stop: int) -> tuple[int, int]:
        """Choose which separator goes with the rows ``first:stop``."""
        starts, ends = self._columns.start, self._columns.end
        start, end = starts[first], ends[stop - 1]
        if stop == len(starts):
            return (ends[first - 1] if first else start), end
        if not first:
            return start, starts[stop]
        before = self._text[ends[first - 1] : start]
        after = self._text[end : starts[stop]]
        if len(after.splitlines()) > len(before.splitlines()):
            return ends[first - 1], end
        return start, starts[stop]

    def _trimmed(self, number: int, span: Span) -> tuple[int, int]:
        """Return the span in a row with the white space that would be left over."""
        text, start, end = self._text, span.start, span.end
        first, last = self._columns.start[number], self._columns.end[number]
        while start > first and text[start - 1].isspace():
            start -= 1
        while end < last and text[end].isspace():
            end += 1
        if first < start and end < last:
            start = span.start  # in the middle one side's space stays
        return start, end

    def decisions(self) -> tuple[Decision, ...]:
        """Cover the text in order, without gap or overlap."""
        words = self._telling_words()
        made: list[Decision] = []
        here = 0
        for number, (start, end) in enumerate(self._bounds()):
            if start > here:
                made.append(_nothing(here, start))
            made.extend(self._decide(number, start, end, words.get(number, [])))
            here = end
        if here < len(self._text):
            made.append(_nothing(here, len(self._text)))
        return tuple(made)

    def _bounds(self) -> list[tuple[int, int]]:
        """Return the range each row's decision covers; separators go with the row before."""
        rows = self._rows
        if not rows:
            return []
        begins = [0, *(row.start for row in rows[1:]), len(self._text)]
        bounds = [[begins[i], begins[i + 1]] for i in range(len(rows))]
        if self._cuts:
            for first, stop, start, end in self._runs():
                bounds[first][0], bounds[stop - 1][1] = start, end
                if first:
                    bounds[first - 1][1] = start
                if stop < len(rows):
                    bounds[stop][0] = end
        return [(start, end) for start, end in bounds]

    def _decide(
        self, number: int, start: int, end: int, words: list[Reason]
    ) -> Iterator[Decision]:
        """Yield the decision of one row, or its pieces where something inside it goes."""
        row = self._rows[number]
        category = CATEGORIES[row.category]
        act: Action = "remove" if self._cuts else "flag"
        if row.marked or not row.spans:
            action: Action = act if row.marked else "keep"
            yield Decision(start, end, category, action, row.score, self._reasons(row, words))
            return
        here = start
        for span in row.spans:
            low, high = self._trimmed(number, span) if self._cuts else (span.start, span.end)
            low = max(low, here)  # the space between two cuts goes with the first
            if low > here:
                yield Decision(here, low, category, "keep", row.score, ())
            yield Decision(low, high, span.category, act, span.score, _span_reasons(span))
            here = high
        if here < end:
            yield Decision(here, end, category, "keep", row.score, ())

    def _reasons(self, row: Row, words: list[Reason]) -> tuple[Reason, ...]:
        """Return rule evidence, then the model's."""
        rules = [Reason(f.code, f.message, f.start, f.end) for f in row.findings]
        if not row.marked and row.score < _TELL_WORDS_FROM:
            return tuple(rules)
        name = CATEGORIES[row.category]
        says = f"its words, look and place make it {name} (junk {row.score:.0%})"
        return (*rules, Reason(MODEL, says, row.start, row.end), *words)

    def _telling_words(self) -> dict[int, list[Reason]]:
        """Return the words that spoke for junk, by row, for what is cut or nearly was."""
        numbers = [
            number
            for number, row in enumerate(self._rows)
            if row.marked or row.score >= _TELL_WORDS_FROM
        ][:_TELL_WORDS_OF]
        spans = [(self._rows[number].start, self._rows[number].end) for number in numbers]
        return dict(zip(numbers, self._explainer.words(self._text, spans), strict=True))


def _span_reasons(span: Span) -> tuple[Reason, ...]:
    if span.finding is not None:
        return (Reason(span.finding.code, span.finding.message, span.start, span.end),)
    says = f"this sentence alone reads like {span.category} (junk {span.score:.0%})"
    return (Reason(MODEL, says, span.start, span.end),)


def _nothing(start: int, end: int) -> Decision:
    """Keep white space that belongs to no paragraph."""
    return Decision(start, end, "content", "keep", 0.0, ())
