"""The second stage at run time: a small network that passes notes along a page's tree."""

from __future__ import annotations

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
    blocks on the same path (``read``). Arrays of layers have the layer as first axis.
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
    def of(cls, arrays: dict[str, NDArray[Any]], name: str) -> Self:
        """Take the network ``name`` out of a model's arrays."""
        return cls(*(arrays[f"{name}.{part.name}"].astype(np.float32) for part in fields(cls)))

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
        start = np.searchsorted(around.path[order], np.arange(int(around.path.max()) + 1))
        alike = (1 / np.bincount(around.path)).astype(np.float32)[:, None]
        n, width = len(state), self.note.shape[2]
        seen = np.zeros((n, self.read.shape[1]), dtype=np.float32)
        sums = np.zeros((n + 1, width), dtype=np.float32)
        layers = zip(self.note, self.note_bias, self.read, self.read_bias, strict=True)
        for note, note_bias, read, read_bias in layers:
            notes = _rectified(state, note, note_bias)
            seen[:, : state.shape[1]] = state
            at = state.shape[1]
            for shift in SHIFTS:
                seen[shift:, at : at + width] = notes[:-shift]
                seen[:-shift, at + width : at + 2 * width] = notes[shift:]
                at += 2 * width
            np.cumsum(notes, axis=0, out=sums[1:])
            for low, high, part in zip(around.low, around.high, share, strict=True):
                seen[:, at : at + width] = (sums[high] - sums[low]) * part
                at += width
            seen[:, at:] = (np.add.reduceat(notes[order], start) * alike)[around.path]
            state = state + _rectified(seen, read, read_bias)
        half = entered.shape[1]
        return np.asarray(entered @ self.out[:half] + state @ self.out[half:] + self.out_bias[0])


def _rectified(x: FloatArray, weights: FloatArray, bias: FloatArray) -> FloatArray:
    x = x @ weights
    x += bias
    return np.maximum(x, 0, out=x)
