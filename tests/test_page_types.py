"""What type a page is, once its main content is chosen."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from unbait import Cleaner, modelfile, parity
from unbait.errors import ModelError
from unbait.html import PAGE_TYPES, TypeModel, features, page_types, read_page
from unbait.html.nest import climb, nest

FOLDER = modelfile.packaged("page_types")
MODEL = TypeModel.load(FOLDER)
FEATURES = {"feature_version": 1}
EVEN = dict.fromkeys(PAGE_TYPES, 1 / len(PAGE_TYPES))
PROSE = (
    "<p>The harbour was quiet when the first boats came home, and nobody on the quay spoke of the "
    "storm that had kept them out for three nights.</p>"
)
LINKS = "".join(f'<li><a href="/{n}">Boat {n} comes home</a></li>' for n in range(30))


def told(html: str, url: str | None = None, kept: list[int] | None = None) -> dict[str, float]:
    page = read_page(html, url=url)
    rows = features.dense(page, nest(page, climb(page)))
    part = np.arange(len(page)) if kept is None else np.array(kept, dtype=np.int64)
    return MODEL.chances(page, rows, part, EVEN)


def shape_of(html: str) -> dict[str, float]:
    page = read_page(html)
    rows = features.dense(page, nest(page, climb(page)))
    values = page_types.shape(page, rows, np.arange(len(page)))
    return dict(zip(page_types.SHAPE_NAMES, values.tolist(), strict=True))


def test_parity() -> None:
    assert parity.verify(FOLDER) == 5


def test_the_shape_of_prose_and_of_links() -> None:
    prose, links = shape_of(PROSE * 4), shape_of(f"<ul>{LINKS}</ul>")
    assert prose["prose_letters"] == 1 and links["prose_letters"] == 0
    assert prose["log_prose_run"] == pytest.approx(np.log1p(4))
    assert links["links_blocks"] == 1 and prose["links_blocks"] == 0
    assert links["path_most"] > prose["path_most"]
    assert shape_of("<p>Is it $5?</p>")["log_money"] == pytest.approx(np.log1p(1))


def test_links_speak_for_a_listing() -> None:
    prose, links = told(PROSE * 4), told(f"<ul>{LINKS}</ul>")
    assert links["listing"] > 2 * prose["listing"] and prose["article"] > 2 * links["article"]


def test_addresses() -> None:
    def address(url: str | None) -> dict[str, float]:
        return dict(zip(page_types.ADDRESS_NAMES, page_types.address(url).tolist(), strict=True))

    assert not any(address(None).values()) and not any(address("http://[x/").values())
    assert address("https://site.example/")["root"] == 1
    deep = address("https://site.example/news/2026/boats-come-home-7.html?a=1")
    assert (deep["depth"], deep["last_words"], deep["last_digits"]) == (3, 3, 1)
    assert deep["query"] == deep["last_page"] == 1 and deep["section"] == 0
    assert address("https://site.example/news")["section"] == 1


@pytest.mark.parametrize("html", ["", "<p></p>", "<p>\ud800</p>", PROSE])
@pytest.mark.parametrize("url", [None, "", "http://[x", "https://site.example/" + "a/" * 5000])
def test_chances_are_chances(html: str, url: str | None) -> None:
    for kept in (None, []):
        chances = told(html, url, kept)
        assert list(chances) == list(PAGE_TYPES)
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)


def test_results_tell_the_type_and_travel() -> None:
    result = Cleaner().clean_html(f"<body><main><h1>Home</h1>{PROSE * 4}</main></body>")
    name, chance = result.page_type
    assert chance == max(result.verdict.numbers[f"page_{kind}"] for kind in PAGE_TYPES)
    assert result.verdict.numbers[f"page_{name}"] == chance
    assert pickle.loads(pickle.dumps(result)).page_type == (name, chance)


def test_what_is_written_is_what_is_loaded(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    modelfile.save(tmp_path, {"rows": array, "columns": np.asfortranarray(array)}, FEATURES)
    arrays, _ = modelfile.load(tmp_path, 1)
    assert np.array_equal(arrays["rows"], array) and np.array_equal(arrays["columns"], array)


def test_short_articles_are_articles() -> None:
    result = Cleaner().clean_html(
        f"<nav><a href='/'>Home</a></nav><main><article><h1>Boats come home</h1>{PROSE * 3}"
        "</article></main>"
    )
    assert result.page_type[0] == "article" and result.page_type[1] > 0.6


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="MODEL_MISSING"):
        TypeModel.load(tmp_path)
    for name in (modelfile.WEIGHTS, modelfile.MANIFEST):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    weights = bytearray((tmp_path / modelfile.WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (tmp_path / modelfile.WEIGHTS).write_bytes(weights)
    with pytest.raises(ModelError, match="MODEL_DAMAGED"):
        TypeModel.load(tmp_path)
