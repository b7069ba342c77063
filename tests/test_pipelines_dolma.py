"""Tags and mixes: any policy applied later gives what the library gives."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipelines_given import JUNK, any_shard, documents
from unbait import Cleaner, Document, InputError, Policy
from unbait.cli import main
from unbait.pipelines.dolma import mix, tags_of

LINES = (
    JUNK, "By Anna Berg, staff reporter", "Read more: What the mayor said", "Share on Facebook",
    "The council met on Monday to talk about the plan, and agreed on it after an hour.",
    "The road will be closed until June. Click here: cheap jerseys online! Buses will go by the "
    "river instead, the operator said on Tuesday, and the fares stay as they were.",
    "Subscribe to our newsletter to get the latest news every day.", "", "© 2026 The Daily Test",
)  # fmt: skip
POLICIES = (
    Policy(), Policy.strict(), Policy.flag(), Policy(threshold=0.9), Policy(threshold=0.3),
    Policy(remove=frozenset({"teaser"})), Policy(guard=0.3),
)  # fmt: skip


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.sampled_from(LINES), max_size=8), policy=st.sampled_from(POLICIES))
def test_a_mix_is_what_the_library_gives(
    cleaner: Cleaner, lines: list[str], policy: Policy
) -> None:
    text = "\n\n".join(lines)
    (tags,) = tags_of(cleaner, [Document(text)])
    travelled = orjson.loads(orjson.dumps(tags))
    assert mix(text, travelled, policy) == cleaner.with_policy(policy).clean(text).text


def test_keep_rules_are_tagged() -> None:
    keeper = Cleaner(keep=["cheap jerseys"])
    text = f"{LINES[4]}\n\n{JUNK}"
    (tags,) = tags_of(keeper, [Document(text)])
    assert "unbait__keep" in tags and mix(text, tags, Policy()) == text


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"unbait__ad": [[0, 3, 0.9]]}, "TAGS_MISMATCH"),
        ({"unbait__ad_inside": [[0, 99, 0.9]]}, "TAGS_MISMATCH"),
        ({"other__ad": [[0, 10, 0.9]]}, "TAGS_UNKNOWN"),
        ({"unbait__content": [[0, 10, 0.9]]}, "TAGS_UNKNOWN"),
    ],
)
def test_tags_of_another_text_are_refused(tags: Any, code: str) -> None:
    with pytest.raises(InputError) as error:
        mix("A sentence", tags, Policy())
    assert error.value.code == code
    with pytest.raises(InputError, match="TAGS_TOO_FEW"):
        mix("A sentence", {}, Policy(threshold=0.01))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_tag_then_mix_on_the_command_line(tmp_path: Path) -> None:
    made = tmp_path / "a.jsonl.gz"
    lines = [orjson.dumps(row) + b"\n" for row in documents(30)]
    made.write_bytes(gzip.compress(b"".join(lines)))
    assert run("clean", "--tag", "-o", tmp_path / "attributes", made).exit_code == 0
    tags = [
        orjson.loads(line)
        for line in gzip.decompress((tmp_path / "attributes/a.jsonl.gz").read_bytes()).splitlines()
    ]
    assert [row["id"] for row in tags] == [f"d{i}" for i in range(30)]
    (start, end, score) = tags[3]["attributes"]["unbait__ad"][0]
    assert documents(4)[3]["text"][start:end] == JUNK and score > 0.5
    assert run("clean", "-o", tmp_path / "direct", made).exit_code == 0
    out = tmp_path / "mixed.jsonl.gz"
    assert run("mix", made, tmp_path / "attributes/a.jsonl.gz", "-o", out).exit_code == 0
    direct = gzip.decompress((tmp_path / "direct/a.jsonl.gz").read_bytes())
    assert gzip.decompress(out.read_bytes()) == direct
    kept = run("mix", made, tmp_path / "attributes/a.jsonl.gz", "-o", out, "--remove", "teaser")
    assert kept.exit_code == 0
    assert JUNK.encode() in gzip.decompress(out.read_bytes())
    assert run("mix", made, made, "-o", out, "--remove", "nonsense").exit_code == 2


def test_documents_without_tags_are_rejected(tmp_path: Path) -> None:
    made, tags = tmp_path / "a.jsonl", tmp_path / "t.jsonl"
    made.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in documents(3)))
    tags.write_bytes(b'{"id": "d0", "attributes": {}}\n{"id": "d2", "attributes": {}}\n')
    out, rejects = tmp_path / "out.jsonl", tmp_path / "rejects.jsonl"
    told = run("mix", made, tags, "-o", out, "--rejects", rejects)
    assert told.exit_code == 1 and "1 records rejected" in told.stderr
    assert [orjson.loads(line)["id"] for line in out.read_bytes().splitlines()] == ["d0", "d2"]
    assert orjson.loads(rejects.read_bytes())["code"] == "TAGS_MISSING"


def test_dolmas_own_mixer_takes_the_tags(tmp_path: Path) -> None:
    dolma = shutil.which("dolma", path=str(Path(sys.executable).parent))
    if dolma is None:
        pytest.skip("needs the package dolma")
    (tmp_path / "documents").mkdir()
    given = any_shard(tmp_path / "documents/a.jsonl.gz", 20)
    assert run("clean", "--tag", "-o", tmp_path / "attributes/unbait", given).exit_code == 0
    span = {"span": "$.attributes.unbait__ad", "min_score": 0.5, "replacement": ""}
    stream = {
        "name": "mixed", "documents": [str(given)], "attributes": ["unbait"],
        "output": {"path": str(tmp_path / "out")}, "span_replacement": [span],
    }  # fmt: skip
    config = tmp_path / "mix.json"
    config.write_bytes(orjson.dumps({"streams": [stream], "processes": 1}))
    subprocess.run([dolma, "-c", str(config), "mix"], check=True, capture_output=True, timeout=120)
    (out,) = (tmp_path / "out").iterdir()
    rows = [orjson.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()]
    # Dolma cuts the span and leaves the blank lines around it.
    assert [row["text"] for row in rows] == [row["text"].replace(JUNK, "") for row in documents(20)]
