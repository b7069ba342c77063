"""What kind of junk a block is, should it be junk: a guess from the markup, for people to read."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbait.html import tags
from unbait.html.blocks import Page
from unbait.html.words import hash_words
from unbait.types import Category

# Whole words of class and id names, on the block's element or one of the next three around it.
_NAMED: Final[tuple[tuple[Category, str], ...]] = (
    ("comment", "comment comments disqus reply replies commentlist"),
    ("ad", "ad ads advert advertisement adsense sponsored sponsor promo affiliate banner"),
    ("engagement", "newsletter subscribe subscription signup donate donation follow share sharing"),
    ("metadata", "byline author date dateline timestamp published tags credit"),
    ("teaser", "related recommended recommendation popular trending readmore teaser more latest"),
)
_AROUND: Final = 4
_TEASER_LETTERS: Final = 20


def _hashes(names: str) -> NDArray[np.uint64]:
    return hash_words(np.frombuffer(names.encode(), dtype=np.uint8))[0]


_HASHED: Final = tuple((category, _hashes(names)) for category, names in _NAMED)


def categories(page: Page) -> list[Category]:
    """Return, for every block, the junk category its place and names speak for."""
    n = len(page)
    if not len(page.tree.opens):
        return ["boilerplate"] * n
    found = np.full(n, "boilerplate", dtype=object)
    outside = np.ones(n, dtype=np.bool_)
    for name in ("nav", "footer", "header", "form", "button"):
        outside &= page.inside[:, tags.INSIDE[name]] == 0
    found[outside & (page.link_share > 0.6) & (page.letters >= _TEASER_LETTERS)] = "teaser"
    for category, hashes in reversed(_HASHED):
        bearer = np.zeros(len(page.tree.opens) + 1, dtype=np.bool_)
        bearer[page.words.element[np.isin(page.words.hashes, hashes)]] = True
        element = page.inner
        named = np.zeros(n, dtype=np.bool_)
        for _ in range(_AROUND):
            named |= bearer[element]
            element = np.where(element >= 0, page.tree.parent[element], -1)
        found[named & outside] = category
    return list(found)
