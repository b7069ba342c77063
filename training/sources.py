"""The public sources of the labelled texts: clones at pinned commits, and the pages in them.

``sources.toml`` says what is taken from where. A page read here has the shape of a row of the data
files: an id, and either ``lines`` (plain text, cut) or ``html``.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import click

REGISTRY = Path(__file__).with_name("sources.toml")
CLONES = Path(__file__).resolve().parents[1] / ".cache" / "sources"
_FETCHED = "fetched.json"  # written last, so that a clone broken off counts as none
_CHARSET = re.compile(rb"charset=[\"']?([\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pin:
    """A commit and the paths that are taken from it."""

    commit: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One public repository; ``layout`` is what its reader needs to know."""

    name: str
    repository: str
    licence: str
    reader: str
    pins: tuple[Pin, ...]
    layout: dict[str, Any]


class FetchError(click.ClickException):
    """Some sources could not be cloned."""


def load() -> dict[str, Source]:
    """Read the registry: name to source."""
    with REGISTRY.open("rb") as file:
        entries = tomllib.load(file)["source"]
    return {
        entry["name"]: Source(
            name=entry["name"],
            repository=entry["repository"],
            licence=entry["licence"],
            reader=entry["reader"],
            pins=tuple(Pin(pin["commit"], tuple(pin["paths"])) for pin in entry["pin"]),
            layout=entry,
        )
        for entry in entries
    }


def fetch(folder: Path, echo: Callable[[str], Any]) -> None:
    """Clone what is not there yet; FetchError, after the others, when a source fails.

    One source that is gone must not keep the others away, so every one is tried.
    """
    failed = []
    for source in load().values():
        clone = folder / source.name
        if is_fetched(source, folder):
            echo(f"{source.name}: there already")
            continue
        try:
            _clone(source, clone)
        except (OSError, subprocess.CalledProcessError) as error:
            failed.append(source.name)
            echo(f"{source.name}: FAILED: {_reason(error)}")
        else:
            echo(f"{source.name}: fetched from {source.repository} ({source.licence})")
    if failed:
        raise FetchError(f"not fetched: {', '.join(failed)}")


def is_fetched(source: Source, folder: Path) -> bool:
    """Say whether the clone is whole and of the pinned commits."""
    try:
        state = (folder / source.name / _FETCHED).read_text(encoding="utf-8")
    except OSError:
        return False
    return state == _pins(source)


def _pins(source: Source) -> str:
    pins = [[pin.commit, *pin.paths] for pin in source.pins]
    return json.dumps([source.repository, *pins])


def _clone(source: Source, clone: Path) -> None:
    clone.mkdir(parents=True, exist_ok=True)
    (clone / _FETCHED).unlink(missing_ok=True)
    _git(clone, "init", "--quiet")
    if not _git(clone, "remote"):
        _git(clone, "remote", "add", "origin", source.repository)
    _git(clone, "remote", "set-url", "origin", source.repository)
    for pin in source.pins:
        # Some of these repositories are large: only the commit, and only the files asked for.
        _git(clone, "fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", pin.commit)
        _git(clone, "checkout", "--quiet", pin.commit, "--", *pin.paths)
    (clone / _FETCHED).write_text(_pins(source), encoding="utf-8")


def _git(clone: Path, *arguments: str) -> str:
    # Bytes as upstream has them: labels hang on hashes. No questions for a password either.
    settings = {"GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}
    command = ["git", "-C", str(clone), "-c", "core.autocrlf=false", *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **settings}
    )
    return done.stdout.strip()


def _reason(error: OSError | subprocess.CalledProcessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = [line for line in str(error.stderr).splitlines() if line.strip()]
        return said[-1] if said else f"git ended with {error.returncode}"
    return str(error)


def read(source: Source, folder: Path, wanted: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the wanted pages (by id) that the clone of ``source`` under ``folder`` holds."""
    clone = folder / source.name
    readers = {"tables": _tables, "archive": _archive, "pages": _pages}
    start = f"{source.name}:"
    keys = sorted(page.removeprefix(start) for page in wanted if page.startswith(start))
    for row in readers[source.reader](source.layout, clone, keys):
        yield {**row, "id": start + row["id"]}


def cut(text: str) -> list[dict[str, Any]]:
    """Cut plain text into the lines that labels name."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [{"text": line} for line in lines if line]


def _tables(layout: dict[str, Any], clone: Path, keys: list[str]) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # articles outgrow the default
    wanted = set(keys)
    for table in layout["table"]:
        with (clone / table["file"]).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = table["prefix"] + row[table["id"]]
                if key in wanted:
                    title = row[table["title"]] if "title" in table else None
                    yield {"id": key, "title": title, "lines": cut(row[table["text"]])}


def _archive(layout: dict[str, Any], clone: Path, keys: list[str]) -> Iterator[dict[str, Any]]:
    wanted = set(keys)
    with zipfile.ZipFile(clone / layout["archive"]) as archive:
        for member in sorted(archive.namelist()):
            path = PurePosixPath(member)
            key = path.parent.name + path.name
            if key in wanted:
                wanted.discard(key)
                # Old files in several encodings; the labels were given to the text read like this.
                text = archive.read(member).decode("utf-8", "replace")
                yield {"id": key, "title": None, "lines": cut(text)}


def _pages(layout: dict[str, Any], clone: Path, keys: list[str]) -> Iterator[dict[str, Any]]:
    about = _about(layout.get("about"), clone)
    for key in keys:
        for template in layout["pages"]:
            path = clone / template.format(id=key)
            if path.is_file():
                page = path.read_bytes()
                html = decode(gzip.decompress(page) if path.suffix == ".gz" else page)
                yield {"id": key, "html": html, **about(key)}
                break


def decode(page: bytes) -> str:
    """Decode a page as UTF-8 when it is, else by the character set it names."""
    try:
        return page.decode("utf-8")
    except UnicodeDecodeError:
        named = _CHARSET.search(page)
        try:
            return page.decode(named[1].decode("ascii") if named else "utf-8", "replace")
        except LookupError:
            return page.decode("utf-8", "replace")


def _about(place: dict[str, str] | None, clone: Path) -> Callable[[str], dict[str, Any]]:
    """Return what tells the address, title, type or language of a page, as its source notes it."""
    if place is None:
        return lambda key: {}
    path = clone / place["file"]
    if place["form"] == "ground-truth":
        return lambda key: _ground_truth(clone / place["file"].format(id=key))
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if place["form"] == "languages":
        return lambda key: {"lang": known.get(key)}
    urls = {entry["file"]: url for url, entry in known.items()}
    return lambda key: {"url": urls.get(key)}


def _ground_truth(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    known = json.loads(path.read_text(encoding="utf-8"))
    kind = known.get("_internal", {}).get("page_type", {}).get("primary")
    title = known.get("ground_truth", {}).get("title")
    return {"url": known.get("url"), "title": title, "page_type": kind}
