"""What type a page is, once its main content is chosen.

The page model types a page as a whole before it chooses a block. The type model looks again, with
one linear layer: at those chances, at the shape of the blocks that were kept, at the page's
address and at all its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import numpy as np

from unbait import modelfile
from unbait.html import features
from unbait.html.model import PAGE_TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from unbait.html.blocks import Page
    from unbait.html.features import FloatArray
    from unbait.html.tree import IntArray

SHAPE_NAMES: Final = (
    "log_letters", "log_blocks", "letters_kept", "blocks_kept", "reach", "density",
    "prose_letters", "log_prose_letters", "prose_blocks", "log_prose_blocks", "log_prose_run",
    "linked_letters", "linked_mean", "links_blocks", "links_letters",
    "short", "median", "longest", "spread",
    "headings", "log_headings", "path_mean", "path_most", "path_letters",
    "log_money", "questions",
)  # fmt: skip
ADDRESS_NAMES: Final = (
    "address", "root", "depth", "section", "log_last", "last_words", "last_digits", "last_page",
    "query",
)  # fmt: skip
COLUMNS: Final = (*(f"first_{name}" for name in PAGE_TYPES), *SHAPE_NAMES, *ADDRESS_NAMES)
WORD_BUCKETS: Final = 1 << 12
CLIP: Final = 5.0  # standardised columns beyond this many deviations say no more
_RAREST: Final = 1e-4  # chances below this are one
_PROSE: Final = 80  # a block of prose has at least so many letters, ...
_LINKED: Final = 0.3  # less of it in links, ...
_ONLY_LINKS: Final = 0.8
_SHORT: Final = 60  # letters
_MONEY: Final = "$€£¥₹"
_PAGES: Final = (".html", ".htm", ".php", ".aspx")
_COLUMN: Final = {name: i for i, name in enumerate(features.DENSE_NAMES)}


@dataclass(frozen=True, slots=True)
class TypeModel:
    """Weights of the types: standardised columns and words in, ``PAGE_TYPES`` out."""

    arrays: dict[str, NDArray[Any]]
    manifest: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load a model directory; ModelError says what is wrong with it."""
        return cls(*modelfile.load(folder, features.VERSION))

    def chances(
        self, page: Page, rows: FloatArray, kept: IntArray, first: dict[str, float]
    ) -> dict[str, float]:
        """Return the chance of every type.

        ``rows`` are the dense rows of the page's blocks, ``kept`` the numbers of those that are
        main content, ``first`` the chances that the page model gives.
        """
        a = self.arrays
        values = columns(page, rows, kept, np.array([first[name] for name in PAGE_TYPES]))
        logits = a["weight"] @ standard(values, a["mean"], a["scale"]) + a["bias"]
        buckets = word_buckets(page)
        words = a["words"][buckets].astype(np.float32).sum(axis=0)
        logits = logits + words * word_weight(len(buckets))
        odds = np.exp(logits - logits.max())
        return dict(zip(PAGE_TYPES, (odds / odds.sum()).tolist(), strict=True))


def standard(values: FloatArray, mean: FloatArray, scale: FloatArray) -> FloatArray:
    """Return columns as deviations from their mean."""
    return np.asarray(((values - mean) / scale).clip(-CLIP, CLIP), dtype=np.float32)


def word_buckets(page: Page) -> IntArray:
    """Return the buckets of all the page's words, each once."""
    return np.unique(features.text_words(page).bucket % WORD_BUCKETS)


def word_weight(count: int) -> float:
    """Return how much each word counts of a page that has so many."""
    return float(1 / np.sqrt(count + 1))


def columns(page: Page, rows: FloatArray, kept: IntArray, first: NDArray[Any]) -> FloatArray:
    """Return one row for the page; ``COLUMNS`` says what it holds."""
    parts = (log_chances(first), shape(page, rows, kept), address(page.url))
    return np.concatenate(parts).astype(np.float32)


def log_chances(first: NDArray[Any]) -> NDArray[Any]:
    """Return the logarithms of chances, of which none is nought."""
    return np.asarray(np.log(np.maximum(first, _RAREST)))


def shape(page: Page, rows: FloatArray, kept: IntArray) -> NDArray[np.float64]:
    """Describe the blocks that were kept; ``SHAPE_NAMES`` says how."""
    if not len(kept):
        return np.zeros(len(SHAPE_NAMES))
    letters, link = page.letters[kept].astype(np.float64), page.link_share[kept]
    own, count = rows[kept], len(kept)
    total, reach = max(letters.sum(), 1.0), int(kept.max() - kept.min()) + 1
    ends = (own[:, _COLUMN["ends_stop"]] > 0) | (own[:, _COLUMN["ends_high"]] > 0)
    prose = (letters >= _PROSE) & (link < _LINKED) & ends
    links, headings = link > _ONLY_LINKS, page.heading[kept] > 0
    alike, logs = own[:, _COLUMN["path_count"]], np.log1p(letters)
    text = "".join(page.block(i) for i in kept.tolist())
    money = sum(text.count(sign) for sign in _MONEY)
    return np.array((
        np.log1p(total), np.log1p(count), total / max(page.letters.sum(), 1), count / len(page),
        reach / len(page), count / reach,
        letters[prose].sum() / total, np.log1p(letters[prose].sum()), prose.mean(),
        np.log1p(prose.sum()), np.log1p(_longest_run(prose)),
        (letters * link).sum() / total, link.mean(), links.mean(), letters[links].sum() / total,
        (letters < _SHORT).mean(), np.log1p(np.median(letters)), logs.max(), logs.std(),
        headings.mean(), np.log1p(headings.sum()),
        alike.mean(), alike.max(), (alike * letters).sum() / total,
        np.log1p(money), text.count("?") / (len(text) / 1000 + 1),
    ))  # fmt: skip


def _longest_run(flags: NDArray[np.bool_]) -> int:
    """Return the most flags in a row."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def address(url: str | None) -> NDArray[np.float64]:
    """Describe an address; ``ADDRESS_NAMES`` says how. Without one all is nought."""
    if not url:
        return np.zeros(len(ADDRESS_NAMES))
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no address
        return np.zeros(len(ADDRESS_NAMES))
    steps = [step for step in parts.path.split("/") if step]
    last = steps[-1] if steps else ""
    joints = last.count("-") + last.count("_")
    return np.array((
        1, not steps, len(steps), len(steps) == 1 and joints < 2, np.log1p(len(last)), joints,
        any(sign.isdigit() for sign in last), last.endswith(_PAGES), bool(parts.query),
    ), dtype=np.float64)  # fmt: skip
