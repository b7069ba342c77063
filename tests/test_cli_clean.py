"""``unbait clean`` as people run it: the real program, on real files."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

import unbait
from unbait.cli import main
from unbait.errors import InputError
from unbait.io.audit import read_audit, restore_source, schema
from unbait.types import Document

FILTER = str(Path(unbait.__file__).parents[1])
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key != "NO_COLOR"},
    "PYTHONPATH": FILTER,
    "OMP_NUM_THREADS": "1",
}
PARAGRAPHS = (
    "The council voted on Tuesday to reopen the ferry line to the island, which was closed in "
    "2013 to save money, and will lease a vessel for three years, the harbour master said.",
    "A study by the county expects 310 passengers a day by next summer; the café at the quay, "
    "which lost most of its guests after the closure, is to open again in the same month.",
    "Fishermen said that the new berth takes up a third of the space where they land their "
    "catch, and two of them have asked the court to look at the decision before the autumn.",
)
AD = "Click Here: online rugby store malaysia"
BAIT = "Like this story?"


def scraped(newline: str = "\n") -> str:
    one, two, three = PARAGRAPHS
    return newline.join([one, AD, two, three, BAIT, ""])


def clean(newline: str = "\n") -> str:
    return newline.join([*PARAGRAPHS, ""])


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "unbait", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=ENVIRONMENT,
        check=False,
    )


def call(*arguments: str | Path) -> Result:
    """Run in this process: quick, where no process of its own is needed."""
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_bytes(scraped().encode())
    return path


def test_a_file_goes_clean_to_standard_output(article: Path) -> None:
    done = run("clean", article)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == clean().encode()
    assert article.read_bytes() == scraped().encode()


def test_standard_input_is_read(tmp_path: Path) -> None:
    done = run("clean", "-", stdin=scraped("\r\n").encode())
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", clean("\r\n").encode())


def test_the_example_shows_what_is_cut() -> None:
    example = Path(__file__).parents[1] / "examples" / "scraped-article.txt"
    done = call("clean", "--diff", example)
    assert done.exit_code == 0
    gone = [line[1:] for line in done.stdout.splitlines() if line.startswith("-")][1:]
    for junk in ("Click Here: ", "Read more: ", "Sign up for our free", "Like this story?"):
        assert any(line.startswith(junk) for line in gone), junk
    assert "The old line was shut" in done.stdout


def test_the_shop_sentence_inside_a_paragraph_goes() -> None:
    example = Path(__file__).parents[1] / "examples" / "scraped-article.txt"
    text = call("clean", example).stdout
    assert "designer handbags" not in text
    assert "the ferry makes in twenty-five. Two schools on the mainland" in text


def test_several_files_come_in_order_each_on_lines_of_its_own(tmp_path: Path) -> None:
    for name, text in (("b.txt", PARAGRAPHS[1]), ("a.txt", PARAGRAPHS[0])):
        (tmp_path / name).write_text(text)
    assert call("clean", tmp_path).stdout == f"{PARAGRAPHS[0]}\n{PARAGRAPHS[1]}\n"


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", "\ufeff"), ("utf-16", ""), ("cp1252", "")]
)
def test_a_file_keeps_its_encoding_and_a_stream_is_utf8(
    article: Path, encoding: str, mark: str
) -> None:
    article.write_bytes((mark + scraped()).encode(encoding))
    streamed = call("clean", article, "--quiet").stdout_bytes
    assert streamed == (mark + clean()).encode()
    assert call("clean", "--in-place", article).exit_code == 0
    assert article.read_bytes() == (mark + clean()).encode(encoding)


def test_in_place_keeps_a_backup_and_leaves_clean_files_alone(article: Path) -> None:
    article.chmod(0o640)
    for _ in range(2):
        assert call("clean", "-i", article).exit_code == 0
        assert article.read_bytes() == clean().encode()
    assert article.stat().st_mode & 0o777 == 0o640
    assert {one.name for one in article.parent.iterdir()} == {"article.txt", "article.txt.bak"}
    assert (article.parent / "article.txt.bak").read_bytes() == scraped().encode()


def test_an_output_folder_has_the_shape_of_the_input(tmp_path: Path) -> None:
    for name in ("a.txt", "deep/a.txt"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(scraped())
    assert call("clean", tmp_path / "in", "-o", tmp_path / "out").exit_code == 0
    for name in ("a.txt", "deep/a.txt"):
        assert (tmp_path / "out" / name).read_text() == clean()


def test_two_inputs_never_share_an_output(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(f"{PARAGRAPHS[0]} {folder}")
    done = call("clean", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "out")
    assert done.exit_code == 1 and "[OUTPUT_CLASH]" in done.stderr
    assert (tmp_path / "out" / "a.txt").read_text().endswith("one")


def test_the_audit_says_why_and_gives_the_input_back(tmp_path: Path) -> None:
    contents = {
        "a.txt": scraped().encode(),
        "b.txt": b"\xef\xbb\xbf" + scraped("\r\n").encode(),
        "c.txt": scraped().encode("cp1252"),
        "d.txt": scraped().encode() + b"The broken \xff byte came with the file, a clerk said.\n",
    }
    (tmp_path / "in").mkdir()
    for name, raw in contents.items():
        (tmp_path / "in" / name).write_bytes(raw)
    audit = tmp_path / "audit.jsonl"
    done = call("clean", tmp_path / "in", "-o", tmp_path / "out", "--audit", audit)
    assert done.exit_code == 0
    records = list(read_audit(audit))
    assert len(records) == len(contents)
    for record, (name, raw) in zip(records, contents.items(), strict=True):
        jsonschema.validate(record, schema())
        assert record["id"] == str(tmp_path / "in" / name)
        assert record["path"] == str(tmp_path / "out" / name)
        assert restore_source(record, (tmp_path / "out" / name).read_bytes()) == raw
        cuts = [one for one in record["decisions"] if one["action"] == "remove"]
        assert [one["text"].strip() for one in cuts] == [AD, BAIT]
        assert all(one["reasons"] for one in cuts)
    assert records[2]["notes"][0].startswith("not UTF-8: read as ")
    assert "c.txt: note: not UTF-8" in done.stderr


def test_one_failure_leaves_the_rest_done(article: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    rejects = tmp_path / "rejects.jsonl"
    gone, empty = tmp_path / "gone.txt", tmp_path / "empty.txt"
    done = run("clean", gone, empty, article, tmp_path / "*.nothing", "--rejects", rejects)
    assert done.returncode == 1
    assert done.stdout == clean().encode()
    said = done.stderr.decode().splitlines()
    assert said[0] == f"{gone}: [FILE_MISSING] no such file"
    assert said[1].startswith(f"{empty}: [EMPTY_INPUT]")
    assert len(said) == 3
    rows = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [row["code"] for row in rows] == ["FILE_MISSING", "EMPTY_INPUT", "FILE_MISSING"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_rights_is_said(article: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    done = run("clean", closed, article)
    assert done.returncode == 1 and done.stdout == clean().encode()
    assert b"[FILE_DENIED]" in done.stderr


class Choosy(unbait.Cleaner):
    """The real cleaner, but one kind of text breaks it."""

    def clean_many(self, documents: Any, jobs: int = 1) -> Iterator[Any]:
        documents = list(documents)
        for document in documents:
            if isinstance(document, Document) and "REFUSED" in document.text:
                raise InputError("TOO_STRANGE", "this cannot be cleaned")
            if isinstance(document, Document) and "BROKEN" in document.text:
                raise ZeroDivisionError("a mistake of ours")
        return super().clean_many(documents, jobs=jobs)


def test_a_text_that_breaks_the_cleaner_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unbait, "Cleaner", Choosy)
    for name, text in (("a", scraped()), ("b", "REFUSED"), ("c", "BROKEN"), ("d", scraped())):
        (tmp_path / f"{name}.txt").write_text(text)
    done = call("clean", "--in-place", tmp_path)
    assert done.exit_code == 1
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "d.txt").read_text() == clean()
    assert (tmp_path / "b.txt").read_text() == "REFUSED"
    assert "b.txt: [TOO_STRANGE] this cannot be cleaned" in done.stderr
    assert "c.txt: [INTERNAL] ZeroDivisionError: a mistake of ours" in done.stderr


def test_what_came_by_standard_input_is_kept_in_the_rejects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unbait, "Cleaner", Choosy)
    rejects = tmp_path / "rejects.jsonl"
    CliRunner().invoke(main, ["clean", "-", "--rejects", str(rejects)], input=b"REFUSED \xff")
    row = json.loads(rejects.read_text())
    assert row == {
        "version": 1,
        "id": "-",
        "code": "TOO_STRANGE",
        "message": "this cannot be cleaned",
        "content_base64": "UkVGVVNFRCD/",
    }


def test_an_output_that_cannot_be_written_is_said(article: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "article.txt").mkdir()
    done = call("clean", article, "-o", tmp_path / "out")
    assert done.exit_code == 1 and "[WRITE_FAILED]" in done.stderr
    done = call("clean", article, "--audit", tmp_path / "none" / "audit.jsonl")
    assert done.exit_code == 1 and "[WRITE_FAILED]" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["clean"],
        ["clean", "--no-such-option", "a"],
        ["clean", "--threshold", "0", "a"],
        ["clean", "--policy", "none", "a"],
        ["clean", "--in-place", "--output-dir", "out", "a"],
        ["clean", "--in-place", "-"],
        ["clean", "--diff", "--marked", "a"],
        ["nothing"],
    ],
)
def test_wrong_use_is_2(arguments: list[str]) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert "Error: " in done.stderr


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[[rule]\n", "RULE_TOML"),
        ("[[rule]]\nid = 'MY-1'\n", "RULE_FIELD"),
        (
            "[[rule]]\nid = 'MY-1'\ncategory = 'ad'\npattern = '(?=x)'\nwhy = 'w'\n",
            "RULE_SYNTAX",
        ),
    ],
)
def test_a_rule_file_with_an_error_is_wrong_use(
    article: Path, tmp_path: Path, content: str, code: str
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(content)
    done = call("clean", article, "--rules", rules)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"[{code}]" in done.stderr and str(rules) in done.stderr


def test_rules_keep_and_disable_reach_the_cleaner(article: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "[[rule]]\nid = 'MY-1'\ncategory = 'ad'\nscope = 'line'\n"
        "pattern = '^fishermen said.*$'\nwhy = 'Fish.'\n"
    )
    done = call("clean", article, "--rules", rules, "--keep", "rugby")
    assert "Fishermen said" not in done.stdout
    assert AD in done.stdout
    done = call("clean", article, "--disable", "NO-SUCH-RULE")
    assert done.exit_code == 2 and "NO-SUCH-RULE" in done.stderr


def test_policy_flag_keeps_all(article: Path) -> None:
    assert call("clean", "--policy", "flag", article).stdout == scraped()


def test_marked_shows_cuts_with_and_without_colours(article: Path) -> None:
    assert f"[-{AD}-]{{ad}}" in call("clean", "--marked", article).stdout
    coloured = call("clean", "--marked", "--color", "always", article).stdout
    assert f"\x1b[31m\x1b[9m{AD}\x1b[0m" in coloured


def test_jobs_change_nothing(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.txt").write_text(f"{number} {scraped()}")
    one, two = run("clean", tmp_path), run("clean", "--jobs", "2", tmp_path)
    assert (two.returncode, two.stderr) == (0, b"")
    assert one.stdout == two.stdout


PAGE = f"""<!DOCTYPE html><html><head><title>Ferry</title></head><body><article>
<h1>Ferry line reopens</h1><p>{PARAGRAPHS[0]}</p><p>{AD}</p><p>{PARAGRAPHS[1]}</p>
</article></body></html>"""


def test_pages_are_seen_by_their_content(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE)
    done = call("clean", page)
    assert done.exit_code == 0
    assert PARAGRAPHS[0] in done.stdout and AD not in done.stdout and "<p>" not in done.stdout
    as_text = call("clean", "--type", "text", page)
    assert "<h1>" in as_text.stdout


def test_a_page_is_not_replaced_by_its_text(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE)
    done = call("clean", "--in-place", page)
    assert done.exit_code == 1 and "[PAGE_IN_PLACE]" in done.stderr
    assert page.read_text() == PAGE
    audit = tmp_path / "audit.jsonl"
    assert call("clean", page, "-o", tmp_path / "out", "--audit", audit).exit_code == 0
    assert PARAGRAPHS[0] in (tmp_path / "out" / "page.txt").read_text()
    (record,) = read_audit(audit)
    jsonschema.validate(record, schema())
    assert record["source"] is not None and record["source"]["type"] == "html"


def test_a_broken_pipe_is_quiet(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}.txt").write_text(clean() * 40)
    with subprocess.Popen(
        [sys.executable, "-m", "unbait", "clean", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_kill_9_leaves_only_whole_files(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(400):
        (source / f"{number:03}.txt").write_text(scraped() * 3)
    with subprocess.Popen(
        [sys.executable, "-m", "unbait", "clean", source, "-o", out], env=ENVIRONMENT
    ) as process:
        while not list(out.glob("*.txt")) and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    written = list(out.glob("*.txt"))
    assert written
    assert {path.read_text() for path in written} == {clean() * 3}


def in_terminal(*arguments: str | Path, **environment: str) -> tuple[str, str]:
    """Run with a terminal for both outputs (two of them, so that each is seen alone)."""
    ends = [pty.openpty(), pty.openpty()]
    with subprocess.Popen(
        [sys.executable, "-m", "unbait", *map(str, arguments)],
        stdout=ends[0][1],
        stderr=ends[1][1],
        env={**ENVIRONMENT, "TERM": "xterm", **environment},
    ):
        pass
    shown = []
    for ours, theirs in ends:
        os.set_blocking(ours, False)
        try:
            shown.append(os.read(ours, 1_000_000).decode())
        except BlockingIOError:
            shown.append("")
        os.close(theirs)
        os.close(ours)
    return shown[0], shown[1]


def test_progress_is_for_terminals_only(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.txt").write_text("A line.\n")
    arguments = ("clean", tmp_path / "in", "-o", tmp_path / "out")
    assert "cleaning" in in_terminal(*arguments)[1]
    assert in_terminal(*arguments, "--quiet")[1] == ""
    assert run(*arguments).stderr == b""


def test_colours_follow_terminal_no_color_and_choice(article: Path) -> None:
    assert "\x1b[31m" in in_terminal("clean", "--diff", article)[0]
    assert "\x1b[" not in in_terminal("clean", "--diff", article, NO_COLOR="1")[0]
    assert "\x1b[31m" in in_terminal("clean", "--diff", "--color=always", article, NO_COLOR="1")[0]
    assert b"\x1b[" not in run("clean", "--diff", article).stdout
