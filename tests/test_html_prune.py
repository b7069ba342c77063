from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from unbait.errors import InputError
from unbait.html import prune, read_page
from unbait.html.report import report
from unbait.types import Decision, Reason

PAGE = """<html><body><nav class="x"><ul><li><a href="/">Home</a></li><li>News</li></ul></nav>
<article><h1>Title</h1><p>One <b>two</b> three.<br/>Click here: shop<br/>Four.</p>
<p>Five. Buy cheap hats now. Six.</p><div><img src="a.png"/><p>Caption</p></div></article>
</body></html>"""


def spans(text: str, *pieces: str) -> list[tuple[int, int]]:
    return [(text.index(piece), text.index(piece) + len(piece)) for piece in pieces]


@pytest.mark.parametrize("parser", ["html.parser", "lxml"])
def test_prune_takes_what_it_is_told_and_says_so(parser: str) -> None:
    soup = BeautifulSoup(PAGE, parser)
    text = read_page(soup).text
    taken = prune(soup, spans(text, "Home\nNews", "Click here: shop", "Buy cheap hats now. "))
    assert read_page(soup).text == ("Title\n\nOne two three.\n\nFour.\n\nFive. Six.\n\nCaption")
    assert soup.find("nav") is None
    assert soup.find("img") is not None
    assert "data-unbait" not in str(soup)
    assert {piece.text for piece in taken} == {
        "Home News",
        "Click here: shop",
        "Buy cheap hats now.",
    }


def test_prune_of_nothing_changes_nothing() -> None:
    soup = BeautifulSoup(PAGE, "html.parser")
    before = str(soup)
    assert prune(soup, []) == []
    assert str(soup) == before


def test_prune_of_a_tag_stays_inside_it() -> None:
    soup = BeautifulSoup(PAGE, "html.parser")
    article = soup.article
    assert article is not None
    prune(article, spans(read_page(article).text, "Title"))
    assert soup.h1 is None
    assert soup.nav is not None


def test_prune_refuses_strings() -> None:
    with pytest.raises(InputError):
        prune("<p>x</p>", [])  # type: ignore[arg-type]


def test_report_escapes_what_pages_say() -> None:
    text = '<script>alert(1)</script>\n\n"quoted" \ud800\u202e\0'
    decisions = [
        Decision(0, 27, "ad", "remove", 0.9, (Reason('"><b>', "<i>why", 0, 5),)),
        Decision(27, len(text), "content", "keep", 0.1, ()),
    ]
    page = report(text, decisions, title="<b>T")
    assert "<script" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    page.encode()
    assert read_page(page).text.count("alert(1)") == 1
