"""Which words made the model say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unbait.fold import codes_of, fold
from unbait.outcome import WORD
from unbait.types import Reason

if TYPE_CHECKING:
    from unbait.model import ParagraphModel

_WORDS = 3
_LEAST = 0.1
_READ = 4_000  # characters of a segment that are looked at


class NoWords:
    """Explains nothing, where nobody reads why."""

    def words(self, _text: str, spans: list[tuple[int, int]]) -> list[list[Reason]]:
        """Return no word for any span."""
        return [[] for _ in spans]


class WordExplainer:
    """Reads the hashed weights back: each word's own share in the evidence."""

    def __init__(self, model: ParagraphModel) -> None:
        """Take the model whose weights tell."""
        self._model = model

    def words(self, text: str, spans: list[tuple[int, int]]) -> list[list[Reason]]:
        """Return for each span of ``text`` its most telling words, strongest first."""
        return [self._of(text[start : min(end, start + _READ)], start) for start, end in spans]

    def _of(self, part: str, offset: int) -> list[Reason]:
        folded = fold(codes_of(part))
        tokens, weights = self._model.token_weights(folded.codes)
        found = []
        for number in np.argsort(-weights, kind="stable")[:_WORDS].tolist():
            if weights[number] < _LEAST:
                break
            low, high = folded.to_source(int(tokens.start[number]), int(tokens.end[number]))
            says = f"“{part[low:high]}” speaks for junk (+{weights[number]:.1f})"
            found.append(Reason(WORD, says, offset + low, offset + high))
        return found
