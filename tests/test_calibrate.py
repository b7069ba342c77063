"""A promise of loss: it holds on documents not seen, and is refused where it cannot be made."""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests import labelled
from unbait import Cleaner, LabelError, Policy, PolicyError, calibrate
from unbait.cli import main
from unbait.labels import Labelled, Sample, load

DATA = Path(os.environ.get("UNBAIT_DATA", Path(__file__).resolve().parents[1] / "shared" / "data"))
NEWS = DATA / "lines" / "news.jsonl.xz"
MAX_LOSS = 0.02


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


def sample(documents: list[Labelled]) -> Sample:
    return Sample(tuple(documents), "0" * 64)


def mislabelled(documents: list[Labelled], every: int) -> list[Labelled]:
    """Call all of every so-manieth document content, so that something is lost."""
    return [
        replace(one, labels=("content",) * len(one.labels)) if number % every == 0 else one
        for number, one in enumerate(documents)
    ]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=400))
def test_the_bound_is_above_the_mean_and_nears_it(losses: list[float]) -> None:
    one = np.array(losses)
    assert calibrate.bound(one) >= one.mean() - 1e-12
    assert calibrate.bound(np.tile(one, 100)) <= calibrate.bound(one) + 1e-12


@given(st.floats(0.0005, 0.9))
def test_the_least_number_of_documents_is_the_least(max_loss: float) -> None:
    need = calibrate.least_documents(max_loss)
    assert calibrate.bound(np.zeros(need)) <= max_loss * (1 + 1e-6)
    assert need == 0 or calibrate.bound(np.zeros(need - 1)) > max_loss * (1 - 1e-6)


def test_a_promise_needs_so_many_documents(cleaner: Cleaner) -> None:
    assert calibrate.least_documents(0.005) == 199
    with pytest.raises(LabelError, match="SAMPLE_SMALL") as caught:
        calibrate.calibrate(cleaner, sample(labelled.documents(40)), 0.005)
    assert "from 199 documents on" in str(caught.value) and "label 159 more" in str(caught.value)


def test_more_may_be_lost_more_is_found(cleaner: Cleaner) -> None:
    documents = sample(mislabelled(labelled.documents(120), 3))
    found = [calibrate.calibrate(cleaner, documents, share) for share in (0.024, 0.03, 0.2)]
    thresholds = [policy.threshold for policy, _ in found]
    assert thresholds == sorted(thresholds, reverse=True) and len(set(thresholds)) > 1
    assert all(proof.bound <= proof.max_loss for _, proof in found)
    assert [proof.junk_found for _, proof in found] == sorted(p.junk_found for _, p in found)


def test_the_promise_is_that_of_the_cleaning_itself(cleaner: Cleaner) -> None:
    documents = labelled.documents(80)
    policy, proof = calibrate.calibrate(cleaner, sample(documents), MAX_LOSS)
    lost = []
    for one in documents:
        kept = cleaner.with_policy(policy).clean(one.document().text).text
        content = [t for t, label in zip(one.texts, one.labels, strict=True) if label == "content"]
        lost.append(sum(len(t) for t in content if t not in kept) / sum(map(len, content)))
    assert sum(lost) / len(lost) <= proof.risk + 1e-9


def test_the_promise_holds_over_random_splits_of_made_data(cleaner: Cleaner) -> None:
    _holds(cleaner, mislabelled(labelled.documents(200, lines=4), 20))


@pytest.mark.skipif(not NEWS.exists(), reason="the labelled news are not on this machine")
def test_the_promise_holds_over_random_splits_of_news(cleaner: Cleaner) -> None:
    _holds(cleaner, list(load(NEWS).documents[::3]))


