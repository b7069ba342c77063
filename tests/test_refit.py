"""Training on labels of one's own: what it learns, what it refuses, and the way back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import labelled
from unbait import Cleaner, LabelError, ModelError
from unbait.cli import main
from unbait.labels import Labelled, Sample
from unbait.modelfile import packaged, read_manifest
from unbait.refit import Refit, directory, refit
from unbait.refit.checks import ranking
from unbait.refit.minimise import minimise

HOUSE = "Readers of the Valley Post get the Sunday edition at half of the usual"


def sample(documents: list[Labelled]) -> Sample:
    return Sample(tuple(documents), "0" * 64)


def house_adverts(count: int, seed: int = 0) -> list[Labelled]:
    """Return documents with an advert that reads like prose, which the packaged model keeps."""
    rng = Random(seed)
    found = []
    for one in labelled.documents(count, seed):
        texts, labels = list(one.texts), list(one.labels)
        place = rng.randint(1, len(texts))
        price = rng.choice(("price", "cost", "rate"))
        texts.insert(place, f"{HOUSE} {price} of {rng.random():.3}.")
        labels.insert(place, "ad")
        found.append(replace(one, texts=tuple(texts), labels=tuple(labels)))
    return found


def swapped(label: str | None) -> str | None:
    return {None: None, "content": "junk"}.get(label, "content")


def flipped(documents: list[Labelled], share: float) -> list[Labelled]:
    rng = Random(0)
    return [
        replace(one, labels=tuple(swapped(x) if rng.random() < share else x for x in one.labels))
        for one in documents
    ]


@pytest.fixture(scope="module")
def learnt() -> Refit:
    return refit(sample(house_adverts(40)), "0")


@pytest.fixture(scope="module")
def model(learnt: Refit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "mine"
    directory.save(learnt, path)
    return path


def test_it_learns_what_the_packaged_model_does_not_know(learnt: Refit, model: Path) -> None:
    assert learnt.after.junk_f1 > learnt.before.junk_f1 + 0.1
    assert learnt.after.log_loss < learnt.before.log_loss
    unseen = house_adverts(20, seed=7)

    def house_lines_kept(cleaner: Cleaner) -> int:
        return sum(HOUSE in cleaner.clean(one.document().text).text for one in unseen)

    assert house_lines_kept(Cleaner()) >= 15
    assert house_lines_kept(Cleaner(model=model)) <= 2


EXAMPLE = Path(__file__).parents[1].joinpath("examples/scraped-article.txt").read_text()
BYLINE = "By Marta Lindqvist | 14 May 2024 | 3 min read\n\n"


def test_it_keeps_what_the_packaged_model_knows(model: Path) -> None:
    text = EXAMPLE.replace(BYLINE, "")
    assert Cleaner(model=model).clean(text).text == Cleaner().clean(text).text


@pytest.mark.xfail(strict=True, reason="a sample without metadata makes bylines look like junk")
def test_it_keeps_metadata_that_the_sample_does_not_speak_of(model: Path) -> None:
    assert BYLINE in EXAMPLE
    assert BYLINE in Cleaner(model=model).clean(EXAMPLE).text


def test_its_reasons_name_the_new_words(model: Path) -> None:
    text = house_adverts(1, seed=9)[0].document().text
    (cut,) = (
        d for d in Cleaner(model=model).clean(text).decisions
        if d.action == "remove" and HOUSE in text[d.start : d.end]
    )  # fmt: skip
    assert any(reason.code == "WORD" for reason in cut.reasons)


def test_same_labels_same_bytes(learnt: Refit, tmp_path: Path) -> None:
    again = refit(sample(house_adverts(40)), "0")
    for name, one in (("a", learnt), ("b", again)):
        directory.save(one, tmp_path / name)
    for file in ("weights.safetensors", "manifest.json", "parity.jsonl", "CARD.md"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_the_manifest_names_its_parent_and_its_labels(model: Path) -> None:
    manifest = read_manifest(model)
    assert manifest["parent"]["weights_sha256"] == read_manifest(packaged("paragraph"))[
        "weights_sha256"
    ]
    lines = sum(len(one.texts) for one in house_adverts(40))
    assert manifest["labels"] == {"sha256": "0" * 64, "documents": 40, "lines": lines}
    assert "junk F1" in (model / "CARD.md").read_text()


GOOD = house_adverts(40)


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([], "SAMPLE_SMALL"),
        (GOOD[:9], "SAMPLE_SMALL"),
        (GOOD[:1] * 60, "SAMPLE_SMALL"),
        ([replace(one, labels=("content",) * len(one.labels)) for one in GOOD], "SAMPLE_ONE_KIND"),
        ([replace(one, labels=("junk",) * len(one.labels)) for one in GOOD], "SAMPLE_ONE_KIND"),
        (flipped(GOOD, 1.0), "LABELS_SWAPPED"),
        (flipped(GOOD, 0.5), "LABELS_(CHANCE|SWAPPED)"),
        (flipped(labelled.documents(60), 0.3), "LABELS_(CHANCE|DOUBTFUL)|NO_GAIN"),
        (labelled.documents(60), "NO_GAIN"),
        (
            [replace(one, texts=(*one.texts, "Menu"),
                     labels=(*one.labels, "content" if number % 2 else "junk"))
             for number, one in enumerate(GOOD)],
            "LABELS_CONTRADICT",
        ),
    ],
)  # fmt: skip
def test_what_teaches_nothing_is_refused(documents: list[Labelled], code: str) -> None:
    with pytest.raises(LabelError, match=code):
        refit(sample(documents), "0")


def test_a_model_gives_way_to_the_next_and_comes_back(learnt: Refit, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    directory.save(learnt, path)
    first = read_manifest(path)
    directory.save(replace(learnt, manifest={**learnt.manifest, "strength": -1.0}), path)
    assert read_manifest(path)["strength"] == -1.0
    assert directory.undo(path) == first == read_manifest(path)
    with pytest.raises(ModelError, match="NOTHING_BEFORE"):
        directory.undo(path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_a_folder_of_something_else_is_left_alone(learnt: Refit, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ModelError, match="OUTPUT_CLASH"):
        directory.save(learnt, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.tex"]


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_on_the_command_line(tmp_path: Path) -> None:
    labels = labelled.write(tmp_path / "my.jsonl", house_adverts(40))
    path, text = tmp_path / "my-model", tmp_path / "a.txt"
    trained = call("train", "--labels", labels, "-o", path)
    assert trained.exit_code == 0, trained.output
    assert "lines of 40 documents" in trained.output and "(packaged" in trained.output
    verified = call("models", "verify", path)
    assert verified.exit_code == 0 and "parity rows the same" in verified.output
    text.write_text(house_adverts(1, seed=5)[0].document().text)
    assert HOUSE in call("clean", text).stdout
    assert HOUSE not in call("clean", "--model", path, text).stdout
    assert json.loads(call("models", "show", path).stdout)["parent"]["weights_sha256"]
    assert call("models", "undo", path).exit_code == 1
    assert call("train", "--labels", labels, "-o", path).exit_code == 0
    assert call("models", "undo", path).exit_code == 0


def test_a_refusal_on_the_command_line(tmp_path: Path) -> None:
    labels = labelled.write(tmp_path / "my.jsonl", labelled.documents(5))
    done = call("train", "--labels", labels, "-o", tmp_path / "mine")
    assert done.exit_code == 1 and "SAMPLE_SMALL" in done.output
    assert not (tmp_path / "mine").exists()


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_ranking_counts_pairs(rows: list[tuple[int, bool]]) -> None:
    score, junk = np.array([float(s) for s, _ in rows]), np.array([j for _, j in rows])
    pairs = [(a > b) + 0.5 * (a == b) for a in score[junk] for b in score[~junk]]
    assert ranking(score, junk) == pytest.approx(np.mean(pairs) if pairs else 0.5)


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 1000))
def test_the_minimum_of_a_bowl_is_found(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size))
    bowl, middle = root @ root.T + np.eye(size), rng.normal(size=size)

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        pull = bowl @ (x - middle)
        return float(0.5 * (x - middle) @ pull), pull

    found = minimise(value, np.zeros(size), tolerance=1e-12)
    assert np.abs(found - middle).max() < 1e-3
