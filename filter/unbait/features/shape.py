"""How a segment looks, whatever it says: length, case, punctuation, first and last character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unbait.features.marks import BIT, bits_of, is_upper
from unbait.features.tokens import DIGIT, IDEOGRAPH, LETTER, MARK, Tokens, kinds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STARTS = ("quote", "open")
_ENDS = ("stop", "question", "exclaim", "ellipsis", "colon", "comma", "quote", "close")
_HAS = ("at", "hash", "pipe", "slash", "arrow", "copyright", "colon", "question", "exclaim",
        "quote", "bullet", "currency", "open", "dash")  # fmt: skip
SHAPE_NAMES = (
    "log_characters", "log_tokens", "digit_share", "mark_share", "capital_share", "shout_share",
    "ideograph_share", "letters_per_word", "log_sentence_ends", "starts_upper", "starts_lower",
    "starts_digit", "starts_mark", *(f"starts_{name}" for name in _STARTS),
    *(f"ends_{name}" for name in _ENDS), "ends_letter", "ends_digit",
    *(f"has_{name}" for name in _HAS),
)  # fmt: skip
_LANE = 21  # bits of one counter: up to two million tokens a segment
_END_BITS = BIT["stop"] | BIT["question"]


def shape(
    source: NDArray[np.uint32],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    tokens: Tokens,
    token_source: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return how each segment looks: shape (segments, len(SHAPE_NAMES)).

    ``source`` is the unfolded text (case counts), ``start`` and ``end`` are offsets in it, and
    ``token_source`` (tokens,) is where each token starts in it.
    """
    sizes = np.diff(tokens.first)
    leading = source[token_source]
    is_word = tokens.kind == LETTER
    length = tokens.end - tokens.start
    capital = is_word & is_upper(leading)
    second = np.take(source, token_source + 1, mode="clip")
    shout = capital & (length > 1) & is_upper(second)
    bits = np.where(tokens.kind == MARK, bits_of(leading), 0)
    digits, marks, capitals = _counts(tokens.first, tokens.kind == DIGIT, tokens.kind == MARK,
                                      capital)  # fmt: skip
    shouts, ideographs, words = _counts(tokens.first, shout, tokens.kind == IDEOGRAPH, is_word)
    ends, letters, _ = _counts(tokens.first, (bits & _END_BITS) != 0, length * is_word, is_word)
    total, some_words = np.maximum(sizes, 1), np.maximum(words, 1)
    columns = [
        np.log1p(end - start), np.log1p(sizes), digits / total, marks / total,
        capitals / some_words, shouts / some_words, ideographs / total,
        letters / some_words / 10, np.log1p(ends),
        *_edges(source[start], source[end - 1]), *_present(bits, tokens.first),
    ]  # fmt: skip
    shapes = np.empty((len(start), len(columns)), dtype=np.float32)
    for i, column in enumerate(columns):
        shapes[:, i] = column
    return shapes


def _counts(first: NDArray[np.int64], *values: NDArray[np.generic]) -> list[NDArray[np.int64]]:
    """Sum three small non-negative arrays over each segment in one pass."""
    packed = np.zeros(len(values[0]) + 1, dtype=np.int64)
    for lane, value in enumerate(values):
        packed[1:] += value.astype(np.int64) << (lane * _LANE)
    np.cumsum(packed, out=packed)
    sums = packed[first[1:]] - packed[first[:-1]]
    return [(sums >> (lane * _LANE)) & ((1 << _LANE) - 1) for lane in range(len(values))]


def _edges(
    first: NDArray[np.uint32], last: NDArray[np.uint32]
) -> list[NDArray[np.generic]]:
    """Describe the first and the last character of each segment."""
    first_bits, last_bits = bits_of(first), bits_of(last)
    first_kind, last_kind = kinds_of(first), kinds_of(last)
    upper = is_upper(first)
    return [
        upper, (first_kind == LETTER) & ~upper, first_kind == DIGIT, first_kind == MARK,
        *((first_bits & BIT[name]) != 0 for name in _STARTS),
        *((last_bits & BIT[name]) != 0 for name in _ENDS),
        last_kind == LETTER, last_kind == DIGIT,
    ]  # fmt: skip


def _present(bits: NDArray[np.int32], first: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Say which marks each segment holds."""
    present = np.zeros(len(first) - 1, dtype=np.int32)
    filled = np.flatnonzero(first[1:] > first[:-1])
    if len(filled):
        present[filled] = np.bitwise_or.reduceat(bits, first[filled])
    return [(present & BIT[name]) != 0 for name in _HAS]
