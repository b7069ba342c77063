"""Documents and pages that the tests of pipelines share, written for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import unbait

JUNK = "Click here: cheap jerseys online"
FILTER = str(Path(unbait.__file__).parents[1])


def document(number: int) -> dict[str, Any]:
    text = (
        f"The council met on Monday to talk about item {number}, and it agreed on the plan.\n\n"
        f"{JUNK}\n\nThe mayor said the work on street {number} would begin in May."
    )
    site = f"http://www.site{number % 3}.test/{number}"
    return {"id": f"d{number}", "text": text, "url": site, "n": number}


def documents(count: int) -> list[dict[str, Any]]:
    return [document(number) for number in range(count)]


def page(number: int) -> str:
    """A small page of one site: menu, article, advert, footer."""
    body = "".join(
        f"<p>The council met on day {number} to talk about item {line}, and after an hour it "
        f"agreed on the plan that the mayor had set out in the spring of that year.</p>"
        for line in range(5)
    )
    return (
        "<!doctype html><html><head><meta charset='utf-8'>"
        f"<title>Item {number}</title></head><body><nav><a href='/'>Home</a> "
        f"<a href='/news'>News</a></nav><main><article><h1>Council agrees on item {number}</h1>"
        f"{body}<p>{JUNK}</p></article></main><footer>Contact us</footer></body></html>"
    )


def clean_texts(made: list[dict[str, Any]]) -> list[str]:
    """What the library gives for the same documents."""
    from unbait import Cleaner

    return [result.text for result in Cleaner().clean_many([row["text"] for row in made])]
