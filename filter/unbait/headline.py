"""How likely a headline is bait, told by its words and nothing else.

Every word, pair of neighbours, opening and word edge has one weight a language; which language a
headline is in is told by its words too, and a column fitted on all languages together speaks for
the others. Case, urls, handles, dates and publishers' names are taken away first: they say who
wrote a headline, not whether it baits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait import features, modelfile
from unbait.fold import codes_of, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

LANGUAGES = ("en", "es", "id", "tr", "vi", "any")
COLUMNS = 8  # a row of weights is one machine word; the columns past LANGUAGES are empty
LONGEST = 400  # characters of a headline that are read
_BLOCK = features.BLOCK // 2
_LEAST_HEAD, _MOST_TAIL = 4, 5  # words

_URL = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/|t\.co/)\S*")
_SITE = re.compile(r"\b\w+\.(?:com|net|org|info|co\.uk)(?:\.\w{2})?\b(?:/\S*)?", re.IGNORECASE)
_HANDLE = re.compile(r"(?:\b(?:via|by|RT)\s+)?@\w+:?")
_TAGS = re.compile(r"(?:\s*#\w+)+\s*$")
_DATE = re.compile(r"\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b")
_TAIL = re.compile(r"\s+([-–—|»·])\s+([^-–—|»·]+)$")
_PAPERS = ("Báo ", "Tạp chí ", "Đài ")
_EDGES = " \t\"“”'‘’|»«-–—:·"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some headlines: tokens, what stage one counts, and how many a headline has.

    ``first`` (headlines + 1,) gives each headline's first token, ``count`` its features.
    """

    tokens: features.Tokens
    evidence: features.Evidence
    codes: NDArray[np.uint32]
    first: NDArray[np.int64]
    count: NDArray[np.float32]


