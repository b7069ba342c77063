"""Headlines: the packaged model, its promises, and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait import Cleaner, headline, modelfile
from unbait.cli import main
from unbait.errors import ModelError
from unbait.headline import HeadlineModel, plain

MODEL = headline.packaged()
PARITY = [
    json.loads(line)
    for line in (modelfile.packaged("headline") / "parity.jsonl").read_bytes().splitlines()
]
BAIT = "You Won't Believe What This Baker Found Inside An Old Oven"
SOBER = "Court rejects appeal of former mayor in land case"


def test_parity() -> None:
    scores = MODEL.score([row["title"] for row in PARITY])
    np.testing.assert_allclose(scores, [row["score"] for row in PARITY], atol=1e-6)


def test_bait_scores_above_sober() -> None:
    bait, sober = MODEL.score([BAIT, SOBER])
    assert bait > 0.8
    assert sober < 0.3


def test_publisher_case_and_address_say_nothing() -> None:
    dressed = [SOBER, SOBER.upper(), f"{SOBER} | The Arven Post", f"{SOBER} https://t.co/x1 @arven",
               f"{SOBER} - Arven Daily News"]  # fmt: skip
    assert len(set(MODEL.score(dressed).tolist())) == 1


@pytest.mark.parametrize("text", [SOBER, "Why do cats sleep all day - and should yours?"])
def test_plain_keeps_what_is_no_publisher(text: str) -> None:
    assert plain(text) == text


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6), st.integers(0, 5))
def test_a_score_does_not_depend_on_the_batch(titles: list[str], place: int) -> None:
    titles.insert(min(place, len(titles)), BAIT)
    together = MODEL.score(titles)
    alone = [MODEL.score([title])[0] for title in titles]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert ((together >= 0) & (together <= 1)).all()


def test_hostile_titles() -> None:
    scores = MODEL.score(["", " ", "\x00", "\ud800", "ﷺ" * 500, "a" * 10**6, "\u202e?!", "𝕏" * 300])
    assert scores[:2].tolist() == [0.0, 0.0]
    assert np.isfinite(scores).all()
    many = ["ﷺ" * 400] * 200
    assert len(set(MODEL.score(many).tolist())) == 1


def test_words_tell_what_decided() -> None:
    words = MODEL.words(BAIT)
    assert {"believe", "this"} <= {word for word, _ in words}
    strengths = [abs(weight) for _, weight in words]
    assert strengths == sorted(strengths, reverse=True)
    assert MODEL.words("") == []


def test_the_language_is_told() -> None:
    shares = MODEL.language("El Gobierno aprueba el presupuesto de obras públicas")
    assert max(shares, key=lambda name: shares[name]) == "es"


def test_cleaner_scores_headlines() -> None:
    cleaner = Cleaner()
    assert cleaner.score_headline(BAIT) == pytest.approx(cleaner.score_headlines([SOBER, BAIT])[1])


def test_a_missing_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="MODEL_MISSING"):
        HeadlineModel.load(tmp_path)


def test_command_line(tmp_path: Path) -> None:
    path = tmp_path / "heads.txt"
    path.write_text(f"{BAIT}\n\n{SOBER}\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["score", "--headlines", "--format", "jsonl", str(path)])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["line"], row["text"]) for row in rows] == [(1, BAIT), (3, SOBER)]
    assert rows[0]["score"] > rows[1]["score"]


@pytest.mark.parametrize(
    ("sober", "bait"),
    [
        (
            "Council rejects plan for second airport runway",
            "You won't believe what this council did with its runway",
        ),
        (
            "El Gobierno aprueba el presupuesto de obras públicas",
            "Esta es la razón por la que nunca debes tirar la cáscara de plátano",
        ),
        (
            "Polisi tangkap dua pelaku pencurian di Surabaya",
            "Wajib Tahu! Begini 5 Cara Mudah Bikin Kulit Cantik, Nomor 3 Bikin Kaget",
        ),
        ("Meclis bütçe tasarısını kabul etti", "Bunu duyan herkes şaşırdı! İşte o inanılmaz an"),
        (
            "Quốc hội thông qua luật đất đai sửa đổi",
            "Vì sao nhiều người bất ngờ khi thấy điều này?",
        ),
    ],
)
@pytest.mark.parametrize(
    "publisher", ["", " | The Daily Gossip", " - Arven Times", " » Viral Nova"]
)
def test_the_words_decide_and_not_the_paper(sober: str, bait: str, publisher: str) -> None:
    """A sober headline of a tabloid stays sober; a listicle of a serious paper stays bait."""
    low, high = MODEL.score([sober + publisher, bait + publisher])
    assert low < 0.6
    assert high > low + 0.3
    assert [low, high] == MODEL.score([sober, bait]).tolist()


def test_a_listicle_of_a_serious_paper_is_told_from_its_news() -> None:
    listicle, news = MODEL.score([
        "17 Things You Should Never Say To A Nurse | Arven Financial Times",
        "Nurses vote to strike over pay | Arven Financial Times",
    ])  # fmt: skip
    assert news < 0.5 < listicle
