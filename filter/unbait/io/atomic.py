"""Writing that appears whole or not at all: a temporary name in the same folder, then a rename."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_NAME_MAX = 200


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for bytes that take its place only when the block ends well.

    Links are followed, permissions of a file that is replaced are kept, and what is no regular
    file (a pipe, a device) is written straight: it cannot be replaced.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    temporary = _temporary(target)
    # O_EXCL and 0o666: the name is ours alone, and the umask of the process holds as for any file.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            _take_over(target, stream.fileno())
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all."""
    with atomic_writer(path) as stream:
        stream.write(data)


def back_up(path: Path) -> Path:
    """Keep the file as ``name.bak``, or ``name.bak.1`` and so on: no backup is ever replaced."""
    target = Path(os.path.realpath(path))
    names = itertools.chain([".bak"], (f".bak.{number}" for number in itertools.count(1)))
    for suffix in names:
        backup = target.with_name(target.name + suffix)
        try:
            _link_or_copy(target, backup)
        except FileExistsError:
            continue
        return backup
    raise AssertionError  # pragma: no cover - the names do not end


def _link_or_copy(target: Path, backup: Path) -> None:
    """Give the file a second name; where the file system cannot, copy it."""
    try:
        os.link(target, backup)
    except FileExistsError:
        raise
    except OSError:
        with backup.open("xb") as copy, target.open("rb") as original:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(target, backup)


def _temporary(target: Path) -> Path:
    stem = target.name.encode()[:_NAME_MAX].decode(errors="ignore")
    return target.with_name(f".{stem}.{secrets.token_hex(6)}.tmp")


def _take_over(target: Path, handle: int) -> None:
    """Give the new file the permissions of the one it will replace."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    # Only root may give files away; for others the file is theirs already.
    with contextlib.suppress(PermissionError):
        os.fchown(handle, old.st_uid, old.st_gid)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
