"""Junk inside a paragraph: its sentences looked at as lines, each against the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbait import features
from unbait.features.marks import BIT, bits_of, is_upper
from unbait.features.tokens import MARK, SPACE, Tokens, kinds_of
from unbait.fold import ranges, text_of
from unbait.segment import Batch, arrange
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unbait.model import Look

LIKELY = 0.5  # a sentence as likely junk as this goes with a certain one beside it
_LIMIT = 12.0
_TINY = 1e-7
_CONTRAST = 2.0  # halves of a sentence that differ by less are one sentence
_GOES_ON = BIT["comma"] | BIT["colon"] | BIT["open"] | BIT["dash"] | BIT["slash"]  # no end before
_LEAST_HALF = 4  # tokens
_FAR = 3  # sentences to either side that may go with a certain one
_BESIDE = ("words", "chance", "told", "ends_letter", "starts_lower")
SENTENCE_NAMES = (
    *(f"own_{i}" for i in range(8)), *(f"rest_{i}" for i in range(8)),
    *(f"told_{name}" for name in CATEGORIES), *(f"chance_{name}" for name in CATEGORIES),
    *features.SHAPE_NAMES, *features.TIE_NAMES, *(f"before_{name}" for name in _BESIDE),
    *(f"after_{name}" for name in _BESIDE),
    "log_features", "log_rest_features", "log_sentences", "is_first", "is_last",
)  # fmt: skip
_COLUMN = {name: place for place, name in enumerate(features.SHAPE_NAMES)}


@dataclass(frozen=True, slots=True)
class Pieces:
    """The sentences of some paragraphs: in ``lines`` each is a line, each paragraph a document.

    ``segment``, ``start`` and ``end`` (pieces,) say where they stand in the batch they are from.
    """

    lines: Batch
    segment: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def pieces_of(
    codes: NDArray[np.uint32],
    segment: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
) -> Pieces:
    """Make lines of the spans ``codes[start:end]``; the spans of one ``segment`` stand together."""
    size = end - start
    close = np.cumsum(size + 1) - 1
    opens = close - size
    inner = codes[ranges(start, end)]
    made = np.full(int(close[-1]) + 1 if len(close) else 0, ord("\n"), dtype=np.uint32)
    made[ranges(opens, close)] = np.where(inner < ord(" "), ord(" "), inner)  # a line is one line
    head = np.ones(len(segment), dtype=bool)
    head[1:] = segment[1:] != segment[:-1]
    bounds = np.append(opens[head], len(made))
    lines = arrange(text_of(made), made, bounds, opens, close, np.cumsum(head) - 1)
    return Pieces(lines, segment, start, end)


def sentences_of(look: Look, codes: NDArray[np.uint32], segments: NDArray[np.int64]) -> Pieces:
    """Return the sentences of the paragraphs ``segments``; ``codes`` is the unfolded batch."""
    first, stop = look.first_sentence[segments], look.first_sentence[segments + 1]
    chosen = ranges(first, stop)
    owner = np.repeat(segments, stop - first)
    return pieces_of(codes, owner, look.sentence_start[chosen], look.sentence_end[chosen])


def halved(pieces: Pieces, codes: NDArray[np.uint32], at: NDArray[np.int64]) -> Pieces:
    """Cut each piece at the offset ``at`` of its line; 0 leaves it whole."""
    cut = np.flatnonzero(at)
    middle = pieces.start[cut] + at[cut]
    before = middle.copy()
    while (space := codes[before - 1] <= ord(" ")).any():
        before -= space
    return pieces_of(
        codes,
        np.insert(pieces.segment, cut, pieces.segment[cut]),
        np.insert(pieces.start, cut + 1, middle),
        np.insert(pieces.end, cut, before),
    )


def turns(
    tokens: Tokens, weights: NDArray[np.float32], source: NDArray[np.uint32]
) -> NDArray[np.int64]:
    """Return for each line the token at which it turns from junk to content or back, 0 for none.

    Junk without an end mark runs into the sentence after it. Only a word with a capital or an
    opening quote or bracket can begin anew. ``weights`` (tokens,) is what each token adds to the
    junk logit, ``source`` (tokens,) its first character, unfolded.
    """
    owner = tokens.segment()
    place = np.arange(len(owner)) - tokens.first[owner]
    left = tokens.first[owner + 1] - tokens.first[owner] - place
    marks = bits_of(source) & (BIT["quote"] | BIT["open"])
    begins = (is_upper(source) | (marks != 0)) & (place >= _LEAST_HALF) & (left >= _LEAST_HALF)
    begins[1:] &= (tokens.start[1:] > tokens.end[:-1]) & ((bits_of(source[:-1]) & _GOES_ON) == 0)
    chosen = np.flatnonzero(begins)
    running = np.concatenate(([0.0], np.cumsum(weights, dtype=np.float64)))
    low, high = running[tokens.first[owner[chosen]]], running[tokens.first[owner[chosen] + 1]]
    one = (running[chosen] - low) / np.sqrt(place[chosen])
    contrast = np.abs(one - (high - running[chosen]) / np.sqrt(left[chosen]))
    order = np.argsort(contrast, kind="stable")
    order = order[contrast[order] >= _CONTRAST]
    turn = np.zeros(len(tokens.first) - 1, dtype=np.int64)
    turn[owner[chosen[order]]] = chosen[order]  # the last written, the greatest contrast, stays
    return turn


def counts_of(again: Look) -> NDArray[np.float32]:
    """Return how many features stage one counted of each line."""
    return _between(again.sentence_counts, again.first_sentence[:-1], again.first_sentence[1:])


def sentence_columns(
    lines: Batch, again: Look, chances: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Describe sentences that were looked at ``again`` as lines: (lines, len(SENTENCE_NAMES)).

    ``chances`` (lines, categories) is stage two's word on them, ``bias`` (8,) is stage one's: what
    all sentences but one say together is what the rest of its paragraph would say alone.
    """
    counts = counts_of(again)
    evidence = (again.logits - bias) * np.sqrt(np.maximum(counts, 1))[:, None]
    first = lines.first_segment[lines.segment_document]
    stop = lines.first_segment[lines.segment_document + 1]
    rest_count = np.maximum(_between(counts, first, stop) - counts, 1)
    rest = (_between(evidence, first, stop) - evidence) / np.sqrt(rest_count)[:, None] + bias
    here = np.arange(len(counts))
    is_first, is_last = here == first, here == stop - 1
    odds = np.log(chances + _TINY)
    beside = np.stack(
        (
            again.logits[:, -1], odds[:, 0], again.told[:, 1:].max(axis=1),
            again.shapes[:, _COLUMN["ends_letter"]], again.shapes[:, _COLUMN["starts_lower"]],
        ),
        axis=1,
    )  # fmt: skip
    before, after = np.roll(beside, 1, axis=0), np.roll(beside, -1, axis=0)
    before[is_first], after[is_last] = 0, 0
    place = np.stack(
        (np.log1p(counts), np.log1p(rest_count), np.log1p(stop - first), is_first, is_last), axis=1
    )
    own, rest = np.clip(again.logits, -_LIMIT, _LIMIT), np.clip(rest, -_LIMIT, _LIMIT)
    parts = (own, rest, again.told, odds, again.shapes, again.ties, before, after, place)
    return np.concatenate(parts, axis=1, dtype=np.float32)


