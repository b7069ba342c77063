"""What a segment shares with the rest of its document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbait.features.tokens import IDEOGRAPH, LETTER, Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TIE_NAMES = ("shared_elsewhere", "shared_next", "shared_previous", "log_words", "repeated",
             "repeats_earlier")  # fmt: skip
_WORD_LENGTH = 4  # shorter words are shared by everything
_PAIR = np.uint32(0x85EBCA77)
_SALT = 0xC2B2AE3D
_HALF, _SEGMENT = np.uint64(32), np.uint64(0xFFFF_FFFF)


@dataclass(frozen=True, slots=True)
class Bonds:
    """What ties are counted from.

    ``words`` (words,) are sorted: above a word as it stands in its document, below its segment.
    ``lines`` (segments,) hash each segment as it stands in its document. ``document`` (segments,)
    numbers the documents, whose segments stand together; only equality matters.
    """

    words: NDArray[np.uint64]
    lines: NDArray[np.uint64]
    document: NDArray[np.int64]

    def columns(self) -> NDArray[np.float32]:
        """Return what each segment shares with its document: (segments, len(TIE_NAMES))."""
        count = len(self.lines)
        keys = (self.words >> _HALF).astype(np.uint32)
        where = (self.words & _SEGMENT).astype(np.int64)
        elsewhere, after, before = _spread(keys, where, self.document)
        totals = np.bincount(where, minlength=count)
        some = np.maximum(totals, 1)
        repeated, earlier = _repeats(self.lines)
        columns = (elsewhere / some, after / some, before / some, np.log1p(totals), repeated,
                   earlier)  # fmt: skip
        return np.stack(columns, axis=1).astype(np.float32)

    def among(self, part: NDArray[np.int64]) -> Bonds:
        """Return the bonds that the segments ``part`` (ascending) have where no others are."""
        kept = np.zeros(len(self.lines), dtype=bool)
        kept[part] = True
        number = (np.cumsum(kept) - 1).astype(np.uint64)
        words = self.words[kept[self.words & _SEGMENT]]
        words = words & ~_SEGMENT | number[words & _SEGMENT]
        return Bonds(words, self.lines[part], self.document[part])

    @staticmethod
    def joined(parts: Sequence[Bonds]) -> Bonds:
        """Put the bonds of runs of segments one after another; no document is in two of them."""
        first = np.cumsum([0, *(len(part.lines) for part in parts)]).astype(np.uint64)
        words = [part.words + low for part, low in zip(parts, first[:-1], strict=True)]
        lines, document = zip(*((part.lines, part.document) for part in parts), strict=True)
        return Bonds(np.concatenate(words), np.concatenate(lines), np.concatenate(document))


def bonds(tokens: Tokens, document: NDArray[np.int64]) -> Bonds:
    """Return what binds segments together.

    Words of four letters and more count, and pairs of characters where no spaces are written.
    ``document`` is that of ``Bonds``.
    """
    where = tokens.segment()
    telling = (tokens.kind == LETTER) & (tokens.end - tokens.start >= _WORD_LENGTH)
    chosen = np.flatnonzero(telling)
    unspaced = tokens.kind == IDEOGRAPH
    pair = np.flatnonzero(unspaced[:-1] & unspaced[1:] & (where[:-1] == where[1:]))
    word = tokens.hash
    keys = np.concatenate((word[chosen], (word[pair] * _PAIR) ^ word[pair + 1]))
    where = np.concatenate((where[chosen], where[pair]))
    # One sort of plain numbers brings equal words of a document together, in segments' order.
    salt = (document * _SALT).astype(np.uint32)
    words = ((keys ^ salt[where]) * _PAIR).astype(np.uint64) << _HALF
    words |= where.astype(np.uint64)
    words.sort()
    return Bonds(words, _lines(tokens, salt), document)


def ties(tokens: Tokens, document: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return what each segment shares with its document, as ``bonds`` and ``Bonds.columns``."""
    return bonds(tokens, document).columns()


def _spread(
    keys: NDArray[np.uint32], where: NDArray[np.int64], document: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count per segment the words that stand in another one, in the next, in the one before."""
    count = len(document)
    if not len(keys):
        nothing = np.zeros(count, dtype=np.int64)
        return nothing, nothing, nothing
    same = keys[1:] == keys[:-1]
    alike = np.flatnonzero(same)  # in 32 bits words of two documents can look alike
    same[alike] = document[where[alike]] == document[where[alike + 1]]
    step = np.where(same, where[1:] - where[:-1], 0)
    run_first = np.flatnonzero(np.append(True, ~same))
    run = np.diff(np.append(run_first, len(keys)))
    spread = where[run_first + run - 1] > where[run_first]
    return (
        np.bincount(where[np.repeat(spread, run)], minlength=count),
        np.bincount(where[:-1][step == 1], minlength=count),
        np.bincount(where[1:][step == 1], minlength=count),
    )


def _lines(tokens: Tokens, salt: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Hash each segment's words in order, with its document's salt."""
    place = np.arange(len(tokens.hash)) - np.repeat(tokens.first[:-1], np.diff(tokens.first))
    running = np.zeros(len(tokens.hash) + 1, dtype=np.uint64)
    placed = (tokens.hash ^ place.astype(np.uint32)).astype(np.uint64)
    np.cumsum(placed * np.uint64(0x9E3779B97F4A7C15), out=running[1:])
    line = running[tokens.first[1:]] - running[tokens.first[:-1]]
    return np.asarray(line + salt.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93))


def _repeats(lines: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which segments stand again in their document, and which of them stood there before."""
    order = np.argsort(lines, kind="stable")
    same = np.zeros(len(lines) + 1, dtype=bool)
    same[1:-1] = lines[order][1:] == lines[order][:-1]
    repeated = np.empty(len(lines), dtype=bool)
    earlier = np.empty(len(lines), dtype=bool)
    repeated[order] = same[1:] | same[:-1]
    earlier[order] = same[:-1]
    return repeated, earlier