def _holds(cleaner: Cleaner, documents: list[Labelled]) -> None:
    """Calibrate on halves; the mean loss of the other halves is within the promise.

    The losses at every threshold are found once; a split chooses rows of them, as calibrating does.
    """
    table = np.stack([
        calibrate.losses(cleaner.with_policy(Policy(threshold=threshold)), documents)[0]
        for threshold in calibrate.THRESHOLDS[::4]
    ])  # fmt: skip
    worst = np.maximum.accumulate(table, axis=0)
    rng = np.random.default_rng(0)
    tested = []
    for _ in range(40):
        order = rng.permutation(len(documents))
        half, other = order[::2], order[1::2]
        bounds = np.array([calibrate.bound(row[half]) for row in worst])
        allowed = np.flatnonzero(bounds <= MAX_LOSS)
        tested.append(table[allowed[-1], other].mean() if len(allowed) else 0.0)
    assert np.mean(tested) <= MAX_LOSS
    assert np.mean(tested) > 0


@pytest.mark.parametrize("max_loss", [0.0, 1.0, -0.1, float("nan")])
def test_nonsense_is_refused(cleaner: Cleaner, max_loss: float) -> None:
    with pytest.raises(PolicyError, match="MAX_LOSS"):
        calibrate.calibrate(cleaner, sample(labelled.documents(60)), max_loss)


def test_samples_that_carry_no_promise_are_refused(cleaner: Cleaner) -> None:
    good = labelled.documents(60)
    for wrong, code in (
        ([*good[:-1], good[0]], "SAMPLE_REPEATED"),
        ([replace(one, labels=("ad",) * len(one.labels)) for one in good], "SAMPLE_ONE_KIND"),
        ([], "SAMPLE_SMALL"),
    ):
        with pytest.raises(LabelError, match=code):
            calibrate.calibrate(cleaner, sample(wrong), MAX_LOSS)


def test_a_promise_that_rules_break_is_refused(cleaner: Cleaner) -> None:
    with pytest.raises(PolicyError, match="NO_THRESHOLD"):
        calibrate.calibrate(cleaner, sample(mislabelled(labelled.documents(60), 1)), MAX_LOSS)


def test_on_the_command_line(tmp_path: Path) -> None:
    labels = labelled.write(tmp_path / "my.jsonl", labelled.documents(120))
    output, text = tmp_path / "mine.toml", tmp_path / "a.txt"
    run = CliRunner().invoke
    done = run(main, ["calibrate", "--labels", str(labels), "--max-loss", "1%", "-o", str(output)])
    assert done.exit_code == 0, done.output
    assert "promised 1.00%" in done.output and "120 documents" in done.output
    written = tomllib.loads(output.read_text())
    assert written["proof"]["documents"] == 120 and written["proof"]["max_loss"] == 0.01
    assert written["proof"]["bound"] <= 0.01
    assert Policy.load(output).threshold == written["policy"]["threshold"]
    text.write_text("The council decided to reopen the ferry line.\n\nSign up for our newsletter\n")
    cleaned = run(main, ["clean", "--policy", str(output), str(text)])
    assert cleaned.exit_code == 0 and "newsletter" not in cleaned.stdout
    assert cleaned.stderr == ""
    output.write_text(output.read_text().replace(written["proof"]["model_sha256"], "f" * 64))
    warned = run(main, ["clean", "--policy", str(output), str(text)])
    assert warned.exit_code == 0 and "made for another model" in warned.stderr


def test_wrong_use_on_the_command_line(tmp_path: Path) -> None:
    labels = labelled.write(tmp_path / "my.jsonl", labelled.documents(5))
    run = CliRunner().invoke
    for share in ("soon", "0%", "150%"):
        wrong = run(main, ["calibrate", "--labels", str(labels), "--max-loss", share])
        assert wrong.exit_code == 2 and "--max-loss" in wrong.output
    few = run(main, ["calibrate", "--labels", str(labels), "--max-loss", "1%"])
    assert few.exit_code == 1 and "SAMPLE_SMALL" in few.output
    bad = tmp_path / "bad.toml"
    bad.write_text("[policy]\nthreshold = 7\n")
    refused = run(main, ["clean", "--policy", str(bad), str(labels)])
    assert refused.exit_code == 2 and "POLICY_FIELD" in refused.output
