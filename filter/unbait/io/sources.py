"""What there is to read: files, folders, globs and standard input, in an order that never changes.

Nothing here raises for one bad name: it is handed on as a `Reject`, so that the rest is done.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from unbait.errors import InputError

STDIN = "-"
# What is taken out of a folder without being named: files that are texts or pages by their name.
TEXT_SUFFIXES = frozenset(
    ("", ".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml", ".asc")
)


class Source(NamedTuple):
    """One thing to read. ``relative`` is its place under an output folder."""

    name: str
    path: Path | None
    relative: Path

    def read(self) -> bytes:
        """Give the bytes, or an `InputError` that says why not."""
        try:
            return sys.stdin.buffer.read() if self.path is None else self.path.read_bytes()
        except OSError as error:
            raise InputError(*_why(error)) from error


class Reject(NamedTuple):
    """One thing that could not be done, and why; ``content`` where nothing else holds it."""

    name: str
    code: str
    message: str
    content: bytes | None = None


def expand(arguments: Iterable[str], *, without: Path | None = None) -> Iterator[Source | Reject]:
    """Turn arguments into sources: each file once, folders and globs sorted by name.

    ``without`` is a folder that is not entered: the place where outputs go.
    """
    seen: set[str] = set()
    hidden = os.path.realpath(without) if without else None
    for argument in arguments:
        for item in _expand_one(argument, hidden):
            if isinstance(item, Source):
                key = os.path.realpath(item.path) if item.path else STDIN
                if key in seen:
                    continue
                seen.add(key)
            yield item


def _expand_one(argument: str, hidden: str | None) -> Iterator[Source | Reject]:
    path = Path(argument)
    if argument == STDIN:
        yield Source(STDIN, None, Path("stdin.txt"))
    elif path.is_dir():
        yield from _folder(path, hidden)
    elif not os.path.lexists(path) and glob.has_magic(argument):
        yield from _glob(argument, hidden)
    else:
        yield Source(argument, path, Path(path.name))


def _folder(folder: Path, hidden: str | None) -> Iterator[Source | Reject]:
    """Walk a folder: names sorted, hidden ones and other kinds of file left out."""
    refused: list[OSError] = []
    said = 0
    for place, folders, files in os.walk(folder, onerror=refused.append):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(place, name)) != hidden
        )
        for name in sorted(files):
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.lower() in TEXT_SUFFIXES:
                said += 1
                yield Source(str(path), path, path.relative_to(folder))
    for error in refused:
        name = os.fsdecode(error.filename)
        yield Reject(name, *_why(error))
    if not said and not refused:
        kinds = ", ".join(sorted(TEXT_SUFFIXES - {""}))
        yield Reject(str(folder), "FOLDER_EMPTY", f"no text in this folder ({kinds})")


def _glob(pattern: str, hidden: str | None) -> Iterator[Source | Reject]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns too
    if not matches:
        yield Reject(pattern, "FILE_MISSING", "no file of that pattern")
    for name in matches:
        path = Path(name)
        if path.is_file():
            yield Source(name, path, Path(path.name))
        elif path.is_dir() and "**" not in pattern:
            yield from _folder(path, hidden)


def _why(error: OSError) -> tuple[str, str]:
    """Say an operating system's refusal as a code and a sentence."""
    if isinstance(error, FileNotFoundError):
        return "FILE_MISSING", "no such file"
    if isinstance(error, PermissionError):
        return "FILE_DENIED", "no permission to read it: check its rights"
    return "FILE_UNREADABLE", str(error.strerror or error)
