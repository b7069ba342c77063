"""Fitting the headline model: one column a language, and one for all the others.

A column is fitted on the hashed words of its language's headlines together with what an encoder
knows of single words (``headline_vectors``); both end as one weight a word. Sources weigh the
same, and bait as much as the rest in each, so that no source's habit of labelling is learnt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, SGDClassifier

from training import headline_vectors, records
from unbait import features
from unbait.features.tokens import LETTER
from unbait.headline import COLUMNS, LANGUAGES, Words, plain, read

Mask = NDArray[np.bool_]
BUCKETS = 1 << features.HASH_BITS
FOLDS = 5
ALPHA = {"en": 1e-4, "es": 5e-5, "id": 3e-5, "tr": 3e-5, "vi": 5e-5, "any": 1e-4}
EPOCHS = 8
VECTOR_SCALE = 0.5
_READ = 200  # headlines at once: they fit a block
_TONGUE_ROWS, _TONGUE_WORDS = 3_000, 8


@dataclass(slots=True)
class Titles:
    """Headlines as arrays: ``words`` and ``known`` are scaled by one over the root of the count.

    ``words`` (titles, BUCKETS) counts features, ``plain_words`` words alone, ``known`` (titles,
    vectors) the words that have a vector, ``marks`` tells the buckets of marks and numbers.
    """

    texts: list[str]
    words: csr_matrix
    plain_words: csr_matrix
    known: csr_matrix
    marks: Mask
    label: NDArray[np.int64]
    source: NDArray[np.str_]
    lang: NDArray[np.str_]
    fold: NDArray[np.int64]


class Book:
    """Finds the vector of a token by the hash of its letters, as the folded view writes them."""

    def __init__(self, vectors: headline_vectors.Vectors) -> None:
        """Hash every word that is one token."""
        self.vectors = vectors
        names = sorted(vectors.rows)
        hashes, buckets, rows = [], [], []
        for low in range(0, len(names), 1_000):
            part = read(names[low : low + 1_000])
            single = np.flatnonzero(np.diff(part.first) == 1)
            at = part.first[single]
            hashes.append(part.tokens.hash[at])
            buckets.append(part.evidence.word[at])
            rows.append(single + low)
        self.hash, first = np.unique(np.concatenate(hashes), return_index=True)
        self.bucket = np.concatenate(buckets)[first]
        self.row = np.concatenate(rows)[first]
        self.matrix = vectors.matrix[self.row]
        place = {names[row]: i for i, row in enumerate(self.row.tolist())}
        self.common = {
            lang: np.array(sorted({place[word] for word in words if word in place}))
            for lang, words in vectors.common.items()
        }

    def find(self, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], Mask]:
        """Return (place, whether it is known) of each hash."""
        place = np.minimum(np.searchsorted(self.hash, hashes), len(self.hash) - 1)
        return place, self.hash[place] == hashes


def titles(book: Book, seed: int = 0) -> Titles:
    """Read the headlines, each once: near-copies share what is left without marks and case."""
    seen: set[str] = set()
    rows = []
    for row in records.rows("headlines/clickbait"):
        text = plain(_unlisted(row["title"]))
        key = re.sub(r"\W+", " ", text.lower()).strip()
        if key and key not in seen:
            seen.add(key)
            rows.append((text, row))
    texts = [text for text, _ in rows]
    words, plain_words, known, marks = arrays_of(texts, book)
    return Titles(
        texts, words, plain_words, known, marks,
        label=np.array([int(row["clickbait"]) for _, row in rows]),
        source=np.array([row["source"] for _, row in rows]),
        lang=np.array([row["lang"] for _, row in rows]),
        fold=np.random.default_rng(seed).integers(0, FOLDS, len(rows)),
    )  # fmt: skip


def _unlisted(title: str) -> str:
    """Repair headlines that a set wrote as Python lists of words."""
    if title.startswith("['") and title.endswith("]"):
        return " ".join(re.findall(r"'([^']+)'", title))
    return title


def arrays_of(texts: Sequence[str], book: Book) -> tuple[csr_matrix, csr_matrix, csr_matrix, Mask]:
    """Return words, words alone, known words and the buckets of marks, by serving's own code."""
    parts: list[list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]]
    parts = [[], [], []]
    marks = np.zeros(BUCKETS, dtype=np.bool_)
    for low in range(0, len(texts), _READ):
        one = read(texts[low : low + _READ])
        for part, triple in zip(parts, _triples(one, book), strict=True):
            row, column, value = triple
            part.append((row + low, column, value))
        marks[one.evidence.word[one.tokens.kind != LETTER]] = True
    widths = (BUCKETS, BUCKETS, len(book.hash))
    made = [_sparse(p, (len(texts), width)) for p, width in zip(parts, widths, strict=True)]
    return made[0], made[1], made[2], marks


