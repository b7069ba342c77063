"""Junk inside a paragraph: each sentence against the rest of its paragraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from unbait.features.marks import BIT, bits_of, is_upper
from unbait.features.tokens import DIGIT, LETTER, kinds_of
from unbait.fold import ranges
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unbait.fold import Folded
    from unbait.model import Look
    from unbait.rules import Hits, RuleSet

_LIMIT = 12.0
_STARTS = ("quote", "open", "arrow", "bullet")
_ENDS = ("stop", "question", "exclaim", "ellipsis", "quote", "close")
SENTENCE_NAMES = (
    *(f"own_{i}" for i in range(8)), *(f"rest_{i}" for i in range(8)), "log_features",
    "log_rest_features", "log_sentences", "is_first", "is_last", "log_characters",
    "starts_upper", "starts_digit", "starts_letter", *(f"starts_{name}" for name in _STARTS),
    *(f"ends_{name}" for name in _ENDS), "ends_letter", *(f"told_{name}" for name in CATEGORIES),
)  # fmt: skip


def sentence_owner(look: Look) -> NDArray[np.int64]:
    """Return the segment of each sentence."""
    return np.repeat(np.arange(len(look.first_sentence) - 1), np.diff(look.first_sentence))


class Lines(NamedTuple):
    """Sentences as lines of their own: ``codes[start[i]:end[i]]`` is sentence ``which[i]``.

    Those of which nothing shows are left out; ``sentences`` there were in all.
    """

    codes: NDArray[np.uint32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    which: NDArray[np.int64]
    sentences: int


def as_lines(
    folded: Folded, start: NDArray[np.int64], end: NDArray[np.int64]
) -> Lines:
    """Write sentences (source offsets ``start`` and ``end``) as lines of folded codes."""
    low, high = folded.from_source(start), folded.from_source(end)
    size = high - low
    close = np.cumsum(size + 1) - 1
    codes = np.full(int(close[-1]) + 1 if len(close) else 0, ord("\n"), dtype=np.uint32)
    place = np.repeat(close - size - np.concatenate(([0], np.cumsum(size)[:-1])), size)
    codes[place + np.arange(len(place))] = folded.codes[ranges(low, high)]
    filled = np.flatnonzero(size)
    return Lines(codes, (close - size)[filled], close[filled], filled, len(size))


def told_of_lines(rules: RuleSet, hits: Hits, lines: Lines) -> NDArray[np.float32]:
    """Return how sure the rules are of each sentence: shape (sentences, categories)."""
    told = np.zeros((lines.sentences, len(CATEGORIES)), dtype=np.float32)
    told[lines.which] = rules.told(hits, len(lines.which))
    return told


def told_of_sentences(
    rules: RuleSet, folded: Folded, start: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return how sure the rules would be of each sentence as a line of its own.

    ``start`` and ``end`` are source offsets. Shape (sentences, categories).
    """
    lines = as_lines(folded, start, end)
    return told_of_lines(rules, rules.find(lines.codes, lines.start, lines.end), lines)


def sentence_columns(
    look: Look,
    codes: NDArray[np.uint32],
    bias: NDArray[np.float32],
    chosen: NDArray[np.int64],
    told: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Describe the ``chosen`` sentences: (chosen, len(SENTENCE_NAMES)).

    ``told`` (chosen, categories) comes from ``told_of_sentences``. ``bias`` (8,) is stage one's: a
    sentence's share of the paragraph's evidence is taken out of it to see what the rest alone
    would say. ``codes`` is the unfolded batch.
    """
    counts = look.sentence_counts
    evidence = (look.sentence_logits - bias) * np.sqrt(np.maximum(counts, 1))[:, None]
    segment = sentence_owner(look)[chosen]
    first, stop = look.first_sentence[segment], look.first_sentence[segment + 1]
    rest = _between(evidence, first, stop) - evidence[chosen]
    rest_count = np.maximum(_between(counts, first, stop) - counts[chosen], 1)
    rest_logits = rest / np.sqrt(rest_count)[:, None] + bias
    start, end = look.sentence_start[chosen], look.sentence_end[chosen]
    begins, ends = codes[start], codes[end - 1]
    begin_bits, end_bits = bits_of(begins), bits_of(ends)
    begin_kind = kinds_of(begins)
    columns = [
        np.log1p(counts[chosen]), np.log1p(rest_count), np.log1p(stop - first),
        chosen == first, chosen == stop - 1, np.log1p(end - start),
        is_upper(begins), begin_kind == DIGIT, begin_kind == LETTER,
        *((begin_bits & BIT[name]) != 0 for name in _STARTS),
        *((end_bits & BIT[name]) != 0 for name in _ENDS),
        kinds_of(ends) == LETTER,
    ]  # fmt: skip
    own = np.clip(look.sentence_logits[chosen], -_LIMIT, _LIMIT)
    return np.concatenate(
        (own, np.clip(rest_logits, -_LIMIT, _LIMIT), np.stack(columns, axis=1), told),
        axis=1, dtype=np.float32,
    )  # fmt: skip


def without(
    look: Look, bias: NDArray[np.float32], gone: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Say what the paragraphs of the sentences ``gone`` are like without them.

    Returns their segments, the chance of junk of what is left by its words, and its characters.
    """
    left = np.ones(len(look.sentence_counts), dtype=bool)
    left[gone] = False
    counts = look.sentence_counts * left
    evidence = (look.sentence_logits[:, -1] - bias[-1]) * np.sqrt(look.sentence_counts) * left
    size = (look.sentence_end - look.sentence_start) * left
    segments = np.unique(sentence_owner(look)[gone])
    first, stop = look.first_sentence[segments], look.first_sentence[segments + 1]
    norm = np.sqrt(np.maximum(_between(counts, first, stop), 1))
    logit = np.clip(_between(evidence, first, stop) / norm + bias[-1], -_LIMIT, _LIMIT)
    return segments, 1.0 / (1.0 + np.exp(-logit)), _between(size, first, stop).astype(np.int64)


def _between(
    values: NDArray[np.generic], first: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Sum ``values`` from each ``first`` up to its ``stop``."""
    running = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=running[1:])
    return np.asarray(running[stop] - running[first], dtype=np.float32)
