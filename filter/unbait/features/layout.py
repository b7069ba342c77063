"""What the page of a segment knows about it; nothing for plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TAGS = {
    "paragraph": {"p"},
    "item": {"li", "dd", "dt"},
    "title": {"h1"},
    "heading": {"h2"},
    "subheading": {"h3", "h4", "h5", "h6"},
    "cell": {"td", "th", "tr", "table"},
    "inline": {"a", "span", "strong", "em", "b", "i", "button"},
    "quote": {"blockquote", "pre", "figcaption", "code"},
    "block": {"div", "section", "article"},
}
LAYOUT_NAMES = ("known", *_TAGS, "link_share", "all_links")
_ALL_LINKS = 0.8


def no_layout(count: int) -> NDArray[np.float32]:
    """Return the layout of ``count`` segments of plain text: zeros (count, len(LAYOUT_NAMES))."""
    return np.zeros((count, len(LAYOUT_NAMES)), dtype=np.float32)


def layout(tags: Sequence[str], link_share: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the layout of segments of a page: (segments, len(LAYOUT_NAMES)).

    ``tags`` are the names of the nearest block elements, ``link_share`` (segments,) the share of
    characters that stand in links, 0..1.
    """
    result = no_layout(len(tags))
    result[:, 0] = 1.0
    for column, names in enumerate(_TAGS.values(), start=1):
        result[:, column] = [tag in names for tag in tags]
    result[:, -2] = link_share
    result[:, -1] = link_share > _ALL_LINKS
    return result
