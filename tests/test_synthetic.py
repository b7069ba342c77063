"""The made examples: enough of them, halves apart, spans exact, disguises that fold back."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.synthetic.bank import (
    GROUPS,
    HALVES,
    JUNK,
    LANGS,
    Group,
    articles,
    bank,
    hard_negatives,
)
from training.synthetic.disguise import KINDS, disguise
from training.synthetic.make import insert, insert_inside, line, lines
from training.synthetic.measure import cut_lines, measure, table
from unbait.fold import fold_text

LANG = st.sampled_from(LANGS)
HALF = st.sampled_from(HALVES)
SEED = st.integers(0, 2**32)


def hard(lang):
    return hard_negatives(lang, "train") + hard_negatives(lang, "test")


@pytest.mark.parametrize("lang", LANGS)
def test_groups_share_no_template_and_are_the_whole_half(lang):
    groups = [bank(lang, Group("train", number)) for number in range(GROUPS)]
    for kind in JUNK:
        own = [one.templates[kind] for one in groups]
        every = [text for one in own for text in one]
        assert sorted(every) == sorted(bank(lang, "train").templates[kind])
        assert all(own)
    sentences = [hard_negatives(lang, Group("train", number)) for number in range(GROUPS)]
    assert sorted(sum(sentences, ())) == sorted(hard_negatives(lang, "train"))



def keep_all(text, lang):
    return SimpleNamespace(decisions=[])


def remove_all(text, lang):
    return SimpleNamespace(decisions=[SimpleNamespace(start=0, end=len(text), action="remove")])


@pytest.mark.parametrize("lang", LANGS)
def test_enough_is_written_for_every_language(lang):
    halves = [bank(lang, half) for half in HALVES]
    counts = {kind: sum(len(half.templates[kind]) for half in halves) for kind in JUNK}
    assert counts["ad"] >= 150
    assert min(counts.values()) >= 50
    assert sum(len(half.slots["headline"]) for half in halves) >= 60
    assert len(hard(lang)) >= (100 if lang == "en" else 45)
    assert len(articles(lang)) >= 7
    assert all(7 <= len(article) <= 13 for article in articles(lang))


def test_hard_negatives_are_at_least_1000_and_differ():
    every = [text for lang in LANGS for text in hard(lang)]
    assert len(every) >= 1000
    assert all(len(hard(lang)) == len(set(hard(lang))) for lang in LANGS)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("half", HALVES)
def test_every_half_has_something_for_every_kind_and_slot(lang, half):
    data = bank(lang, half)
    assert all(data.templates[kind] for kind in JUNK)
    assert len(data.templates["ad"]) >= 5
    assert all(data.slots.values()), [name for name, values in data.slots.items() if not values]


@pytest.mark.parametrize("lang", LANGS)
def test_more_than_500_distinct_lines(lang):
    made = [text for half in HALVES for text, _ in lines(lang, 1500, Random(1), half)]
    assert len(set(made)) > 500
    assert not any("{" in text or "\n" in text for text in made)


@pytest.mark.parametrize("lang", LANGS)
def test_halves_share_no_template(lang):
    train, test = (bank(lang, half) for half in HALVES)
    assert not set(train.shared_ads) & set(test.shared_ads)
    for kind in JUNK:
        assert not set(train.templates[kind]) & set(test.templates[kind])
    for name in train.slots:
        assert not set(train.slots[name]) & set(test.slots[name])


@given(LANG, HALF, SEED)
def test_same_seed_same_examples(lang, half, seed):
    article = articles(lang)[0]
    twice = [insert(article, Random(seed), lang=lang, part=half, disguised=0.5) for _ in "12"]
    assert twice[0] == twice[1]


@given(LANG, HALF, SEED)
def test_insert_keeps_the_article_and_marks_the_rest(lang, half, seed):
    article = articles(lang)[1]
    record = insert(article, Random(seed), lang=lang, part=half)
    assert tuple(r["text"] for r in record["lines"] if not r.get("synthetic")) == article
    added = [r for r in record["lines"] if r.get("synthetic")]
    assert added
    assert all(r["label"] in JUNK for r in added)


@given(LANG, HALF, SEED)
def test_cutting_the_span_gives_the_paragraph_back(lang, half, seed):
    rng = Random(seed)
    paragraph = articles(lang)[2][rng.randrange(1, 7)]
    text, spans = insert_inside(paragraph, rng, lang, half)
    [(start, end)] = spans
    assert text[:start] + text[end:] == paragraph
    assert text[start:end].strip()


def test_headlines_of_the_caller_stand_in():
    texts = [line("en", "teaser", Random(i), "train", ["Otters return"]) for i in range(50)]
    written = bank("en", "train").slots["headline"]
    assert any("Otters return" in text for text in texts)
    assert not any(headline in text for text in texts for headline in written)


@pytest.mark.parametrize("kind", KINDS)
def test_disguise_changes_text(kind):
    text = "Click Here: cheap rugby jerseys online"
    assert all(disguise(text, Random(seed), kind) != text for seed in range(20))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "glue"])
def test_disguise_hides_only_what_folding_finds(kind):
    text = "Click Here: cheap rugby jerseys online"
    for seed in range(20):
        folded = fold_text(disguise(text, Random(seed), kind))[0]
        assert " ".join(folded.split()) == text.lower()


def test_disguise_takes_any_text():
    for kind in KINDS:
        for text in ("", "x", "。", "12 €", "广告"):
            assert isinstance(disguise(text, Random(0), kind), str)


def test_measure_of_a_cleaner_that_does_nothing():
    figures = measure(keep_all, langs=["en", "zh"], documents=10)
    assert figures["all"]["ad_cut"] == 0
    assert figures["all"]["hard_negative_cut"] == 0
    assert figures["all"]["inside_exact"] == 0
    assert "disguised_kept" not in figures["all"]
    assert "hard neg" in table(figures)


def test_measure_of_a_cleaner_that_takes_all():
    figures = measure(remove_all, langs=["en"], documents=10)
    row = figures["all"]
    assert row["ad_cut"] == row["content_cut"] == row["disguised_kept"] == 1
    assert row["hard_negative_cut"] == row["hard_negative_cut_alone"] == 1
    assert row["inside_exact"] == 0


def test_cut_lines_needs_the_whole_line():
    def first_five(text, lang):
        return SimpleNamespace(decisions=[SimpleNamespace(start=0, end=5, action="remove")])

    assert cut_lines(first_five, ["abcd", "efgh"], "en") == [True, False]
    assert cut_lines(first_five, ["abcdef", "gh"], "en") == [False, False]