def wordless(lines: Batch) -> NDArray[np.bool_]:
    """Say which lines show nothing but marks: what they are depends on their neighbours."""
    kinds = kinds_of(lines.codes)
    words = np.concatenate(([0], np.cumsum((kinds != MARK) & (kinds != SPACE))))
    return np.asarray(words[lines.end] == words[lines.start])


def spread(lines: Batch, junk: NDArray[np.float32], certain: float) -> NDArray[np.float32]:
    """Let what is likely junk, or has no word, be as sure as the certain sentence beside it."""
    mute = wordless(lines)
    junk = np.where(mute, np.float32(0), junk)
    joins = (junk >= LIKELY) | mute
    same = lines.segment_document[1:] == lines.segment_document[:-1]
    for low, high in ((slice(0, -1), slice(1, None)), (slice(1, None), slice(0, -1))):
        for _ in range(_FAR):
            follows = same & (junk[low] >= certain) & joins[high]
            junk[high] = np.where(follows, np.maximum(junk[high], junk[low]), junk[high])
    return junk


def without(
    pieces: Pieces, again: Look, bias: NDArray[np.float32], gone: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]:
    """Say what the paragraphs are like without the sentences ``gone``.

    Returns their segments, the chance of junk of what is left by its words, and how many features
    that is.
    """
    lines = pieces.lines
    counts = counts_of(again) * ~gone
    evidence = (again.logits[:, -1] - bias[-1]) * np.sqrt(counts)
    document = np.unique(lines.segment_document[gone])
    first, stop = lines.first_segment[document], lines.first_segment[document + 1]
    left = _between(counts, first, stop)
    logit = _between(evidence, first, stop) / np.sqrt(np.maximum(left, 1)) + bias[-1]
    logit = np.clip(logit, -_LIMIT, _LIMIT)
    return pieces.segment[first], 1.0 / (1.0 + np.exp(-logit)), left


def _between(
    values: NDArray[np.generic], first: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Sum ``values`` from each ``first`` up to its ``stop``."""
    running = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=running[1:])
    return np.asarray(running[stop] - running[first], dtype=np.float32)
