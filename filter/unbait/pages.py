"""Cleaning a page: main content by the page model, then the paragraphs of what is left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait import html, modelfile
from unbait.features.layout import layout
from unbait.fold import codes_of, fold
from unbait.html import tags
from unbait.outcome import JudgedTable, Outcome
from unbait.policy import Judgement, protects
from unbait.result import Result
from unbait.segment import Batch, arrange
from unbait.types import CATEGORIES, Document, Finding

if TYPE_CHECKING:
    from bs4 import Tag
    from numpy.typing import NDArray

    from unbait.cleaner import Cleaner

PAGE = "PAGE"
_SAYS = "the page's own layout puts it outside the main content"
_LONGER = 1.5  # the page's JSON-LD body counts when it is so much longer than what was found
_BODY_CHARACTERS = 500


class PageResult(Result):
    """A cleaned page: a result whose document is the text found in the page.

    ``metadata`` is what the page says of itself (title, byline, date, language, url, site),
    ``page_type`` its likeliest type with the chance.
    """

    def __init__(self, result: Result, page: html.Page, model: html.PageModel) -> None:
        """Take the result of the page's text, and the page it came from."""
        self.__dict__.update(result.__dict__)
        self._page, self._model = page, model

    @cached_property
    def metadata(self) -> dict[str, str | None]:
        """What the page says of itself; None where it says nothing."""
        said = html.metadata(self._page)
        return {name: value for name, value in said.items() if name != "article_body"}

    @cached_property
    def page_type(self) -> tuple[str, float]:
        """The page's likeliest type of ``html.PAGE_TYPES``, and its chance."""
        return self._model.page_type(self._page)

    def render(self, form: html.Format = "text") -> str:
        """Return what was kept as text, markdown or html."""
        if self.document.text != self._page.text:  # the body the page gives beside its markup
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


@cache
def _packaged_model() -> html.PageModel:
    """Load the packaged page model once: cleaners of many policies share it."""
    return html.PageModel.load(modelfile.packaged("page"))


@dataclass(frozen=True, slots=True)
class PageCleaner:
    """Cleans pages with a cleaner's own rules, model and policy."""

    cleaner: Cleaner
    model: html.PageModel

    @classmethod
    def load(cls, cleaner: Cleaner) -> PageCleaner:
        """Load the packaged page model for ``cleaner``."""
        return cls(cleaner, _packaged_model())

    def clean(self, source: str | bytes | Tag, url: str | None = None) -> PageResult:
        """Clean one page; InputError says when it is none."""
        page = html.read_page(source, url=url)
        notes = (*page.truncated, *page.notes)
        document = Document(page.text, html.metadata(page)["title"], url=url)
        judged, batch = self._judge(page, document)
        table = JudgedTable(batch, judged)
        policy, explainer = self.cleaner.policy, self.cleaner.explainer
        outcome = Outcome(page.text, table, 0, policy, explainer)
        result = Result(document, outcome, notes)
        return PageResult(self._or_own_body(page, result, notes), page, self.model)

    def _or_own_body(self, page: html.Page, result: Result, notes: tuple[str, ...]) -> Result:
        """Return the cleaned JSON-LD body in place of a much shorter result."""
        body = html.metadata(page)["article_body"]
        if not body or len(body) < max(_BODY_CHARACTERS, _LONGER * len(result.text)):
            return result
        own = self.cleaner.clean(body, result.document.title)
        own.notes = (*notes, "the text is the page's own JSON-LD articleBody", *own.notes)
        return own

    def _judge(self, page: html.Page, document: Document) -> tuple[Judgement, Batch]:
        """Judge every block: by the page first, by its words where the page keeps it."""
        cleaner = self.cleaner
        text = page.text + "\n"
        bounds = np.array([0, len(text)])
        owner = np.zeros(len(page), dtype=np.int64)
        batch = arrange(text, codes_of(text), bounds, page.start, page.end, owner)
        junk = self.model.score([page])[0]
        kept = self.model.select(page, junk, threshold=cleaner.policy.threshold)
        folded = fold(batch.codes)
        hits = cleaner.hits(batch, folded, [document])
        findings = cleaner.findings(hits, folded)
        kept[protects(findings)] = True
        part = np.flatnonzero(kept)
        number = np.cumsum(kept) - 1
        inner = arrange(
            text, batch.codes, bounds, page.start[part], page.end[part], owner[part]
        )
        judged = cleaner.judge(
            inner,
            folded,
            [(int(number[segment]), finding) for segment, finding in findings if kept[segment]],
            cleaner.told(hits, len(page))[part],
            layout([tags.NAMES[tag] for tag in page.tag[part].tolist()], page.link_share[part]),
        )
        return self._widen(page, junk, part, judged), batch

    def _widen(
        self, page: html.Page, junk: NDArray[np.float32], part: NDArray[np.int64], inner: Judgement
    ) -> Judgement:
        """Return the judgement of all blocks: ``inner`` where kept, the page's word elsewhere."""
        count = len(page)
        outside = np.ones(count, dtype=bool)
        outside[part] = False
        kinds = [kind if kind != "metadata" else "boilerplate" for kind in html.categories(page)]
        category = np.array([CATEGORIES.index(kind) for kind in kinds], dtype=np.int64)
        score = np.maximum(junk.astype(np.float64), self.cleaner.policy.threshold)
        removable = np.array([name in self.cleaner.policy.remove for name in CATEGORIES])
        marked = removable[category]
        category[part], score[part] = inner.category, inner.score
        marked[part] = inner.marked & ~inner.guarded.any()
        findings = {int(part[i]): found for i, found in inner.findings.items()}
        for i in np.flatnonzero(outside).tolist():
            start, end = int(page.start[i]), int(page.end[i])
            findings[i] = [Finding(start, end, kinds[i], PAGE, _SAYS, float(score[i]), True)]
        spans = {int(part[i]): found for i, found in inner.spans.items()}
        return Judgement(category, score, marked, spans, findings, np.zeros(1, dtype=bool))
