"""Parity rows: what a model said of texts of our own when it was made, replayed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unbait.errors import ModelError
from unbait.fold import fold
from unbait.model import ParagraphModel
from unbait.segment import batch
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TOLERANCE = 1e-4
_DIGITS = 6


def rows_of(directory: Path, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield one row a text: the text and the junk probability of each of its segments."""
    model = ParagraphModel.load(directory)
    for text in texts:
        yield {"text": text, "junk": [round(float(p), _DIGITS) for p in _junk(model, text)]}


def verify(directory: Path) -> int:
    """Replay ``parity.jsonl``; return the number of rows, or raise ModelError at a difference."""
    import orjson

    model = ParagraphModel.load(directory)
    path = directory / "parity.jsonl"
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ModelError("MODEL_MISSING", f"{path}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, start=1):
        row = orjson.loads(line)
        now = _junk(model, row["text"])
        if len(now) != len(row["junk"]) or np.abs(now - row["junk"]).max(initial=0) > TOLERANCE:
            raise ModelError(
                "MODEL_PARITY",
                f"{path}: row {number} gives other probabilities here than where it was made",
            )
    return len(lines)


def _junk(model: ParagraphModel, text: str) -> Any:
    made = batch([text])
    untold = np.zeros((len(made.start), len(CATEGORIES)), dtype=np.float32)
    look = model.look(made, fold(made.codes), untold)
    return model.junk(model.judge(look, made.first_segment))
