"""fastText on the same lines and folds: a supervised model of words and pairs, a line at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_EPOCHS, _RATE, _WORDS = 10, 0.5, 2


def chances(
    texts: Sequence[str], junk: NDArray[np.bool_], known: NDArray[np.bool_], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return for each line the chance of junk from a model that did not see the line's fold.

    ``known`` lines are trained on.
    """
    lines = [" ".join(text.split()) or "." for text in texts]
    found = np.zeros(len(lines))
    for out in np.unique(fold).tolist():
        found[fold == out] = _fold(lines, junk, known & (fold != out), fold == out)
    return found


def _fold(
    lines: Sequence[str], junk: NDArray[np.bool_], seen: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.txt"
        path.write_text(
            "".join(f"__label__{int(junk[i])} {lines[i]}\n" for i in np.flatnonzero(seen)),
            encoding="utf-8",
        )
        model = fasttext.train_supervised(
            str(path), lr=_RATE, epoch=_EPOCHS, wordNgrams=_WORDS, thread=1, verbose=0, seed=0
        )
    asked = [lines[i] + "\n" for i in np.flatnonzero(rows)]
    answers = [model.f.predict(one, 2, 0.0, "strict") for one in asked]  # (chance, label) twice
    return np.array([max((p for p, name in one if name[-1] == "1"), default=0) for one in answers])
