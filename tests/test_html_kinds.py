from __future__ import annotations

from unbait.html import categories, read_page


def test_guesses_follow_place_and_names() -> None:
    page = read_page(
        '<nav><a href="/">Home page of the gull</a></nav>'
        '<div class="comment-list"><p>I saw it too.</p></div>'
        '<div class="downloads"><p>Files to load down.</p></div>'
        '<div id="sideAd"><p>Hats.</p></div>'
        '<ul><li><a href="/x">Ten gulls that you will never forget</a></li></ul>'
    )
    assert categories(page) == ["boilerplate", "comment", "boilerplate", "ad", "teaser"]
    assert categories(read_page("")) == []
    assert categories(read_page("text alone")) == ["boilerplate"]
