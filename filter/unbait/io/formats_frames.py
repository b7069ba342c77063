"""Where WARC records begin and end, checked: a wrong length costs its own record and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, NamedTuple

from unbait.io.formats import RECORD_BYTES, Bad

_BEGIN, _HEAD_END, _TRAIL = b"WARC/", b"\r\n\r\n", b"\r\n\r\n"
_HEAD_LIMIT = 1 << 20
_KEPT = 1 << 20


class Frame(NamedTuple):
    """The bytes of one record, its trailing line breaks included."""

    where: str
    raw: bytes


def frames(pieces: Iterator[bytes | Bad]) -> Iterator[Frame | Bad]:
    """Cut a stream of bytes into records; what fits no record comes out as a `Bad`."""
    held = _Held(pieces)
    while held.reach(len(_BEGIN)):
        yield from held.take_bad()
        if held.data.startswith(b"\r\n"):
            held.drop(2)
            continue
        if not held.data.startswith(_BEGIN):
            yield held.skip("WARC_SYNTAX", "no record begins here")
            continue
        head = held.find_head_end()
        length = _length(bytes(held.data[:head])) if head else None
        if length is None:
            yield held.skip("WARC_LENGTH", "no usable Content-Length")
            continue
        total = head + length + len(_TRAIL)
        if length > RECORD_BYTES:
            yield held.skip("RECORD_TOO_LONG", f"it says {length} bytes")
        elif not held.reach(total) or held.data[total - len(_TRAIL) : total] != _TRAIL:
            yield held.skip("WARC_LENGTH", f"it does not end where its length ({length}) says")
        else:
            yield held.frame(total)
    yield from held.take_bad()


def boundaries(stream: IO[bytes], size: int) -> Iterator[int]:
    """Walk a plain archive by its lengths; at a wrong one, search where the next record begins."""
    place = 0
    while place < size:
        stream.seek(place)
        head = stream.read(1 << 14)
        end = head.find(_HEAD_END) + len(_HEAD_END)
        length = _length(head[:end]) if head.startswith(_BEGIN) and end >= 4 else None
        after = place + end + (length or 0) + len(_TRAIL)
        if length is not None and after <= size and _ends(stream, after):
            yield place
            place = after
            continue
        if head.startswith(_BEGIN):
            yield place
        place = _search(stream, place + 1, size)


def _ends(stream: IO[bytes], after: int) -> bool:
    stream.seek(after - len(_TRAIL))
    return stream.read(len(_TRAIL)) == _TRAIL


def _search(stream: IO[bytes], place: int, size: int) -> int:
    """Find the next place where a record may begin."""
    mark = _TRAIL + _BEGIN
    while place < size:
        stream.seek(place)
        data = stream.read(1 << 20)
        found = data.find(mark)
        if found >= 0:
            return place + found + len(_TRAIL)
        place += max(1, len(data) - len(mark) + 1)
    return size


def _length(head: bytes) -> int | None:
    """Read a header's Content-Length."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            value = value.strip()
            return int(value) if value.isdigit() and len(value) < 19 else None
    return None


class _Held:
    """Bytes that were read and not yet used."""

    def __init__(self, pieces: Iterator[bytes | Bad]) -> None:
        self.data = bytearray()
        self._pieces = pieces
        self._bad: list[Bad] = []
        self._place = 0

    def reach(self, size: int) -> bool:
        """Read on until so much is held; say whether there was so much."""
        while len(self.data) < size:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            if isinstance(piece, Bad):
                self._bad.append(piece)
                self.data += _TRAIL  # so that the next record is seen to begin after the gap
            else:
                self.data += piece
        return True

    def take_bad(self) -> list[Bad]:
        """Hand on what was broken in the stream itself."""
        bad, self._bad = self._bad, []
        return bad

    def find_head_end(self) -> int:
        """Say where the header ends, 0 where it does not."""
        seen = 0
        while seen < _HEAD_LIMIT:
            found = self.data.find(_HEAD_END, max(0, seen - len(_HEAD_END)), _HEAD_LIMIT)
            if found >= 0:
                return found + len(_HEAD_END)
            seen = len(self.data)
            if not self.reach(seen + 1):
                break
        return 0

    def frame(self, total: int) -> Frame:
        """Take a record off."""
        made = Frame(f"byte {self._place}", bytes(self.data[:total]))
        self.drop(total)
        return made

    def skip(self, code: str, message: str) -> Bad:
        """Drop bytes up to where the next record may begin."""
        mark = _TRAIL + _BEGIN
        seen = 1
        while (found := self.data.find(mark, seen)) < 0:
            seen = max(1, len(self.data) - len(mark) + 1)
            if not self.reach(len(self.data) + 1):
                break
        end = found + len(_TRAIL) if found >= 0 else len(self.data)
        bad = Bad(f"byte {self._place}", code, message, bytes(self.data[: min(end, _KEPT)]))
        self.drop(end)
        return bad

    def drop(self, size: int) -> None:
        """Forget the first bytes."""
        del self.data[:size]
        self._place += size
