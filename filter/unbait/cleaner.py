"""Wires the rooms: documents in, results out, in batches from end to end."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from unbait import modelfile
from unbait.errors import InputError
from unbait.explain import WordExplainer
from unbait.fold import Folded, fold
from unbait.model import JUNK, Look, ParagraphModel
from unbait.outcome import Explainer, JudgedTable, Outcome
from unbait.policy import HEARD, Inside, Judgement, Span, judge, names_junk
from unbait.result import Result
from unbait.rules import Hits, RuleSet
from unbait.segment import Batch, batch
from unbait.sentences import LIKELY, Pieces, without
from unbait.threads import one_thread
from unbait.types import CATEGORIES, Document, Finding, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bs4 import Tag
    from numpy.typing import NDArray

    from unbait.headline import HeadlineModel
    from unbait.html import Taken
    from unbait.pages import PageCleaner, PageResult

    Page = str | bytes | Tag

Item = TypeVar("Item")
Made = TypeVar("Made")
BATCH_CHARACTERS = 1 << 19
BATCH_MARKUP = 1 << 22  # characters or bytes of pages
BATCH_ITEMS = 4096
SOUND_REST = 0.1  # what is left of a paragraph stays if no likelier junk than this by its words,
MOST_ROUNDS = 3  # of judging what is left again
LEAST_REST = 24  # and of at least so many features: six words, twelve ideographs


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
        self.explainer: Explainer = WordExplainer(self._model)

    def with_policy(self, policy: Policy) -> Cleaner:
        """Return a cleaner with another policy; rules and model are shared, nothing is loaded."""
        other = copy.copy(self)
        other.policy = policy
        other.__dict__.pop("_pages", None)  # it would hold this cleaner and its policy
        return other

    @property
    def model_sha256(self) -> str:
        """The hash of the weights it judges with."""
        return str(self._model.manifest["weights_sha256"])

    def clean(self, text: str, title: str | None = None, lang: str | None = None) -> Result:
        """Clean one text."""
        return next(self.clean_many([Document(_checked(text), title, lang)]))

    def clean_many(
        self, documents: Iterable[str | Document], jobs: int = 1
    ) -> Iterator[Result]:
        """Clean any number of texts, streaming, in order; ``jobs`` processes share the work."""
        batches = _gathered(map(_document, documents), _weight_of_text, BATCH_CHARACTERS)
        yield from _spread(self._clean_batch, batches, jobs)

    def clean_html(self, page: Page, url: str | None = None) -> PageResult:
        """Clean a page: bytes of any charset, a string, a BeautifulSoup tree or tag."""
        return self._pages.clean(page, url)

    def clean_html_many(
        self, pages: Iterable[Page | tuple[Page, str | None]], jobs: int = 1
    ) -> Iterator[PageResult]:
        """Clean any number of pages, each alone or with its url, as ``clean_many`` does texts.

        InputError when one of them is no page.
        """
        pairs = (one if isinstance(one, tuple) else (one, None) for one in pages)
        batches = _gathered(pairs, _weight_of_page, BATCH_MARKUP)
        yield from _spread(self._pages.clean_all, batches, jobs)

    def prune(self, soup: Tag, url: str | None = None) -> list[Taken]:
        """Take the junk elements out of a BeautifulSoup tree, in place; return what was taken."""
        from unbait.html import prune

        decisions = self.clean_html(soup, url).decisions
        return prune(soup, [(d.start, d.end) for d in decisions if d.action == "remove"])

    def score_headline(self, title: str) -> float:
        """Return the probability of clickbait of one headline, 0..1."""
        return float(self.score_headlines([_checked(title)])[0])

    def score_headlines(self, titles: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of clickbait of each headline."""
        return self._headlines.score(titles)

    @cached_property
    def _headlines(self) -> HeadlineModel:
        from unbait.headline import HeadlineModel

        return HeadlineModel.load(modelfile.packaged("headline"))

    @cached_property
    def _pages(self) -> PageCleaner:
        from unbait.pages import PageCleaner

        return PageCleaner.load(self)

    @one_thread()
    def _clean_batch(self, documents: Sequence[Document]) -> list[Result]:
        made = batch([document.text for document in documents])
        folded = fold(made.codes)
        judged = self.judge_texts(made, folded, documents)
        table = JudgedTable(made, judged)
        return [
            Result(document, Outcome(document.text, table, i, self.policy, self.explainer))
            for i, document in enumerate(documents)
        ]

    def judge_texts(
        self,
        made: Batch,
        folded: Folded,
        documents: Sequence[Document],
        layouts: NDArray[np.float32] | None = None,
    ) -> Judgement:
        """Judge the segments of a batch of texts; sentences that are suspect go to the rules too.

        Both go at once: the fewer calls of the engine, the less each costs. ``layouts`` says how
        the segments of pages are laid out.
        """
        untold = np.zeros((len(made.start), len(CATEGORIES)), dtype=np.float32)
        look = self._model.look(made, folded, untold, layouts)
        pieces, within = self._model.pieces(look, made.codes, self._model.suspects(look))
        inner_bounds = within.from_source(pieces.lines.start), within.from_source(pieces.lines.end)
        start, end = folded.from_source(made.start), folded.from_source(made.end)
        after = len(folded.codes)
        hits = self._rules.find(
            np.concatenate((folded.codes, within.codes)),
            np.concatenate((start, inner_bounds[0] + after)),
            np.concatenate((end, inner_bounds[1] + after)),
            self._hosts(made, documents, len(pieces.start)),
        )
        own, inner = hits.split(len(start))
        look = replace(look, told=self.told(own, len(start)))
        again = self._model.look(pieces.lines, within, self.told(inner, len(pieces.start)))
        return self._judge(made, look, self.findings(own, folded), pieces, again)

    def hits(self, made: Batch, folded: Folded, documents: Sequence[Document]) -> Hits:
        """Return every rule hit, in folded offsets of the batch."""
        start, end = folded.from_source(made.start), folded.from_source(made.end)
        return self._rules.find(folded.codes, start, end, self._hosts(made, documents))

    def _hosts(
        self, made: Batch, documents: Sequence[Document], others: int = 0
    ) -> list[str | None] | None:
        """Return the host of each segment (and of none for others), where rules depend on it."""
        if not self._rules.has_sites:
            return None
        of_document = [_host(document.url) for document in documents]
        return [of_document[i] for i in made.segment_document.tolist()] + [None] * others

    @cached_property
    def own_keeps(self) -> frozenset[str]:
        """Ids of the keep rules that people brought: they hold even what a page puts aside."""
        return self._rules.own_keeps()

    def findings(self, hits: Hits, folded: Folded) -> list[tuple[int, Finding]]:
        """Return (segment, finding) of every hit, in source offsets of the batch."""
        return [
            (segment, self._rules.finding(rule, *folded.to_source(low, high)))
            for segment, rule, low, high in zip(*(c.tolist() for c in hits), strict=True)
        ]

    def told(self, hits: Hits, segments: int) -> NDArray[np.float32]:
        """Return what the packaged rules tell the model: (segments, categories)."""
        return self._rules.told(hits, segments)

    def _judge(
        self,
        made: Batch,
        look: Look,
        findings: Sequence[tuple[int, Finding]],
        pieces: Pieces,
        closely: Look,
    ) -> Judgement:
        """Judge what was looked at, and looked at ``closely``: sentences as lines."""
        chances = self._model.judge(look, made.first_segment)
        junk = self._model.junk(chances)
        inside = self._inside(pieces, closely)
        judged = judge(made, self.policy, chances, junk, findings, inside)
        fallen, named = judged.marked, names_junk(findings, len(junk))
        for _ in range(MOST_ROUNDS if self.policy.action == "remove" else 0):
            if not fallen.any():
                break
            part, again = self._left(made, look, judged, fallen)
            likely = self._model.junk(again)
            sure = (likely >= self.policy.threshold) | (named[part] & (likely >= HEARD))
            falls = sure & (judged.score[part] < self.policy.threshold)
            if not falls.any():
                break
            chances[part[falls]], junk[part[falls]] = again[falls], likely[falls]
            before, judged = judged, judge(made, self.policy, chances, junk, findings, inside)
            fallen = judged.marked & ~before.marked
        return judged

    def _left(
        self, made: Batch, look: Look, judged: Judgement, fallen: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Judge again what is left of the documents of the segments that have ``fallen``.

        What stood beside a cut has new neighbours; judging until nothing more falls makes a
        second cleaning find what the first left. Returns the segments and their chances.
        """
        lost = np.zeros(len(judged.guarded), dtype=bool)
        lost[made.segment_document[fallen]] = True
        lost &= ~judged.guarded
        part = np.flatnonzero(lost[made.segment_document] & ~judged.marked)
        first = np.searchsorted(part, made.first_segment)
        return part, self._model.judge(look.rows(part), first)

    def _inside(self, pieces: Pieces, again: Look) -> Inside:
        """Return the sentences that may be junk inside their paragraph."""
        model = self._model
        if not len(pieces.start):
            return Inside([], {}, model.sentence_threshold)
        junk = model.sentence_junk(pieces.lines, again)
        likely = junk >= LIKELY
        kind = again.logits[likely][:, JUNK].argmax(axis=1)
        columns = (pieces.segment[likely], pieces.start[likely], pieces.end[likely],
                   kind, junk[likely])  # fmt: skip
        suspects = [
            Span(segment, low, high, CATEGORIES[JUNK[k]], score, None)
            for segment, low, high, k, score in zip(*(c.tolist() for c in columns), strict=True)
        ]
        segments, chance, left = without(pieces, again, model.bias, likely)
        sound = (chance < SOUND_REST) & (left >= LEAST_REST)
        rest = dict(zip(segments[sound].tolist(), chance[sound].tolist(), strict=True))
        return Inside(suspects, rest, model.sentence_threshold)


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise InputError(
            "NOT_TEXT",
            f"clean takes str, not {type(text).__name__}; decode bytes first, or use clean_html",
        )
    return text


def _document(one: str | Document) -> Document:
    return one if isinstance(one, Document) else Document(_checked(one))


def _weight_of_text(document: Document) -> int:
    return len(document.text)


def _weight_of_page(page: tuple[Page, str | None]) -> int:
    source = page[0]
    return len(source) if isinstance(source, str | bytes) else BATCH_MARKUP // 8


def _gathered(
    items: Iterable[Item], weight: Callable[[Item], int], most: int
) -> Iterator[list[Item]]:
    """Put neighbours together until a batch is worth its calls."""
    held: list[Item] = []
    total = 0
    for item in items:
        if held and (total + weight(item) > most or len(held) >= BATCH_ITEMS):
            yield held
            held, total = [], 0
        held.append(item)
        total += weight(item)
    if held:
        yield held


def _spread(
    work: Callable[[list[Item]], list[Made]], batches: Iterator[list[Item]], jobs: int
) -> Iterator[Made]:
    """Do the batches one after the other, or in so many processes, and keep their order."""
    if jobs == 1:
        for one in batches:
            yield from work(one)
        return
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
    for made in parallel(delayed(work)(one) for one in batches):
        yield from made


def _host(url: str | None) -> str | None:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname if url else None
