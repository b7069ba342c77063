"""Load on the HTTP service: ``python benchmarks/bench_service.py [--seconds 20] [--workers 2]``.

One client process (asyncio, raw HTTP/1.1 on kept connections) against: the library alone, the
service with single documents, with batches, and a plain FastAPI handler that calls the library
in the event loop. While each runs, ``/healthz`` is asked every 10 ms by a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "filter"), str(HERE.parent / "tests")]

WORDS = [
    "the",
    "council",
    "voted",
    "to",
    "reopen",
    "a",
    "ferry",
    "line",
    "between",
    "harbour",
    "and",
    "island",
    "after",
    "years",
    "of",
    "delay",
    "residents",
    "said",
    "that",
    "winter",
    "storms",
    "had",
    "closed",
    "the",
    "bridge",
    "while",
    "prices",
    "of",
    "fuel",
    "and",
    "bread",
    "rose",
    "officials",
    "will",
    "publish",
    "their",
    "report",
    "in",
    "autumn",
    "when",
    "schools",
    "and",
    "markets",
    "open",
    "again",
]
JUNK = (
    "Click Here: online rugby store malaysia", "Share on Facebook", "READ MORE: Ferry prices rise",
    "Subscribe to our newsletter for more stories like this!", "Advertisement",
)  # fmt: skip


class Run(NamedTuple):
    """One row of the table."""

    name: str
    documents: float
    p50: float
    p99: float
    health: float
    memory: float


def articles(count: int) -> list[str]:
    """Make articles of about 3 KB: paragraphs of plain words, and some junk between."""
    chance = random.Random(4)
    made = []
    for number in range(count):
        parts = [f"Ferry news number {number}"]
        while sum(map(len, parts)) < 3000:
            words = chance.choices(WORDS, k=chance.randrange(30, 90))
            parts.append(" ".join(words).capitalize() + ".")
            if chance.random() < 0.3:
                parts.append(chance.choice(JUNK))
        made.append("\n\n".join(parts))
    return made


def library(texts: list[str], fields: str, jobs: int, seconds: float) -> float:
    """Documents a second of ``clean_many`` with the same answers made, in ``jobs`` processes."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        pool.map(_library_work, [(texts[:50], fields, 0.5)] * jobs, chunksize=1)
        done = pool.map(_library_work, [(texts, fields, seconds)] * jobs, chunksize=1)
    return sum(count / spent for count, spent in done)


def _library_work(given: tuple[list[str], str, float]) -> tuple[int, float]:
    import orjson

    from unbait import Cleaner

    texts, fields, seconds = given
    cleaner = Cleaner()
    list(cleaner.clean_many(texts[:20]))
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        for result in cleaner.clean_many(texts):
            audit = {"audit": result.audit()} if "audit" in fields else {}
            orjson.dumps({"text": result.text} | audit)
        count += len(texts)
    return count, time.perf_counter() - begun


async def load(
    port: int, path: str, bodies: list[bytes], at_once: int, seconds: float
) -> list[float]:
    """Send bodies over ``at_once`` connections; return the seconds of each request."""
    end = time.perf_counter() + seconds
    took: list[float] = []

    async def work(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        number = first
        while time.perf_counter() < end:
            body = bodies[number % len(bodies)]
            number += at_once
            begun = time.perf_counter()
            writer.write(
                f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head[:20]:
                raise SystemExit(f"unexpected answer: {head[:200]!r}")
            size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(size)
            took.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(work(i) for i in range(at_once)))
    return took


def _ask_health(port: int, stop: Any, out: Any) -> None:
    import http.client

    os.nice(-5) if os.geteuid() == 0 else None  # what is measured is the service, not this
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took = []
    while not stop.is_set():
        begun = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took.append(time.perf_counter() - begun)
        time.sleep(0.01)
    out.put(float(np.percentile(took, 99)))


def measure(name: str, server: Any, path: str, bodies: list[bytes], each: int, options: Any) -> Run:
    """Load a running server and watch its health."""
    asyncio.run(load(server.port, path, bodies, options.at_once, 2))
    context = multiprocessing.get_context("spawn")
    stop, out = context.Event(), context.Queue()
    watch = context.Process(target=_ask_health, args=(server.port, stop, out))
    watch.start()
    begun = time.perf_counter()
    took = asyncio.run(load(server.port, path, bodies, options.at_once, options.seconds))
    rate = len(took) * each / (time.perf_counter() - begun)
    stop.set()
    health = out.get()
    watch.join()
    root = psutil.Process(server.process.pid)
    memory = sum(p.memory_info().rss for p in (root, *root.children(recursive=True)))
    p50, p99 = (float(np.percentile(took, q)) * 1000 for q in (50, 99))
    return Run(name, rate, p50, p99, health * 1000, memory / (1 << 20))


PLAIN = """
import sys
import uvicorn
from fastapi import Body, FastAPI
from unbait import Cleaner
app, cleaner = FastAPI(), Cleaner()
cleaner.clean("Warm.")
@app.post("/v1/clean")
async def clean(text: str = Body(embed=True), fields: str = ""):
    result = cleaner.clean(text)
    return {"text": result.text} | ({"audit": result.audit()} if "audit" in fields else {})
@app.get("/healthz")
async def health():
    return {}
uvicorn.run(app, port=int(sys.argv[2]), log_level="info", access_log=False)
"""


def main() -> None:
    """Measure everything and print one table."""
    from service_running import Server

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--fields", default="text,audit")
    options = parser.parse_args()
    texts = articles(500)
    single = [json.dumps({"text": text}).encode() for text in texts]
    batches = [
        json.dumps({"documents": [{"text": one} for one in texts[i : i + 100]]}).encode()
        for i in range(0, 500, 100)
    ]
    print(f"load before: {os.getloadavg()[0]:.1f}; {len(texts)} articles of "
          f"{sum(map(len, texts)) / len(texts):.0f} characters; fields={options.fields}")
    alone = library(texts, options.fields, options.workers, options.seconds)
    print(f"library, {options.workers} processes: {alone:.0f} documents/s")
    query = f"?fields={options.fields}"
    runs = []
    server = Server(workers=options.workers, access_log="no")
    runs.append(measure("single", server, f"/v1/clean{query}", single, 1, options))
    runs.append(measure("batch of 100", server, f"/v1/clean/batch{query}", batches, 100, options))
    server.stop()
    plain = Server(command=(sys.executable, "-c", PLAIN), access_log="no")
    runs.append(measure("plain FastAPI", plain, f"/v1/clean{query}", single, 1, options))
    plain.stop()
    print("| what | documents/s | of the library | p50 ms | p99 ms | healthz p99 ms | MB |")
    print("|---|---|---|---|---|---|---|")
    for run in runs:
        print(f"| {run.name} | {run.documents:.0f} | {run.documents / alone:.0%} | {run.p50:.1f} "
              f"| {run.p99:.1f} | {run.health:.1f} | {run.memory:.0f} |")  # fmt: skip


if __name__ == "__main__":
    main()
