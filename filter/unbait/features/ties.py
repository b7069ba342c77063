"""What a segment shares with the rest of its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unbait.features.tokens import IDEOGRAPH, LETTER, Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIE_NAMES = ("shared_elsewhere", "shared_next", "shared_previous", "log_words", "repeated",
             "repeats_earlier")  # fmt: skip
_WORD_LENGTH = 4  # shorter words are shared by everything
_PAIR = np.uint32(0x85EBCA77)
_SALT = 0xC2B2AE3D


def ties(tokens: Tokens, document: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return what each segment shares with its document: (segments, len(TIE_NAMES)).

    Words of four letters and more count, and pairs of characters where no spaces are written.
    ``document`` (segments,) numbers the documents; only equality matters.
    """
    count = len(tokens.first) - 1
    where = tokens.segment()
    telling = (tokens.kind == LETTER) & (tokens.end - tokens.start >= _WORD_LENGTH)
    chosen = np.flatnonzero(telling)
    pair = np.flatnonzero((tokens.kind[:-1] == IDEOGRAPH) & (tokens.kind[1:] == IDEOGRAPH))
    word = tokens.hash
    keys = np.concatenate((word[chosen], (word[pair] * _PAIR) ^ word[pair + 1]))
    where = np.concatenate((where[chosen], where[pair]))
    # Word and document above, segment below: one sort of plain numbers brings equal words of a
    # document together, in the order of its segments.
    salt = (document * _SALT).astype(np.uint32)
    packed = ((keys ^ salt[where]) * _PAIR).astype(np.uint64) << np.uint64(32)
    packed |= where.astype(np.uint64)
    packed.sort()
    keys = (packed >> np.uint64(32)).astype(np.uint32)
    where = (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    elsewhere, after, before = _spread(keys, where, count)
    totals = np.bincount(where, minlength=count)
    some = np.maximum(totals, 1)
    repeated, earlier = _repeats(tokens, salt)
    columns = (elsewhere / some, after / some, before / some, np.log1p(totals), repeated, earlier)
    return np.stack(columns, axis=1).astype(np.float32)


def _spread(
    keys: NDArray[np.uint32], where: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count per segment the words that stand in another one, in the next, in the one before."""
    if not len(keys):
        nothing = np.zeros(count, dtype=np.int64)
        return nothing, nothing, nothing
    same = keys[1:] == keys[:-1]
    step = np.where(same, where[1:] - where[:-1], 0)
    run_first = np.flatnonzero(np.append(True, ~same))
    run = np.diff(np.append(run_first, len(keys)))
    spread = where[run_first + run - 1] > where[run_first]
    return (
        np.bincount(where[np.repeat(spread, run)], minlength=count),
        np.bincount(where[:-1][step == 1], minlength=count),
        np.bincount(where[1:][step == 1], minlength=count),
    )


def _repeats(
    tokens: Tokens, salt: NDArray[np.uint32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which segments stand again in their document, and which of them stood there before."""
    place = np.arange(len(tokens.hash)) - np.repeat(tokens.first[:-1], np.diff(tokens.first))
    running = np.zeros(len(tokens.hash) + 1, dtype=np.uint64)
    placed = (tokens.hash ^ place.astype(np.uint32)).astype(np.uint64)
    np.cumsum(placed * np.uint64(0x9E3779B97F4A7C15), out=running[1:])
    line = running[tokens.first[1:]] - running[tokens.first[:-1]]
    salted = line + salt.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    order = np.argsort(salted, kind="stable")
    same = np.zeros(len(line) + 1, dtype=bool)
    same[1:-1] = salted[order][1:] == salted[order][:-1]
    repeated = np.empty(len(line), dtype=bool)
    earlier = np.empty(len(line), dtype=bool)
    repeated[order] = same[1:] | same[:-1]
    earlier[order] = same[:-1]
    return repeated, earlier
