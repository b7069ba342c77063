"""The contract of the library, on texts of our own."""

import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait import Cleaner, Document, InputError, Policy
from unbait.types import CATEGORIES

ARTICLE = [
    "A Russian-built cargo plane landed in the capital on Monday, the airport said in a statement.",
    "The aircraft had left its base two days earlier and made one stop on the way, according to a "
    "flight tracking service that follows such machines.",
    "“We were told about it on Sunday,” a spokeswoman for the ministry said. “There is no secret.”",
    "The two governments signed an agreement on military advisers eighteen years ago, and it has "
    "been renewed three times since.",
    "Opposition politicians asked for a debate in parliament, which the speaker refused.",
]
AD = "Click Here: online rugby store malaysia"
BAIT = "Like this story?"
JUNK = [
    AD,
    BAIT,
    "READ MORE: Ten planes you should have seen",
    "Sign up for our newsletter",
    "Advertisement",
    "Follow us on Twitter",
]


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


def with_junk(separator: str = "\n") -> str:
    return separator.join([*ARTICLE[:3], AD, *ARTICLE[3:], BAIT])


@pytest.mark.parametrize("separator", ["\n", "\n\n", "\r\n", "\r\n\r\n", "\r", "\u2029"])
def test_injected_lines_go_and_all_else_stays(cleaner: Cleaner, separator: str) -> None:
    result = cleaner.clean(with_junk(separator))
    assert result.text == separator.join(ARTICLE)
    assert result.restore() == with_junk(separator)
    assert result.verdict.name == "article"


def test_cuts_say_why(cleaner: Cleaner) -> None:
    cuts = [d for d in cleaner.clean(with_junk()).decisions if d.action == "remove"]
    assert [d.category for d in cuts] == ["ad", "engagement"]
    for decision in cuts:
        assert decision.reasons
        assert decision.score > 0.5
        for reason in decision.reasons:
            assert decision.start <= reason.start <= reason.end <= decision.end
            assert reason.code
            assert reason.message


def test_policies(cleaner: Cleaner) -> None:
    text = with_junk()
    flagged = Cleaner(Policy.flag()).clean(text)
    assert flagged.text == text
    assert [d.category for d in flagged.decisions if d.action == "flag"] == ["ad", "engagement"]
    only_ads = Cleaner(Policy(remove=frozenset({"ad"}))).clean(text)
    assert BAIT in only_ads.text
    assert AD not in only_ads.text
    dated = "\n".join(["By Jane Doe", *ARTICLE])
    assert cleaner.clean(dated).text == dated
    assert Cleaner(Policy.strict()).clean(dated).text == "\n".join(ARTICLE)


def test_a_keep_rule_always_wins() -> None:
    keeping = Cleaner(keep=["rugby store"])
    assert AD in keeping.clean(with_junk()).text


def test_nearly_everything_junk_is_kept_and_flagged(cleaner: Cleaner) -> None:
    text = "\n".join(JUNK)
    result = cleaner.clean(text)
    assert result.text == text
    assert result.notes
    assert {d.action for d in result.decisions} <= {"keep", "flag"}
    assert any(d.action == "flag" for d in result.decisions)
    assert result.verdict.name != "article"


def test_empty_texts(cleaner: Cleaner) -> None:
    for text in ("", "\n", " \r\n\t"):
        result = cleaner.clean(text)
        assert result.text == text
        assert result.restore() == text
        assert "".join(text[d.start : d.end] for d in result.decisions) == text


def test_bytes_are_refused_with_advice(cleaner: Cleaner) -> None:
    with pytest.raises(InputError, match=r"\[NOT_TEXT\].*decode"):
        cleaner.clean(b"bytes")  # type: ignore[arg-type]


ODD = ["", "By Jane Doe", "Ｃｌｉｃｋ hеrе: \u200bshop", "\ud800", "中文。"]
LINES = st.sampled_from([*ARTICLE, *JUNK, *ODD, "It said. Follow us on Twitter. It closed."])
TEXTS = st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=9).map("\n".join)


def check(text: str, result: object) -> None:
    from unbait.result import Result

    assert isinstance(result, Result)
    here = 0
    for d in result.decisions:
        assert d.start == here
        assert d.start < d.end
        assert d.category in CATEGORIES
        assert 0.0 <= d.score <= 1.0
        assert d.reasons or d.action == "keep"
        here = d.end
    assert here == len(text)
    kept = "".join(text[d.start : d.end] for d in result.decisions if d.action != "remove")
    assert result.text == kept
    assert result.restore() == text


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_decisions_cover_and_restore_gives_back(cleaner: Cleaner, text: str) -> None:
    check(text, cleaner.clean(text))


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_company_and_order_change_nothing(
    cleaner: Cleaner, texts: list[str], rng: random.Random
) -> None:
    alone = {text: cleaner.clean(text) for text in texts}
    shuffled = rng.sample(texts, len(texts))
    for text, result in zip(shuffled, cleaner.clean_many(shuffled), strict=True):
        assert result.text == alone[text].text
        for one, other in zip(result.decisions, alone[text].decisions, strict=True):
            assert one[:4] == other[:4]
            assert one.score == pytest.approx(other.score, abs=1e-6)


def test_other_processes_give_the_same(cleaner: Cleaner) -> None:
    texts = [with_junk("\n\n"), "\n".join(ARTICLE), *JUNK] * 3
    here = [(r.text, [d[:4] for d in r.decisions]) for r in cleaner.clean_many(texts)]
    there = [(r.text, [d[:4] for d in r.decisions]) for r in cleaner.clean_many(texts, jobs=2)]
    assert here == there


def test_results_and_cleaners_travel(cleaner: Cleaner) -> None:
    result = cleaner.clean(with_junk())
    again = pickle.loads(pickle.dumps(result))
    assert (again.text, again.decisions) == (result.text, result.decisions)
    assert pickle.loads(pickle.dumps(cleaner)).clean(with_junk()).text == result.text


def test_documents_carry_what_is_known(cleaner: Cleaner) -> None:
    document = Document(with_junk(), title="Plane lands", lang="en", url="https://example.com/a")
    (result,) = cleaner.clean_many([document])
    assert result.document is document
