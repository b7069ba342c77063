"""The blocks that pages' layouts keep, judged by their words in one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbait.features.layout import layout
from unbait.fold import codes_of, fold
from unbait.html import tags
from unbait.policy import Judgement
from unbait.segment import Batch, arrange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from unbait import html
    from unbait.cleaner import Cleaner
    from unbait.types import Document


@dataclass(frozen=True, slots=True)
class KeptBlocks:
    """Chosen blocks of some pages as one batch, a page a document.

    ``shift`` (blocks,) leads from a block's place in the batch to its place on its page.
    """

    batch: Batch
    layouts: NDArray[np.float32]
    shift: list[int]

    @classmethod
    def of(cls, pages: Sequence[html.Page], parts: Sequence[NDArray[np.int64]]) -> KeptBlocks:
        """Put the blocks ``parts`` of each page one below the other; there is at least one page."""
        pairs = list(zip(pages, parts, strict=True))
        text = "".join(page.block(i) + "\n" for page, part in pairs for i in part.tolist())
        begin = np.concatenate([page.start[part] for page, part in pairs])
        size = np.concatenate([page.end[part] for page, part in pairs]) - begin
        end = np.cumsum(size + 1) - 1
        names = [tags.NAMES[tag] for page, part in pairs for tag in page.tag[part].tolist()]
        links = np.concatenate([page.link_share[part] for page, part in pairs])
        count = np.array([len(part) for part in parts], dtype=np.int64)
        bounds = np.concatenate(([0], end + 1))[np.concatenate(([0], np.cumsum(count)))]
        owner = np.repeat(np.arange(len(pages)), count)
        batch = arrange(text, codes_of(text), bounds, end - size, end, owner)
        return cls(batch, layout(names, links), (begin - batch.start).tolist())

    def judge(self, cleaner: Cleaner, documents: Sequence[Document]) -> Iterator[Judgement]:
        """Yield what is judged of each page's blocks, numbered and placed as on the page."""
        folded = fold(self.batch.codes)
        judged = cleaner.judge_texts(self.batch, folded, documents, self.layouts)
        for number in range(len(documents)):
            yield self._page(judged, number)

    def _page(self, judged: Judgement, number: int) -> Judgement:
        low, high = (int(one) for one in self.batch.first_segment[number : number + 2])
        mine, shift = slice(low, high), self.shift
        return Judgement(
            judged.category[mine], judged.score[mine], judged.marked[mine],
            {
                i - low: [span.moved(shift[i]) for span in judged.spans[i]]
                for i in range(low, high) if i in judged.spans
            },
            {
                i - low: [finding.moved(shift[i]) for finding in judged.findings[i]]
                for i in range(low, high) if i in judged.findings
            },
            judged.guarded[number : number + 1],
        )  # fmt: skip
