"""Opening files wherever they lie: local names, and addresses that fsspec knows (s3://, gs://)."""

from __future__ import annotations

import contextlib
import gzip
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from unbait.errors import InputError
from unbait.io.atomic import atomic_writer
from unbait.io.formats import Bad, Compression

GZIP, ZSTD, PARQUET = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PAR1"
_READ = 1 << 20
# Here an object appears when all of it has arrived.
_OBJECT_STORES = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"))
_ZSTD_WINDOW = 1 << 27  # what a frame may ask for in memory, 128 MB


def is_remote(path: str) -> bool:
    """Tell an address from a local name."""
    return "://" in path


def filesystem(path: str) -> tuple[Any, str]:
    """Give fsspec's file system for an address, and the name in it."""
    try:
        from fsspec.core import url_to_fs

        system, name = url_to_fs(path)
    except ImportError as error:
        raise InputError(
            "EXTRA_MISSING", f"{path}: needs {error.name}: pip install 'unbait[formats]' "
            "and fsspec's package for this kind of address (s3fs, gcsfs, ...)",
        ) from error  # fmt: skip
    except ValueError as error:
        raise InputError("ADDRESS_UNKNOWN", f"{path}: {error}") from error
    return system, str(name)


def open_read(path: str) -> IO[bytes]:
    """Open a file for reading; it can seek."""
    if not is_remote(path):
        return Path(path).open("rb")
    system, name = filesystem(path)
    stream: IO[bytes] = system.open(name, "rb")
    return stream


def size_of(path: str) -> int:
    """Give a file's size in bytes."""
    if not is_remote(path):
        return Path(path).stat().st_size
    system, name = filesystem(path)
    return int(system.size(name) or 0)


@contextlib.contextmanager
def open_write(path: str) -> Iterator[IO[bytes]]:
    """Open a file that appears whole at the end of the block, or not at all."""
    if not is_remote(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with atomic_writer(Path(path)) as stream:
            yield stream
        return
    # Written here first: few file systems elsewhere can take a file back that was begun.
    with tempfile.TemporaryDirectory(prefix="unbait-") as folder:
        local = Path(folder, "file")
        with local.open("wb") as stream:
            yield stream
        _send(local, path)


def _send(local: Path, path: str) -> None:
    """Put a file to an address; where that shows while it lasts, under another name first."""
    system, name = filesystem(path)
    protocol = path.split("://", 1)[0]
    system.makedirs(name.rsplit("/", 1)[0] or "/", exist_ok=True)
    if protocol in _OBJECT_STORES:
        system.put_file(str(local), name)
        return
    system.put_file(str(local), f"{name}.tmp")
    system.mv(f"{name}.tmp", name)


def compression_of(head: bytes) -> Compression:
    """Tell how a file is compressed from how it begins."""
    if head.startswith(GZIP):
        return "gz"
    return "zst" if head.startswith(ZSTD) else ""


def compressed(data: bytes, compression: Compression) -> bytes:
    """Compress one part of a file: members and frames may follow one another."""
    if compression == "gz":
        return gzip.compress(data, 6, mtime=0)
    if compression == "zst":
        import zstandard

        return zstandard.ZstdCompressor(level=3).compress(data)
    return data


def decompressed(stream: IO[bytes], compression: Compression, name: str) -> Iterator[bytes | Bad]:
    """Give the content of a file piece by piece, and a `Bad` where it is broken."""
    if compression == "gz":
        yield from _gunzipped(stream, name)
    elif compression == "zst":
        yield from _unzstd(stream, name)
    else:
        while piece := stream.read(_READ):
            yield piece


def _gunzipped(stream: IO[bytes], name: str) -> Iterator[bytes | Bad]:
    """Read gzip members; after a broken one, go on with the next that can be found."""
    held, place = b"", 0
    member: Any = None
    while True:
        piece = stream.read(_READ)
        held += piece
        while held:
            if member is None:
                held, lost = _next_member(held, final=not piece)
                place += lost
                if lost:
                    yield Bad(f"byte {place - lost}", "GZIP_BROKEN", f"{lost} bytes are no gzip")
                if not held.startswith(GZIP):
                    break
                member = zlib.decompressobj(wbits=31)
            try:
                data = member.decompress(held, 8 * _READ)
            except zlib.error as error:
                yield Bad(f"byte {place}", "GZIP_BROKEN", f"{name}: {error}")
                member, held, place = None, held[1:], place + 1
                continue
            rest = member.unused_data if member.eof else member.unconsumed_tail
            place += len(held) - len(rest)
            held = rest
            member = None if member.eof else member
            if data:
                yield data
        if not piece:
            break
    if member is not None:
        yield Bad(f"byte {place}", "GZIP_CUT", "the file ends inside a gzip member")


def _next_member(held: bytes, *, final: bool) -> tuple[bytes, int]:
    """Drop what stands before the next gzip member; zeros between members are padding."""
    if held.startswith(GZIP):
        return held, 0
    found = held.find(GZIP)
    keep = found if found >= 0 else len(held) if final else max(0, len(held) - len(GZIP) + 1)
    lost = held[:keep]
    return held[keep:], 0 if not lost.strip(b"\0") else keep


def _unzstd(stream: IO[bytes], name: str) -> Iterator[bytes | Bad]:
    """Read zstd frames; zstandard itself says nothing of a frame that is cut short."""
    import zstandard

    frame: Any = None
    while piece := stream.read(_READ):
        while piece:
            if frame is None:
                frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            try:
                data = frame.decompress(piece)
            except zstandard.ZstdError as error:
                yield Bad(f"near byte {stream.tell()}", "ZSTD_BROKEN", f"{name}: {error}")
                return
            if data:
                yield data
            piece = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame is not None:
        yield Bad("end", "ZSTD_CUT", "the file ends inside a zstd frame")
