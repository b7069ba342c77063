from __future__ import annotations

import time

import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait.errors import InputError, UnbaitError
from unbait.html import guard, read_page
from unbait.html.metadata import metadata
from unbait.html.render import render

PAGE = """<!doctype html><html lang="en"><head><title>A day out - The Gull</title>
<meta property="og:site_name" content="The Gull"><meta name="author" content="By Ann Lee">
<link rel="canonical" href="/day"><script type="application/ld+json">
{"@type":"NewsArticle","headline":"A day out","datePublished":"2026-05-01",
"articleBody":"One two.\\n\\nThree."}</script></head>
<body><nav><a href="/">Home</a><a href="/b">News</a></nav><main><h1>A day out</h1>
<p>One <b>two</b> three.<br>Four<br><br>five &lt;six&gt; &amp; seven&nbsp;eight</p>
<ul><li>first<li>second <a href="x">link</a></ul>
<table><tr><th>Name<td>Age</tr><tr><td>Ann<td>7</tr></table>
<pre>a = 1
  b = 2</pre><dl><dt>term<dd>meaning</dl><blockquote>Said she.</blockquote>
<figure><img src="x" alt="no text"><figcaption>A gull</figcaption></figure></main>
<script>var x = "<p>never</p>";</script><style>p{}</style><!-- <p>never</p> --></body></html>"""


def test_text_of_a_page_reads_in_order() -> None:
    page = read_page(PAGE)
    assert page.text.split("\n\n") == [
        "Home News",
        "A day out",
        "One two three.\nFour",
        "five <six> & seven eight",
        "first\nsecond link",
        "Name\tAge\nAnn\t7",
        "a = 1\n  b = 2",
        "term\nmeaning",
        "Said she.",
        "A gull",
    ]
    assert all(page.block(i) == page.block(i).strip() for i in range(len(page)))
    assert "never" not in page.text


def test_blocks_tell_what_the_markup_says() -> None:
    page = read_page(PAGE)
    blocks = [page.block(i) for i in range(len(page))]
    assert page.heading[blocks.index("A day out")] == 1
    assert page.link_share[0] == 1.0
    assert 0.3 < page.link_share[blocks.index("second link")] < 0.5
    assert not page.hidden.any()


@pytest.mark.parametrize("make", [str, str.encode, None, "lxml"])
def test_string_bytes_and_trees_give_the_same_text(make: object) -> None:
    given_ = BeautifulSoup(PAGE, make or "html.parser") if make in (None, "lxml") else make(PAGE)  # type: ignore[operator,arg-type]
    assert read_page(given_).text == read_page(PAGE).text


WORDS = st.text(alphabet="abc é<&\"'>Ж中\u200b", min_size=1, max_size=12)


@given(st.lists(st.tuples(st.sampled_from(["p", "div", "li", "h2", "span", "td", "pre"]), WORDS)))
@settings(max_examples=60, deadline=None)
def test_trees_and_strings_agree_on_well_formed_pages(parts: list[tuple[str, str]]) -> None:
    soup = BeautifulSoup("<html><head></head><body></body></html>", "html.parser")
    for tag, text in parts:
        node = soup.new_tag("div") if tag in ("li", "td") else soup.new_tag(tag)
        node.string = text
        soup.body.append(node)  # type: ignore[union-attr]
    assert read_page(soup).text == read_page(str(soup)).text == read_page(str(soup).encode()).text


@given(st.text(alphabet="<>/=\"' pdivabr!-\n&;\0\ud800é", max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_string_gives_blocks_in_order(source: str) -> None:
    page = read_page(source)
    assert (page.start[1:] >= page.end[:-1]).all()
    assert (page.end > page.start).all()
    assert not len(page) or page.end[-1] <= len(page.text)
    for i in range(len(page)):
        assert page.block(i).strip()


@pytest.mark.parametrize(
    ("style", "hidden"),
    [
        ("display:none", True),
        ("DISPLAY : None !important", True),
        ("color:red;visibility:hidden", True),
        ("display:none;display:block", False),
        ("display:none!important;display:block", True),
        ("background:url(display:none)", False),
        ("content:'display:none'", False),
        ("display:none-such", False),
        ("overflow:hidden", False),
    ],
)
def test_style_values_are_parsed(style: str, hidden: bool) -> None:
    page = read_page(f'<div style="{style}"><p>one</p></div><p>two</p>')
    assert page.hidden.tolist() == [hidden, False]


def test_hidden_attributes_count() -> None:
    page = read_page('<p hidden>a</p><p aria-hidden="true">b</p><p class="hidden">c</p>')
    assert page.hidden.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ('<meta charset="windows-1251"><p>Привет, мир</p>'.encode("cp1251"), None),
        ("<p>Привет, мир</p>".encode("utf-16"), None),
        ("<p>Привет, мир</p>".encode("koi8-r"), "koi8-r"),
        ("<p>Привет, мир</p>".encode("utf-8-sig"), None),
        ("<p>Привет, мир</p>".encode(), "no-such-charset"),
    ],
)
def test_charsets(data: bytes, encoding: str | None) -> None:
    assert read_page(data, encoding=encoding).text == "Привет, мир"


