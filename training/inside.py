"""Training the judge of sentences: made junk inside real paragraphs of every language."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.lang import detect_fast
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from training.records import Record
from training.split import FOLDS
from training.synthetic import bank, make
from unbait import segment
from unbait.fold import fold
from unbait.model import ParagraphModel
from unbait.networks import Network, standardised
from unbait.rules import RuleSet
from unbait.sentences import Pieces, wordless
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from training.crossfit import Crossfit

PARAGRAPHS = 300  # a language
JUNK_EACH = 2  # junk put into each paragraph so often
MIXED = 0.3  # share of a sentence
LOSS = 0.001  # share of the sentences of news that may be cut
NEWS = ("news", "clean")  # pages hold junk inside paragraphs that nobody labelled
LEAST = 0.5
_HIDDEN = 48
_EPOCHS = 30
_SURE_OF_LANGUAGE = 1000
_LEAST_CHARACTERS = 120


class Made(NamedTuple):
    """A paragraph, and the spans of what was put into it."""

    text: str
    junk: list[tuple[int, int]]
    hard: list[tuple[int, int]]


class Rows(NamedTuple):
    """Sentences: their columns, which are junk or a hard negative, and which are of real news."""

    columns: NDArray[np.float32]
    junk: NDArray[np.bool_]
    hard: NDArray[np.bool_]
    news: NDArray[np.bool_]


def fit(
    crossfit: Crossfit, models: Sequence[ParagraphModel]
) -> tuple[Network, float, dict[str, float]]:
    """Return the network, its threshold and its figures on unseen folds.

    ``models`` holds one model a fold, whose stage one did not see that fold.
    """
    rows = [_of_fold(crossfit, models[one], one) for one in range(FOLDS)]
    chance = []
    for one in range(FOLDS):
        network = _network([rows[other] for other in range(FOLDS) if other != one])
        chance.append(network(rows[one].columns)[:, 1])
    junk = np.concatenate([part.junk for part in rows])
    hard = np.concatenate([part.hard for part in rows])
    news = np.concatenate([part.news for part in rows])
    unseen = np.concatenate(chance)
    threshold = max(LEAST, float(np.quantile(unseen[news], 1 - LOSS)))
    figures = {
        "sentences": float(len(junk)),
        "junk_found": float((unseen[junk] >= threshold).mean()),
        "real_cut": float((unseen[~junk & ~hard] >= threshold).mean()),
        "news_cut": float((unseen[news] >= threshold).mean()),
        "hard_negatives_cut": float((unseen[hard] >= threshold).mean()),
    }
    return _network(rows), threshold, figures


def _network(parts: Sequence[Rows]) -> Network:
    columns = np.concatenate([part.columns for part in parts])
    junk = np.concatenate([part.junk for part in parts])
    mean, scale = columns.mean(axis=0), 1.0 / (columns.std(axis=0) + 1e-3)
    model = MLPClassifier(
        (_HIDDEN,), alpha=0.1, batch_size=512, max_iter=_EPOCHS, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(standardised(columns, mean, scale), junk)
    # Two outputs for a softmax: nothing, and what the logistic output says.
    out = np.concatenate((np.zeros_like(model.coefs_[1]), model.coefs_[1]), axis=1)
    bias = np.append(np.zeros(1), model.intercepts_[1])
    arrays = (mean, scale, model.coefs_[0], model.intercepts_[0], out, bias)
    return Network(*(np.ascontiguousarray(array, dtype=np.float32) for array in arrays))


def _of_fold(crossfit: Crossfit, model: ParagraphModel, number: int) -> Rows:
    """Return columns and truth of every sentence made from the records of one fold."""
    first = crossfit.data.first
    rules = RuleSet.packaged()
    mine = [
        record
        for i, record in enumerate(crossfit.records)
        if record.source != "made" and crossfit.fold[first[i]] == number
    ]
    parts = [
        _rows(model, rules, made)
        for lang, paragraphs in _paragraphs(mine, number).items()
        if (made := _made(lang, paragraphs, number))
    ]
    for is_news in (True, False):
        real = _real([record for record in mine if (record.source in NEWS) == is_news])
        parts.append(_rows(model, rules, [Made(text, [], []) for text in real], is_news))
    return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _real(records: Sequence[Record]) -> list[str]:
    """Return every real paragraph: what is lost of them is what the threshold promises."""
    return [
        " ".join(text.split())
        for record in records
        for text, label in zip(record.texts, record.labels, strict=True)
        if label == "content" and len(text) >= _LEAST_CHARACTERS
    ]


def _paragraphs(records: Sequence[Record], number: int) -> dict[str, list[str]]:
    """Return real paragraphs of several sentences by language; ours for languages without."""
    found: dict[str, list[str]] = {lang: [] for lang in bank.LANGS}
    for record in records:
        for text, label in zip(record.texts, record.labels, strict=True):
            if label == "content" and len(text) >= _LEAST_CHARACTERS and record.lang != "xh":
                lang, distance = detect_fast(text)
                if distance < _SURE_OF_LANGUAGE and lang in found:
                    found[lang].append(text)
    for lang, texts in found.items():
        ours = [
            text
            for article in bank.carriers(lang, "train")
            for text in article
            if len(text) >= _LEAST_CHARACTERS / 2
        ]
        Random(f"{number}:{lang}").shuffle(texts)
        found[lang] = (texts or ours * 8)[: PARAGRAPHS // FOLDS]
    return found


def _made(lang: str, paragraphs: Sequence[str], number: int) -> list[Made]:
    """Return each paragraph as it is, with junk inside, and with a hard negative inside."""
    rng = Random(f"inside:{number}:{lang}")
    part = bank.Group("train", number)
    hard = bank.hard_negatives(lang, part)
    gap = "" if lang in ("zh", "ja") else " "
    made: list[Made] = []
    for paragraph in paragraphs:
        text = " ".join(paragraph.split())
        made.append(Made(text, [], []))
        made.extend(
            Made(*make.insert_inside(text, rng, lang, part), []) for _ in range(JUNK_EACH)
        )
        whole = f"{text}{gap}{rng.choice(hard)}"
        made.append(Made(whole, [], [(len(text), len(whole))]))
    return made


def _rows(
    model: ParagraphModel, rules: RuleSet, made: Sequence[Made], is_news: bool = False
) -> Rows:
    """Describe every sentence as serving does, whether its paragraph is suspect or not."""
    batch = segment.batch([one.text for one in made])
    look = model.look(batch, fold(batch.codes), _nothing_told(len(batch.start)))
    several = np.flatnonzero(np.diff(look.first_sentence) > 1)
    pieces, folded = model.pieces(look, batch.codes, several)
    lines = pieces.lines
    bounds = folded.from_source(lines.start), folded.from_source(lines.end)
    told = rules.told(rules.find(folded.codes, *bounds), len(lines.start))
    columns = model.sentence_columns(lines, model.look(lines, folded, told))
    base = batch.document_start
    junk = _inside(pieces, [(base[i] + a, base[i] + b) for i, one in enumerate(made)
                            for a, b in one.junk])  # fmt: skip
    hard = _inside(pieces, [(base[i] + a, base[i] + b) for i, one in enumerate(made)
                            for a, b in one.hard])  # fmt: skip
    # What is half junk teaches nothing, nor do marks alone.
    clear = ~wordless(lines) & ((junk < MIXED) | (junk > 1 - MIXED))
    news = np.full(int(clear.sum()), is_news)
    return Rows(columns[clear], junk[clear] > 0.5, hard[clear] > 0.5, news)


def _inside(
    pieces: Pieces, spans: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Return the share of each sentence that lies in one of the ``spans``, sorted."""
    if not spans:
        return np.zeros(len(pieces.start))
    low, high = np.array(spans).T
    one = np.clip(np.searchsorted(low, pieces.end) - 1, 0, None)
    shared = np.minimum(pieces.end, high[one]) - np.maximum(pieces.start, low[one])
    return np.asarray(np.maximum(shared, 0) / (pieces.end - pieces.start), dtype=np.float64)


def _nothing_told(count: int) -> NDArray[np.float32]:
    return np.zeros((count, len(CATEGORIES)), dtype=np.float32)
