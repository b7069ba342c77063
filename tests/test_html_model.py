from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from unbait.errors import ModelError
from unbait.html import PAGE_TYPES, PageModel, read_page
from unbait.html.nest import climb, nest
from unbait.html.network import PageNetwork, surroundings

FOLDER = Path(__file__).parent.parent / "models" / "page"
SEED = Path(__file__).parent.parent.parent / "shared" / "seed"


@pytest.fixture(scope="module")
def model() -> PageModel:
    return PageModel.load(FOLDER)


def parity() -> list[dict[str, object]]:
    lines = (FOLDER / "parity.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("row", parity())
def test_parity(model: PageModel, row: dict[str, object]) -> None:
    page = read_page(str(row["html"]))
    assert page.text == row["text"]
    junk = model.score([page])[0]
    assert np.allclose(junk, np.asarray(row["junk"], dtype=float), atol=2e-5)
    assert model.select(page, junk).tolist() == row["kept"]
    assert model.page_type(page)[0] == row["page_type"]


def test_one_page_alone_or_among_others_scores_the_same(model: PageModel) -> None:
    pages = [read_page(str(row["html"])) for row in parity()]
    together = model.score(pages)
    for page, junk in zip(pages, together, strict=True):
        assert np.array_equal(model.score([read_page(page.text), page])[1], junk)


def test_article_is_kept_and_its_frame_is_not(model: PageModel) -> None:
    page = read_page(str(parity()[0]["html"]))
    junk = model.score([page])[0]
    kept = [page.block(int(i)) for i in np.flatnonzero(model.select(page, junk))]
    assert any(text.startswith("By noon") for text in kept)
    assert not {"Sport", "Terms", "Privacy"} & set(kept)


def test_threshold_keeps_more_when_it_must_be_surer(model: PageModel) -> None:
    page = read_page(str(parity()[0]["html"]))
    junk = model.score([page])[0]
    sizes = [model.select(page, junk, t).sum() for t in (0.1, 0.5, 0.9, 1.0)]
    assert sizes == sorted(sizes)


def test_page_types_are_told(model: PageModel) -> None:
    name, chance = model.page_type(read_page(str(parity()[0]["html"])))
    assert name in PAGE_TYPES
    assert 0 < chance <= 1


def test_damaged_and_missing_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="MODEL_MISSING"):
        PageModel.load(tmp_path)
    copy = tmp_path / "page"
    shutil.copytree(FOLDER, copy)
    weights = bytearray((copy / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "weights.safetensors").write_bytes(weights)
    with pytest.raises(ModelError, match="MODEL_DAMAGED"):
        PageModel.load(copy)


def seed_paragraphs() -> list[str]:
    if not SEED.is_dir():
        pytest.skip("the seed article lies outside the repository")
    text = next(SEED.glob("*.txt")).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("navigation", [False, True])
def test_seed_paragraphs_survive_the_page_model(model: PageModel, navigation: bool) -> None:
    soup = BeautifulSoup("<html><body></body></html>", "html.parser")
    assert soup.body is not None
    if navigation:
        soup.body.append(
            BeautifulSoup("<nav><a href='/'>Home</a> <a href='/n'>News</a></nav>", "html.parser")
        )
    lines = seed_paragraphs()
    for line in lines:
        paragraph = soup.new_tag("p")
        paragraph.string = line
        soup.body.append(paragraph)
    page = read_page(soup)
    kept = model.select(page, model.score([page])[0])
    texts = [page.block(int(i)) for i in np.flatnonzero(kept)]
    long = [" ".join(line.split()) for line in lines if len(line) > 120]
    assert all(line in texts for line in long)
    assert "Home News" not in texts


def test_networks_answer_together_as_torch_trained_them() -> None:
    pytest.importorskip("torch", reason="needs the extra train-page")
    from training.page_network import Example, _Batch, _exported, _Net

    page = read_page(str(parity()[0]["html"]))
    around = surroundings(nest(page, climb(page)))
    rows = np.random.default_rng(0).normal(size=(len(page), 7)).astype(np.float32)
    mean, scale = rows.mean(axis=0), 1 / rows.std(axis=0)
    ones = np.ones(len(page))
    batch = _Batch([Example(rows, rows, around, ones, ones, ones, 1.0)], mean, scale, named=True)
    nets = [_Net(7).eval() for _ in range(2)]
    wanted = np.mean([net(batch).detach().numpy() for net in nets], axis=0)
    found = PageNetwork.together([_exported(net, mean, scale) for net in nets])(rows, around)
    assert np.allclose(found, wanted, atol=1e-5)
