"""A segment in its document: itself, its neighbours, its place, the document's means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unbait.features.layout import LAYOUT_NAMES
from unbait.features.shape import SHAPE_NAMES
from unbait.features.ties import TIE_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOGITS = 8  # what stage one says: headline, the six other categories than content, junk
_LOGIT_LIMIT = 8.0
_REACH = 3
_NEIGHBOUR_SHAPE = tuple(
    SHAPE_NAMES.index(name)
    for name in ("log_characters", "ends_stop", "capital_share", "starts_upper")
)
_NEIGHBOUR_TIE = TIE_NAMES.index("log_words")
_NEIGHBOUR_LAYOUT = tuple(
    LAYOUT_NAMES.index(name) for name in ("item", "title", "heading", "subheading", "link_share")
)
_BODY_CHARACTERS = 120


class _Places:
    """Where each segment stands: its number, and the first and last bound of its document."""

    def __init__(self, first: NDArray[np.int64]) -> None:
        self.first = first
        self.sizes = np.diff(first)
        self.document = np.repeat(np.arange(len(self.sizes)), self.sizes)
        self.index = np.arange(len(self.document))
        self.low, self.high = first[self.document], first[self.document + 1]

    def around(self, values: NDArray[np.floating], reach: int) -> list[NDArray[np.floating]]:
        """Return the rows of up to ``reach`` neighbours before and after; zeros outside."""
        padded = np.concatenate((values, np.zeros((1, values.shape[1]), dtype=np.float32)))
        steps = [step for step in range(-reach, reach + 1) if step]
        return [padded[self._neighbour(step)] for step in steps]

    def _neighbour(self, step: int) -> NDArray[np.int64]:
        there = self.index + step
        return np.where((there >= self.low) & (there < self.high), there, len(self.index))

    def before_after(self, values: NDArray[np.floating]) -> tuple[NDArray[np.floating], ...]:
        """Return the share of a document's ``values`` that stands before and after each."""
        running = _running(values)
        begin, stop = running[self.low], running[self.high]
        whole = np.maximum(stop - begin, 1e-6)
        return (running[:-1] - begin) / whole, (stop - running[1:]) / whole

    def window(self, values: NDArray[np.floating], reach: int) -> NDArray[np.floating]:
        """Return the mean of ``values`` over at most ``reach`` neighbours on each side."""
        running = _running(values)
        left = np.maximum(self.index - reach, self.low)
        right = np.minimum(self.index + reach + 1, self.high)
        others = np.maximum(right - left - 1, 1)
        return np.asarray((running[right] - running[left] - values) / others)

    def mean(self, values: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return for each segment the mean of ``values`` (segments, columns) in its document."""
        running = _running(values)
        means = (running[self.first[1:]] - running[self.first[:-1]]) / np.maximum(
            self.sizes, 1
        )[:, None]
        return np.asarray(means[self.document])


def _running(values: NDArray[np.floating]) -> NDArray[np.float64]:
    running = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=running[1:])
    return running


def context(
    logits: NDArray[np.float32],
    shapes: NDArray[np.float32],
    tie: NDArray[np.float32],
    layouts: NDArray[np.float32],
    told: NDArray[np.float32],
    first: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return what stage two sees of each segment: itself, its neighbours, its place, its document.

    ``logits`` (segments, LOGITS) come from stage one; ``told`` (segments, categories) is how sure
    the packaged rules are that the segment is of a category, 0 where none hit; ``first``
    (documents + 1,) says which segments are whose. Shape (segments, columns).
    """
    places = _Places(first)
    logits = np.clip(logits, -_LOGIT_LIMIT, _LOGIT_LIMIT)
    chances = 1.0 / (1.0 + np.exp(-logits))
    junk = chances[:, -1]
    near: NDArray[np.floating] = np.concatenate(
        (chances, shapes[:, _NEIGHBOUR_SHAPE], tie[:, [_NEIGHBOUR_TIE]],
         layouts[:, _NEIGHBOUR_LAYOUT], told, np.ones((len(logits), 1), dtype=np.float32)), axis=1
    )  # fmt: skip
    length = shapes[:, 0]
    characters = np.expm1(length)
    inside, rest = places.index - places.low, places.high - 1 - places.index
    place = np.stack((
        inside / (inside + rest + 1), np.log1p(inside), np.log1p(rest),
        *places.before_after(characters * (1 - junk)),
        *places.before_after((characters >= _BODY_CHARACTERS) * (1 - junk)),
        *places.before_after(junk),
        *(places.window(junk, reach) for reach in (2, 5, 12)),
        *(places.window(length, reach) for reach in (2, 5)),
        length - places.window(length, 5), np.log1p(places.sizes)[places.document],
    ), axis=1)  # fmt: skip
    mean = places.mean(np.concatenate((chances, shapes, tie[:, :4], layouts, told), axis=1))
    own = (logits, chances, shapes, tie, layouts, told)
    around = places.around(near, _REACH)
    return np.concatenate((*own, *around, place, mean), axis=1, dtype=np.float32)
