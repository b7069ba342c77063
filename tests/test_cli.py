"""The other commands, and what holds for all of them."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import unbait
from unbait.cli import COMMANDS, main
from unbait.modelfile import packaged

FILTER = str(Path(unbait.__file__).parents[1])
ENVIRONMENT = {**os.environ, "PYTHONPATH": FILTER}
GOOD = (
    "The council voted on Tuesday to reopen the ferry line to the island, which was closed in "
    "2013 to save money, and will lease a vessel for three years, the harbour master said."
)
AD = "Click Here: online rugby store malaysia"
RULES = """
[[rule]]
id = "MY-1"
category = "ad"
pattern = '''^buy my book.{0,40}$'''
why = "My own advert."
match = ["Buy my book now", "buy my book!"]
no_match = ["They buy my books.", "He said: buy my book"]
"""


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text(f"{GOOD}\n{AD}\n\n{GOOD[:90]}\ttab.\n")
    return path


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "unbait", "--help"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    heavy = {"numpy", "re2", "orjson", "joblib", "selectolax", "bs4", "safetensors", "resiliparse"}
    assert not imported & heavy
    assert "click" in imported


def test_help_answers_at_once() -> None:
    # Processor time, best of some: what the machine does beside us is not counted.
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "unbait", "--help"],
            stdout=subprocess.DEVNULL,
            env=ENVIRONMENT,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.15


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = call(command, "--help")
    assert done.exit_code == 0 and done.stdout.startswith("Usage:")


def test_version() -> None:
    assert call("--version").stdout == f"unbait {unbait.__version__}\n"


def test_the_page_of_help_texts_is_in_step() -> None:
    page = Path(__file__).parents[1] / "docs" / "cli.md"
    done = subprocess.run(
        [sys.executable, "-m", "unbait.cli.reference"],
        capture_output=True,
        env={**ENVIRONMENT, "COLUMNS": "200"},
        check=True,
    )
    assert page.read_bytes() == done.stdout, "run make docs"


def test_explain_gives_each_paragraph_with_its_reasons(article: Path) -> None:
    done = call("explain", article)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{article}: article (")
    (place,) = (number for number, line in enumerate(lines) if line.endswith(AD))
    assert lines[place].split()[:2] == ["remove", "ad"]
    assert lines[place + 1].startswith("         ")
    assert sum(line.startswith("  keep   content") for line in lines) == 2


def test_explain_sends_no_controls_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "evil.txt"
    path.write_text(f"{GOOD}\n\x1b]0;owned\x07 {GOOD}\n")
    assert "\x1b" not in call("explain", path).stdout
    assert "\\x1b]0;owned\\x07" in call("explain", path).stdout


def test_explain_says_what_it_cannot_read(article: Path) -> None:
    done = call("explain", "gone.txt", article)
    assert done.exit_code == 1
    assert "gone.txt: [FILE_MISSING]" in done.stderr and AD in done.stdout


def test_score_writes_tsv(article: Path) -> None:
    done = call("score", article)
    head, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["id", "start", "end", "score", "category", "action", "text"]
    assert [row[6] for row in rows] == [GOOD, AD, f"{GOOD[:90]}\\ttab."]
    text = article.read_text()
    assert text[int(rows[1][1]) : int(rows[1][2])] == AD
    assert float(rows[0][3]) < 0.5 < float(rows[1][3])


def test_score_writes_json_lines(article: Path) -> None:
    done = call("score", "--format", "jsonl", article, "gone.txt")
    assert done.exit_code == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["text"] for row in rows] == [GOOD, AD, f"{GOOD[:90]}\ttab."]
    assert rows[1]["category"] == "ad" and rows[1]["action"] == "remove"


def test_rules_are_listed_and_shown(rules: Path) -> None:
    rows = [line.split("\t") for line in call("rules", "list").stdout.splitlines()]
    assert len(rows) > 100 and all(len(row) == 5 for row in rows)
    ads = call("rules", "list", "--lang", "en", "--category", "ad", "--rules", rules).stdout
    assert "MY-1\tad\tline\tstable\tmy-1" in ads
    assert {line.split("\t")[1] for line in ads.splitlines()} == {"ad"}
    shown = call("rules", "show", rows[0][0], "MY-1", "--rules", rules).stdout
    assert rows[0][0] in shown and "My own advert." in shown and "hits      Buy my book" in shown
    as_json = call("rules", "list", "--lang", "en", "--jsonl").stdout.splitlines()
    assert json.loads(as_json[0])["match"]


def test_an_unknown_rule_is_wrong_use() -> None:
    done = call("rules", "show", "NO-RULE")
    assert done.exit_code == 2 and "[RULE_UNKNOWN]" in done.stderr


def test_own_rules_are_tested_with_their_examples(rules: Path, article: Path) -> None:
    done = call("rules", "test", rules, "--on", article)
    assert done.exit_code == 0, done.output
    assert "1 rules, 0 problems" in done.stdout and "in 3 lines" in done.stdout
    rules.write_text(RULES.replace('"buy my book!"', '"sell my book!"'))
    done = call("rules", "test", rules)
    assert done.exit_code == 1
    assert "MY-1: match example is not hit: 'sell my book!'" in done.stdout


def test_hits_are_counted(rules: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(f"{GOOD}\nBuy my book\nBuy my book today\n")
    done = call("rules", "stats", text, "--rules", rules)
    assert done.exit_code == 0
    row = done.stdout.splitlines()[1].split("\t")
    assert (row[0], row[2], row[4]) == ("2", "MY-1", "Buy my book")
    assert call("rules", "stats", "gone.txt", "--rules", rules).exit_code == 1


def test_models_are_listed_shown_and_verified() -> None:
    rows = [line.split("\t") for line in call("models", "list").stdout.splitlines()]
    assert "paragraph" in [row[0] for row in rows]
    manifest = json.loads(call("models", "show", "paragraph").stdout)
    assert ["paragraph", str(manifest["feature_version"]), manifest["weights_sha256"]] in rows
    done = call("models", "verify")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == len(rows)
    assert "paragraph: whole, " in done.stdout


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("manifest.json", "MODEL_MISSING"),
        ("weights.safetensors", "MODEL_DAMAGED"),
        ("parity.jsonl", "MODEL_PARITY"),
    ],
)
def test_a_damaged_model_is_said(tmp_path: Path, damage: str, code: str) -> None:
    model = tmp_path / "paragraph"
    shutil.copytree(packaged("paragraph"), model)
    path = model / damage
    if damage == "manifest.json":
        path.unlink()
    elif damage == "weights.safetensors":
        raw = bytearray(path.read_bytes())
        raw[-1] ^= 1
        path.write_bytes(raw)
    else:
        row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
        path.write_text(json.dumps({**row, "junk": [2.0] * len(row["junk"])}), encoding="utf-8")
    done = call("models", "verify", model)
    assert done.exit_code == 1 and f"[{code}]" in done.stderr


def test_serve_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unbait.service", None)
    done = call("serve")
    assert done.exit_code == 1
    assert "[EXTRA_MISSING]" in done.stderr and "unbait[serve]" in done.stderr
