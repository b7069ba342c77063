"""NDJSON in and out: in order, as it comes, and no faster than it is read."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator

import httpx
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_running import ARTICLE, CLEAN, Server, running

from unbait.service.streams import Cutter

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def server() -> Server:
    return running()


def stream(server: Server, content: bytes, **headers: str) -> list[dict[str, object]]:
    sent = NDJSON | {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.post(
        f"{server.url}/v1/clean/stream", content=content, headers=sent,
        params={"fields": "text"}, timeout=60,
    )  # fmt: skip
    return [json.loads(line) for line in answer.content.splitlines()]


@given(
    lines=st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=30),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    block=st.integers(1, 40),
    longest=st.integers(3, 20),
)
def test_the_cutter_loses_no_line(
    lines: list[bytes], cuts: list[int], block: int, longest: int
) -> None:
    data = b"".join(line + b"\n" for line in lines)
    cutter = Cutter(block, longest)
    blocks: list[bytes | None] = []
    at = step = 0
    while at < len(data):
        size = cuts[step % len(cuts)]
        blocks += cutter.feed(data[at : at + size])
        at, step = at + size, step + 1
    blocks.append(cutter.finish())
    assert not cutter.has_lines
    found: list[bytes | None] = []
    for one in blocks:
        found += [None] if one is None else one.split(b"\n")[:-1]
    assert len(found) == len(lines)
    for line, got in zip(lines, found, strict=True):
        assert got == line or (got is None and len(line) > longest - max(cuts))


def test_order_errors_and_blank_lines(server: Server) -> None:
    rows = [json.dumps({"id": str(i), "text": ARTICLE}) for i in range(300)]
    rows[7] = "{"
    rows[8] = ""
    rows[9] = '{"id":"nine"}'
    answer = stream(server, "\n".join(rows).encode())
    assert len(answer) == 299
    assert answer[7]["error"]["code"] == "JSON_SYNTAX"  # type: ignore[index]
    assert answer[8]["id"] == "nine"
    assert [one["id"] for one in answer[9:]] == [str(i) for i in range(10, 300)]
    assert all(one["text"] == CLEAN for one in answer[9:])
    assert stream(server, b"") == []


def test_compressed(server: Server) -> None:
    body = gzip.compress(b'{"text":"a"}\n' * 1000)
    assert stream(server, body, content_encoding="gzip") == [{"text": "a"}] * 1000
    damaged = stream(server, body[:-9], content_encoding="gzip")
    assert damaged[-1]["stream_error"]["code"] == "ENCODING_DAMAGED"  # type: ignore[index]


def test_a_line_that_is_too_long_is_one_error() -> None:
    server = running(document_bytes=1000, stream_block_bytes=2000)
    body = b'{"text":"a"}\n' + b'{"text":"%s"}\n' % (b"a" * 300_000) + b'{"text":"b"}\n'
    first, second, third = stream(server, body)
    assert (first, third) == ({"text": "a"}, {"text": "b"})
    assert second["error"]["code"] == "DOCUMENT_TOO_LARGE"  # type: ignore[index]


def test_answers_come_while_the_request_is_still_sent(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(
            b"POST /v1/clean/stream?fields=text HTTP/1.1\r\nhost: a\r\n"
            b"content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for number in range(3):
            line = b'{"text":"number %d"}\n' % number
            sock.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            seen = b""
            while b"number %d" % number not in seen:
                seen += sock.recv(4096)
        sock.sendall(b"0\r\n\r\n")
        while not seen.endswith(b"0\r\n\r\n"):
            seen += sock.recv(4096)


def test_a_reader_that_waits_makes_the_sender_wait(server: Server) -> None:
    """Back-pressure: what is taken in before anything is read stays small."""
    line = json.dumps({"text": ARTICLE}).encode() + b"\n"

    def lines() -> Iterator[bytes]:
        block = line * 200
        while True:
            yield b"%x\r\n%s\r\n" % (len(block), block)

    with socket.create_connection(("127.0.0.1", server.port), timeout=1.5) as sock:
        sock.sendall(
            b"POST /v1/clean/stream HTTP/1.1\r\nhost: a\r\n"
            b"content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        taken = 0
        with contextlib.suppress(TimeoutError):
            for piece in lines():
                sock.sendall(piece)
                taken += len(piece)
                if taken > 64 << 20:
                    break
        assert taken < 64 << 20


def test_a_bomb_in_a_stream_stays_small(server: Server) -> None:
    """A line without end, a thousand times as large as what is sent."""
    before = psutil.Process(server.process.pid).memory_info().rss
    bomb = gzip.compress(b'{"text":"' + b"a" * 400_000_000)
    first, second = stream(
        server, gzip.compress(b'{"text":"a"}\n') + bomb, content_encoding="gzip"
    )
    assert first == {"text": "a"}
    assert second["error"]["code"] == "DOCUMENT_TOO_LARGE"  # type: ignore[index]
    assert psutil.Process(server.process.pid).memory_info().rss - before < 150 << 20
