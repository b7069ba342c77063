"""Cleaning a page: main content by the page model, then the paragraphs of what is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from unbait import html, modelfile
from unbait.fold import codes_of, fold
from unbait.outcome import JudgedTable, Outcome
from unbait.pageblocks import KeptBlocks
from unbait.policy import Judgement
from unbait.result import Result
from unbait.segment import Batch, arrange
from unbait.threads import one_thread
from unbait.types import CATEGORIES, Document, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from unbait.cleaner import Cleaner, Page

PAGE = "PAGE"
_SAYS = "the page's own layout puts it outside the main content"
_LONGER = 1.5  # the page's JSON-LD body counts when it is so much longer than what was found
_BODY_CHARACTERS = 500
# The paragraph model knows articles and posts; elsewhere short lines are often the content itself,
# and it has to be so much surer. docs/html.md has the figures.
_PROSE = ("article", "forum")
_DOUBT = 0.1
_LIKELY = 0.5


class PageResult(Result):
    """A cleaned page: a result whose document is the text found in the page.

    ``metadata`` is what the page says of itself (title, byline, date, language, url, site),
    ``page_type`` its likeliest type with the chance.
    """

    def __init__(
        self,
        result: Result,
        page: html.Page,
        said: dict[str, str | None],
        types: Callable[[], dict[str, float]],
    ) -> None:
        """Take the result of the page's text, the page it came from and what that says.

        ``types`` gives the chances of the page's types.
        """
        self.__dict__.update(result.__dict__)
        self._page, self._told_types = page, types
        self.metadata = {name: value for name, value in said.items() if name != "article_body"}

    @cached_property
    def page_type(self) -> tuple[str, float]:
        """The page's likeliest type of ``html.PAGE_TYPES``, and its chance."""
        return max(self._types.items(), key=lambda told: told[1])

    @cached_property
    def _types(self) -> dict[str, float]:
        return self._told_types()

    @cached_property
    def verdict(self) -> Verdict:
        """What the page is as a whole, by its type and its main content.

        A page without a text of its own is no article.
        """
        made = self._outcome.verdict(self.document.title, self._types, PAGE)
        if not self._page.notes or self._has_own_body:
            return made
        return Verdict("not_article", self._page.notes[0], made.numbers)

    @property
    def _has_own_body(self) -> bool:
        """Tell whether the text is what the page gives beside its markup."""
        return self.document.text != self._page.text

    def render(self, form: html.Format = "text") -> str:
        """Return what was kept as text, markdown or html."""
        if self._has_own_body:
            return self.text
        cuts = [(d.start, d.end) for d in self.decisions if d.action == "remove"]

        def edit(start: int, end: int) -> str:
            kept, here = [], start
            for low, high in cuts:
                if high > here and low < end:
                    kept.append(self._page.text[here : max(low, here)])
                    here = min(high, end)
            kept.append(self._page.text[here:end])
            return "".join(kept)

        return html.render(self._page, range(len(self._page)), form, edit)

    def __getstate__(self) -> dict[str, Any]:
        """Travel with everything made; the page itself stays behind."""
        made = {"metadata": self.metadata, "page_type": self.page_type}
        return {**super().__getstate__(), **made}


class Read(NamedTuple):
    """A page, what it says of itself, and its text as the document to be cleaned."""

    page: html.Page
    said: dict[str, str | None]
    document: Document


def _read(source: Page, url: str | None) -> Read:
    page = html.read_page(source, url=url)
    said = html.metadata(page)
    return Read(page, said, Document(page.text, said["title"], url=url))


@cache
def _packaged_models() -> tuple[html.PageModel, html.TypeModel]:
    """Load the packaged models once: cleaners of many policies share them."""
    page, types = modelfile.packaged("page"), modelfile.packaged("page_types")
    return html.PageModel.load(page), html.TypeModel.load(types)


