"""L-BFGS in NumPy: minimises a smooth convex function of one array (Nocedal and Wright, 7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_MEMORY = 10
_ARMIJO = 1e-4
_HALVINGS = 30


def minimise(
    function: Callable[[Array], tuple[float, Array]],
    start: Array,
    *,
    steps: int = 200,
    tolerance: float = 1e-5,
) -> Array:
    """Return where ``function`` is least; it gives a value and its gradient, both at a 1-D array.

    It ends when a step gains less than ``tolerance`` of the value.
    """
    x = start.astype(np.float64)
    value, gradient = function(x)
    pairs: list[tuple[Array, Array]] = []
    for _ in range(steps):
        direction = -_times_inverse_hessian(gradient, pairs)
        found = _line_search(function, x, value, gradient, direction)
        if found is None:
            break
        new_x, new_value, new_gradient = found
        step, change = new_x - x, new_gradient - gradient
        if step @ change > 1e-12:
            pairs = [*pairs[1 - _MEMORY :], (step, change)]
        gained = value - new_value
        x, value, gradient = new_x, new_value, new_gradient
        if gained <= tolerance * max(abs(value), 1.0):
            break
    return x


def _times_inverse_hessian(gradient: Array, pairs: list[tuple[Array, Array]]) -> Array:
    """Multiply by what the last steps tell of the inverse Hessian: the two-loop recursion."""
    q = gradient.copy()
    shares = []
    for step, change in reversed(pairs):
        share = (step @ q) / (step @ change)
        q -= share * change
        shares.append(share)
    if pairs:
        step, change = pairs[-1]
        q *= (step @ change) / (change @ change)
    else:
        q /= max(float(np.linalg.norm(q)), 1.0)
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        q += (share - (change @ q) / (step @ change)) * step
    return q


def _line_search(
    function: Callable[[Array], tuple[float, Array]],
    x: Array,
    value: float,
    gradient: Array,
    direction: Array,
) -> tuple[Array, float, Array] | None:
    """Halve the step until it gains enough; None when no step does."""
    slope = float(gradient @ direction)
    size = 1.0
    for _ in range(_HALVINGS):
        new_x = x + size * direction
        new_value, new_gradient = function(new_x)
        if new_value <= value + _ARMIJO * size * slope:
            return new_x, new_value, new_gradient
        size /= 2
    return None
