"""Soft labels for lines that nobody read: by a network that is shown the page's gold text.

It learns from the read lines of pages whose gold text is known how far that text can be trusted
(captions and headlines are often missing from it, metadata always), and then says of the lines of
other pages what they are. What it teaches never sees a gold text.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training import recurrent
from training.tables import Table
from unbait.networks import Recurrent

_REACH = 2


def see(columns: NDArray[np.float32], data: Table) -> NDArray[np.float32]:
    """Return ``columns`` with the gold text's word on each line and on its neighbours."""
    known = data.gold >= 0
    share = np.where(known, data.gold, 0.0)
    low, high = data.first[data.record], data.first[data.record + 1]
    told = [known, share]
    for step in (step for step in range(-_REACH, _REACH + 1) if step):
        there = np.arange(len(share)) + step
        inside = (there >= low) & (there < high)
        told.append(np.where(inside, share[np.clip(there, 0, len(share) - 1)], 0.0))
    return np.concatenate((columns, np.stack(told, axis=1)), axis=1, dtype=np.float32)


def fit(
    columns: NDArray[np.float32], data: Table, target: NDArray[np.float32],
    shape: recurrent.Shape, seed: int,
) -> Recurrent:  # fmt: skip
    """Fit on the lines of ``data``; ``columns`` are those of stage two, without layout."""
    everyone = np.ones(len(target), dtype=bool)
    lines = recurrent.Lines(
        see(columns, data), target, data.weight, recurrent.runs_of(data.first, everyone)
    )
    return recurrent.fit(lines, shape, seed)
