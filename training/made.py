"""Made examples as records: junk of our templates put into clean articles of every language."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from training.records import Record, from_row
from training.split import FOLDS, SHIPPED_ONLY
from training.synthetic import bank, make

DOCUMENTS = 220  # a language
HARD = 2  # real sentences that look like junk, a document; every other one is for measuring
LISTS = 0.3  # share of the documents that hold a list of content
WEIGHT = 0.4
SOURCES: dict[bank.Half, str] = {"train": "made", "test": "made to measure"}
_LEAST_LINES = 4
_MOST_LINES = 25
_SURE_OF_LANGUAGE = 1000  # resiliparse's distance: smaller is surer


def inserted(real: Iterable[Record], half: bank.Half = "train", seed: int = 0) -> list[Record]:
    """Put made junk into the content of ``real`` records and into articles of ours.

    What is made of a record has its fold; each is made of one group of the templates, so that a fit
    can leave templates out. What is made of the half for measuring is left to the model that is
    shipped.
    """
    carriers = _carriers(real)
    found: list[Record] = []
    for lang in bank.LANGS:
        rng = Random(f"{seed}:{lang}:{half}")
        own = carriers.get(lang, []) + _ours(lang, half)
        found.extend(
            _made(rng.choice(own), lang, number, rng, half) for number in range(DOCUMENTS)
        )
    return found


def _ours(lang: str, half: bank.Half) -> list[Record]:
    return [
        Record(f"made:{lang}:{half}:{number}", "made", list(article), [], [], lang=lang,
               fold=number % FOLDS)
        for number, article in enumerate(bank.carriers(lang, half))
    ]  # fmt: skip


def _made(carrier: Record, lang: str, number: int, rng: Random, half: bank.Half) -> Record:
    group = number % bank.GROUPS
    part = bank.Group(half, group)
    texts = carrier.texts[:_MOST_LINES]
    for text in rng.sample(bank.hard_negatives(lang, part), HARD):
        texts.insert(rng.randint(0, len(texts)), text)
    ident = f"made:{lang}:{half}:{number}:{carrier.id}"
    if rng.random() < LISTS:
        at = rng.randint(1, len(texts))
        texts[at:at] = make.content_list(lang, rng, part)
    row = make.insert(texts, rng, lang=lang, part=part, ident=ident)
    record = from_row(dict(row), SOURCES[half])
    record.fold = carrier.fold if half == "train" else SHIPPED_ONLY
    record.group = group
    record.weights = [WEIGHT] * len(record.texts)
    return record


def _carriers(real: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the content lines of real records by the language they are found to be in."""
    from resiliparse.parse.lang import detect_fast

    carriers: dict[str, list[Record]] = {}
    for record in real:
        pairs = zip(record.texts, record.labels, strict=True)
        texts = [text for text, label in pairs if label == "content"]
        if len(texts) < _LEAST_LINES:
            continue
        lang, distance = detect_fast("\n".join(texts))
        if distance < _SURE_OF_LANGUAGE:
            kept = Record(record.id, "made", texts, [], [], lang=lang, fold=record.fold)
            carriers.setdefault(lang, []).append(kept)
    return carriers
