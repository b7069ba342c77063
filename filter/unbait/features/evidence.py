"""Words to what stage one counts: hashed words, pairs and word edges, by sentence and segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbait.features import marks
from unbait.features.tokens import DIGIT, IDEOGRAPH, LETTER, MARK, Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

HASH_BITS = 18

_MIX = np.uint32(0x9E3779B1)
_PAIR = np.uint32(0x85EBCA77)
_PREFIX = np.uint32(0xC2B2AE3D)
_SUFFIX = np.uint32(0x27D4EB2F)
_BEGIN = np.uint32(0x165667B1)
_END = np.uint32(0x2545F491)
_ORDINAL = 2  # digits of a number that a stop makes an ordinal
_OPENING = np.array([ord(mark) for mark in "“‘「『"], dtype=np.uint32)
_ORNAMENTS = marks.BIT["pipe"] | marks.BIT["arrow"] | marks.BIT["bullet"]
_DINGBATS, _EMOJI = (0x2600, 0x27BF), 0x1F000


@dataclass(frozen=True, slots=True)
class Evidence:
    """The buckets that stage one counts.

    ``word`` and ``pair``: shape (tokens,). ``prefix`` and ``suffix`` belong to the long words at
    ``long``, ``begin`` and ``begin_pair`` to the first tokens of segments at ``head``.
    ``sentence_first`` (sentences + 1,) gives each sentence's first token, ``first_sentence``
    (segments + 1,) each segment's first sentence.
    """

    word: NDArray[np.int64]
    pair: NDArray[np.int64]
    long: NDArray[np.int64]
    prefix: NDArray[np.int64]
    suffix: NDArray[np.int64]
    head: NDArray[np.int64]
    begin: NDArray[np.int64]
    begin_pair: NDArray[np.int64]
    sentence_first: NDArray[np.int64]
    first_sentence: NDArray[np.int64]

    def counts(self) -> NDArray[np.float32]:
        """Return how many features each sentence has, shape (sentences,)."""
        ends = self.sentence_first
        total = 2 * (ends + np.searchsorted(self.long, ends) + np.searchsorted(self.head, ends))
        return np.diff(total).astype(np.float32)

    def rows(self, table: NDArray[np.int8]) -> NDArray[np.int16]:
        """Return what each token adds by ``table`` (2 ** HASH_BITS, 8): shape (tokens, 8)."""
        packed = table.view(np.uint64)[:, 0]

        def weights(bucket: NDArray[np.int64]) -> NDArray[np.int8]:
            return np.take(packed, bucket).view(np.int8).reshape(-1, 8)

        rows = np.add(weights(self.word), weights(self.pair), dtype=np.int16)
        rows[self.long] += np.add(weights(self.prefix), weights(self.suffix), dtype=np.int16)
        rows[self.head] += np.add(weights(self.begin), weights(self.begin_pair), dtype=np.int16)
        return rows

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (bucket, token) of every feature, for training."""
        everyone = np.arange(len(self.word))
        return (
            np.concatenate((self.word, self.pair, self.prefix, self.suffix, self.begin,
                            self.begin_pair)),
            np.concatenate((everyone, everyone, self.long, self.long, self.head, self.head)),
        )  # fmt: skip


