"""Rendering: what is cut can be put back, differences apply, records follow the schema."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import unbait
from tests.decided import Example, decisions_for
from unbait import render
from unbait.errors import InputError
from unbait.io.audit import audit_line, read_audit, schema
from unbait.types import Decision, Document

# Text that is hard on offsets: line ends of every kind, marks, lone surrogates, NUL.
HARD = st.text(st.sampled_from("ab \n\r\t\u2028é中😀\x00\ud800\udcff\ufeff"), max_size=60)

GOOD = (
    "The council voted on Tuesday to reopen the ferry line to the island, which was closed in "
    "2013 to save money, and will lease a vessel for three years, the harbour master said."
)
VALIDATOR = jsonschema.Draft202012Validator(schema())


@st.composite
def decided(draw: st.DrawFn, texts: st.SearchStrategy[str] = HARD) -> Example:
    text = draw(texts)
    ends = draw(st.lists(st.integers(0, max(0, len(text))), max_size=12))
    actions = draw(st.lists(st.sampled_from(["keep", "flag", "remove"]), min_size=14, max_size=14))
    return Example(Document(text), decisions_for(text, ends, actions))


def two_cuts() -> Example:
    text = "".join(f"line {number}\n" for number in range(1, 21))
    at = [text.index("line 3\n"), text.index("line 4\n"), text.index("line 18\n")]
    return Example(
        Document(text), decisions_for(text, [*at, at[2] + 8], ["keep", "remove"] * 2 + ["keep"])
    )


@given(decided())
def test_restore_gives_back_the_input(result: Example) -> None:
    text = result.document.text
    clean = render.cut(text, result.decisions)
    assert render.restore(clean, render.cuts_of(text, result.decisions)) == text


@given(decided())
def test_audit_alone_restores_and_follows_the_schema(result: Example) -> None:
    line = audit_line(render.audit_record(result, id="one"))
    assert line.count(b"\n") == 1
    record = json.loads(line)
    VALIDATOR.validate(record)
    clean = render.cut(result.document.text, result.decisions)
    assert render.restore(clean, render.cuts_in(record)) == result.document.text


def test_result_speaks_the_same_record() -> None:
    result = unbait.Cleaner().clean(f"{GOOD}\nClick Here: online rugby store malaysia\n{GOOD}\n")
    assert isinstance(result, unbait.Result)
    assert result.text == render.cut(result.document.text, result.decisions)
    assert result.restore() == result.document.text
    record = result.audit(id="one")
    assert record == render.audit_record(result, id="one")
    VALIDATOR.validate(json.loads(audit_line(record)))


def test_record_tells_everything() -> None:
    result = two_cuts()
    record = render.audit_record(result, id="one", path="out.txt", notes=("first",))
    assert record["id"] == "one" and record["path"] == "out.txt"
    assert record["notes"] == ["first", "a note"]
    assert record["verdict"] == {
        "name": "article",
        "reason": "enough text",
        "numbers": {"kept": 0.5},
    }
    cuts = [one for one in record["decisions"] if one["action"] == "remove"]
    assert [one["text"] for one in cuts] == ["line 3\n", "line 18\n"]
    assert cuts[0]["reasons"] == [
        {"code": "EN-AD1", "message": "An advert.", "start": 14, "end": 21}
    ]
    assert all("text" not in one for one in record["decisions"] if one["action"] != "remove")


def test_schema_refuses_what_is_not_a_record() -> None:
    record = json.loads(audit_line(render.audit_record(two_cuts())))
    jsonschema.Draft202012Validator.check_schema(schema())
    for field in list(record):
        wrong = {key: value for key, value in record.items() if key != field}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema())
    del record["decisions"][1]["text"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, schema())


def test_every_field_is_documented() -> None:
    page = Path(__file__).parents[1].joinpath("docs", "audit.md").read_text(encoding="utf-8")
    for field in schema()["properties"]:
        assert f"| `{field}` |" in page


def test_restore_refuses_cuts_of_another_text() -> None:
    with pytest.raises(InputError, match="AUDIT_MISMATCH"):
        render.restore("ab", [render.Cut(5, "x")])


def test_read_audit_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(audit_line(render.audit_record(two_cuts())) + b'{"version": 2}\n')
    records = read_audit(path)
    assert next(records)["document"]["characters"] == len(two_cuts().document.text)
    with pytest.raises(InputError, match=r"AUDIT_VERSION.*audit\.jsonl:2"):
        next(records)
    path.write_bytes(b"nonsense\n")
    with pytest.raises(InputError, match=r"AUDIT_SYNTAX.*audit\.jsonl:1"):
        next(read_audit(path))


def test_diff_has_the_form_that_people_know() -> None:
    result = two_cuts()
    assert render.diff(result.document.text, result.decisions, "a.txt") == (
        "--- a/a.txt\n+++ b/a.txt\n"
        "@@ -1,6 +1,5 @@\n line 1\n line 2\n-line 3\n line 4\n line 5\n line 6\n"
        "@@ -15,6 +14,5 @@\n line 15\n line 16\n line 17\n-line 18\n line 19\n line 20\n"
    )


def test_diff_of_nothing_is_nothing() -> None:
    assert render.diff("a\nb", decisions_for("a\nb", [], ["keep"]), "a") == ""


def test_coloured_diff_lets_no_controls_through() -> None:
    text = "good\n\x1b]0;owned\x07bad\n"
    decisions = decisions_for(text, [5], ["keep", "remove"])
    shown = render.diff(text, decisions, "a", colour=True)
    assert "\x1b[31m-\\x1b]0;owned\\x07bad\x1b[0m\n" in shown


@pytest.mark.skipif(not shutil.which("patch"), reason="needs the program patch")
@given(decided(st.text(st.sampled_from("ab \n\né"), max_size=60)))
def test_patch_applies_the_diff(tmp_path_factory: pytest.TempPathFactory, result: Example) -> None:
    text, clean = result.document.text, render.cut(result.document.text, result.decisions)
    folder = tmp_path_factory.mktemp("patch")
    folder.joinpath("a.txt").write_bytes(text.encode())
    difference = render.diff(text, result.decisions, "a.txt")
    if difference:
        subprocess.run(
            ["patch", "-p1", "--no-backup-if-mismatch", "-s", "-F0", "-o", "out.txt", "a.txt"],
            input=difference.encode(),
            cwd=folder,
            check=True,
            capture_output=True,
        )
        assert folder.joinpath("out.txt").read_bytes() == clean.encode()
    else:
        assert clean == text


def test_diff_takes_linear_time_on_many_cuts() -> None:
    # A quadratic way would take minutes here and run into the suite's patience.
    text = "good\nbad\n" * 100_000
    decisions = tuple(
        Decision(at, at + size, "ad", action, 0.9, ())
        for line in range(100_000)
        for at, size, action in ((9 * line, 5, "keep"), (9 * line + 5, 4, "remove"))
    )
    assert render.diff(text, decisions, "a").count("\n-bad") == 100_000
