"""Workers that die, hang, are killed or stopped: no request without an answer."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from service_running import ARTICLE, CLEAN, Server

from unbait.service.metrics import Metrics
from unbait.service.pool import Pool
from unbait.service.problems import ProblemError
from unbait.service.reading import Item
from unbait.service.settings import Settings
from unbait.service.work import GROUP_CHARACTERS, groups
from unbait.types import Document

POISON = (sys.executable, str(Path(__file__).with_name("service_poison.py")))
OPTIONS: dict[str, Any] = {"said": {}, "fields": ["text"]}


def batch(*texts: str) -> bytes:
    return json.dumps({"documents": [{"id": t, "text": t} for t in texts]}).encode()


def with_pool(test: Callable[[Pool], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        made = Settings(**({"workers": 2, "document_seconds": 1.0} | settings))
        pool = Pool(made, Metrics(), POISON)
        await pool.start()
        try:
            await test(pool)
        finally:
            await pool.stop()

    asyncio.run(run())


async def codes(pool: Pool, *texts: str) -> list[str]:
    parts = await pool.run("batch", batch(*texts), OPTIONS)
    said = [json.loads(part.body) for part in parts]
    return [one["error"]["code"] if "error" in one else one["text"] for one in said]


def test_only_the_poisonous_documents_fail() -> None:
    async def test(pool: Pool) -> None:
        assert await codes(pool, "a", "die", "b", "hang", "c") == [
            "a", "WORKER_DIED", "b", "DOCUMENT_TIMEOUT", "c",
        ]  # fmt: skip
        assert await codes(pool, "d") == ["d"]

    with_pool(test)


def test_many_poisonous_documents_do_not_cost_as_many_workers() -> None:
    async def test(pool: Pool) -> None:
        found = await codes(pool, *["die"] * 50, "a")
        assert found == ["WORKER_DIED"] * 51

    with_pool(test)


def test_requests_that_went_together_with_a_poisonous_one_are_answered() -> None:
    async def test(pool: Pool) -> None:
        texts = [*(str(i) for i in range(40)), "die", *(str(i) for i in range(40, 80))]
        jobs = [pool.run("json", json.dumps({"text": t}).encode(), OPTIONS) for t in texts]
        answers = await asyncio.gather(*jobs)
        for text, (part,) in zip(texts, answers, strict=True):
            said = json.loads(part.body)
            assert said["code"] == "WORKER_DIED" if text == "die" else said["text"] == text

    with_pool(test, workers=1)


def test_a_full_line_refuses_and_patience_waits() -> None:
    async def test(pool: Pool) -> None:
        slow = [
            asyncio.create_task(pool.run("json", b'{"text":"slow"}', OPTIONS)) for _ in range(8)
        ]
        await asyncio.sleep(0.1)
        refused = [one for one in slow if one.done()]
        assert refused and all(isinstance(one.exception(), ProblemError) for one in refused)
        (part,) = await pool.run("json", b'{"text":"b"}', OPTIONS, patient=True)
        assert json.loads(part.body)["text"] == "b"
        await asyncio.gather(*slow, return_exceptions=True)

    with_pool(test, workers=1, queue_requests=4, micro_batch_bytes=1)


def test_stopping_leaves_no_one_waiting() -> None:
    async def run() -> None:
        pool = Pool(Settings(workers=1), Metrics(), POISON)
        await pool.start()
        jobs = [
            asyncio.create_task(pool.run("json", b'{"text":"hang"}', OPTIONS)) for _ in range(3)
        ]
        await asyncio.sleep(0.1)
        await pool.stop()
        done = await asyncio.gather(*jobs, return_exceptions=True)
        assert [one.code for one in done if isinstance(one, ProblemError)] == ["DRAINING"] * 3

    asyncio.run(run())


def test_kill_9_in_the_middle_of_batches_and_a_stream() -> None:
    server = Server(workers=2)
    try:
        texts = [f"{ARTICLE}\n\nNumber {i} sailed on Sunday." for i in range(400)]
        documents = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
        lines = "".join(json.dumps(one) + "\n" for one in documents).encode()
        answers: dict[str, httpx.Response] = {}

        def send(name: str, path: str, content: bytes, media_type: str) -> None:
            answers[name] = httpx.post(
                server.url + path, content=content, headers={"content-type": media_type},
                params={"fields": "text"}, timeout=60,
            )  # fmt: skip

        body = json.dumps({"documents": documents}).encode()
        work = [("stream", "/v1/clean/stream", lines, "application/x-ndjson")]
        work += [(str(i), "/v1/clean/batch", body, "application/json") for i in range(3)]
        threads = [threading.Thread(target=send, args=one) for one in work]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.15)
            for worker in server.workers():
                worker.send_signal(signal.SIGKILL)
                break
        for thread in threads:
            thread.join()
        rows = [json.loads(line) for line in answers.pop("stream").content.splitlines()]
        for answer in ([*rows], *(one.json()["results"] for one in answers.values())):
            assert [one["id"] for one in answer] == [str(i) for i in range(400)]
            wrong = [one for one in answer if "error" in one]
            assert all(one["error"]["code"] == "WORKER_DIED" for one in wrong) and len(wrong) < 4
        restarts = httpx.get(f"{server.url}/metrics").text
        assert 'unbait_worker_restarts_total{reason="died"}' in restarts
    finally:
        server.stop()


def test_a_stopped_worker_is_replaced() -> None:
    server = Server(workers=1, document_seconds=1)
    try:
        server.workers()[0].suspend()
        answer = httpx.post(f"{server.url}/v1/clean", json={"text": ARTICLE}, timeout=60)
        assert answer.status_code == 200, answer.text  # tried again on the new one
        assert answer.json()["text"] == CLEAN
        assert 'reason="hung"' in httpx.get(f"{server.url}/metrics").text
    finally:
        server.stop()


def test_sigterm_finishes_what_runs_and_refuses_what_is_new() -> None:
    server = Server(workers=1)
    documents = [{"text": ARTICLE * 5}] * 300
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(
            httpx.post(f"{server.url}/v1/clean/batch", json={"documents": documents}, timeout=60)
        )

    thread = threading.Thread(target=send)
    thread.start()
    time.sleep(0.15)
    server.process.terminate()
    time.sleep(0.2)
    refused = False
    try:
        refused = httpx.get(f"{server.url}/readyz", timeout=2).status_code == 503
    except httpx.TransportError:
        refused = True
    thread.join()
    assert refused
    assert len(answers[0].json()["results"]) == 300
    assert server.process.wait(20) == 0
    server.stop()


def test_sigterm_lets_a_stream_end() -> None:
    server = Server(workers=1)
    lines = [json.dumps({"id": str(i), "text": ARTICLE}).encode() + b"\n" for i in range(600)]
    answers: list[httpx.Response] = []

    def sent() -> Iterator[bytes]:
        for line in lines:
            time.sleep(0.002)
            yield line

    def send() -> None:
        answers.append(
            httpx.post(
                f"{server.url}/v1/clean/stream", content=sent(), params={"fields": "text"},
                headers={"content-type": "application/x-ndjson"}, timeout=60,
            )
        )  # fmt: skip

    thread = threading.Thread(target=send)
    thread.start()
    while 'documents_total{outcome="cleaned"}' not in httpx.get(f"{server.url}/metrics").text:
        time.sleep(0.01)
    server.process.terminate()
    thread.join()
    rows = [json.loads(line) for line in answers[0].content.splitlines()]
    assert [(one["id"], one["text"]) for one in rows] == [(str(i), CLEAN) for i in range(600)]
    assert server.process.wait(20) == 0
    server.stop()


def test_what_cannot_end_in_time_is_told_so() -> None:
    server = Server(workers=1, shutdown_seconds=2)
    server.workers()[0].suspend()
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(httpx.post(f"{server.url}/v1/clean", json={"text": ARTICLE}, timeout=60))

    thread = threading.Thread(target=send)
    thread.start()
    time.sleep(0.5)
    server.process.terminate()
    thread.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "DRAINING")
    assert server.process.wait(20) == 0
    server.stop()


def test_a_worker_that_hangs_in_mid_batch_loses_nothing() -> None:
    server = Server(workers=2, document_seconds=3)
    try:
        documents = [{"id": str(i), "text": f"{ARTICLE}\n\nBoat {i}."} for i in range(600)]
        answers: list[httpx.Response] = []

        def send() -> None:
            answers.append(
                httpx.post(
                    f"{server.url}/v1/clean/batch", json={"documents": documents},
                    params={"fields": "text"}, timeout=60,
                )
            )  # fmt: skip

        thread = threading.Thread(target=send)
        thread.start()
        while 'state="busy"} 1.0' not in httpx.get(f"{server.url}/metrics").text:
            assert thread.is_alive()
        for worker in server.workers():
            worker.suspend()
        thread.join()
        rows = answers[0].json()["results"]
        assert [one["id"] for one in rows] == [str(i) for i in range(600)]
        wrong = [one for one in rows if "error" in one]
        assert len(wrong) <= 1 and all(o["error"]["code"] == "DOCUMENT_TIMEOUT" for o in wrong)
        assert 'restarts_total{reason="hung"}' in httpx.get(f"{server.url}/metrics").text
    finally:
        server.stop()


def test_a_worker_that_cannot_start_leaves_no_socket_open(tmp_path: Path) -> None:
    async def run() -> None:
        pool = Pool(Settings(workers=1), Metrics(), (str(tmp_path / "none"),))
        starting = asyncio.create_task(pool.start())
        await asyncio.sleep(0.9)
        starting.cancel()
        await pool.stop()
        kinds = [one.type for one in psutil.Process().net_connections(kind="unix")]
        assert len(kinds) <= before

    before = len(psutil.Process().net_connections(kind="unix")) + 2  # the loop has a pair
    asyncio.run(run())


def test_workers_end_with_the_service() -> None:
    server = Server(workers=2)
    workers = server.workers()
    server.process.kill()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    server.stop()


def test_groups_are_full_and_pages_alone() -> None:
    text, page = Item(Document("a" * (GROUP_CHARACTERS // 3))), Item(Document(""), page="<p>")
    items = [text, text, text, text, page, page, text]
    assert [len(one) for one in groups(items, alone=False)] == [3, 1, 1, 1, 1]
    assert [len(one) for one in groups(items, alone=True)] == [1] * 7
    assert not list(groups([], alone=False))
