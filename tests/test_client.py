"""The client against the real service, and against one that fails."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

httpx = pytest.importorskip("httpx", reason="needs the extra serve or dev")

from service_running import ARTICLE, CLEAN, running  # noqa: E402

from unbait.client import AsyncClient, Client, ServiceError  # noqa: E402


class Moody(BaseHTTPRequestHandler):
    """Answers what the test lays out, then 200."""

    answers: ClassVar[list[tuple[int, dict[str, str], bytes]]] = []
    seen: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        type(self).seen.append(self.path)
        status, headers, body = self.answers.pop(0) if self.answers else (200, {}, b'{"text":"a"}')
        if status == 0:
            self.connection.close()
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def moody() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Moody)
    Moody.answers.clear()
    Moody.seen.clear()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_everything_sync() -> None:
    texts = [f"{ARTICLE}\n\nNumber {i} sailed." for i in range(25)]
    with Client(running().url) as client:
        assert client.clean(ARTICLE, fields="text") == {"text": CLEAN}
        assert client.clean(ARTICLE, policy="flag")["text"] == ARTICLE
        assert client.clean_html(f"<p>{CLEAN}</p>", fields="text")["text"]
        results = list(client.clean_many([*texts, {"id": "x"}], batch=10, fields="text"))
        assert [one["text"].split()[-2] for one in results[:25]] == [str(i) for i in range(25)]
        assert results[25]["error"]["code"] == "REQUEST_INVALID"
        assert len(client.score(ARTICLE)["paragraphs"]) == 3
        found = client.rules(category="ad", limit=1)["rules"][0]
        assert client.rule(found["id"])["name"] == found["name"]
        assert client.models()["models"]
        with pytest.raises(ServiceError) as caught:
            client.clean(ARTICLE, threshold=2)
    assert (caught.value.status, caught.value.code) == (422, "REQUEST_INVALID")


def test_everything_async() -> None:
    async def run() -> None:
        async with AsyncClient(running().url) as client:
            assert (await client.clean(ARTICLE, fields="text"))["text"] == CLEAN
            assert (await client.clean_html(f"<p>{CLEAN}</p>"))["audit"]
            many = client.clean_many([{"id": str(i), "text": ARTICLE} for i in range(50)], batch=4)
            assert [one["id"] async for one in many] == [str(i) for i in range(50)]
            assert len((await client.score(ARTICLE))["paragraphs"]) == 3
            found = (await client.rules(limit=1))["rules"][0]
            assert (await client.rule(found["id"]))["name"] == found["name"]
            assert (await client.models())["models"]
            with pytest.raises(ServiceError):
                await client.rule("NOPE")

    asyncio.run(run())


def test_a_key_is_sent() -> None:
    with Client(running(api_keys="k").url, key="k") as client:
        assert client.clean("a", fields="text") == {"text": "a"}


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_may_pass_is_tried_again(moody: str, asynchronous: bool) -> None:
    problem = json.dumps({"code": "OVERLOADED"}).encode()
    Moody.answers[:] = [(503, {"retry-after": "0"}, problem), (0, {}, b""), (429, {}, problem)]
    if asynchronous:

        async def run() -> dict[str, Any]:
            async with AsyncClient(moody, back_off=0.01) as client:
                return await client.clean("a")

        answer = asyncio.run(run())
    else:
        with Client(moody, back_off=0.01) as client:
            answer = client.clean("a")
    assert answer == {"text": "a"}
    assert len(Moody.seen) == 4


def test_in_the_end_it_gives_up(moody: str) -> None:
    Moody.answers[:] = [(503, {}, b'{"code":"OVERLOADED","detail":"full"}')] * 9
    with Client(moody, back_off=0.001, retries=2) as client:
        with pytest.raises(ServiceError, match="full") as caught:
            client.clean("a")
        assert caught.value.status == 503 and len(Moody.seen) == 3
        Moody.answers[:] = [(200, {}, b"<html>")]
        with pytest.raises(ServiceError, match="no JSON"):
            client.clean("a")
    with (
        Client("http://127.0.0.1:9", retries=0) as client,
        pytest.raises(ServiceError) as caught,
    ):
        client.clean("a")
    assert caught.value.code == "UNREACHABLE"
