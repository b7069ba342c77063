"""What the service does not let itself be talked into, over real sockets."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time
import zlib

import httpx
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from service_running import ARTICLE, CLEAN, Server, running

from unbait.service.bodies import decoder
from unbait.service.limits import Budget, Keys, Rates
from unbait.service.problems import ProblemError

BODY = json.dumps({"text": ARTICLE}).encode()
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def small() -> Server:
    return running(
        body_bytes=100_000, document_bytes=50_000, batch_documents=3, header_bytes=2000,
        header_seconds=0.5, body_seconds=1, idle_seconds=1, connections=40, buffered_bytes=300_000,
        keep_alive_seconds=1,
    )  # fmt: skip


def post(server: Server, content: bytes, path: str = "/v1/clean", **headers: str) -> httpx.Response:
    sent = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(server.url + path, content=content, headers=sent, timeout=30)


def talk(server: Server, *pieces: bytes, pause: float = 0.0, seconds: float = 10) -> bytes:
    """Send bytes as they are; return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as sock:
        with contextlib.suppress(ConnectionError):  # it may be closed before all is sent
            for piece in pieces:
                sock.sendall(piece)
                time.sleep(pause)
        answer = b""
        while data := sock.recv(1 << 16):
            answer += data
    return answer


def compressed(encoding: str, data: bytes) -> bytes:
    made = {
        "gzip": gzip.compress, "deflate": zlib.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }  # fmt: skip
    return made[encoding](data)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_compressed_bodies_and_bombs(small: Server, encoding: str) -> None:
    good = post(small, compressed(encoding, BODY), content_encoding=encoding)
    assert good.json()["text"] == CLEAN
    bomb = compressed(encoding, b" " * 30_000_000)
    assert len(bomb) < 100_000
    assert post(small, bomb, content_encoding=encoding).json()["code"] == "BODY_TOO_LARGE"
    short = post(small, compressed(encoding, BODY)[:-5], content_encoding=encoding)
    assert short.json()["code"] == "ENCODING_DAMAGED"
    assert post(small, BODY, content_encoding=encoding).json()["code"] == "ENCODING_DAMAGED"


def test_other_encodings_are_refused(small: Server) -> None:
    assert post(small, BODY, content_encoding="br").json()["code"] == "ENCODING_UNSUPPORTED"
    assert post(small, BODY, content_encoding="gzip, gzip").status_code == 415


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200_000), cut=st.integers(1, 5000), raw=st.booleans())
def test_decoders_give_back_what_was_compressed(data: bytes, cut: int, raw: bool) -> None:
    for encoding in ("gzip", "deflate", "zstd"):
        sent = compressed(encoding, data)
        if raw and encoding == "deflate":
            sent = sent[2:-4]
        undo = decoder(encoding)
        pieces = [p for at in range(0, len(sent), cut) for p in undo.feed(sent[at : at + cut])]
        undo.finish()
        assert b"".join(pieces) == data
        assert max(map(len, pieces), default=0) <= 64 * 131_072


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400))
def test_decoders_refuse_rubbish(data: bytes) -> None:
    for encoding in ("gzip", "deflate", "zstd"):
        undo = decoder(encoding)
        try:
            list(undo.feed(data))
            undo.finish()
        except zlib.error:
            pass


def test_decoders_take_several_members() -> None:
    for encoding in ("gzip", "zstd"):
        undo = decoder(encoding)
        twice = compressed(encoding, b"one") + compressed(encoding, b"two")
        assert b"".join(undo.feed(twice)) == b"onetwo"
        undo.finish()


def test_sizes(small: Server) -> None:
    large = json.dumps({"text": "a" * 200_000}).encode()
    assert post(small, large).json()["code"] == "BODY_TOO_LARGE"
    chunked = httpx.post(
        f"{small.url}/v1/clean", content=iter([large[:70_000], large[70_000:]]), headers=JSON
    )
    assert chunked.json()["code"] == "BODY_TOO_LARGE"
    document = json.dumps({"text": "a" * 60_000}).encode()
    assert post(small, document).json()["code"] == "DOCUMENT_TOO_LARGE"
    batch = json.dumps({"documents": [{"text": ""}] * 4}).encode()
    assert post(small, batch, "/v1/clean/batch").json()["code"] == "BATCH_TOO_LARGE"
    one = json.dumps({"documents": [{"text": "a" * 60_000}, {"text": ARTICLE}]}).encode()
    first, second = post(small, one, "/v1/clean/batch").json()["results"]
    assert first["error"]["code"] == "DOCUMENT_TOO_LARGE"
    assert second["text"] == CLEAN


def test_heads(small: Server) -> None:
    large = b"GET /healthz HTTP/1.1\r\nx: " + b"a" * 3000
    assert b"HEADERS_TOO_LARGE" in talk(small, large)
    assert b"HEADERS_TOO_LARGE" in talk(small, large + b"\r\n\r\n")
    assert b"HEADERS_TIMEOUT" in talk(small, b"GET /healthz HTTP/1.1\r\nx: ")
    assert talk(small) == b""  # nothing said, nothing answered, closed
    assert b"REQUEST_MALFORMED" in talk(small, b"\x16\x03\x01\x02\x00\x01")


