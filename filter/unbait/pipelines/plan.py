"""What a run is to do: its inputs found and told apart, its options, and whether it is the same."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unbait.errors import InputError
from unbait.io.formats import (
    Bad,
    Columns,
    DataFile,
    FormatName,
    kind_by_name,
    output_name,
)
from unbait.io.formats_lines import parse
from unbait.io.formats_open import (
    PARQUET,
    compression_of,
    decompressed,
    filesystem,
    is_remote,
    open_read,
    size_of,
)
from unbait.pipelines.recipe import Recipe
from unbait.types import VerdictName

_HEAD = 1 << 16


@dataclass(frozen=True)
class Task:
    """How every record is treated; it travels to the processes that do it."""

    recipe: Recipe = field(default_factory=Recipe)
    columns: Columns = field(default_factory=Columns)
    to: FormatName | None = None
    audit: bool = False
    tag: bool = False
    report: bool = False
    drop: frozenset[VerdictName] = frozenset()

    def output(self, file: DataFile) -> FormatName:
        """Tell the format that a file's documents are written in."""
        if self.tag:
            return "jsonl"
        if self.to:
            return self.to
        return {"warc": "wet", "files": "jsonl"}.get(file.format, file.format)  # type: ignore[return-value]

    def output_path(self, file: DataFile) -> str:
        """Name a file's output, relative to the folder of outputs."""
        compression = "" if self.output(file) == "parquet" else file.compression
        if self.output(file) == "wet":
            compression = "gz"
        return output_name(file.relative, self.output(file), compression)


@dataclass(frozen=True)
class Plan:
    """All inputs that were found, those that cannot be read, and the task."""

    files: tuple[DataFile, ...]
    bad: tuple[Bad, ...]
    task: Task

    def fingerprint(self) -> str:
        """Give a name that another run has only with the same inputs and the same options."""
        task, columns = self.task, self.task.columns
        asked = (replace(columns, asked=frozenset()), sorted(columns.asked))
        said = (task.recipe.stamp(), asked, task.to, task.audit, task.tag, task.report,
                sorted(task.drop), [(*file, _stamp(file)) for file in self.files])  # fmt: skip
        return hashlib.sha256(repr(said).encode("utf-8", "surrogateescape")).hexdigest()


def make_plan(arguments: Iterable[str], task: Task, *, without: str | None = None) -> Plan:
    """Find the inputs; two that would be written to one place are refused the second time."""
    files: list[DataFile] = []
    bad: list[Bad] = []
    taken: dict[str, str] = {}
    for item in _inputs(arguments, without):
        if isinstance(item, Bad):
            bad.append(item)
            continue
        place = task.output_path(item)
        if place in taken:
            if item.path != taken[place]:
                says = f"{taken[place]} is already written to {place}"
                bad.append(Bad(item.path, "OUTPUT_CLASH", says))
            continue
        taken[place] = item.path
        files.append(item)
    return Plan(tuple(files), tuple(bad), task)


def is_container(path: str) -> bool:
    """Tell whether a path names files of many documents, by its name or how it begins."""
    if is_remote(path):
        return True
    if Path(path).is_dir():
        return any(_holds_many(name) for name, _ in _folder(Path(path), None))
    if glob.has_magic(path) and not os.path.lexists(path):
        return any(_holds_many(name) for name in glob.iglob(path, recursive=True))  # noqa: PTH207
    if kind_by_name(path)[0] is not None or not Path(path).is_file():
        return _holds_many(path)
    try:
        return describe(path, path).format != "files"
    except (InputError, OSError):
        return False


def _holds_many(name: str) -> bool:
    """Tell from a name alone whether a file holds many documents."""
    known, compression = kind_by_name(name)
    return compression != "" or known not in (None, "files")


def describe(path: str, relative: str) -> DataFile:
    """Look at a file: its format by its name or else by its content, its compression always so."""
    with open_read(path) as stream:
        head = stream.read(_HEAD)
        compression = compression_of(head)
        name, _ = kind_by_name(path)
        if name is None:
            stream.seek(0)
            name = _by_content(stream, head, compression, path)
    return DataFile(path, name, compression, size_of(path), relative)


def _by_content(stream: Any, head: bytes, compression: Any, path: str) -> FormatName:
    if compression:
        first = next(iter(decompressed(stream, compression, path)), b"")
        head = b"" if isinstance(first, Bad) else first[:_HEAD]
    if head.startswith(PARQUET):
        return "parquet"
    if head.startswith(b"WARC/"):
        return "wet" if b"WARC-Type: conversion" in head else "warc"
    line = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    if line.startswith(b"{"):
        try:
            parse(line)
        except ValueError:
            return "files" if len(line) < len(head) else "jsonl"
        return "jsonl"
    return "files"


def _inputs(arguments: Iterable[str], without: str | None) -> Iterator[DataFile | Bad]:
    for argument in arguments:
        loose: list[str] = []
        for path, relative in _expand(argument, without):
            try:
                file = describe(path, relative)
            except InputError as error:
                yield Bad(path, error.code, error.message)
            except FileNotFoundError:
                yield Bad(path, "FILE_MISSING", "no such file")
            except OSError as error:
                yield Bad(path, "FILE_UNREADABLE", str(error.strerror or error))
            else:
                if file.format == "files" and not file.compression:
                    loose.append(path)
                else:
                    yield file
        if loose:
            name = Path(argument.rstrip("/")).name if "*" not in argument else "texts"
            size = sum(size_of(path) for path in loose)
            yield DataFile(argument, "files", "", size, name, tuple(loose))


def _expand(argument: str, without: str | None) -> Iterator[tuple[str, str]]:
    """Give (path, place below the outputs) of every file an argument names, in order."""
    if is_remote(argument):
        yield from _remote(argument)
        return
    path = Path(argument)
    if path.is_dir():
        yield from _folder(path, os.path.realpath(without) if without else None)
    elif not os.path.lexists(path) and glob.has_magic(argument):
        for name in sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207 - absolute too
            if Path(name).is_file():
                yield name, Path(name).name
    else:
        yield argument, path.name


def _folder(folder: Path, hidden: str | None) -> Iterator[tuple[str, str]]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(place, name)) != hidden
        )
        for name in sorted(names):
            known, compression = kind_by_name(name)
            if not name.startswith(".") and (known or compression):
                path = Path(place, name)
                yield str(path), str(path.relative_to(folder))


def _remote(address: str) -> Iterator[tuple[str, str]]:
    system, name = filesystem(address)
    names = sorted(system.glob(name)) if "*" in name else [name]
    for found in names:
        if not system.isdir(found):
            yield system.unstrip_protocol(found), found.rsplit("/", 1)[-1]
            continue
        for below in sorted(system.find(found)):
            known, compression = kind_by_name(below)
            if known or compression:
                place = below[len(found) :].lstrip("/")
                yield system.unstrip_protocol(below), place


def _stamp(file: DataFile) -> int:
    """Give when a local file was last written; a remote one has its size alone."""
    if is_remote(file.path) or not Path(file.path).exists():
        return 0
    return Path(file.path).stat().st_mtime_ns
