"""Training the judge of sentences: made junk inside real paragraphs of every language."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.lang import detect_fast
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from training import tables
from training.records import Record
from training.split import FOLDS
from training.synthetic import bank, make
from unbait.fold import fold
from unbait.model import Look, ParagraphModel
from unbait.networks import Network, standardised
from unbait.rules import RuleSet
from unbait.sentences import sentence_columns, sentence_owner, told_of_sentences
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from training.crossfit import Crossfit

PARAGRAPHS = 600  # a language
LOSS = 0.0007  # share of real sentences that may be cut
LEAST = 0.5
_HIDDEN = 32
_EPOCHS = 30
_SURE_OF_LANGUAGE = 1000
_LEAST_CHARACTERS = 120

Rows = tuple[NDArray[np.float32], NDArray[np.bool_]]


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
        chance.append(network(rows[one][0])[:, 1])
    junk = np.concatenate([target for _, target in rows])
    unseen = np.concatenate(chance)
    threshold = max(LEAST, float(np.quantile(unseen[~junk], 1 - LOSS)))
    figures = {
        "sentences": float(len(junk)),
        "junk_found": float((unseen[junk] >= threshold).mean()),
        "real_cut": float((unseen[~junk] >= threshold).mean()),
    }
    return _network(rows), threshold, figures


def _network(parts: Sequence[Rows]) -> Network:
    columns = np.concatenate([part[0] for part in parts])
    junk = np.concatenate([part[1] for part in parts])
    mean, scale = columns.mean(axis=0), 1.0 / (columns.std(axis=0) + 1e-3)
    model = MLPClassifier(
        (_HIDDEN,), alpha=0.1, batch_size=256, max_iter=_EPOCHS, random_state=0
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
        _rows(model, rules, text, spans)
        for lang, paragraphs in _paragraphs(mine, number).items()
        for text, spans in _made(lang, paragraphs, number)
    ]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


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


def _made(
    lang: str, paragraphs: Sequence[str], number: int
) -> list[tuple[str, list[tuple[int, int]]]]:
    """Return each paragraph as it is, with junk inside, and with a hard negative inside."""
    rng = Random(f"inside:{number}:{lang}")
    hard = bank.hard_negatives(lang)[::2]
    made: list[tuple[str, list[tuple[int, int]]]] = []
    for text in paragraphs:
        made.append((text, []))
        made.append(make.insert_inside(text, rng, lang))
        made.append((f"{text} {rng.choice(hard)}", []))
    return made


def _rows(
    model: ParagraphModel, rules: RuleSet, text: str, spans: list[tuple[int, int]]
) -> Rows:
    batch = tables.as_batch([" ".join(text.split("\n"))])
    folded = fold(batch.codes)
    look: Look = model.look(
        batch, folded, np.zeros((1, len(CATEGORIES)), dtype=np.float32)
    )
    several = np.flatnonzero(np.diff(look.first_sentence)[sentence_owner(look)] > 1)
    start, end = look.sentence_start[several], look.sentence_end[several]
    told = told_of_sentences(rules, folded, start, end)
    columns = sentence_columns(look, batch.codes, model.bias, several, told)
    inside = np.zeros(len(several))
    for low, high in spans:
        inside += np.maximum(np.minimum(end, high) - np.maximum(start, low), 0)
    return columns, inside > 0.5 * (end - start)
