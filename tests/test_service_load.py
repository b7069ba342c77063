"""Slow: ten thousand connections opened and left, and memory under load."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time

import httpx
import psutil
import pytest
from service_running import ARTICLE, CLEAN, Server

pytestmark = pytest.mark.slow
CONNECTIONS = 10_000


def test_ten_thousand_connections_opened_and_left() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CONNECTIONS + 500:
        pytest.skip(f"only {hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Server(header_seconds=60)
    before = psutil.Process(server.process.pid).memory_info().rss
    try:
        health = asyncio.run(_crowd(server.port, server.url))
        assert max(health) < 1.0, health
        with httpx.Client(base_url=server.url, timeout=30) as client:
            answer = client.post("/v1/clean", json={"text": ARTICLE}, params={"fields": "text"})
        assert answer.json() == {"text": CLEAN}
        grown = psutil.Process(server.process.pid).memory_info().rss - before
        assert grown < 400 << 20
        print(f"health {max(health) * 1000:.0f} ms at worst, {grown >> 20} MB more")
    finally:
        server.stop()


async def _crowd(port: int, url: str) -> list[float]:
    """Open connections, some with half a request, ask for health, and leave them all."""
    held = []
    for number in range(CONNECTIONS):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        if number % 3 == 0:
            writer.write(b"POST /v1/clean HTTP/1.1\r\nhost: a\r\n")
        held.append(writer)
    seconds = []
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        for _ in range(50):
            begun = time.perf_counter()
            assert (await client.get("/healthz")).status_code == 200
            seconds.append(time.perf_counter() - begun)
    for writer in held:
        writer.transport.abort()
    return seconds


def test_memory_stays_flat() -> None:
    """Blocks of requests of every kind; after the first ones nothing grows any more."""
    server = Server(workers=2)
    try:
        sizes = [asyncio.run(_load(server, 8)) for _ in range(10)]
        print([size >> 20 for size in sizes])
        assert sizes[-1] < sizes[3] * 1.1
    finally:
        server.stop()


async def _load(server: Server, seconds: float) -> int:
    end = time.monotonic() + seconds
    documents = {"documents": [{"text": f"{ARTICLE}\n\nNumber {i}."} for i in range(100)]}
    page = {"html": f"<!doctype html><article><p>{ARTICLE}</p></article>"}

    async def work(client: httpx.AsyncClient) -> None:
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                await client.post("/v1/clean/batch", json=documents)
                await client.post("/v1/clean", json=page)
                await client.post("/v1/clean", content=b"{")

    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        await asyncio.gather(*(work(client) for _ in range(6)))
    processes = [psutil.Process(server.process.pid), *server.workers()]
    return sum(process.memory_info().rss for process in processes)
