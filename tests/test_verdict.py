"""What a document is as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from unbait import Cleaner, Policy
from unbait.cli import main
from unbait.verdict import headline_numbers

CLEANER = Cleaner()
ARTICLE = (
    "The council voted on Tuesday to reopen the ferry line to the island, which was closed in "
    "2013 to save money, and will lease a vessel for three years, the harbour master said.\n\n"
    "A study by the county expects 310 passengers a day by next summer; the café at the quay, "
    "which lost most of its guests after the closure, is to open again in the same month.\n\n"
    "Fishermen said that the new berth takes up a third of the space where they land their "
    "catch, and two of them have asked the court to look at the decision before the autumn."
)
STUFFED = " ".join(
    f"Buy cheap jerseys at our jerseys outlet, jerseys for {who} and jerseys of every size."
    for who in ("men", "women", "children", "fans", "friends", "teams", "schools", "clubs") * 3
)


def name_of(text: str, title: str | None = None) -> str:
    return CLEANER.clean(text, title=title).verdict.name


def test_an_article_is_one() -> None:
    assert name_of(ARTICLE) == "article"
    assert name_of(ARTICLE, "Council votes to reopen ferry line to the island") == "article"


def test_an_article_pasted_twice_is_one() -> None:
    assert name_of(f"{ARTICLE}\n\n{ARTICLE}") == "article"


@pytest.mark.parametrize("text", ["", " \n\n\t", "404 Not Found\n\nNo such page."])
def test_nothing_to_read_is_no_article(text: str) -> None:
    assert name_of(text) == "not_article"


@pytest.mark.parametrize(
    "text",
    [
        "We value your privacy\n\nWe use cookies to make this site work. Accept all cookies?",
        "Sign in to continue\n\nE-mail\n\nPassword\n\nForgot your password?",
        "The mayor has spoken.\n\nSubscribe to continue reading this story.",
    ],
)
def test_notices_are_no_articles(text: str) -> None:
    assert name_of(text) == "not_article"


def test_stuffed_text_is_spam() -> None:
    assert name_of(STUFFED) == "spam"


def test_lists_of_links_are_spam() -> None:
    links = "\n\n".join(f"shop {n} http://shop{n}.example/deal" for n in range(60))
    assert name_of(links) in {"spam", "not_article"}


def test_a_headline_that_baits_and_does_not_deliver() -> None:
    title = "17 Shocking Secrets Your Dentist Never Told You"
    verdict = CLEANER.clean(ARTICLE, title=title).verdict
    assert verdict.name == "clickbait"
    assert verdict.numbers["headline_overlap"] < 0.3


def test_the_policy_holds_the_thresholds() -> None:
    title = "17 Shocking Secrets Your Dentist Never Told You"
    mild = Cleaner(Policy(bait=1.0, unmet=1.01))
    assert mild.clean(ARTICLE, title=title).verdict.name == "article"


def test_numbers_that_do_not_come() -> None:
    assert headline_numbers("17 ways to fold a towel", "Fold it once.")["headline_numbers_missing"]
    kept = headline_numbers("3 ways to fold a towel", "1. Once.\n2. Twice.\n3. Not at all.")
    assert not kept["headline_numbers_missing"]


def test_drop_verdict(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "spam.txt").write_text(STUFFED, encoding="utf-8")
    rejects = tmp_path / "rejects.jsonl"
    paths = [str(tmp_path / "good.txt"), str(tmp_path / "spam.txt")]
    command = ["clean", "--drop-verdict", "spam,not_article", "--rejects", str(rejects), *paths]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "ferry" in done.stdout and "jerseys" not in done.stdout
    assert [json.loads(row)["code"] for row in rejects.read_bytes().splitlines()] == ["DROPPED"]


def test_drop_verdict_refuses_other_names() -> None:
    done = CliRunner().invoke(main, ["clean", "--drop-verdict", "dull", "-"], input="x")
    assert done.exit_code == 2
