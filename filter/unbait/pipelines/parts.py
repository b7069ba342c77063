"""What is done of a run, on disk: a part for each chunk, there whole or not there.

A part's files are written first and its marker last, by a rename; the marker holds their sizes
and checksums. So a run that is killed at any moment knows what it has.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import orjson

from unbait.errors import InputError
from unbait.pipelines.tally import Tally

PLAN = "plan.json"
_LINES = ("audit", "rejects")


class Part(NamedTuple):
    """A finished chunk: where its files lie, and what it counted."""

    stem: Path
    tally: Tally

    def file(self, kind: str) -> Path:
        """Name one of its files."""
        return self.stem.with_suffix(f".{kind}")


@dataclass(frozen=True)
class Store:
    """The folder of a run's parts."""

    folder: Path

    def begin(self, fingerprint: str, *, resume: bool) -> None:
        """Take the folder: empty for a new run, as it was left for one that goes on."""
        plan = self.folder / PLAN
        shutil.rmtree(self._ended, ignore_errors=True)
        if not plan.exists() and self.folder.is_dir() and any(self.folder.iterdir()):
            raise InputError(
                "STATE_TAKEN", f"{self.folder} holds something else: name an empty or new folder"
            )
        if plan.exists() and not resume:
            raise InputError(
                "RUN_UNFINISHED",
                f"an unfinished run lies in {self.folder}: --resume goes on with it; "
                "delete the folder to begin anew",
            )
        if plan.exists() and orjson.loads(plan.read_bytes()).get("run") != fingerprint:
            raise InputError(
                "RESUME_DIFFERS",
                f"the run in {self.folder} had other inputs or options: repeat it as it was, "
                "or delete the folder to begin anew",
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(plan, orjson.dumps({"run": fingerprint}))

    def end(self) -> None:
        """Drop the folder: everything in it has its place now.

        It takes another name first: half a folder must never look like a run to go on with.
        """
        self.folder.replace(self._ended)
        shutil.rmtree(self._ended, ignore_errors=True)

    @property
    def _ended(self) -> Path:
        return self.folder.with_name(self.folder.name + ".ended")

    def stem(self, file: int, chunk: int) -> Path:
        """Name the files of a chunk."""
        return self.folder / f"{file:06d}" / f"{chunk:08d}"

    def find(self, file: int, chunk: int) -> Part | None:
        """Give a chunk's part if it is there and whole, bytes and all."""
        return read_part(self.stem(file, chunk), whole=True)

    def finished(self, file: int) -> bool:
        """Tell whether a file's output is in its place."""
        return self._whole(file).with_suffix(".json").exists()

    def finish(self, file: int) -> None:
        """Say that a file's output is in its place, and put its parts together into one.

        So a run keeps a few files for each of its inputs, not for each chunk.
        """
        whole, parts, tally = self._whole(file), list(self.parts(file)), Tally()
        whole.parent.mkdir(parents=True, exist_ok=True)
        for part in parts:
            tally.merge(part.tally)
        for kind in _LINES:
            _join(parts, kind, whole.with_suffix(f".{kind}"))
        marker = {"files": {}, "tally": tally.as_dict()}
        _write(whole.with_suffix(".json"), orjson.dumps(marker))
        for part in parts:
            for kind in ("out", *_LINES, "json"):
                part.file(kind).unlink(missing_ok=True)

    def _whole(self, file: int) -> Path:
        return self.folder / f"{file:06d}" / "finished"

    def parts(self, file: int) -> Iterator[Part]:
        """Give the parts of a file in order; of one that is finished, the only one."""
        if self.finished(file):
            part = read_part(self._whole(file))
            assert part is not None
            yield part
            return
        for marker in sorted((self.folder / f"{file:06d}").glob("[0-9]*.json")):
            part = read_part(marker.with_suffix(""))
            if part is not None:
                yield part


def write_part(stem: Path, files: dict[str, bytes], tally: Tally) -> None:
    """Write the files of a part, then its marker."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    for kind, data in files.items():
        _write(stem.with_suffix(f".{kind}"), data)
    sums = {kind: [len(data), zlib.crc32(data)] for kind, data in files.items()}
    _write(stem.with_suffix(".json"), orjson.dumps({"files": sums, "tally": tally.as_dict()}))


def read_part(stem: Path, *, whole: bool = False) -> Part | None:
    """Read a part's marker; with ``whole``, a part whose files are not as it says is none."""
    try:
        marker = orjson.loads(stem.with_suffix(".json").read_bytes())
        for kind, known in marker["files"].items() if whole else ():
            data = stem.with_suffix(f".{kind}").read_bytes()
            if [len(data), zlib.crc32(data)] != known:
                return None
    except (OSError, orjson.JSONDecodeError):
        return None
    return Part(stem, Tally.of(marker["tally"]))


def _join(parts: list[Part], kind: str, path: Path) -> None:
    """Put the files of one kind one after the other; without any there is none."""
    found = [part.file(kind) for part in parts if part.file(kind).exists()]
    if found:
        with _whole_file(path) as stream:
            for one in found:
                with one.open("rb") as source:
                    shutil.copyfileobj(source, stream, 1 << 20)


def _write(path: Path, data: bytes) -> None:
    with _whole_file(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that gets its name when it is whole; a kill leaves the old or the new.

    The process is part of the temporary name: one that a kill left behind may still be writing.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
