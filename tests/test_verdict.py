"""What a document is as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from training.synthetic import documents
from unbait import Cleaner, Policy
from unbait.cli import main
from unbait.promise import headline_numbers

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


def shell(main: str, title: str = "A page of ours", url_type: str = "") -> str:
    """Dress main content as a page with a navigation and a foot."""
    links = "".join(f'<li><a href="/{n}">Section {n}</a></li>' for n in range(12))
    return (
        f"<html lang=en><head><title>{title}</title>{url_type}</head><body><header><nav><ul>{links}"
        f"</ul></nav></header><main>{main}</main><footer><a href='/about'>About</a> "
        "<a href='/terms'>Terms</a><p>© The Arven Post</p></footer></body></html>"
    )


def test_a_page_tells_its_types() -> None:
    paragraphs = "".join(f"<p>{part}</p>" for part in ARTICLE.split("\n\n"))
    verdict = CLEANER.clean_html(
        shell(f"<article><h1>Ferry back</h1>{paragraphs}</article>")
    ).verdict
    assert verdict.name == "article"
    chances = [value for name, value in verdict.numbers.items() if name.startswith("page_")]
    assert len(chances) == 7
    assert sum(chances) == pytest.approx(1.0, abs=1e-4)


def test_a_shop_page_of_many_things_is_no_article() -> None:
    things = "".join(
        f'<li class="product-item"><a href="/p/{n}"><img alt="Chair {n}"><h3>Oak chair {n}</h3></a>'
        f'<span class="price">€{n}9.00</span><button>Add to cart</button></li>'
        for n in range(1, 40)
    )
    page = shell(
        f'<h1>Chairs</h1><ul class="products product-grid">{things}</ul>', "Chairs | Oak shop",
        '<meta property="og:type" content="website"><script type="application/ld+json">'
        '{"@type": "CollectionPage"}</script>',
    )  # fmt: skip
    assert CLEANER.clean_html(page).verdict.name == "not_article"


@pytest.mark.parametrize(
    ("main", "title"),
    [
        ("<h1>404</h1><p>Sorry, the page you are looking for does not exist.</p>", "Not found"),
        (
            "<h1>Sign in</h1><form><label>Password</label><a>Forgot your password?</a></form>",
            "Sign in",
        ),
    ],
)
def test_pages_that_stand_in_the_way(main: str, title: str) -> None:
    assert CLEANER.clean_html(shell(main, title)).verdict.name == "not_article"


def test_a_type_told_by_the_policy_alone() -> None:
    paragraphs = "".join(f"<p>{part}</p>" for part in ARTICLE.split("\n\n"))
    page = shell(f"<article><h1>Ferry back</h1>{paragraphs}</article>")
    strict = Cleaner(Policy(other=frozenset(("article",)), typed=0.1))
    assert strict.clean_html(page).verdict.name == "not_article"


@pytest.mark.parametrize("kind", documents.KINDS)
def test_made_documents_that_are_no_articles(kind: str) -> None:
    rng = Random(7)
    texts = [documents.document(kind, lang, rng, "test")
             for lang in documents.languages(kind, "test")]  # fmt: skip
    called = [result.verdict.name for result in CLEANER.clean_many(texts)]
    assert called.count("article") <= len(called) * 0.15


def test_an_article_about_cookies_is_one() -> None:
    about = ARTICLE.replace("the café at the quay", "the site, where we use cookies,")
    assert name_of(f"{about}\n\nAccept all\n\nReject all") == "article"


def test_the_headline_repeated_in_the_text_does_not_answer_it() -> None:
    title = "What happened to the ferry nobody wanted"
    alone = headline_numbers(title, "Fold it once.")
    repeated = headline_numbers(title, f"{title}\n\nFold it once.")
    assert repeated["headline_overlap"] == alone["headline_overlap"] == 0.0


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (
            "Wali kota mundur usai polemik jembatan",
            "Wali kota itu mengundurkan diri setelah polemik pembangunan jembatan.",
        ),
        (
            "Köprü ihalesi tartışması sonrası başkan istifa etti",
            "Başkan, köprünün ihalesindeki tartışmalar üzerine istifasını sundu.",
        ),
        ("桥梁合同争议后市长辞职", "因桥梁合同的争议,市长周二宣布辞职。"),
    ],
)
def test_a_body_that_answers_meets_the_promise(title: str, body: str) -> None:
    other = "The café at the quay opens again in May, the owner said on Friday evening."
    met, unmet = (headline_numbers(title, text)["headline_unmet"] for text in (body, other))
    assert met < 0.5 < unmet
