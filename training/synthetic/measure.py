"""What a cleaner does to the made examples: ``python -m training.synthetic.measure``.

Junk comes from the "test" half of the templates, carriers are the invented articles.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from statistics import median
from typing import Protocol

from training.synthetic.bank import JUNK, LANGS, Half, carriers, hard_negatives
from training.synthetic.disguise import KINDS, Kind, disguise
from training.synthetic.make import Line, insert, insert_inside


class _Cut(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def action(self) -> str: ...


class ResultLike(Protocol):
    """What is looked at of a result."""

    @property
    def decisions(self) -> Sequence[_Cut]:
        """What happens to each part of the text."""
        ...


Clean = Callable[[str, str], ResultLike]
Figures = dict[str, dict[str, float]]


def measure(
    clean: Clean,
    *,
    langs: Iterable[str] = LANGS,
    documents: int = 40,
    seed: int = 7,
    half: Half = "test",
) -> Figures:
    """Return the figures by language ("all" is their mean, weighing each language the same).

    ``documents`` is the number of made documents of each sort in each language.
    """
    figures: Figures = {}
    for lang in langs:
        rng = Random(f"{seed}:{lang}")
        figures[lang] = {
            **_injected(clean, lang, documents, rng, half),
            **_hard_negatives(clean, lang),
            "inside_exact": _inside(clean, lang, documents, rng, half),
        }
    figures["all"] = _mean(figures)
    return figures


def _mean(figures: Figures) -> dict[str, float]:
    names = dict.fromkeys(name for row in figures.values() for name in row)
    columns = {name: [row[name] for row in figures.values() if name in row] for name in names}
    return {name: sum(column) / len(column) for name, column in columns.items()}


def _injected(clean: Clean, lang: str, documents: int, rng: Random, half: Half) -> dict[str, float]:
    """Cut rates of injected lines, of article lines, and of disguised ads against plain ones."""
    found: dict[str, list[bool]] = {}
    plain_cut = dict.fromkeys(KINDS, 0)
    hidden_cut = dict.fromkeys(KINDS, 0)
    for _ in range(documents):
        article = rng.choice(carriers(lang, half))
        record = insert(article, rng, lang=lang, part=half, disguised=0)["lines"]
        texts = [line["text"] for line in record]
        plain = cut_lines(clean, texts, lang)
        for line, cut in zip(record, plain, strict=True):
            found.setdefault(line["label"], []).append(cut)
        kind = rng.choice(KINDS)
        for at, text in _disguised_ads(record, rng, kind):
            hidden = cut_lines(clean, [*texts[:at], text, *texts[at + 1 :]], lang)
            plain_cut[kind] += plain[at]
            hidden_cut[kind] += plain[at] and hidden[at]
    figures = {
        f"{label}_cut": _share(found[label]) for label in (*JUNK, "content") if label in found
    }
    if any(plain_cut.values()):
        figures["disguised_kept"] = sum(hidden_cut.values()) / sum(plain_cut.values())
    for kind in KINDS:
        if plain_cut[kind]:
            figures[f"disguised_kept_{kind}"] = hidden_cut[kind] / plain_cut[kind]
    return figures


def _disguised_ads(record: list[Line], rng: Random, kind: Kind) -> Iterable[tuple[int, str]]:
    for at, line in enumerate(record):
        if line["label"] == "ad":
            text = disguise(line["text"], rng, kind)
            if text != line["text"]:
                yield at, text


def _hard_negatives(clean: Clean, lang: str) -> dict[str, float]:
    """Share of hard negatives that lose anything, standing alone and inside an article."""
    alone, within = [], []
    wholes = carriers(lang, "test")
    for i, text in enumerate(hard_negatives(lang, "test")):
        alone.append(bool(removed(clean(text, lang))))
        article = wholes[i % len(wholes)]
        at = 2 + i % (len(article) - 2)
        whole = "\n\n".join((*article[:at], text, *article[at:]))
        start = len("\n\n".join(article[:at])) + 2
        cut = removed(clean(whole, lang))
        within.append(any(a < start + len(text) and b > start for a, b in cut))
    return {"hard_negative_cut": _share(within), "hard_negative_cut_alone": _share(alone)}


def _inside(clean: Clean, lang: str, documents: int, rng: Random, half: Half) -> float:
    """Share of paragraphs that come out as they were before junk was put into them.

    Lines shorter than most are headings, list items and questions, no paragraphs.
    """
    exact = []
    for _ in range(documents):
        article = rng.choice(carriers(lang, half))
        usual = median(len(text) for text in article)
        at = rng.choice([i for i, text in enumerate(article) if i and len(text) >= usual])
        text, [(start, end)] = insert_inside(article[at], rng, lang, half)
        before = "\n\n".join(article[:at]) + "\n\n"
        whole = before + "\n\n".join((text, *article[at + 1 :]))
        low, high = len(before), len(before) + len(text)
        cut = [(max(a, low), min(b, high)) for a, b in removed(clean(whole, lang))]
        left = _visible(whole, [(a, b) for a, b in cut if a < b])
        exact.append(left == _visible(whole, [(low + start, low + end)]))
    return _share(exact)


def _visible(text: str, cuts: Iterable[tuple[int, int]]) -> set[int]:
    """Places of what is cut, without white space."""
    return {i for start, end in cuts for i in range(start, end) if not text[i].isspace()}


def removed(result: ResultLike) -> list[tuple[int, int]]:
    """Return the spans that a result removes."""
    return [(d.start, d.end) for d in result.decisions if d.action == "remove"]


def cut_lines(clean: Clean, texts: Sequence[str], lang: str) -> list[bool]:
    """Clean the lines as one document and say of each whether all that shows of it went."""
    whole = "\n\n".join(texts)
    gone = _visible(whole, removed(clean(whole, lang)))
    answers, start = [], 0
    for text in texts:
        answers.append(_visible(whole, [(start, start + len(text))]) <= gone)
        start += len(text) + 2
    return answers


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers)


COLUMNS: Mapping[str, str] = {
    "ad_cut": "ads",
    "engagement_cut": "bait",
    "teaser_cut": "teasers",
    "boilerplate_cut": "interface",
    "content_cut": "lost",
    "disguised_kept": "disguised",
    "hard_negative_cut": "hard neg",
    "hard_negative_cut_alone": "alone",
    "inside_exact": "inside",
}


def table(figures: Figures) -> str:
    """Write the figures for people, one language a row, then what each disguise kept."""
    rows = ["lang" + "".join(f"{name:>11}" for name in COLUMNS.values())]
    for lang, row in figures.items():
        cells = (f"{row[key]:11.3f}" if key in row else f"{'-':>11}" for key in COLUMNS)
        rows.append(f"{lang:4}" + "".join(cells))
    every = figures["all"]
    kept = [(kind, every.get(f"disguised_kept_{kind}")) for kind in KINDS]
    rows += [f"disguised as {kind:12} {share:.3f}" for kind, share in kept if share is not None]
    return "\n".join(rows)


def main() -> None:
    """Measure a model directory: by default the one of training that has not seen these lines."""
    from training.export import MEASURED
    from unbait import Cleaner

    cleaner = Cleaner(model=sys.argv[1] if len(sys.argv) > 1 else MEASURED)
    print(table(measure(lambda text, lang: cleaner.clean(text, lang=lang))))


if __name__ == "__main__":
    main()
