"""Dolma attributes: spans written beside documents, and a policy applied to them later.

A tag file has a line for each document: its id, and per kind of span a list of
``[start, end, score]``. Kinds are ``unbait__<category>`` for whole paragraphs,
``unbait__<category>_inside`` for a sentence or fragment, ``unbait__<category>_sentence`` for one
that goes only where its whole paragraph would have gone, ``unbait__rest`` for what such a
paragraph is without it, and ``unbait__keep`` for what a keep rule holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait.cleaner import BATCH_CHARACTERS
from unbait.errors import InputError, UnbaitError
from unbait.fold import fold
from unbait.io.batches import together_or_alone
from unbait.io.formats import Bad, Record, Written
from unbait.model import CONTENT, METADATA
from unbait.outcome import JudgedTable, Outcome
from unbait.pipelines.records import bad_of, content_of, document_of
from unbait.policy import Evidence, Inside, Span, decide
from unbait.segment import Batch, batch
from unbait.types import CATEGORIES, Finding

if TYPE_CHECKING:
    from unbait.cleaner import Cleaner
    from unbait.types import Document, Policy

PREFIX = "unbait__"
KEEP, REST = f"{PREFIX}keep", f"{PREFIX}rest"
INSIDE, SENTENCE = "_inside", "_sentence"
LEAST = 0.05  # paragraphs less likely junk than this carry no tag, so no policy can cut them

Tags = dict[str, list[list[float]]]


def tags_of(cleaner: Cleaner, documents: Sequence[Document]) -> list[Tags]:
    """Find what any policy could cut, in each document; offsets count its code points."""
    made = batch([document.text for document in documents])
    folded = fold(made.codes)
    evidence = cleaner.judge_texts(made, folded, documents).evidence
    assert evidence is not None
    tags: list[Tags] = [{} for _ in documents]
    for segment, kind, start, end, score in _spans(made, evidence):
        number = int(made.segment_document[segment])
        base = int(made.document_start[number])
        tags[number].setdefault(kind, []).append([start - base, end - base, score])
    return tags


def mix(text: str, tags: Tags, policy: Policy) -> str:
    """Apply a policy to a document's tags: the text that the library gives, without a model.

    ``policy.threshold`` must not lie below what was tagged.
    """
    if policy.threshold < LEAST:
        raise InputError("TAGS_TOO_FEW", f"tags hold scores from {LEAST}: no threshold below it")
    made = batch([text])
    judged = decide(made, policy, _evidence(made, tags))
    return Outcome(text, JudgedTable(made, judged), 0, policy, _Silent()).kept_text()


def tag_records(
    cleaner: Cleaner, records: Iterable[Record | Bad]
) -> Iterator[Written | Bad]:
    """Give a line of tags for each record that holds a text."""
    held: list[Record] = []
    size = 0
    for record in records:
        if isinstance(record, Bad):
            yield record
        elif record.text is None:
            yield Bad(record.where, "NOT_TEXT", "tags need a text", content_of(record))
        else:
            held.append(record)
            size += len(record.text)
        if size >= BATCH_CHARACTERS:
            yield from _tag(cleaner, held)
            held, size = [], 0
    yield from _tag(cleaner, held)


def _tag(cleaner: Cleaner, records: list[Record]) -> Iterator[Written | Bad]:
    def tagged(some: Sequence[Record]) -> list[Tags]:
        return tags_of(cleaner, [document_of(record) for record in some])

    for record, tags in zip(records, together_or_alone(records, tagged, bad_of), strict=True):
        if isinstance(tags, Bad):
            yield tags
        else:
            yield Written(Record(record.where, tag_row(record, tags)), None)


def tag_row(record: Record, tags: Tags) -> dict[str, Any]:
    """Give a line of a tag file; a record without a name goes by its place."""
    return {"id": record.id or record.where, "attributes": tags}


def mix_records(
    records: Iterable[Record | Bad], lines: Iterable[Any], policy: Policy
) -> Iterator[Written | Bad]:
    """Apply a policy to documents and the lines of their tag file, which stand in one order."""
    tagged = iter(lines)
    line = next(tagged, None)
    for record in records:
        if isinstance(record, Bad):
            yield record
            continue
        name = record.id or record.where
        if not isinstance(line, dict) or line.get("id") != name:
            says = f"the next line of tags is not that of {name!r}"
            yield Bad(record.where, "TAGS_MISSING", says, content_of(record))
            continue
        try:
            yield Written(record, mix(record.text or "", line.get("attributes") or {}, policy))
        except UnbaitError as error:
            yield bad_of(record, error)
        line = next(tagged, None)


def _spans(made: Batch, found: Evidence) -> Iterator[tuple[int, str, int, int, float]]:
    """Give (segment, kind, start, end, score) of all that was found."""
    start, end = made.start.tolist(), made.end.tolist()
    told = (found.score >= LEAST) | (found.category == METADATA)
    for segment in np.flatnonzero(told).tolist():
        kind = PREFIX + CATEGORIES[found.category[segment]]
        yield segment, kind, start[segment], end[segment], float(found.score[segment])
    for segment in np.flatnonzero(found.protected).tolist():
        yield segment, KEEP, start[segment], end[segment], 1.0
    for segment, score in found.inside.rest.items():
        yield segment, REST, start[segment], end[segment], float(score)
    for segment, group in found.findings.items():
        for one in group:
            if not one.whole and one.category != "content":
                yield segment, PREFIX + one.category + INSIDE, one.start, one.end, one.score
    for span in found.inside.suspects:
        end_of = INSIDE if span.score >= found.inside.certain else SENTENCE
        yield span.segment, PREFIX + span.category + end_of, span.start, span.end, span.score


def _evidence(made: Batch, tags: Tags) -> Evidence:
    """Put a document's evidence together again."""
    count = len(made.start)
    places = zip(made.start.tolist(), made.end.tolist(), strict=True)
    at = {place: number for number, place in enumerate(places)}
    category, score = np.full(count, CONTENT), np.zeros(count)
    protected = np.zeros(count, dtype=bool)
    found = Evidence(category, score, protected, {}, Inside([], {}, float("inf")))
    for kind, spans in tags.items():
        for start, end, value in spans:
            where = (int(start), int(end))
            if kind.endswith((INSIDE, SENTENCE)):
                _put_inside(made, found, kind, where, value)
            elif where not in at:
                raise InputError("TAGS_MISMATCH", f"{kind} {where} is no paragraph of this text")
            elif kind == KEEP:
                protected[at[where]] = True
            elif kind == REST:
                found.inside.rest[at[where]] = value
            else:
                category[at[where]], score[at[where]] = _category(kind), value
    return found


def _put_inside(
    made: Batch, found: Evidence, kind: str, where: tuple[int, int], score: float
) -> None:
    segment = int(np.searchsorted(made.start, where[0], side="right")) - 1
    if segment < 0 or where[1] > made.end[segment]:
        raise InputError("TAGS_MISMATCH", f"{kind} {where} lies in no paragraph of this text")
    name = CATEGORIES[_category(kind.removesuffix(INSIDE).removesuffix(SENTENCE))]
    if kind.endswith(SENTENCE):
        found.inside.suspects.append(Span(segment, *where, name, score, None))
    else:
        finding = Finding(*where, name, "TAG", "it was tagged", score, whole=False)
        found.findings.setdefault(segment, []).append(finding)


def _category(kind: str) -> int:
    name: Any = kind.removeprefix(PREFIX)
    if not kind.startswith(PREFIX) or name not in CATEGORIES[1:]:
        raise InputError("TAGS_UNKNOWN", f"{kind!r} is no kind of span of unbait's")
    return CATEGORIES.index(name)


class _Silent:
    """Explains nothing: no one asks for the reasons of a mix."""

    def words(self, text: str, spans: list[tuple[int, int]]) -> list[list[Any]]:
        return [[] for _ in spans]