def _buckets(hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
    mixed = hashes ^ (hashes >> np.uint32(15))
    return ((mixed * _MIX) >> np.uint32(32 - HASH_BITS)).astype(np.int64)


def evidence(tokens: Tokens, codes: NDArray[np.uint32]) -> Evidence:
    """Hash words, pairs of neighbours, openings and the edges of long words.

    ``codes`` is the folded text that ``tokens`` came from.
    """
    word = tokens.hash
    filled = tokens.first[1:] > tokens.first[:-1]
    head, last = tokens.first[:-1][filled], tokens.first[1:][filled] - 1
    after = np.empty_like(word)
    after[:-1] = word[1:]
    after[last] = _END
    pair = (word * _PAIR) ^ (after * _MIX)
    begin = _BEGIN ^ (word[head] * _MIX)
    long = np.flatnonzero(tokens.prefix)
    sentence_first = _sentences(tokens, codes)
    return Evidence(
        _buckets(word), _buckets(pair),
        long, _buckets(tokens.prefix[long] * _PREFIX), _buckets(tokens.suffix[long] * _SUFFIX),
        head, _buckets(begin), _buckets((begin * _PAIR) ^ pair[head]),
        sentence_first, np.searchsorted(sentence_first, tokens.first),
    )  # fmt: skip


def _sentences(tokens: Tokens, codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the first token of every sentence, and the token count at the end.

    A sentence ends at an end mark, with the quotes and brackets that close it, where a space
    follows or a script without spaces; at the bracket that closes what a sentence opened with;
    before and after ornaments (stars, bars, emoji) that stand at the edge of a word; and where its
    segment ends.
    """
    count = len(tokens.hash)
    opens = np.zeros(count + 1, dtype=bool)
    opens[tokens.first] = opens[count] = True
    mark = np.flatnonzero(tokens.kind == MARK)
    sign = codes[tokens.start[mark]]
    bits = marks.bits_of(sign)
    ends = ((bits & marks.SENTENCE_END) != 0) & ~_abbreviates(tokens, mark, sign)
    closes = ((bits & marks.SENTENCE_CLOSE) != 0) & ~np.isin(sign, _OPENING)
    leads = opens[mark]  # what stands before it is of another segment
    next_to = (mark[1:] == mark[:-1] + 1) & ~leads[1:]
    closes_one = np.zeros(len(mark), dtype=bool)
    closes_one[1:] = next_to & ends[:-1] & closes[1:]
    after = np.minimum(mark + 1, max(count - 1, 0))
    apart = tokens.start[after] > tokens.end[mark]
    free = apart | (tokens.kind[after] == IDEOGRAPH)
    # A script without spaces ends its sentences where nothing more closes them.
    dense = (tokens.kind[np.maximum(mark - 1, 0)] == IDEOGRAPH) & ~leads
    dense[1:] |= closes_one[1:] & dense[:-1]
    more = np.zeros(len(mark), dtype=bool)
    more[:-1] = next_to & (closes | ends)[1:] & ~apart[:-1]
    opens[mark[(ends | closes_one) & (free | (dense & ~more))] + 1] = True
    _end_bracketed(opens, tokens, mark, bits, free | dense)
    _part_ornaments(opens, tokens, mark, sign, bits)
    return np.flatnonzero(opens)


def _abbreviates(
    tokens: Tokens, mark: NDArray[np.int64], sign: NDArray[np.uint32]
) -> NDArray[np.bool_]:
    """Say which full stops end initials and ordinals: after one letter, after a short number."""
    before = np.maximum(mark - 1, 0)
    short = tokens.end[before] - tokens.start[before]
    joined = tokens.end[before] == tokens.start[mark]
    kind = tokens.kind[before]
    brief = ((kind == DIGIT) & (short <= _ORDINAL)) | ((kind == LETTER) & (short == 1))
    return np.asarray((sign == ord(".")) & joined & brief)


def _end_bracketed(
    opens: NDArray[np.bool_], tokens: Tokens, mark: NDArray[np.int64], bits: NDArray[np.int32],
    free: NDArray[np.bool_],
) -> None:  # fmt: skip
    """End the sentences that are one bracket: the first mark opens it, the next bracket closes."""
    bracket = (bits & (marks.BIT["open"] | marks.BIT["close"])) != 0
    where, closing = mark[bracket], (bits[bracket] & marks.BIT["close"]) != 0
    segment = np.searchsorted(tokens.first, where, side="right")
    pair = np.flatnonzero(closing[1:] & ~closing[:-1] & (segment[1:] == segment[:-1]))
    pair = pair[opens[where[pair]] & free[bracket][pair + 1]]
    opens[where[pair + 1] + 1] = True


def _part_ornaments(
    opens: NDArray[np.bool_], tokens: Tokens, mark: NDArray[np.int64],
    sign: NDArray[np.uint32], bits: NDArray[np.int32],
) -> None:  # fmt: skip
    """Open a sentence before an ornament that a space precedes, after one that a space follows."""
    ornate = ((bits & _ORNAMENTS) != 0) | (sign == ord("*")) | (sign >= _EMOJI)
    ornate |= (sign >= _DINGBATS[0]) & (sign <= _DINGBATS[1])
    where = mark[ornate]
    if not len(where):
        return
    before, after = np.maximum(where - 1, 0), np.minimum(where + 1, len(tokens.hash) - 1)
    loose = (tokens.start[where] > tokens.end[before]) | (tokens.kind[before] == IDEOGRAPH)
    loose_after = (tokens.start[after] > tokens.end[where]) | (tokens.kind[after] == IDEOGRAPH)
    opens[where[loose]] = True
    opens[where[loose_after] + 1] = True