HOSTILE = {
    "nested": "<div>" * 100_000 + "x",
    "nested bold": "<b>" * 100_000 + "x" + "<p>y" * 2000,
    "attributes": "<p " + " ".join(f"a{i}=1" for i in range(100_000)) + ">x",
    "quoted": "<p " + " ".join(f'a{i}=">"' for i in range(100_000)) + ">x",
    "unclosed": "<p>a<div>b<li>c<td>d" * 3000,
    "open tag": "<a <a " * 50_000,
    "quotes": '<a "' * 50_000,
    "comments": "<!--" * 50_000,
    "brackets": "<" * 300_000,
    "scripts": "<script>" * 30_000,
    "tables": "<table><tr><td>" * 10_000 + "x",
    "reopened": "".join(f"<b id={i}>" for i in range(60)) + "<p></p>" * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end_in_time(name: str) -> None:
    began = time.perf_counter()
    read_page(HOSTILE[name])
    assert time.perf_counter() - began < 8


def test_truncation_is_said() -> None:
    assert "nested" in read_page(HOSTILE["nested"]).truncated[0]
    assert "attributes" in read_page(HOSTILE["attributes"]).truncated[0]
    assert "attributes" in read_page(HOSTILE["quoted"]).truncated[0]
    many = read_page("<i>a</i>" * (guard.MAX_TAGS // 2 + 9))
    assert "tags" in many.truncated[0]
    long = read_page(b"<p>" + b"word " * 4_000_000)
    assert "bytes" in long.truncated[0]
    assert read_page(PAGE).truncated == ()


def test_nul_and_surrogates() -> None:
    assert read_page(b"a\0b<p>c\0</p>").text == "ab\n\nc"
    assert read_page("<p>\ud83d\ude00 \ud800</p>").text == "\U0001f600 \ufffd"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<html><body><div id=app></div><script src=a.js></script>", "scripts"),
        ("<frameset><frame src=a></frameset>", "frameset"),
        ("", "no text"),
    ],
)
def test_pages_without_text_say_why(page: str, said: str) -> None:
    read = read_page(page)
    assert not len(read)
    assert said in read.notes[0]


def test_noscript_counts_where_scripts_would_build_the_page() -> None:
    body = "<noscript><div><h1>Topic</h1>" + "<p>A long post that matters.</p>" * 20
    shell = f"<body><div>Loading</div>{body}</div></noscript></body>"
    assert "A long post" in read_page(shell).text
    full = "<p>Other text that is much longer than the rest.</p>" * 40
    assert "tracking" not in read_page(f"{full}<noscript>tracking</noscript>").text


def test_wrong_type_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        read_page(7)  # type: ignore[arg-type]
    assert caught.value.code == "PAGE_TYPE"
    assert isinstance(caught.value, UnbaitError)


def test_metadata() -> None:
    said = metadata(read_page(PAGE, url="https://gull.example/a/b"))
    assert said == {
        "title": "A day out",
        "byline": "Ann Lee",
        "date": "2026-05-01",
        "language": "en",
        "url": "https://gull.example/day",
        "site": "The Gull",
        "article_body": "One two.\n\nThree.",
    }
    assert set(metadata(read_page("<p>x")).values()) == {None}
    deep = '<script type="application/ld+json">' + "[" * 100_000
    assert metadata(read_page(deep))["title"] is None


def test_render_formats() -> None:
    page = read_page(PAGE)
    kept = list(range(1, len(page)))
    assert render(page, kept) == page.text[page.start[1] :]
    markdown = render(page, kept, "markdown")
    assert "# A day out" in markdown
    assert "- first\n- second link" in markdown
    assert "```\na = 1\n  b = 2\n```" in markdown
    assert "five \\<six\\>" in markdown
    html = render(page, kept, "html")
    assert "<h1>A day out</h1>" in html
    assert "five &lt;six&gt; &amp; seven eight" in html
    assert read_page(html).text.split() == page.text[page.start[1] :].split()


def test_rendering_some_blocks_keeps_them_apart() -> None:
    page = read_page("<p>a</p><p>b</p><p>c</p><ul><li>1<li>2<li>3</ul>")
    assert render(page, [0, 2]) == "a\n\nc"
    assert render(page, [3, 5]) == "1\n3"


def test_offsets_count_code_points() -> None:
    page = read_page("<p>Ж中é</p><p>\U0001f600 x</p>")
    assert [page.block(i) for i in range(2)] == ["Ж中é", "\U0001f600 x"]
    assert np.array_equal(page.start, [0, 5])
