"""Runs that are killed, starved and fed broken files: real processes, real disks, real files."""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipelines_given import FILTER, any_shard, response

pytest.importorskip("pyarrow", reason="needs the extra formats")

# The command as people run it, with chunks so small that a short run has many moments.
CODE = (
    "import sys; from unbait.io import formats_lines as a, formats_warc as b;"
    "a.CHUNK_BYTES = 20000; b._CHUNK = 4000; from unbait.cli import main; main()"
)
BROKEN = b'{"id": "broken", "text": \n'


def start(*arguments: str | Path, before: Callable[[], Any] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, "clean", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": FILTER, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=before,  # noqa: PLW1509 - one thread, before the command begins
    )  # fmt: skip


def finish(*arguments: str | Path, before: Callable[[], Any] | None = None) -> tuple[int, str]:
    with start(*arguments, before=before) as process:
        _, said = process.communicate(timeout=300)
        return process.returncode, said


class Killed:
    """One run, begun and killed again and again, beside one that nobody disturbed."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder = folder
        self.jobs = ("--jobs", str(jobs))
        code, said = finish(*self.arguments("calm"))
        assert code == 1, said  # one record is broken
        self.calm = self.written("calm")
        assert "audit.jsonl" in self.calm and len(self.calm) >= 4

    def arguments(self, name: str) -> tuple[str | Path, ...]:
        place = self.folder / name
        place.mkdir(exist_ok=True)
        return ("-q", "-o", place / "out", "--audit", place / "audit.jsonl", "--rejects",
                place / "rejects.jsonl", *self.jobs, "--resume", self.folder / "in")  # fmt: skip

    def written(self, name: str) -> dict[str, bytes]:
        """Everything that has its name, without what a run keeps for itself."""
        place = self.folder / name
        files = (path for path in place.rglob("*") if path.is_file())
        seen = {path.relative_to(place).as_posix(): path for path in files}
        return {
            relative: path.read_bytes()
            for relative, path in seen.items()
            if not re.search(r"(^|/)\.", relative)
        }

    def kill_once(self, moment: float) -> bool:
        """Begin or go on, kill in the middle; False when it was done before that."""
        plan = self.folder / "killed/out/.unbait/plan.json"
        began = plan.stat().st_mtime_ns if plan.exists() else 0
        process = start(*self.arguments("killed"))
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(FileNotFoundError):
                if plan.stat().st_mtime_ns != began:  # it is at work now
                    break
            time.sleep(0.005)
        time.sleep(moment)
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        for name, data in self.written("killed").items():
            assert data == self.calm[name], f"{name} is not whole"
        return process.returncode == -signal.SIGKILL


def kill_many_times(folder: Path, jobs: int, kills: int, longest: float) -> None:
    run = Killed(folder, jobs)
    chance = random.Random(jobs)
    while kills:
        if run.kill_once(chance.uniform(0, longest)):
            kills -= 1
        else:  # it ended by itself: nothing lost, nothing doubled, nothing left over
            assert run.written("killed") == run.calm
            shutil.rmtree(folder / "killed")
    code, said = finish(*run.arguments("killed"))
    assert code == 1 and "[RECORD_SYNTAX]" in said
    assert run.written("killed") == run.calm
    assert not list((folder / "killed/out").glob(".unbait*"))
    numbers = [orjson.loads(line)["n"] for line in run.calm["out/a.jsonl"].splitlines()]
    assert numbers == list(range(len(numbers)))


def test_killed_at_twenty_random_moments_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = any_shard(tmp_path / "in/a.jsonl", 3000)
    path.write_bytes(path.read_bytes() + BROKEN)
    any_shard(tmp_path / "in/b.jsonl.gz", 600, 5000)
    kill_many_times(tmp_path, jobs=1, kills=20, longest=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_often_in_every_format(tmp_path: Path, jobs: int) -> None:
    (tmp_path / "in").mkdir()
    path = any_shard(tmp_path / "in/a.jsonl", 6_000)
    path.write_bytes(path.read_bytes() + BROKEN)
    for number, name in enumerate(("b.jsonl.gz", "c.csv", "d.parquet", "e.warc.gz"), 1):
        any_shard(tmp_path / "in" / name, 400, 100_000 * number)
    kill_many_times(tmp_path, jobs, kills=30, longest=1.5)


def test_processes_end_with_the_one_that_was_killed(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    path = any_shard(tmp_path / "a.jsonl", 20_000)
    process = start("-q", "-o", tmp_path / "out", "--jobs", "2", path)
    until = time.monotonic() + 60
    while not list(tmp_path.glob("out/.unbait/0*/*.json")) and time.monotonic() < until:
        time.sleep(0.02)
    others = psutil.Process(process.pid).children(recursive=True)
    assert len(others) >= 2
    process.kill()
    process.communicate(timeout=30)  # it waits for all who hold its standard error
    _, alive = psutil.wait_procs(others, timeout=10)
    assert not alive


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_control_c_stops_cleanly_and_resume_goes_on(tmp_path: Path, jobs: str) -> None:
    (tmp_path / "in").mkdir()
    any_shard(tmp_path / "in/a.jsonl", 6_000)
    arguments = ("-q", "-o", tmp_path / "out", "--jobs", jobs, tmp_path / "in")
    process = start(*arguments)
    markers = tmp_path / "out/.unbait/000000"
    until = time.monotonic() + 60
    while not list(markers.glob("[0-9]*.json")) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip().startswith("stopped") and "Traceback" not in said
    assert not (tmp_path / "out/a.jsonl").exists()
    assert finish("--resume", *arguments)[0] == 0
    rows = (tmp_path / "out/a.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["n"] for line in rows] == list(range(6_000))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 KB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)],
        capture_output=True, check=False,
    ) if shutil.which("mount") else None  # fmt: skip
    if made is None or made.returncode:
        pytest.skip("may not mount a file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_said_and_resume_goes_on(tmp_path: Path, small_disk: Path) -> None:
    path = any_shard(tmp_path / "a.jsonl", 1500)
    arguments = ("-o", small_disk / "out", path)
    code, said = finish(*arguments)
    assert code == 1 and "No space left" in said and "Traceback" not in said
    assert "--resume" in said
    assert not (small_disk / "out/a.jsonl").exists()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    code, said = finish("--resume", *arguments)
    assert code == 0, said
    rows = (small_disk / "out/a.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["n"] for line in rows] == list(range(1500))
    assert [path.name for path in (small_disk / "out").iterdir()] == ["a.jsonl"]


def test_a_disk_that_takes_no_large_file_is_said(tmp_path: Path) -> None:
    """Where no disk can be mounted: a limit of the system on the size of a file."""
    path = any_shard(tmp_path / "a.jsonl", 600)
    arguments = ("-o", tmp_path / "out", path)
    code, said = finish(
        *arguments, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    )
    assert code == 1 and "WRITE_FAILED" in said and "--resume" in said and "Traceback" not in said
    assert not (tmp_path / "out/a.jsonl").exists()
    assert finish("--resume", *arguments)[0] == 0
    assert len((tmp_path / "out/a.jsonl").read_bytes().splitlines()) == 600


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_everything_broken_at_once_costs_itself_alone(tmp_path: Path, jobs: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    any_shard(folder / "good.jsonl", 50)
    parts = [any_shard(tmp_path / "part.jsonl.gz", 20, 20 * i).read_bytes() for i in range(3)]
    parts[1] = parts[1][:60] + bytes(byte ^ 0xFF for byte in parts[1][60:70]) + parts[1][70:]
    (folder / "member.jsonl.gz").write_bytes(b"".join(parts))
    whole = any_shard(tmp_path / "whole.parquet", 40).read_bytes()
    (folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    made = [response(number) for number in range(9)]
    made[4] = response(4, length=99_999)
    (folder / "plain.warc").write_bytes(b"".join(made))
    (folder / "packed.warc.gz").write_bytes(b"".join(map(gzip.compress, made)))
    (folder / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    report = tmp_path / "report.json"
    code, said = finish("-o", tmp_path / "out", "--jobs", jobs, "--report", report, "--rejects",
                        tmp_path / "rejects.jsonl", folder)  # fmt: skip
    assert code == 1 and "Traceback" not in said, said
    told = orjson.loads(report.read_bytes())
    assert {Path(one["path"]).name: one["code"] for one in told["failures"]} == {
        "cut.parquet": "PARQUET_BROKEN", "gone.jsonl": "FILE_MISSING",
    }  # fmt: skip
    assert told["problems"]["WARC_LENGTH"] == 2 and told["problems"]["GZIP_BROKEN"] >= 1
    rejects = (tmp_path / "rejects.jsonl").read_bytes().splitlines()
    assert len(rejects) == told["rejected"] + 1  # and the file that was never there
    out = tmp_path / "out"
    numbers = [orjson.loads(line)["n"] for line in (out / "good.jsonl").read_bytes().splitlines()]
    assert numbers == list(range(50))
    lines = gzip.decompress((out / "member.jsonl.gz").read_bytes()).splitlines()
    numbers = [orjson.loads(line)["n"] for line in lines]
    assert numbers[:20] == list(range(20)) and numbers[-20:] == list(range(40, 60))
    assert not (out / "cut.parquet").exists()
    for name in ("plain.warc.wet.gz", "packed.warc.wet.gz"):
        data = gzip.decompress((out / name).read_bytes())
        seen = re.findall(rb"WARC-Target-URI: http://site.test/(\d+)", data)
        assert seen == [str(i).encode() for i in range(9) if i != 4]
