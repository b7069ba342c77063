import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.reading import (
    BatchPage,
    Reading,
    blocks,
    check,
    join,
    line_hash,
    load_batch,
    load_labels,
    main,
    occurrences,
    page_title,
    parse_answers,
    store,
)

HTML = """<html><head><title> Ferry
 back </title><script>var a = "no";</script></head><body>
<nav><a href="/">Home</a> | <a href="/n">News</a></nav>
<h1>Ferry <em>returns</em></h1>
<div>The boat sails <a href="x">again</a>.<br>Tickets cost four crowns.<p>Share</p></div>
<ul><li>Share</li><li>|</li></ul><!-- hidden --><a href="/y"><h3>Harbour closed</h3></a>
</body></html>"""
TEXTS = [
    "Home | News",
    "Ferry returns",
    "The boat sails again.",
    "Tickets cost four crowns.",
    "Share",
    "Share",
    "Harbour closed",
]


def page(texts: list[str], source: str = "own", name: str = "own:1") -> BatchPage:
    return BatchPage(name, source, tuple(texts), tuple(occurrences(texts)))


def test_blocks_follow_the_page() -> None:
    found = blocks(HTML)
    assert [block.text for block in found] == TEXTS
    assert [block.tag for block in found] == ["nav", "h1", "div", "div", "p", "li", "h3"]
    assert [block.link_density for block in found] == [0.89, 0.0, 0.28, 0.0, 0.0, 0.0, 1.0]


def test_blocks_survive_depth_and_emptiness() -> None:
    assert blocks("") == []
    assert [b.text for b in blocks("<div>" * 3000 + "deep" + "</div>" * 3000)] == ["deep"]


@given(st.text(max_size=200))
def test_blocks_hold_clean_text(html: str) -> None:
    for block in blocks(html):
        assert block.text == " ".join(block.text.split())
        assert 0 <= block.link_density <= 1


def test_title() -> None:
    assert page_title(HTML) == "Ferry back"
    assert page_title("<p>x") is None


def test_answers_are_parsed() -> None:
    answers, problems = parse_answers("### PAGE 001.01\n1-2K 3T?\n4B\n### PAGE 001.02 | en\n1M\n")
    assert problems == []
    assert answers["001.01"] == {
        1: Reading("K"),
        2: Reading("K"),
        3: Reading("T", unsure=True),
        4: Reading("B"),
    }
    assert answers["001.02"] == {1: Reading("M")}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1K", "before the first page: cannot read '1K'"),
        ("### PAGE a\n1X", "a: cannot read '1X'"),
        ("### PAGE a\n1-3K 3T", "a: line 3 labelled twice"),
        ("### PAGE a\n1K\n### PAGE a\n2K", "a: page answered twice"),
        ("### PAGE a\n5-2K", "a: cannot read '5-2K'"),
        ("### PAGE a\n1-999999999K", "a: cannot read '1-999999999K'"),
    ],
)
def test_bad_answers_are_named(text: str, problem: str) -> None:
    assert parse_answers(text)[1] == [problem]


def test_check_names_what_is_missing() -> None:
    batch = {"a": page(["x", "y", "z"]), "b": page(["x"])}
    answers, _ = parse_answers("### PAGE a\n1K 3K 4K\n### PAGE c\n1K")
    assert check(batch, answers) == [
        "c: no such page in the batch",
        "a: lines without label: 2",
        "a: no such lines: 4",
        "b: page not answered (1 lines)",
    ]
    answers, _ = parse_answers("### PAGE a\n1-3K\n### PAGE b\n1K")
    assert check(batch, answers) == []


def test_labels_come_back_on_their_lines(tmp_path: Path) -> None:
    # The second "Share" alone was given out: its label must not land on the first.
    batch = {
        "1": BatchPage("own:1", "own", (TEXTS[1], "Share", TEXTS[6]), (0, 1, 0)),
        "2": page(["Gone since"], name="own:2"),
    }
    answers, _ = parse_answers("### PAGE 1\n1K 2B? 3T\n### PAGE 2\n1K")
    assert store(batch, answers, tmp_path) == {"own": 4}
    kept = (tmp_path / "own.jsonl").read_text(encoding="utf-8")
    assert "Share" not in kept and "Ferry" not in kept
    records = [
        {"id": "own:1", "url": "https://a.example/1", "page_type": "article", "html": HTML},
        {"id": "own:2", "title": "Two", "html": "<p>Changed</p>"},
        {"id": "own:3", "html": "<p>Never read</p>"},
    ]
    first, second = join(records, tmp_path / "own.jsonl")
    assert first == {
        "id": "own:1",
        "url": "https://a.example/1",
        "lang": None,
        "title": "Ferry back",
        "page_type": "article",
        "lines": [
            {"text": "Ferry returns", "label": "content", "tag": "h1", "link_density": 0.0},
            {
                "text": "Share",
                "label": "boilerplate",
                "tag": "li",
                "link_density": 0.0,
                "unsure": True,
            },
            {"text": "Harbour closed", "label": "teaser", "tag": "h3", "link_density": 1.0},
        ],
        "lost": 0,
    }
    assert second["lines"] == [] and second["lost"] == 1 and second["title"] == "Two"


def test_reading_again_replaces_and_keeps_others(tmp_path: Path) -> None:
    for name, code in (("own:2", "K"), ("own:1", "K"), ("own:2", "T")):
        answers, _ = parse_answers(f"### PAGE 1\n1{code}")
        store({"1": page(["x"], name=name)}, answers, tmp_path)
    labels = load_labels(tmp_path / "own.jsonl")
    assert list(labels) == ["own:1", "own:2"]
    assert labels["own:2"] == [[line_hash("x"), "T"]]


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    batch = {"1": {"id": "own:1", "source": "own", "lines": ["x", "x"], "occurrences": [0, 1]}}
    (tmp_path / "batch-001.json").write_text(json.dumps(batch), encoding="utf-8")
    assert load_batch(tmp_path / "batch-001.json") == {"1": page(["x", "x"])}
    return tmp_path / "batch-001.labels"


def test_command_stores_complete_answers(
    answered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answered.write_text("### PAGE 1\n1-2K\n", encoding="utf-8")
    assert main([str(answered)]) == 0
    assert main([str(answered), "--store", str(answered.parent)]) == 0
    assert "stored {'own': 2}" in capsys.readouterr().out
    assert load_labels(answered.parent / "own.jsonl") == {
        "own:1": [[line_hash("x"), "K"], [line_hash("x"), "K", 1]]
    }


def test_command_refuses_incomplete_answers(
    answered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answered.write_text("### PAGE 1\n1K\n", encoding="utf-8")
    assert main([str(answered), "--store", str(answered.parent)]) == 1
    assert "lines without label: 2" in capsys.readouterr().out
    assert not (answered.parent / "own.jsonl").exists()
