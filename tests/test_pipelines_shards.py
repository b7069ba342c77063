"""One machine: the same documents as the library gives, none lost or doubled, whatever happens."""

from __future__ import annotations

import base64
import errno
import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from tests.pipelines_given import any_shard, document
from unbait import Cleaner, modelfile
from unbait.cli import main
from unbait.cli.run import progress_line
from unbait.features import FEATURE_VERSION
from unbait.io import formats_lines
from unbait.io.formats import format_named
from unbait.pipelines import parts, shards
from unbait.pipelines.plan import Task, make_plan
from unbait.pipelines.recipe import Recipe
from unbait.pipelines.tally import OTHER_SITES, Tally

pytest.importorskip("pyarrow", reason="needs the extra formats")

RULES = """[[rule]]
id = "MY-001"
category = "ad"
pattern = "{}"
why = "It is only a test."
"""


def shard(path: Path, count: int, first: int = 0) -> Path:
    made = (orjson.dumps(document(i)) + b"\n" for i in range(first, first + count))
    data = b"".join(made)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def clean(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["clean", *map(str, arguments)])


def lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    return [orjson.loads(line) for line in data.splitlines()]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats_lines, "CHUNK_BYTES", 5_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    shard(tmp_path / "in/a.jsonl", 120)
    shard(tmp_path / "in/b.jsonl.gz", 60, 500)
    return tmp_path


