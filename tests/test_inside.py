"""Junk inside a paragraph: found, cut exactly, and the rest reads as if it had never been there."""

import pytest

from unbait import Cleaner, Policy
from unbait.features import evidence, tokenize
from unbait.segment import batch

FIRST = "The harbour bridge will close for nine days in May, the city council said on Monday."
SECOND = "Engineers want to replace two worn bearings before the summer traffic begins."
THIRD = "A ferry will run every twenty minutes and take bicycles, a spokeswoman said."
AROUND = [
    "The bridge was opened in 1931 and carries forty thousand vehicles on a working day.",
    "Shopkeepers on the quay fear for their trade, and the mayor has promised to listen.",
]


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


def cleaned(cleaner: Cleaner, paragraph: str) -> str:
    result = cleaner.clean("\n\n".join([AROUND[0], paragraph, AROUND[1]]))
    assert result.restore() == result.document.text
    first, *middle, last = result.text.split("\n\n")
    assert [first, last] == AROUND
    return "".join(middle)


@pytest.mark.parametrize("junk", [
    "Like this story?", "(Scroll down for video)", "Sign up for our newsletter.",
    "Click Here: cheap rugby jerseys online.",
])  # fmt: skip
def test_junk_at_the_start_in_the_middle_and_at_the_end(cleaner: Cleaner, junk: str) -> None:
    plain = " ".join((FIRST, SECOND, THIRD))
    assert cleaned(cleaner, " ".join((junk, FIRST, SECOND, THIRD))) == plain
    assert cleaned(cleaner, " ".join((FIRST, junk, SECOND, THIRD))) == plain
    assert cleaned(cleaner, " ".join((FIRST, SECOND, THIRD, junk))) == plain


def test_what_is_cut_inside_is_a_decision_of_its_own(cleaner: Cleaner) -> None:
    text = "\n\n".join([AROUND[0], f"{FIRST} Like this story? {SECOND}", AROUND[1]])
    (cut,) = [d for d in cleaner.clean(text).decisions if d.action == "remove"]
    assert text[cut.start : cut.end].strip() == "Like this story?"
    assert cut.reasons
    flagged = Cleaner(Policy.flag()).clean(text)
    assert flagged.text == text
    assert any(d.action == "flag" for d in flagged.decisions)


def test_plain_paragraphs_lose_nothing(cleaner: Cleaner) -> None:
    plain = " ".join((FIRST, SECOND, THIRD))
    assert cleaned(cleaner, plain) == plain


@pytest.mark.parametrize(("text", "sentences"), [
    ("One here. Two there! Three?", 3),
    ("“One here.” Two there.", 2),
    ("[One here] Two there.", 2),
    ("It costs 3.50 in the U.S. market", 1),
    ("Am 22. Mai kam J. Smith an. Er blieb 12 Tage.", 2),
    ("It ended in 2020. Then it began.", 2),
    ("第一句。第二句。", 2),
    ("第一句。【广告】第二句。", 3),
    ("他说:“好。”然后走了。", 2),
    ("*Save on shirts* The team won.", 2),
    ("The team won. 👉🎁 Buy shirts", 3),
])  # fmt: skip
def test_sentences(text: str, sentences: int) -> None:
    made = batch([text.lower()])
    tokens = tokenize(made.codes, made.start, made.end)
    assert len(evidence(tokens, made.codes).sentence_first) - 1 == sentences


def test_two_cuts_side_by_side_share_no_space(cleaner: Cleaner) -> None:
    bait = "Like this story? Follow us on Facebook and subscribe to our newsletter!"
    for text in (f"{FIRST} {bait}", f"{FIRST} {bait}\n{SECOND}", f"{bait} {FIRST}"):
        result = cleaner.clean(text)
        ends = [0, *(one.end for one in result.decisions)]
        assert [one.start for one in result.decisions] == ends[:-1] and ends[-1] == len(text)
        assert result.restore() == text


@pytest.mark.parametrize(("before", "junk", "after"), [
    ("Die Brücke über die Elster bleibt neun Tage gesperrt, teilte der Stadtrat am Montag mit.",
     "Abonnieren Sie unseren kostenlosen Newsletter!",
     "Zwei Lager müssen ersetzt werden, bevor der Verkehr im Sommer zunimmt."),
    ("Le pont sera fermé pendant neuf jours en mai, a annoncé la mairie lundi.",
     "[Abonnez-vous à notre newsletter]",
     "Un bac passera toutes les vingt minutes, a précisé une porte-parole."),
    ("El puente cerrará nueve días en mayo, dijo el ayuntamiento el lunes.",
     "*Suscríbete a nuestro boletín*",
     "Los ingenieros quieren cambiar dos apoyos gastados antes del verano."),
])  # fmt: skip
@pytest.mark.parametrize("place", [0, 1, 2])
def test_junk_of_other_languages(
    cleaner: Cleaner, before: str, junk: str, after: str, place: int
) -> None:
    rest = [before, after]
    text = " ".join((*rest[:place], junk, *rest[place:]))
    assert cleaner.clean(text).text == " ".join(rest)


def test_junk_without_an_end_mark_ends_where_its_words_turn(cleaner: Cleaner) -> None:
    plain = " ".join((FIRST, SECOND, THIRD))
    bare = "cheap football shirts online free shipping"
    assert cleaned(cleaner, " ".join((FIRST, bare, SECOND, THIRD))) == plain


@pytest.mark.parametrize("first", ["She came (late", "Er ging.", "他说“好", "Stop. 👉"])
@pytest.mark.parametrize("second", [")㐀好。 A line", ") He left) early", "”好。了", "。好 了"])
def test_sentences_depend_on_no_other_document(first: str, second: str) -> None:
    def sentences(*texts: str) -> list[int]:
        made = batch([text.lower() for text in texts])
        tokens = tokenize(made.codes, made.start, made.end)
        start = tokens.first[-2]
        found = evidence(tokens, made.codes).sentence_first
        return [int(one - start) for one in found if one >= start]

    assert sentences(first, second) == sentences(second)
