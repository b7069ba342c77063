"""Promises of the design that need the library as a whole, or a process of its own."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait import Cleaner, ModelError, modelfile
from unbait.parity import verify

ARTICLE = [
    "The harbour bridge will close for nine days in May, the city council said on Monday.",
    "Engineers want to replace two worn bearings before the summer traffic begins.",
    "A ferry will run every twenty minutes and take bicycles, a spokeswoman said.",
]
JUNK = ["Click Here: cheap rugby jerseys", "Like this story?", "READ MORE: Ten bridges to cross"]
LINES = st.lists(st.sampled_from([*ARTICLE, *JUNK, "By Jane Doe", ""]), max_size=10)
SAME_AGAIN = 0.995


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


def is_subsequence(part: str, whole: str) -> bool:
    here = iter(whole)
    return all(letter in here for letter in part)


@settings(max_examples=60, deadline=None)
@given(LINES.map("\n".join))
def test_kept_text_is_a_subsequence(cleaner: Cleaner, text: str) -> None:
    assert is_subsequence(cleaner.clean(text).text, text)


@settings(max_examples=60, deadline=None)
@given(LINES.map("\n".join))
def test_rules_find_nothing_in_what_they_left(cleaner: Cleaner, text: str) -> None:
    once = cleaner.clean(text)
    again = cleaner.clean(once.text)
    if once.notes or again.notes:
        return  # the guard kept everything
    left = [r.code for d in again.decisions if d.action == "remove" for r in d.reasons]
    assert not [code for code in left if code not in ("MODEL", "WORD")]


def test_cleaning_what_was_cleaned_changes_next_to_nothing(cleaner: Cleaner) -> None:
    records = pytest.importorskip("training.records", reason="needs the extra train")
    try:
        texts = ["\n".join(record.texts) for record in records.news()]
    except records.DataMissingError as missing:
        pytest.skip(str(missing))
    once = [result.text for result in cleaner.clean_many(texts)]
    again = [result.text for result in cleaner.clean_many(once)]
    same = sum(a == b for a, b in zip(once, again, strict=True)) / len(texts)
    assert same >= SAME_AGAIN


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(modelfile.packaged("paragraph"), tmp_path / "model"))


def test_a_damaged_model_is_refused(model: Path) -> None:
    weights = model / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(ModelError, match=r"\[MODEL_DAMAGED\].*hash"):
        Cleaner(model=model)


def test_a_model_for_other_features_is_refused(model: Path) -> None:
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["feature_version"] += 1
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"\[MODEL_VERSION\].*feature version"):
        Cleaner(model=model)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\[MODEL_MISSING\]"):
        Cleaner(model=tmp_path / "none")


def test_parity_is_replayed(model: Path) -> None:
    assert verify(model) > 3
    rows = (model / "parity.jsonl").read_bytes().splitlines()
    row = json.loads(rows[0])
    row["junk"][0] = 0.5
    (model / "parity.jsonl").write_bytes(b"\n".join([json.dumps(row).encode(), *rows[1:]]))
    with pytest.raises(ModelError, match=r"\[MODEL_PARITY\].*row 1"):
        verify(model)


def test_starting_loads_nothing_that_is_not_needed() -> None:
    code = (
        "import sys, unbait; unbait.Cleaner().clean('A short text.').text;"
        "print(*[name for name in ('sklearn', 'scipy', 'fastapi', 'pandas', 'bs4', 'lxml')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_one_article_is_quick(cleaner: Cleaner) -> None:
    text = "\n\n".join(ARTICLE * 20)[:5000]
    times = []
    for _ in range(20):
        start = time.process_time()
        _ = cleaner.clean(text).text
        times.append(time.process_time() - start)
    assert min(times) < 0.03  # measured figures: docs/speed.md