def test_slow_and_half_bodies(small: Server) -> None:
    head = (
        b"POST /v1/clean HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        b"connection: close\r\ncontent-length: 9000\r\n\r\n"
    )
    assert b"BODY_TIMEOUT" in talk(small, head, b"{")
    drip = [b"{"] + [b" "] * 8
    assert b"BODY_TIMEOUT" in talk(small, head, *drip, pause=0.2)
    with socket.create_connection(("127.0.0.1", small.port)) as sock:
        sock.sendall(head + b'{"text"')
    assert post(small, BODY).json()["text"] == CLEAN


def test_held_bytes_are_bounded(small: Server) -> None:
    head = (
        b"POST /v1/clean HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        b"content-length: 99000\r\n\r\n"
    )
    held = [socket.create_connection(("127.0.0.1", small.port)) for _ in range(4)]
    try:
        for sock in held:
            sock.sendall(head + b" " * 90_000)
        time.sleep(0.3)
        answer = post(small, BODY + b" " * 40_000)
        assert (answer.status_code, answer.json()["code"]) == (503, "OVERLOADED")
        assert int(answer.headers["retry-after"]) >= 1
        assert httpx.get(f"{small.url}/healthz").status_code == 200
    finally:
        for sock in held:
            sock.close()
    time.sleep(0.2)
    assert post(small, BODY).status_code == 200


def test_an_answer_that_nobody_reads_counts_as_held() -> None:
    """Its client is let go after a while; until then it may not crowd out the memory."""
    server = running(buffered_bytes=2_000_000, idle_seconds=1)
    body = json.dumps({"text": "a\n" * 20_000}).encode()
    head = (
        b"POST /v1/clean?fields=text,input,audit,decisions HTTP/1.1\r\nhost: a\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    )

    def held() -> float:
        page = httpx.get(f"{server.url}/metrics").text
        return float(page.partition("\nunbait_buffered_bytes ")[2].partition("\n")[0])

    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(60)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(head + body)
        assert sock.recv(12) == b"HTTP/1.1 200"
        assert held() > 2_000_000
        refused = post(server, BODY)
        assert (refused.status_code, refused.json()["code"]) == (503, "OVERLOADED")
        time.sleep(1.5)
        assert held() == 0
        assert post(server, BODY).status_code == 200


def test_too_many_connections(small: Server) -> None:
    time.sleep(1.2)  # what earlier tests left open is closed by now
    held = [socket.create_connection(("127.0.0.1", small.port)) for _ in range(40)]
    try:
        answer = talk(small)
        assert b" 503 " in answer and b"TOO_MANY_CONNECTIONS" in answer
    finally:
        for sock in held:
            sock.close()


def test_a_client_that_does_not_read_is_let_go(small: Server) -> None:
    block = b'{"id":"%s","text":"a"}\n' % (b"i" * 200) * 300
    head = (
        b"POST /v1/clean/stream HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-ndjson\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", small.port), timeout=20) as sock:
        sock.sendall(head)
        let_go = False
        try:
            for _ in range(1000):
                sock.sendall(b"%x\r\n%s\r\n" % (len(block), block))
        except ConnectionError:
            let_go = True
    assert let_go
    assert httpx.get(f"{small.url}/readyz").status_code == 200
    assert "Exception in ASGI" not in small.log.read_text()


def test_keys_and_rates() -> None:
    server = running(api_keys="first,second", rate=1, burst=3)
    url = f"{server.url}/v1/models"
    missing = httpx.get(url)
    assert missing.json()["code"] == "KEY_MISSING"
    assert missing.headers["www-authenticate"] == "Bearer"
    assert httpx.get(url, headers={"x-api-key": "third"}).json()["code"] == "KEY_UNKNOWN"
    assert httpx.get(f"{server.url}/metrics").status_code == 401
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    first = {"authorization": "Bearer first"}
    seen = [httpx.get(url, headers=first) for _ in range(5)]
    assert [one.status_code for one in seen][:3] == [200, 200, 200]
    assert seen[4].json()["code"] == "RATE_LIMITED" and int(seen[4].headers["retry-after"]) >= 1
    assert httpx.get(url, headers={"x-api-key": "second"}).status_code == 200
    spec = httpx.get(f"{server.url}/openapi.json").json()
    assert spec["paths"]["/v1/clean"]["post"]["security"]


def test_keys_compare_digests() -> None:
    assert not Keys(())
    assert Keys(("a",)).check({"x-api-key": "a"}) == Keys(("b", "a")).check({"x-api-key": "a"})
    with pytest.raises(ProblemError):
        Keys(("a",)).check({"authorization": "Basic a"})


def test_rates_forget_old_names() -> None:
    rates = Rates(1000.0, 1)
    for number in range(20_000):
        rates.take(str(number))
    assert len(rates._buckets) <= 10_000


def test_budget_gives_back() -> None:
    budget = Budget(10)
    with budget.hold() as hold:
        hold.add(8)
        with pytest.raises(ProblemError):
            hold.add(3)
    assert budget.held == 0


def test_cors_only_for_those_named() -> None:
    server = running(cors_origins="https://ours.example")
    ours = httpx.get(f"{server.url}/healthz", headers={"origin": "https://ours.example"})
    assert ours.headers["access-control-allow-origin"] == "https://ours.example"
    other = httpx.get(f"{server.url}/healthz", headers={"origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers
