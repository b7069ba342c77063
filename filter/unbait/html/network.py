"""The second stage at run time: a small network that passes notes along a page's tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from unbait.html.nest import Nest
from unbait.html.tree import IntArray

SHIFTS: Final = (1, 2, 5)
CLIP: Final = 5.0  # standardised columns beyond this many deviations say no more

FloatArray = NDArray[np.float32]


class Surroundings(NamedTuple):
    """Where the notes come from: ranges ``low`` to ``high`` (ranges, blocks), and alike ``path``.

    The ranges are the smallest containers that hold so many blocks, and the page.
    """

    low: IntArray
    high: IntArray
    path: IntArray


def surroundings(nest: Nest) -> Surroundings:
    """Return what surrounds every block of a page."""
    root = np.full(len(nest.path), len(nest.low) - 1)
    element = np.vstack((nest.of_many, root))
    return Surroundings(nest.low[element], nest.high[element], nest.path)


@dataclass(frozen=True, slots=True)
class PageNetwork:
    """Layers that each add to a block's state what its neighbours and containers tell of theirs.

    A layer writes a short note for every block (``note``: states to notes), and reads beside its
    own state the notes of blocks near it, and the mean notes of its containers, of the page and of
    blocks on the same path (``read``). Several networks that share ``mean`` and ``scale`` answer
    together, with their mean: all other arrays have the network as first axis, those of layers the
    layer as second.
    """

    mean: FloatArray
    scale: FloatArray
    enter: FloatArray
    enter_bias: FloatArray
    note: FloatArray
    note_bias: FloatArray
    read: FloatArray
    read_bias: FloatArray
    out: FloatArray
    out_bias: FloatArray

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Self:
        """Take the network ``name`` out of a model's arrays."""
        return cls(*(arrays[key].astype(np.float32) for key in cls.names(name)))

    @classmethod
    def names(cls, name: str) -> list[str]:
        """Return what the arrays of the network ``name`` are called among a model's."""
        return [f"{name}.{part.name}" for part in fields(cls)]

    @classmethod
    def together(cls, networks: Sequence[Self]) -> Self:
        """Return networks of one fit, which share ``mean`` and ``scale``, as one."""
        first = networks[0]
        columns = {
            part.name: np.concatenate([getattr(each, part.name) for each in networks])
            for part in fields(cls)[2:]
        }
        return cls(first.mean, first.scale, **columns)

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays to be stored for the network ``name``."""
        return {f"{name}.{part.name}": getattr(self, part.name) for part in fields(self)}

    def __call__(self, columns: FloatArray, around: Surroundings) -> FloatArray:
        """Return how likely each block is content, as a logit."""
        x = columns - self.mean
        x *= self.scale
        np.clip(x, -CLIP, CLIP, out=x)
        state = entered = _rectified(x, self.enter, self.enter_bias)
        share = (1 / np.maximum(around.high - around.low, 1)).astype(np.float32)[:, :, None]
        order = np.argsort(around.path, kind="stable")
        count = np.bincount(around.path)
        start = np.cumsum(count) - count
        alike = (1 / count).astype(np.float32)[:, None]
        networks, n, half = state.shape
        layers, width = self.note_bias.shape[1:]
        seen = np.zeros((networks, n, self.read.shape[2]), dtype=np.float32)
        sums = np.zeros((networks, n + 1, width), dtype=np.float32)
        for layer in range(layers):
            notes = _rectified(state, self.note[:, layer], self.note_bias[:, layer])
            seen[..., :half] = state
            at = half
            for shift in SHIFTS:
                seen[:, shift:, at : at + width] = notes[:, :-shift]
                seen[:, :-shift, at + width : at + 2 * width] = notes[:, shift:]
                at += 2 * width
            np.cumsum(notes, axis=1, out=sums[:, 1:])
            for low, high, part in zip(around.low, around.high, share, strict=True):
                held = sums.take(high, axis=1)
                held -= sums.take(low, axis=1)
                np.multiply(held, part, out=seen[..., at : at + width])
                at += width
            paths = np.add.reduceat(notes.take(order, axis=1), start, axis=1)
            seen[..., at:] = (paths * alike).take(around.path, axis=1)
            state = state + _rectified(seen, self.read[:, layer], self.read_bias[:, layer])
        weights = self.out[:, :, None]
        logit = entered @ weights[:, :half] + state @ weights[:, half:]
        return np.asarray(logit[..., 0].mean(axis=0) + self.out_bias.mean())


def _rectified(x: FloatArray, weights: FloatArray, bias: FloatArray) -> FloatArray:
    x = x @ weights
    x += bias[:, None]
    return np.maximum(x, 0, out=x)
