"""Frames between the service and its workers: a JSON head and raw bytes, each with its length."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from asyncio import StreamReader

_LENGTHS = struct.Struct("<II")


def pack(head: dict[str, Any], *body: bytes) -> list[bytes]:
    """Return the pieces of one frame, in order, uncopied."""
    written = orjson.dumps(head)
    return [_LENGTHS.pack(len(written), sum(map(len, body))) + written, *body]


async def read(reader: StreamReader) -> tuple[dict[str, Any], bytes]:
    """Read one frame; IncompleteReadError when the other side is gone."""
    head, body = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    return orjson.loads(await reader.readexactly(head)), await reader.readexactly(body)


def send_blocking(sock: socket.socket, head: dict[str, Any], *body: bytes) -> None:
    """Write one frame from a worker."""
    sock.sendall(b"".join(pack(head, *body)))


def receive_blocking(sock: socket.socket) -> tuple[dict[str, Any], memoryview]:
    """Read one frame in a worker; EOFError when the service is gone."""
    head, body = _LENGTHS.unpack(_exactly(sock, _LENGTHS.size))
    return orjson.loads(_exactly(sock, head)), _exactly(sock, body)


def _exactly(sock: socket.socket, size: int) -> memoryview:
    data = memoryview(bytearray(size))
    done = 0
    while done < size:
        got = sock.recv_into(data[done:])
        if not got:
            raise EOFError
        done += got
    return data
