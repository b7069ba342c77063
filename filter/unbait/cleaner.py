"""Wires the rooms: documents in, results out, in batches from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait import modelfile
from unbait.errors import InputError
from unbait.explain import WordExplainer
from unbait.fold import Folded, fold
from unbait.model import JUNK, Look, ParagraphModel
from unbait.outcome import Outcome, Row
from unbait.policy import Judgement, Span, judge
from unbait.result import Result
from unbait.rules import RuleSet
from unbait.segment import Batch, batch
from unbait.types import CATEGORIES, Document, Finding, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

BATCH_CHARACTERS = 1 << 16
BATCH_DOCUMENTS = 512


class Cleaner:
    """Cleans texts and pages. Made once, used for ever; it keeps nothing of what it cleaned.

    ``rules`` are rule files of one's own, ``keep`` patterns of text that must stay, ``disable``
    ids of rules to switch off, ``model`` a model directory instead of the packaged one.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        rules: Iterable[str | Path] = (),
        keep: Iterable[str] = (),
        disable: Iterable[str] = (),
        model: str | Path | None = None,
    ) -> None:
        """Load rules and model; RuleError and ModelError say what is wrong with them."""
        self.policy = policy or Policy()
        self._rules = RuleSet.packaged(tuple(rules), tuple(disable), tuple(keep))
        directory = modelfile.packaged("paragraph") if model is None else Path(model)
        self._model = ParagraphModel.load(directory)
        self._explainer = WordExplainer(self._model)

    def clean(self, text: str, title: str | None = None, lang: str | None = None) -> Result:
        """Clean one text."""
        return next(self.clean_many([Document(_checked(text), title, lang)]))

    def clean_many(
        self, documents: Iterable[str | Document], jobs: int = 1
    ) -> Iterator[Result]:
        """Clean any number of texts, streaming, in order; ``jobs`` processes share the work."""
        batches = _batches(documents)
        if jobs == 1:
            for one in batches:
                yield from self._clean_batch(one)
            return
        from joblib import Parallel, delayed

        work = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
        for results in work(delayed(_clean_batch)(self, one) for one in batches):
            yield from results

    def _clean_batch(self, documents: Sequence[Document]) -> list[Result]:
        made = batch([document.text for document in documents])
        folded = fold(made.codes)
        judged = self._judge(made, folded, documents)
        outcomes = self._outcomes(made, documents, judged)
        return [Result(*pair) for pair in zip(documents, outcomes, strict=True)]

    def _judge(
        self, made: Batch, folded: Folded, documents: Sequence[Document]
    ) -> Judgement:
        findings = self._findings(made, folded, documents)
        look = self._model.look(made, folded)
        chances = self._model.judge(look, made.first_segment)
        suspects = self._suspects(made, look)
        return judge(made, self.policy, chances, self._model.junk(chances), findings, suspects)

    def _findings(
        self, made: Batch, folded: Folded, documents: Sequence[Document]
    ) -> list[tuple[int, Finding]]:
        """Return (segment, finding) of every rule hit, in source offsets of the batch."""
        hosts = None
        if self._rules.has_sites:
            of_document = [_host(document.url) for document in documents]
            hosts = [of_document[i] for i in made.segment_document.tolist()]
        start, end = folded.from_source(made.start), folded.from_source(made.end)
        hits = self._rules.find(folded.codes, start, end, hosts)
        return [
            (segment, self._rules.finding(rule, *folded.to_source(low, high)))
            for segment, rule, low, high in zip(*(c.tolist() for c in hits), strict=True)
        ]

    def _suspects(self, made: Batch, look: Look) -> list[Span]:
        """Return sentences inside longer segments that the model alone takes for junk."""
        per_segment = np.diff(look.first_sentence)
        segment = np.repeat(np.arange(len(per_segment)), per_segment)
        junk = self._model.sentence_junk(look.sentence_logits)
        chosen = np.flatnonzero((junk >= self._model.sentence_threshold) & (per_segment[segment] > 1))
        kind = look.sentence_logits[chosen][:, JUNK].argmax(axis=1)
        return [
            Span(s, low, high, CATEGORIES[JUNK[k]], score, None)
            for s, low, high, k, score in zip(
                segment[chosen].tolist(), look.sentence_start[chosen].tolist(),
                look.sentence_end[chosen].tolist(), kind.tolist(), junk[chosen].tolist(),
                strict=True,
            )
        ]  # fmt: skip

    def _outcomes(
        self, made: Batch, documents: Sequence[Document], judged: Judgement
    ) -> Iterator[Outcome]:
        columns = (made.start, made.end, judged.category, judged.score, judged.marked,
                   judged.protected)  # fmt: skip
        start, end, category, score, marked, protected = (c.tolist() for c in columns)
        bounds = made.first_segment.tolist()
        for i, document in enumerate(documents):
            base = int(made.document_start[i])
            rows = [
                Row(
                    start[s] - base, end[s] - base, category[s], score[s], marked[s], protected[s],
                    [_moved(span, base) for span in judged.spans.get(s, ())],
                    [_shifted(finding, base) for finding in judged.findings.get(s, ())],
                )
                for s in range(bounds[i], bounds[i + 1])
            ]  # fmt: skip
            guarded = bool(judged.guarded[i])
            yield Outcome(document.text, rows, self.policy, guarded, self._explainer)


def _moved(span: Span, base: int) -> Span:
    finding = span.finding and _shifted(span.finding, base)
    return span._replace(start=span.start - base, end=span.end - base, finding=finding)


def _shifted(finding: Finding, base: int) -> Finding:
    return finding._replace(start=finding.start - base, end=finding.end - base)


def _clean_batch(cleaner: Cleaner, documents: Sequence[Document]) -> list[Result]:
    return cleaner._clean_batch(documents)  # noqa: SLF001 - the worker's half of clean_many


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise InputError(
            "NOT_TEXT",
            f"clean takes str, not {type(text).__name__}; decode bytes first, or use clean_html",
        )
    return text


def _batches(documents: Iterable[str | Document]) -> Iterator[list[Document]]:
    """Put neighbouring documents together until a batch is worth its calls."""
    gathered: list[Document] = []
    characters = 0
    for one in documents:
        document = one if isinstance(one, Document) else Document(_checked(one))
        if gathered and (
            characters + len(document.text) > BATCH_CHARACTERS or len(gathered) >= BATCH_DOCUMENTS
        ):
            yield gathered
            gathered, characters = [], 0
        gathered.append(document)
        characters += len(document.text)
    if gathered:
        yield gathered


def _host(url: str | None) -> str | None:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname if url else None
