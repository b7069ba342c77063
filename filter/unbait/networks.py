"""The two small networks at run time, in NumPy: rows alone, and rows in their document."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIP = 4.0  # standardised columns beyond this many deviations say no more
_TINY = np.float32(1e-7)
_MOST_STEPS = 1 << 10  # what stands further away than this has been forgotten


class _Arrays:
    """A network that is its arrays, each stored under the network's name and its own."""

    __slots__ = ()

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]], name: str) -> Self:
        """Take the network ``name`` out of a model's arrays."""
        return cls(*(arrays[f"{name}.{part.name}"] for part in fields(cls)))  # type: ignore[arg-type]

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays to be stored for the network ``name``."""
        parts = fields(self)  # type: ignore[arg-type]
        return {f"{name}.{part.name}": getattr(self, part.name) for part in parts}


@dataclass(frozen=True, slots=True)
class Network(_Arrays):
    """One hidden layer: standardise, clip, rectify, softmax over the classes."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: NDArray[np.float32]

    def __call__(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (rows, classes)."""
        x = _rectified(standardised(columns, self.mean, self.scale), self.hidden, self.hidden_bias)
        return _softmax(x, self.out, self.out_bias)


@dataclass(frozen=True, slots=True)
class Recurrent(_Arrays):
    """A hidden layer, a memory that runs over each document both ways, another layer, softmax.

    The memory is a gated recurrence whose gates see only the row, not the memory before it
    (minGRU; Feng et al. 2024, "Were RNNs all we needed?"), so that all steps of all documents are
    taken at once. ``gate`` and ``value`` are (hidden, 2 * memory): forward columns, then backward.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    enter: NDArray[np.float32]
    enter_bias: NDArray[np.float32]
    gate: NDArray[np.float32]
    gate_bias: NDArray[np.float32]
    value: NDArray[np.float32]
    value_bias: NDArray[np.float32]
    mix: NDArray[np.float32]
    mix_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: NDArray[np.float32]

    def __call__(
        self, columns: NDArray[np.float32], first: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return probabilities (rows, classes); the rows of document i are first[i]:first[i+1]."""
        x = standardised(columns, self.mean, self.scale)
        hidden = _rectified(x, self.enter, self.enter_bias)
        seen = np.concatenate((hidden, self._remembered(hidden, first)), axis=1)
        return _softmax(_rectified(seen, self.mix, self.mix_bias), self.out, self.out_bias)

    def _remembered(
        self, hidden: NDArray[np.float32], first: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return what the memory holds at each row: (rows, 2 * memory)."""
        keep = hidden @ self.gate
        keep += self.gate_bias
        np.negative(keep, out=keep)
        np.exp(keep, out=keep)
        keep += 1
        np.reciprocal(keep, out=keep)
        add = hidden @ self.value
        add += self.value_bias
        add *= 1 - keep
        half = keep.shape[1] // 2
        sizes = np.diff(first)
        filled = sizes > 0
        longest = int(sizes.max(initial=0))
        ahead = _scan(keep[:, :half].copy(), add[:, :half].copy(), first[:-1][filled], longest)
        last = len(hidden) - first[1:][filled]
        back = _scan(keep[::-1, half:].copy(), add[::-1, half:].copy(), last, longest)
        return np.concatenate((ahead, back[::-1]), axis=1)


@dataclass(frozen=True, slots=True)
class Head(_Arrays):
    """A linear layer over what a network saw and what it said: how a user's labels change it.

    ``weights`` are (columns + classes, classes).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(
        self, columns: NDArray[np.float32], chances: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return probabilities (rows, classes) in place of ``chances``."""
        return self.said(self.inputs(columns, chances))

    def inputs(
        self, columns: NDArray[np.float32], chances: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return what the layer sees: (rows, columns + classes)."""
        seen = standardised(columns, self.mean, self.scale)
        return np.concatenate((seen, np.log(chances + _TINY)), axis=1)

    def said(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (rows, classes) of ``inputs``."""
        return _softmax(inputs, self.weights, self.bias)


def _scan(
    keep: NDArray[np.float32], add: NDArray[np.float32], start: NDArray[np.int64], longest: int
) -> NDArray[np.float32]:
    """Solve state[i] = keep[i] * state[i - 1] + add[i] for all rows, anew from each ``start``.

    Every round doubles how far back a row has seen. Both arrays are used up.
    """
    keep[start] = 0
    step = 1
    while step < min(longest, _MOST_STEPS):
        add[step:] += keep[step:] * add[:-step]
        keep[step:] *= keep[:-step].copy()
        step *= 2
    return add


def standardised(
    columns: NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return columns in deviations from their mean, clipped."""
    x = columns - mean
    x *= scale
    return np.clip(x, -CLIP, CLIP, out=x)


def _rectified(
    x: NDArray[np.float32], weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    x = x @ weights
    x += bias
    return np.maximum(x, 0, out=x)


def _softmax(
    x: NDArray[np.float32], weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    x = x @ weights
    x += bias
    x -= x.max(axis=1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=1, keepdims=True)
    return x
