"""Pages through the whole of unbait: page model, then rules and paragraph model."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait import Cleaner, InputError
from unbait.cleaner import BATCH_MARKUP
from unbait.cli import main
from unbait.html import read_page
from unbait.pages import PageResult

# A scraped article with two injected lines, made up, in the shape such articles have.
ARTICLE = (
    "A survey ship of the ‘Northern Line’ has put in at Vellmark unannounced, harbour records "
    "show. A visit of the same kind led to a quarrel between the two coasts last March.",
    "The ship tied up at the town’s “long quay” on Monday, the coast guard said, and took on water "
    "and fuel. The coast guard did not say how long she would stay.",
    "Photographs taken from the customs house show a white ship of two decks with the number "
    "NL-4096 on her bow. The register of vessels lists a ship of that number as a survey ship.",
    "Click Here: online football store sweden",
    "If confirmed, it is the ship that lay at Ostra for a week in March, when reports of soundings "
    "near the cable led the council to demand that she leave what it called “our own waters.”",
    "The visit comes while the council is at odds with the owners over the lease of the berth. The "
    "harbour master, Ingrid Falk, who wants the lease ended, wrote at the time that the town would "
    "not “put up with guests who come at night and measure the sea floor without asking.”",
    "The owners answered that their surveyors had come under an agreement of 2011, which both "
    "sides had signed and which “needs no further consent from the council of Vellmark.”",
    "The line keeps to “the letter of the agreement and to the law of both coasts,” its speaker "
    "Marta Lindqvist said then, and added that the council seemed to think the strait its own.",
    "Like this story?",
)
JUNK = (ARTICLE[3], ARTICLE[8])
CLEAN = [line for line in ARTICLE if line not in JUNK]
NAVIGATION = (
    '<nav><ul><li><a href="/">Home</a></li><li><a href="/coast">Coast</a></li>'
    '<li><a href="/about">About us</a></li></ul></nav>'
)
FOOTER = '<footer><a href="/terms">Terms</a> <a href="/privacy">Privacy</a></footer>'


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


def page_of(lines: tuple[str, ...], framed: bool = False, linked: bool = False) -> str:
    """Wrap lines in ``<p>``; ``linked`` puts the junk into links."""
    paragraphs = (
        f'<p><a href="https://shop.example/">{line}</a></p>'
        if linked and line in JUNK
        else f"<p>{line}</p>"
        for line in lines
    )
    body = "".join(paragraphs)
    body = f"{NAVIGATION}<main>{body}</main>{FOOTER}" if framed else body
    return f"<html><head><title>A ship</title></head><body>{body}</body></html>"


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("linked", [False, True])
def test_both_junk_lines_go_and_nothing_else(cleaner: Cleaner, framed: bool, linked: bool) -> None:
    result = cleaner.clean_html(page_of(ARTICLE, framed, linked))
    assert [line for line in result.text.split("\n") if line.strip()] == CLEAN
    assert result.restore() == result.document.text
    assert result.verdict.name == "article"


PAGES = (
    page_of(ARTICLE, framed=True),
    page_of(ARTICLE[:3]),
    "<table><tr><td>Ship</td><td>NL-4096</td></tr></table><ul><li>one</li><li>two</li></ul>"
    f"<p>{ARTICLE[0]}</p><pre>a\n  b</pre><blockquote>{ARTICLE[1]}</blockquote>",
    "<h1>Гавань</h1><p>Гавань была тихой, когда первые лодки вернулись домой.</p>"
    f"<p>{ARTICLE[4]}</p>",
    "<p>港口很安静,第一批渔船回来了。</p><p>市场在中午重新开放。</p>",
    "",
)


@pytest.mark.parametrize("source", PAGES)
@pytest.mark.parametrize("parser", ["html.parser", "lxml"])
def test_string_bytes_and_soup_give_the_same_text(
    cleaner: Cleaner, source: str, parser: str
) -> None:
    of_string = cleaner.clean_html(source)
    for other in (source.encode(), source.encode("utf-16"), BeautifulSoup(source, parser)):
        result = cleaner.clean_html(other)
        assert result.text == of_string.text
        assert [d.action for d in result.decisions] == [d.action for d in of_string.decisions]


TAGS = st.sampled_from(["p", "div", "li", "h2", "blockquote", "pre", "td", "figcaption"])
LINES = st.sampled_from([*ARTICLE, "Home", "Read more: Ten ships you must see", "5 < 6 & 7", "é中"])


@given(st.lists(st.tuples(TAGS, LINES), max_size=12))
@settings(max_examples=25, deadline=None)
def test_any_well_formed_page_is_the_same_as_string_bytes_and_soup(
    cleaner: Cleaner, parts: list[tuple[str, str]]
) -> None:
    soup = BeautifulSoup("<html><body></body></html>", "html.parser")
    assert soup.body is not None
    for tag, line in parts:
        node = soup.new_tag("div" if tag in ("li", "td") else tag)
        node.string = line
        soup.body.append(node)
    texts = {cleaner.clean_html(given_).text for given_ in (soup, str(soup), str(soup).encode())}
    assert len(texts) == 1


def test_a_tag_is_cleaned_as_a_page_of_its_own(cleaner: Cleaner) -> None:
    main = BeautifulSoup(page_of(ARTICLE, framed=True), "html.parser").main
    assert main is not None
    assert cleaner.clean_html(main).text.split("\n\n") == CLEAN


def test_prune_leaves_the_tree_without_its_junk(cleaner: Cleaner) -> None:
    soup = BeautifulSoup(page_of(ARTICLE, framed=True, linked=True), "html.parser")
    taken = cleaner.prune(soup)
    assert {*JUNK} <= {piece.text for piece in taken}
    assert [p.get_text() for p in soup.find_all("p")] == CLEAN
    assert soup.nav is None
    assert soup.title is not None


def test_an_own_keep_rule_holds_even_outside_the_main_content() -> None:
    source = page_of(ARTICLE, framed=True).replace("About us", "Kept by order of the council")
    assert "Kept by order" not in Cleaner().clean_html(source).text
    kept = Cleaner(keep=["kept by order"]).clean_html(source)
    assert "Kept by order of the council" in kept.text
    assert JUNK[0] not in kept.text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("<body><div id=app></div><script src=a.js></script>", "scripts build it"),
        ("<body><div id=app>Loading …</div><script src=a.js></script>", "hardly any text"),
        ("<frameset><frame src=a.html><frame src=b.html></frameset>", "frameset"),
        ("", "no text"),
    ],
)
def test_shells_are_no_article_and_say_why(cleaner: Cleaner, source: str, said: str) -> None:
    result = cleaner.clean_html(source)
    assert result.verdict.name == "not_article"
    assert said in result.verdict.reason
    assert said in result.notes[0]


def shell_with_body(body: str) -> str:
    told = {"@type": "NewsArticle", "headline": "A ship", "articleBody": body}
    script = f'<script type="application/ld+json">{json.dumps(told)}</script>'
    return f"<html><head>{script}</head><body><div>Loading …</div></body></html>"


def test_a_longer_body_of_the_page_itself_is_used_and_said(cleaner: Cleaner) -> None:
    result = cleaner.clean_html(shell_with_body("\n\n".join(ARTICLE)))
    assert result.text.split("\n\n") == CLEAN
    assert any("articleBody" in note for note in result.notes)
    assert result.verdict.name == "article"
    assert result.render("markdown") == result.text
    framed = page_of(ARTICLE, framed=True)
    script = shell_with_body(ARTICLE[0]).split("<head>")[1].split("</head>")[0]
    same = cleaner.clean_html(framed.replace("<head>", f"<head>{script}"))
    assert same.text.split("\n\n") == CLEAN


def test_amp_pages_lose_their_sidebar(cleaner: Cleaner) -> None:
    side = '<amp-sidebar><ul><li><a href="/">Home</a></li><li>News</li></ul></amp-sidebar>'
    source = page_of(ARTICLE).replace("<html>", "<html amp>").replace("<body>", f"<body>{side}")
    assert cleaner.clean_html(source).text.split("\n\n") == CLEAN


def test_a_result_travels_with_what_the_page_said(cleaner: Cleaner) -> None:
    result = cleaner.clean_html(page_of(ARTICLE), url="https://gull.example/a")
    again = pickle.loads(pickle.dumps(result))
    assert (again.text, again.verdict, again.metadata) == (
        result.text, result.verdict, result.metadata,
    )  # fmt: skip
    assert again.page_type == result.page_type


def test_folders_of_pages_are_written_in_each_format(tmp_path: Path) -> None:
    folder, out = tmp_path / "pages", tmp_path / "out"
    folder.mkdir()
    for name in ("a.html", "b.html"):
        (folder / name).write_text(page_of(ARTICLE, framed=True), encoding="utf-8")
    for form, suffix in (("text", ".txt"), ("markdown", ".md"), ("html", ".html")):
        done = CliRunner().invoke(
            main, ["clean", "--format", form, "--url", "https://gull.example/", "-o", str(out),
                   str(folder)],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        for name in ("a", "b"):
            text = (out / f"{name}{suffix}").read_text(encoding="utf-8")
            assert ("<p>" in text) == (form == "html")
            shown = read_page(text).text if form == "html" else text
            assert shown.split("\n\n") == CLEAN


def test_format_is_refused_where_it_means_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(page_of(ARTICLE), encoding="utf-8")
    done = CliRunner().invoke(main, ["clean", "--format", "html", "--diff", str(page)])
    assert done.exit_code == 2
    assert "--format" in done.output


def test_explain_writes_a_report_of_the_page(tmp_path: Path) -> None:
    page, report = tmp_path / "page.html", tmp_path / "report.html"
    page.write_text(page_of(ARTICLE, framed=True), encoding="utf-8")
    done = CliRunner().invoke(main, ["explain", "--html", str(report), str(page)])
    assert done.exit_code == 0, done.output
    said = BeautifulSoup(report.read_text(encoding="utf-8"), "html.parser")
    blocks = said.select(".b")
    assert [b.get_text().strip() for b in blocks if "keep" in b["class"]] == CLEAN
    cut = [b for b in blocks if "remove" in b["class"]]
    assert {*JUNK} <= {b.get_text().strip() for b in cut}
    assert all(":" in str(b["title"]) for b in cut)
    several = CliRunner().invoke(main, ["explain", "--html", str(report), str(page), str(page)])
    assert several.exit_code == 2


def told(result: PageResult) -> list[tuple[object, ...]]:
    return [(d.start, d.end, d.category, d.action, d.reasons) for d in result.decisions]


PAGES = (
    page_of(ARTICLE, framed=True),
    "<p>",
    "<html><body>" + NAVIGATION + FOOTER + "</body></html>",
    page_of(ARTICLE[:3]).encode("utf-16"),
    BeautifulSoup(page_of(ARTICLE, linked=True), "html.parser"),
    "<ul>" + "".join(f"<li><a href='/{i}'>Shoes {i}</a></li>" for i in range(60)) + "</ul>",
)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_page_among_others_is_cleaned_as_alone(cleaner: Cleaner, jobs: int) -> None:
    alone = [cleaner.clean_html(page) for page in PAGES]
    order = [*range(len(PAGES)), *reversed(range(len(PAGES)))]
    for number, result in zip(
        order, cleaner.clean_html_many((PAGES[i] for i in order), jobs=jobs), strict=True
    ):
        assert result.text == alone[number].text
        assert told(result) == told(alone[number])
        scores = [(d.score, e.score) for d, e in zip(result.decisions, alone[number].decisions,
                                                     strict=True)]  # fmt: skip
        assert all(abs(one - other) < 1e-6 for one, other in scores)


def test_pages_may_come_with_their_urls_and_as_a_stream(cleaner: Cleaner) -> None:
    taken = []

    def pages() -> Iterator[tuple[str, str]]:
        for number in range(3 * BATCH_MARKUP // 100_000):
            taken.append(number)
            yield page_of(ARTICLE) + " " * 100_000, f"https://news.example/{number}"

    results = cleaner.clean_html_many(pages())
    first = next(results)
    assert first.document.url == "https://news.example/0"
    assert len(taken) < 2 * BATCH_MARKUP // 100_000
    assert [one.document.url for one in results][-1] == f"https://news.example/{taken[-1]}"


def test_one_of_many_that_is_no_page_is_an_error_with_a_code(cleaner: Cleaner) -> None:
    with pytest.raises(InputError):
        list(cleaner.clean_html_many(["<p>A page.</p>", 7]))  # type: ignore[list-item]