@dataclass(frozen=True, slots=True)
class PageCleaner:
    """Cleans pages with a cleaner's own rules, model and policy."""

    cleaner: Cleaner
    model: html.PageModel
    types: html.TypeModel

    @classmethod
    def load(cls, cleaner: Cleaner) -> PageCleaner:
        """Load the packaged models for ``cleaner``."""
        return cls(cleaner, *_packaged_models())

    def clean(self, source: Page, url: str | None = None) -> PageResult:
        """Clean one page; InputError says when it is none."""
        return self.clean_all([(source, url)])[0]

    @one_thread()
    def clean_all(self, sources: Sequence[tuple[Page, str | None]]) -> list[PageResult]:
        """Clean pages, each given with its url; what their layout keeps is judged together."""
        read = [_read(source, url) for source, url in sources]
        junk = self.model.score([one.page for one in read])
        parts = [self._kept(one, chance) for one, chance in zip(read, junk, strict=True)]
        inner = self.judge_blocks(read, parts)
        return [self._result(*one) for one in zip(read, junk, parts, inner, strict=True)]

    def _result(
        self, read: Read, junk: NDArray[np.float32], part: NDArray[np.int64], inner: Judgement
    ) -> PageResult:
        page = read.page
        judged = self._widen(page, junk, part, inner)
        batch = _batch_of(page.text + "\n", page.start, page.end)
        policy, explainer = self.cleaner.policy, self.cleaner.explainer
        outcome = Outcome(page.text, JudgedTable(batch, judged), 0, policy, explainer)
        notes = (*page.truncated, *page.notes)
        result = Result(read.document, outcome, notes)
        own = self._or_own_body(read.said, result, notes)
        # Blocks say nothing of a text that is none of theirs.
        told = self.model.page_types if own is not result else partial(self._types_of, part)
        return PageResult(own, page, read.said, partial(told, page))

    def _types_of(self, part: NDArray[np.int64], page: html.Page) -> dict[str, float]:
        """Return the chances of a page's types, of which the blocks ``part`` are kept."""
        first = self.model.page_types(page)
        return self.types.chances(page, self.model.rows(page), part, first)

    def _or_own_body(
        self, said: dict[str, str | None], result: Result, notes: tuple[str, ...]
    ) -> Result:
        """Return the cleaned JSON-LD body in place of a much shorter result."""
        body = said["article_body"]
        if not body or len(body) < max(_BODY_CHARACTERS, _LONGER * len(result.text)):
            return result
        own = self.cleaner.clean(body, result.document.title)
        own.notes = (*notes, "the text is the page's own JSON-LD articleBody", *own.notes)
        return own

    def _kept(self, read: Read, junk: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the blocks that the page's layout keeps, and those that a keep rule holds."""
        kept = self.model.select(read.page, junk, threshold=self.cleaner.policy.threshold)
        kept[self._held(read)] = True
        return np.flatnonzero(kept)

    def _held(self, read: Read) -> list[int]:
        """Return the blocks that a keep rule of one's own holds, wherever on the page."""
        cleaner, page = self.cleaner, read.page
        if not cleaner.own_keeps:
            return []
        batch = _batch_of(page.text + "\n", page.start, page.end)
        folded = fold(batch.codes)
        findings = cleaner.findings(cleaner.hits(batch, folded, [read.document]), folded)
        return [segment for segment, finding in findings if finding.code in cleaner.own_keeps]

    def judge_blocks(
        self, read: Sequence[Read], parts: Sequence[NDArray[np.int64]]
    ) -> list[Judgement]:
        """Judge the blocks ``parts`` of each page by their words, as if it held nothing else."""
        judged: dict[int, Judgement] = {}
        prose = [self.is_prose(one.page) for one in read]
        for kind, cleaner in ((True, self.cleaner), (False, self._restrained)):
            mine = [i for i, is_prose in enumerate(prose) if is_prose is kind]
            if mine:
                blocks = KeptBlocks.of([read[i].page for i in mine], [parts[i] for i in mine])
                found = blocks.judge(cleaner, [read[i].document for i in mine])
                judged.update(zip(mine, found, strict=True))
        return [judged[i] for i in range(len(read))]

    def is_prose(self, page: html.Page) -> bool:
        """Tell whether a page is of a type that the paragraph model knows."""
        chances = self.model.page_types(page)
        return sum(chances[name] for name in _PROSE) >= _LIKELY

    @property
    def _restrained(self) -> Cleaner:
        """Return the cleaner for the words of pages that may be no prose."""
        surer = 1 - (1 - self.cleaner.policy.threshold) * _DOUBT
        return self.cleaner.with_policy(replace(self.cleaner.policy, threshold=surer))

    def _widen(
        self, page: html.Page, junk: NDArray[np.float32], part: NDArray[np.int64], inner: Judgement
    ) -> Judgement:
        """Return the judgement of all blocks: ``inner`` where kept, the page's word elsewhere."""
        outside = [True] * len(page)
        for i in part.tolist():
            outside[i] = False
        kinds = [kind if kind != "metadata" else "boilerplate" for kind in html.categories(page)]
        category = np.array([CATEGORIES.index(kind) for kind in kinds], dtype=np.int64)
        score = np.maximum(junk.astype(np.float64), self.cleaner.policy.threshold)
        removable = np.array([name in self.cleaner.policy.remove for name in CATEGORIES])
        marked = removable[category]
        category[part], score[part] = inner.category, inner.score
        marked[part] = inner.marked & ~inner.guarded.any()
        findings = {int(part[i]): found for i, found in inner.findings.items()}
        places = zip(page.start.tolist(), page.end.tolist(), kinds, score.tolist(), strict=True)
        for i, (start, end, kind, chance) in enumerate(places):
            if outside[i]:
                findings[i] = [Finding(start, end, kind, PAGE, _SAYS, chance, True)]
        spans = {int(part[i]): found for i, found in inner.spans.items()}
        return Judgement(category, score, marked, spans, findings, np.zeros(1, dtype=bool))


def _batch_of(text: str, start: NDArray[np.int64], end: NDArray[np.int64]) -> Batch:
    """Return the batch of one document whose segments are known."""
    owner = np.zeros(len(start), dtype=np.int64)
    return arrange(text, codes_of(text), np.array([0, len(text)]), start, end, owner)