def _triples(
    one: Words, book: Book
) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    bucket, token = one.evidence.pairs()
    title = one.tokens.segment()
    each = (1.0 / np.sqrt(np.maximum(one.count, 1))).astype(np.float32)
    alone = (1.0 / np.sqrt(np.maximum(np.diff(one.first), 1))).astype(np.float32)
    place, found = book.find(one.tokens.hash)
    return [
        (title[token], bucket, each[title[token]]),
        (title, one.evidence.word, alone[title]),
        (title[found], place[found], each[title[found]]),
    ]


def _sparse(
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]],
    size: tuple[int, int],
) -> csr_matrix:
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return csr_matrix((value, (row, column)), shape=size)


def weights(data: Titles, mask: Mask) -> NDArray[np.float64]:
    """Weigh every source the same, and bait as much as the rest within each."""
    weight = np.zeros(len(data.label))
    for source in np.unique(data.source[mask]):
        for label in (0, 1):
            chosen = mask & (data.source == source) & (data.label == label)
            weight[chosen] = 1.0 / max(int(chosen.sum()), 1)
    return np.asarray(weight / weight[mask].mean())


def fit_column(
    data: Titles, book: Book, mask: Mask, name: str, beside: Sequence[str] = ()
) -> tuple[NDArray[np.float64], float]:
    """Fit one column on the titles of ``mask``: (BUCKETS,) weights and a bias.

    The column of all languages sees marks, numbers and vectors alone: words are one
    language's. ``beside`` names languages whose words it shall know too, to measure it on them.
    """
    words = data.words[mask]
    if name == "any":
        words = words.multiply(data.marks.astype(np.float32)).tocsr()
    place = _words_of(data, book, mask, name, beside)
    matrix = (book.matrix - book.matrix[place].mean(axis=0)) * VECTOR_SCALE
    vectors = csr_matrix(data.known[mask] @ matrix)
    model = SGDClassifier(
        loss="log_loss", alpha=ALPHA[name], average=True, max_iter=EPOCHS, tol=None, random_state=0
    )
    model.fit(
        hstack([words, vectors]).tocsr(), data.label[mask], sample_weight=weights(data, mask)[mask]
    )
    coefficients = model.coef_[0]
    table = coefficients[:BUCKETS].copy()
    np.add.at(table, book.bucket[place], matrix[place] @ coefficients[BUCKETS:])
    return table, float(model.intercept_[0])


def _words_of(
    data: Titles, book: Book, mask: Mask, name: str, beside: Sequence[str]
) -> NDArray[np.int64]:
    """Return the words whose vectors are folded in: the common ones, and those that were seen."""
    seen = np.flatnonzero(np.asarray(data.known[mask].sum(axis=0)).ravel() > 0)
    if name == "any":
        others = [lang for lang in book.common if lang not in LANGUAGES or lang in beside]
        return np.unique(np.concatenate([book.common[lang] for lang in others]))
    return np.unique(np.concatenate((seen, book.common[name])))


def fit_tongue(
    data: Titles, book: Book, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit which language a headline is in: (BUCKETS, COLUMNS) weights and biases.

    Learns from headlines and from strings of common words; the other languages are one class.
    """
    rng = np.random.default_rng(seed)
    texts: list[str] = []
    label: list[int] = []
    for lang, places in headline_vectors.words().items():
        target = LANGUAGES.index(lang) if lang in LANGUAGES else LANGUAGES.index("any")
        chance = 1.0 / (np.arange(len(places)) + 10)
        drawn = rng.choice(len(places), (_TONGUE_ROWS, _TONGUE_WORDS), p=chance / chance.sum())
        texts += [" ".join(places[i] for i in row) for row in drawn.tolist()]
        label += [target] * _TONGUE_ROWS
    made = arrays_of(texts, book)[1]
    picked = np.concatenate([
        rng.permutation(np.flatnonzero(data.lang == lang))[:_TONGUE_ROWS] for lang in LANGUAGES[:-1]
    ])
    label += [LANGUAGES.index(lang) for lang in data.lang[picked].tolist()]
    rows = _stacked(made, data.plain_words[picked])
    model = SGDClassifier(
        loss="log_loss", alpha=1e-6, average=True, max_iter=EPOCHS, tol=None, random_state=seed
    )
    model.fit(rows, np.array(label))
    table = np.zeros((BUCKETS, COLUMNS))
    bias = np.full(COLUMNS, -1e4)
    table[:, : len(LANGUAGES)] = model.coef_.T
    bias[: len(LANGUAGES)] = model.intercept_
    return table, bias


def _stacked(*parts: csr_matrix) -> csr_matrix:
    from scipy.sparse import vstack

    return vstack(parts).tocsr()


def calibrate(data: Titles, mask: Mask, logits: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and offset that make unseen titles' logits log odds, bait being half of each."""
    model = LogisticRegression(C=1e6)
    model.fit(logits[mask, None], data.label[mask], sample_weight=weights(data, mask)[mask])
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def apply(data: Titles, column: tuple[NDArray[np.float64], float]) -> NDArray[np.float64]:
    """Return the logits of every title by one column."""
    return np.asarray(data.words @ column[0]) + column[1]