def expected(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    results = Cleaner().clean_many([row["text"] for row in made])
    return [{**row, "text": result.text} for row, result in zip(made, results, strict=True)]


def test_a_run_gives_what_the_library_gives(folder: Path, small: None) -> None:
    out = folder / "out"
    made = clean(
        "-o", out, "--audit", folder / "audit.jsonl", "--rejects", folder / "rejects.jsonl",
        "--report", folder / "report.json", folder / "in",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert lines(out / "a.jsonl") == expected([document(i) for i in range(120)])
    assert lines(out / "b.jsonl.gz") == expected([document(i) for i in range(500, 560)])
    assert [row["id"] for row in lines(folder / "audit.jsonl")] == [
        f"d{i}" for i in (*range(120), *range(500, 560))
    ]
    assert (folder / "rejects.jsonl").read_bytes() == b""
    assert sorted(path.name for path in out.iterdir()) == ["a.jsonl", "b.jsonl.gz"]
    told = orjson.loads((folder / "report.json").read_bytes())
    assert told["documents"] == told["changed"] == 180
    assert told["complete"] and told["cuts"]["ad"]["count"] == 180
    assert {one["site"]: one["documents"] for one in told["sites"]}["site0.test"] == 60
    assert told["languages"] == {"en": 180}
    page = (folder / "report.html").read_text()
    assert "<svg" in page and "site0.test" in page and "<script" not in page


def test_two_processes_give_the_same_files(folder: Path) -> None:
    for jobs in (1, 2):
        assert clean("-o", folder / f"out{jobs}", "--jobs", str(jobs), folder / "in").exit_code == 0
    for name in ("a.jsonl", "b.jsonl.gz"):
        assert (folder / "out1" / name).read_bytes() == (folder / "out2" / name).read_bytes()


def test_one_stream_holds_files_in_their_order(folder: Path, small: None) -> None:
    made = clean(folder / "in/a.jsonl", "-q")
    assert made.exit_code == 0
    rows = [orjson.loads(line) for line in made.stdout_bytes.splitlines()]
    assert rows == expected([document(i) for i in range(120)])
    assert clean(folder / "in/a.jsonl", "--resume").exit_code == 2
    assert clean(folder / "in/a.jsonl", "--diff").exit_code == 2


def test_columns_are_named_and_missing_ones_said(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"body": "Text.", "key": 7}\n{"body": "Text.", "other": 1}\n')
    made = clean(
        "-o", tmp_path / "out", "--text-column", "body", "--id-column", "key",
        "--rejects", tmp_path / "rejects.jsonl", path,
    )  # fmt: skip
    assert made.exit_code == 1 and "COLUMN_MISSING" in made.stderr
    assert len(lines(tmp_path / "out/a.jsonl")) == 1
    (reject,) = lines(tmp_path / "rejects.jsonl")
    assert reject["code"] == "COLUMN_MISSING" and reject["content_base64"]


def test_loose_texts_become_records(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / f"in/{number}.txt").write_text(document(number)["text"])
    assert clean("-o", tmp_path / "out", "--to", "parquet", tmp_path / "in").exit_code == 0
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "out/in.parquet")
    assert table.column("text").to_pylist() == [
        row["text"] for row in expected([document(i) for i in range(3)])
    ]


def test_what_fails_does_not_stop_the_rest(folder: Path) -> None:
    (folder / "in/cut.parquet").write_bytes(b"PAR1 and nothing more")
    made = clean("-o", folder / "out", "--report", folder / "r.json", folder / "in", folder / "no")
    assert made.exit_code == 1
    assert "[PARQUET_BROKEN]" in made.stderr and "[FILE_MISSING]" in made.stderr
    assert lines(folder / "out/a.jsonl") and lines(folder / "out/b.jsonl.gz")
    told = orjson.loads((folder / "r.json").read_bytes())
    assert {one["code"] for one in told["failures"]} == {"PARQUET_BROKEN", "FILE_MISSING"}
    assert told["complete"] and not (folder / "out/.unbait").exists()


def test_a_file_that_vanishes_during_the_run_is_said(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shards.clean_chunk

    def vanish(task: Any, chunk: Any) -> Any:
        made = real(task, chunk)
        (folder / "in/a.jsonl").unlink(missing_ok=True)
        return made

    monkeypatch.setattr(shards, "clean_chunk", vanish)
    made = clean("-o", folder / "out", folder / "in")
    assert made.exit_code == 1 and "FILE_MISSING" in made.stderr
    assert not (folder / "out/a.jsonl").exists()
    assert lines(folder / "out/b.jsonl.gz")


def test_a_full_disk_is_said_and_resume_goes_on(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = parts._write, []

    def full(path: Path, data: bytes) -> None:
        calls.append(path)
        if 6 < len(calls) < 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(parts, "_write", full)
    made = clean("-o", folder / "out", folder / "in")
    assert made.exit_code == 1 and "No space left" in made.stderr and "--resume" in made.stderr
    assert not (folder / "out/a.jsonl").exists()
    monkeypatch.setattr(parts, "_write", real)
    assert clean("-o", folder / "out", folder / "in").exit_code == 1  # it must be said: resume
    assert clean("-o", folder / "out", "--resume", folder / "in").exit_code == 0
    assert lines(folder / "out/a.jsonl") == expected([document(i) for i in range(120)])


def test_resume_does_not_take_another_runs_parts(folder: Path, small: None) -> None:
    (folder / "out/.unbait").mkdir(parents=True)
    (folder / "out/.unbait/plan.json").write_bytes(b'{"run": "another"}')
    made = clean("-o", folder / "out", "--resume", folder / "in")
    assert made.exit_code == 1 and "RESUME_DIFFERS" in made.stderr
    assert "RUN_UNFINISHED" in clean("-o", folder / "out", folder / "in").stderr


def test_a_finished_file_keeps_one_part(tmp_path: Path) -> None:
    store = parts.Store(tmp_path / "run")
    store.begin("x", resume=False)
    for chunk in range(40):
        made = {"out": b"text\n", "audit": f"{chunk}\n".encode()}
        parts.write_part(store.stem(0, chunk), made, Tally(documents=2))
    assert not store.finished(0) and len(list(store.parts(0))) == 40
    store.finish(0)
    (whole,) = store.parts(0)
    assert store.finished(0) and whole.tally.documents == 80
    said = b"".join(f"{chunk}\n".encode() for chunk in range(40))
    assert whole.file("audit").read_bytes() == said
    assert len(list((tmp_path / "run/000000").iterdir())) == 2


def test_a_damaged_part_is_made_again(tmp_path: Path) -> None:
    stem = tmp_path / "0/1"
    parts.write_part(stem, {"out": b"data"}, Tally(documents=1))
    assert parts.read_part(stem, whole=True) is not None
    stem.with_suffix(".out").write_bytes(b"dat\0")
    assert parts.read_part(stem, whole=True) is None


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
def test_processes_share_the_pages_of_the_model(tmp_path: Path) -> None:
    cleaner = Recipe().cleaner()
    assert next(cleaner.clean_many(["The council met on Monday."])).text
    assert "paragraph/weights.safetensors" in Path("/proc/self/maps").read_text()
    # A file that others take for safetensors reads the same here.
    numpy = pytest.importorskip("safetensors.numpy")
    ours = modelfile.load(modelfile.packaged("paragraph"), FEATURE_VERSION)[0]
    theirs = numpy.load_file(modelfile.packaged("paragraph") / modelfile.WEIGHTS)
    assert set(ours) == set(theirs)
    assert all((ours[name] == theirs[name]).all() for name in theirs)
    assert all(ours[name].dtype == theirs[name].dtype for name in theirs)


def test_progress_says_rate_and_time_left() -> None:
    assert progress_line(50_000_000, 100_000_000, 10.0) == (
        "50.0 MB at 5.0 MB/s, 50%, 0:00:10 left"
    )
    assert progress_line(0, 0, 0.0) == "0.0 MB at 0.0 MB/s"
    # What an earlier run did is done, but says nothing of the rate.
    assert progress_line(90_000_000, 100_000_000, 10.0, skipped=80_000_000) == (
        "90.0 MB at 1.0 MB/s, 90%, 0:00:10 left"
    )


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv.gz", "a.parquet", "a.warc.gz"])
def test_progress_counts_the_bytes_of_files(tmp_path: Path, small: None, name: str) -> None:
    path = any_shard(tmp_path / name, 100)
    plan = make_plan([str(path)], Task())
    chunks = list(format_named(plan.files[0].format).chunks(plan.files[0]))
    told = sum(chunk.size for chunk in chunks)
    # Parquet's footer belongs to no row group.
    assert 0.4 * path.stat().st_size < told <= path.stat().st_size


def test_dropped_documents_go_to_the_rejects_alone(folder: Path, small: None) -> None:
    blank = {"id": "blank", "text": " \n ", "url": "http://site.test/"}
    with (folder / "in/a.jsonl").open("ab") as stream:
        stream.write(orjson.dumps(blank) + b"\n")
    made = clean(
        "-o", folder / "out", "--drop-verdict", "not_article,spam", "--report", folder / "r.json",
        "--rejects", folder / "rejects.jsonl", folder / "in",
    )  # fmt: skip
    assert made.exit_code == 0 and "1 left out" in made.stderr
    assert lines(folder / "out/a.jsonl") == expected([document(i) for i in range(120)])
    (reject,) = lines(folder / "rejects.jsonl")
    assert reject["code"] == "DROPPED" and "not_article" in reject["message"]
    assert orjson.loads(base64.b64decode(reject["content_base64"])) == blank
    told = orjson.loads((folder / "r.json").read_bytes())
    assert (told["documents"], told["dropped"], told["rejected"]) == (180, 1, 0)
    refused = clean("-o", folder / "o", "--tag", "--drop-verdict", "spam", folder / "in")
    assert refused.exit_code == 2


def test_a_state_folder_of_others_is_left_alone(folder: Path) -> None:
    mine = folder / "state"
    mine.mkdir()
    (mine / "letter.txt").write_text("keep me")
    made = clean("-o", folder / "out", "--state", mine, folder / "in")
    assert made.exit_code == 1 and "STATE_TAKEN" in made.stderr
    assert (mine / "letter.txt").read_text() == "keep me"


def test_other_rules_are_another_run(folder: Path, small: None) -> None:
    rules = folder / "mine.toml"
    rules.write_text(RULES.format("thunder"))
    again = ("-o", folder / "out", "--rules", rules, "--resume", folder / "in")
    assert clean(*again[:-1], folder / "in", folder / "gone.jsonl").exit_code == 1
    plan = make_plan([str(folder / "in")], Task(Recipe(rules=(str(rules),))))
    before = plan.fingerprint()
    rules.write_text(RULES.format("lightning"))
    assert plan.fingerprint() != before


def test_addresses_go_in_and_out(folder: Path, small: None) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(folder / "in/b.jsonl.gz"), "/in/b.jsonl.gz")
    local = (folder / "in/a.jsonl").as_uri()
    state = ("--state", folder / "state")
    made = clean("-o", "memory://out", *state, "memory://in", local)
    assert made.exit_code == 0, made.output
    made_there = {name: memory.cat(f"/out/{name}") for name in ("a.jsonl", "b.jsonl.gz")}
    assert clean("-o", folder / "out", folder / "in").exit_code == 0
    for name, data in made_there.items():
        assert data == (folder / "out" / name).read_bytes()
    assert clean("-o", folder.as_uri() + "/there", *state, local).exit_code == 0
    assert (folder / "there/a.jsonl").read_bytes() == made_there["a.jsonl"]
    memory.store.clear()


def test_tallies_add_up_and_hold_a_bounded_number_of_sites(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("unbait.pipelines.tally.SITES", 2)
    one = Tally(documents=1, site_documents={"a": 1, "b": 1, "c": 5})  # type: ignore[arg-type]
    both = Tally()
    both.merge(Tally.of(one.as_dict()))
    both.merge(Tally.of(one.as_dict()))
    assert both.documents == 2
    assert both.site_documents == {"a": 2, "b": 2, OTHER_SITES: 10}