class HeadlineModel:
    """The trained model of one directory: ``manifest.json`` and ``weights.safetensors``."""

    def __init__(self, arrays: dict[str, NDArray[Any]], manifest: dict[str, Any]) -> None:
        """Take the arrays and the manifest as ``modelfile.load`` returns them."""
        self.manifest = manifest
        self._bait: NDArray[np.int8] = arrays["bait.table"]
        self._bait_scale: NDArray[np.float32] = arrays["bait.scale"]
        self._bait_bias: NDArray[np.float32] = arrays["bait.bias"]
        self._tongue: NDArray[np.int8] = arrays["tongue.table"]
        self._tongue_scale: NDArray[np.float32] = arrays["tongue.scale"]
        self._tongue_bias: NDArray[np.float32] = arrays["tongue.bias"]

    @classmethod
    def load(cls, directory: Path) -> HeadlineModel:
        """Load a model directory; ModelError says what is wrong with it."""
        return cls(*modelfile.load(directory, features.FEATURE_VERSION))

    def score(self, titles: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of bait of each headline, 0 for one without a word.

        Bait and not bait are taken as equally common; ``docs/headlines.md`` says how to turn the
        number into another prior. A headline's score does not depend on the others.
        """
        scores = np.zeros(len(titles))
        for places, texts in gathered(titles):
            words = read(texts)
            filled = words.count > 0
            odds = self._logits(words)[filled]
            scores[places[filled]] = 1.0 / (1.0 + np.exp(-odds))
        return scores

    def words(self, title: str) -> list[tuple[str, float]]:
        """Return the words of a headline and what each adds to the log odds, strongest first.

        Openings and pairs count with their first word; a word below 0 speaks against bait.
        """
        words = read([plain(title)])
        if not words.count[0]:
            return []
        rows = words.evidence.rows(self._bait).astype(np.float32)
        scale = self._bait_scale / np.sqrt(words.count[0])
        each = (rows * scale) @ self._languages(words)[0]
        tokens, order = words.tokens, np.argsort(-np.abs(each), kind="stable")
        return [
            (text_of(words.codes[tokens.start[i] : tokens.end[i]]), float(each[i]))
            for i in order.tolist()
        ]

    def language(self, title: str) -> dict[str, float]:
        """Return how much each column of ``LANGUAGES`` has to say of a headline."""
        shares = self._languages(read([plain(title)]))[0]
        return dict(zip(LANGUAGES, shares.tolist(), strict=False))

    def _logits(self, words: Words) -> NDArray[np.float64]:
        rows = words.evidence.rows(self._bait)
        sums = grouped(rows, words.first) / np.sqrt(np.maximum(words.count, 1.0))[:, None]
        logits = sums * self._bait_scale + self._bait_bias
        return np.asarray((logits * self._languages(words)).sum(axis=1), dtype=np.float64)

    def _languages(self, words: Words) -> NDArray[np.float32]:
        """Return the share of each language column: shape (headlines, COLUMNS), rows sum to 1."""
        packed = self._tongue.view(np.uint64)[:, 0]
        rows = np.take(packed, words.evidence.word).view(np.int8).reshape(-1, COLUMNS)
        sizes = np.maximum(np.diff(words.first), 1)[:, None]
        x = grouped(rows, words.first) / np.sqrt(sizes, dtype=np.float32)
        x = x * self._tongue_scale + self._tongue_bias
        x -= x.max(axis=1, keepdims=True)
        np.exp(x, out=x)
        return np.asarray(x / x.sum(axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def packaged() -> HeadlineModel:
    """Return the packaged model, loaded when it is first asked for."""
    return HeadlineModel.load(modelfile.packaged("headline"))


def gathered(titles: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """Yield (places, headlines) that fit a block; plain ASCII apart, it is quicker to fold."""
    kinds: dict[bool, tuple[list[int], list[str]]] = {True: ([], []), False: ([], [])}
    sizes = {True: 0, False: 0}
    for place, title in enumerate(titles):
        text = plain(title)
        kind = text.isascii()
        places, texts = kinds[kind]
        if sizes[kind] + len(text) >= _BLOCK:
            yield from _fitting(np.array(places), texts)
            places, texts = kinds[kind] = [], []
            sizes[kind] = 0
        places.append(place)
        texts.append(text)
        sizes[kind] += len(text) + 1
    for places, texts in kinds.values():
        if texts:
            yield from _fitting(np.array(places), texts)


def _fitting(
    places: NDArray[np.int64], texts: list[str]
) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """Halve what would grow beyond a block when it is folded: letters that stand for many."""
    if len(texts) > 1 and not texts[0].isascii() and _folded_size(texts) > features.BLOCK:
        half = len(texts) // 2
        yield from _fitting(places[:half], texts[:half])
        yield from _fitting(places[half:], texts[half:])
    else:
        yield places, texts


def _folded_size(texts: list[str]) -> int:
    import unicodedata

    whole = "".join(texts)
    return len(unicodedata.normalize("NFKD", whole)) + len(texts)


def read(texts: Sequence[str]) -> Words:
    """Split headlines that ``plain`` has seen and that fit a block into words."""
    whole = "\n".join([*texts, ""])
    end = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1) - 1
    start = np.concatenate(([0], end[:-1] + 1))
    folded = fold(codes_of(whole))
    codes = folded.codes[: features.BLOCK]
    low = folded.from_source(start)
    high = np.minimum(folded.from_source(end), len(codes))
    tokens = features.tokenize(codes, np.minimum(low, len(codes)), high)
    evidence = features.evidence(tokens, codes)
    long = np.searchsorted(evidence.long, tokens.first)
    count = 2 * (np.diff(tokens.first) + np.diff(long) + (np.diff(tokens.first) > 0))
    return Words(tokens, evidence, codes, tokens.first, count.astype(np.float32))


def grouped(rows: NDArray[Any], first: NDArray[np.int64]) -> NDArray[np.float32]:
    """Sum rows over each headline, 0 for one without a word."""
    sums = np.zeros((len(first) - 1, rows.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(first[1:] > first[:-1])
    if len(filled):
        sums[filled] = np.add.reduceat(rows, first[filled], axis=0, dtype=np.int32)
    return sums


def text_of(codes: NDArray[np.uint32]) -> str:
    """Return the text of some code points."""
    return codes.astype("<u4").tobytes().decode("utf-32-le", "replace")


def plain(title: str) -> str:
    """Return a headline without what names its publisher: urls, handles, tags, dates, suffixes."""
    text = title[:LONGEST]
    if not text.isprintable() or "  " in text:
        text = " ".join(text.split())
    if "." in text or "/" in text:
        text = _DATE.sub(" ", _SITE.sub(" ", _URL.sub(" ", text)))
    if "@" in text:
        text = _HANDLE.sub(" ", text)
    if "#" in text:
        text = _TAGS.sub("", text).replace("#", "") or text
    if " | " in text or " - " in text or " – " in text or " — " in text or " » " in text:
        text = _without_publisher(text)
    return text.strip(_EDGES)


def _without_publisher(text: str) -> str:
    """Cut a last part that is a name: after a bar a short one, after a dash capitals alone."""
    found = _TAIL.search(text)
    if not found:
        return text
    words = found[2].split()
    if len(words) > _MOST_TAIL or len(text[: found.start()].split()) < _LEAST_HEAD:
        return text
    dashed = found[1] in "-–—" and not found[2].startswith(_PAPERS)
    if dashed and not all(word[0].isupper() for word in words):
        return text
    return text[: found.start()]
