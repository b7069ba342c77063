"""Load on the HTTP service, and the library's own speed beside it, in one run.

    python -m benchmarks.bench_service load [--rounds 5] [--seconds 6] [--json FILE]
    python -m benchmarks.bench_service soak [--documents 90000] [--json FILE]

One client process (asyncio, raw HTTP/1.1 on kept connections) sends articles of 3 KB to the
service, alone and in batches, and to a plain FastAPI handler that calls the library in its event
loop. The library works on the same articles in as many processes, as nice as the service's
workers, and writes the same answers. The runs take turns, so that what else the machine does meets
all of them; a row is the median of its turns. While each runs, ``/healthz`` is asked every 10 ms
by a process of its own. Rates hold what client and event loop take of the same cores; processor
time is that of the whole service (event loop and workers), read from the system.

A soak sends as many documents as come in an hour at 25 a second, as fast as it can, texts and pages
in batches, and reads the memory of the whole service at each twentieth.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import hashlib
import http.client
import json
import multiprocessing
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "filter"), str(HERE.parent / "tests")]

CHARACTERS, ARTICLES, BATCH = 3000, 500, 100
NICE = 5  # as the service's workers
SAMPLES = 20  # of memory, over a soak
WORDS = """
    the council voted to reopen a ferry line between harbour and island after years of delay
    residents said that winter storms had closed the bridge while prices of fuel and bread rose
    officials will publish their report in autumn when schools and markets open again
""".split()  # noqa: SIM905 - shorter than the list
JUNK = (
    "Click Here: online rugby store malaysia", "Share on Facebook", "READ MORE: Ferry prices rise",
    "Subscribe to our newsletter for more stories like this!", "Advertisement",
)  # fmt: skip
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
@app.post("/v1/clean/batch")
async def batch(documents: list[dict[str, str]] = Body(embed=True), fields: str = ""):
    audit = "audit" in fields
    return {"results": [
        {"text": one.text} | ({"audit": one.audit()} if audit else {})
        for one in cleaner.clean_many(document["text"] for document in documents)
    ]}
@app.get("/healthz")
async def health():
    return {}
uvicorn.run(app, port=int(sys.argv[2]), log_level="info", access_log=False)
"""
Row = dict[str, float]
_SHOWN = (("p50_ms", 0), ("p99_ms", 0), ("health_p99_ms", 1), ("megabytes", 0), ("others_cores", 1))


def articles(count: int = ARTICLES) -> list[str]:
    """Make articles of about 3 KB: paragraphs of plain words, and some junk between."""
    chance = random.Random(4)
    made = []
    for number in range(count):
        parts = [f"Ferry news number {number}"]
        while sum(map(len, parts)) < CHARACTERS:
            words = chance.choices(WORDS, k=chance.randrange(30, 90))
            parts.append(" ".join(words).capitalize() + ".")
            if chance.random() < 0.3:
                parts.append(chance.choice(JUNK))
        made.append("\n\n".join(parts))
    return made


class Library:
    """Processes that do the library's work, and nothing else, when told to."""

    def __init__(self, texts: list[str], fields: str, jobs: int) -> None:
        """Start and warm them."""
        context = multiprocessing.get_context("spawn")
        self._jobs = jobs
        self._pool = context.Pool(jobs, _library_begin, (texts, fields))
        self.run(0.5)

    def run(self, seconds: float) -> Row:
        """Clean for so long; return the rate of all and the processor time of one document."""
        given = [seconds] * self._jobs
        done = np.array(self._pool.map(_library_work, given, chunksize=1))
        documents, wall, processor = done.T
        return {
            "documents_per_second": float((documents / wall).sum()),
            "processor_ms_per_document": float(1000 * processor.sum() / documents.sum()),
            "processor_seconds": float(processor.sum()),
        }

    def close(self) -> None:
        """End them."""
        self._pool.terminate()
        self._pool.join()


_held: dict[str, Any] = {}


def _library_begin(texts: list[str], fields: str) -> None:
    from unbait import Cleaner

    os.nice(NICE)
    _held.update(texts=texts, fields=fields, cleaner=Cleaner())


def _library_work(seconds: float) -> tuple[int, float, float]:
    import orjson

    texts, audit, cleaner = _held["texts"], "audit" in _held["fields"], _held["cleaner"]
    begun, processor, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begun < seconds:
        for result in cleaner.clean_many(texts[:BATCH]):
            orjson.dumps({"text": result.text} | ({"audit": result.audit()} if audit else {}))
        count += BATCH
    return count, time.perf_counter() - begun, time.process_time() - processor


async def load(
    port: int, path: str, bodies: Sequence[bytes], at_once: int, more: Callable[[], object]
) -> list[float]:
    """Send bodies over ``at_once`` connections; return the seconds of each request."""
    took: list[float] = []

    async def work(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        while more():
            body = bodies[number % len(bodies)]
            number += at_once
            begun = time.perf_counter()
            head = f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
            writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in answer[:20]:
                raise SystemExit(f"unexpected answer: {answer[:200]!r}")
            size = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(size)
            took.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(work(i) for i in range(at_once)))
    return took


def _ask_health(port: int, stop: Any, out: Any) -> None:
    if os.geteuid() == 0:
        os.nice(-5)  # what is measured is the service, not this
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took = []
    while not stop.is_set():
        begun = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took.append(time.perf_counter() - begun)
        time.sleep(0.01)
    out.put(took)


class Watch:
    """Asks for health in a process of its own."""

    def __init__(self, port: int) -> None:
        """Begin."""
        context = multiprocessing.get_context("spawn")
        self._stop, self._out = context.Event(), context.Queue()
        self._process = context.Process(target=_ask_health, args=(port, self._stop, self._out))
        self._process.start()

    def end(self) -> list[float]:
        """Return the seconds of each answer."""
        self._stop.set()
        took: list[float] = self._out.get()
        self._process.join()
        return took


def processor_seconds(pid: int) -> float:
    """Return what a process and its children have used."""
    root = psutil.Process(pid)
    times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def memory(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    root = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (root, *root.children(recursive=True)))


def busy() -> float:
    """Return the processor seconds that the whole machine has used."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def loaded(
    server: Any, path: str, bodies: Sequence[bytes], each: int, at_once: int, seconds: float
) -> Row:
    """Load a running server for a while; return what one turn measured."""
    pid, watch = server.process.pid, Watch(server.port)
    before, begun = processor_seconds(pid), time.perf_counter()
    took = asyncio.run(
        load(server.port, path, bodies, at_once, lambda: time.perf_counter() - begun < seconds)
    )
    wall, processor = time.perf_counter() - begun, processor_seconds(pid) - before
    health = watch.end()
    documents = len(took) * each
    p50, p99 = np.percentile(took, (50, 99)) * 1000
    return {
        "documents_per_second": documents / wall,
        "processor_ms_per_document": 1000 * processor / documents,
        "processor_seconds": processor,
        "p50_ms": float(p50), "p99_ms": float(p99),
        "health_p99_ms": float(np.percentile(health, 99) * 1000),
        "megabytes": memory(pid) / (1 << 20),
    }  # fmt: skip


def in_turns(runs: dict[str, Callable[[], Row]], rounds: int) -> dict[str, Row]:
    """Run everything in turn, several times; return the medians, and what others used."""
    rows: dict[str, list[Row]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            client, machine, begun = time.process_time(), busy(), time.perf_counter()
            row = run()
            ours = row.pop("processor_seconds") + time.process_time() - client
            wall = time.perf_counter() - begun
            row["others_cores"] = max(0.0, (busy() - machine - ours) / wall)
            rows[name].append(row)
    return {
        name: {key: round(median(row[key] for row in found), 3) for key in found[0]}
        for name, found in rows.items()
    }


def soak(options: argparse.Namespace) -> dict[str, Any]:
    """Send many documents of both kinds; return the megabytes held at each twentieth."""
    from service_running import Server

    texts = articles()[: BATCH // 2]
    pages = ["<!doctype html><article>" + text.replace("\n\n", "<p>") for text in texts]
    documents = [{"text": text} for text in texts] + [{"html": page} for page in pages]
    chance, bodies = random.Random(5), []
    for _ in range(5):
        chance.shuffle(documents)
        bodies.append(json.dumps({"documents": documents}).encode())
    server = Server(workers=options.workers, access_log="no")
    held, begun = [], time.perf_counter()
    share = options.documents // SAMPLES // BATCH
    path = f"/v1/clean/batch?fields={options.fields}"
    for _ in range(SAMPLES):
        more = functools.partial(next, iter(range(1, share + 1)), 0)
        asyncio.run(load(server.port, path, bodies, options.batches, more))
        held.append(round(memory(server.process.pid) / (1 << 20), 1))
    seconds = time.perf_counter() - begun
    server.stop()
    return {
        "documents": share * BATCH * SAMPLES, "seconds": round(seconds), "megabytes": held,
    }  # fmt: skip


def table(load: dict[str, Any]) -> str:
    """Return the figures of a load as the Markdown table of docs/service.md."""
    rows = load["rows"]
    library = rows["library"]
    lines = [
        "| what | documents/s | of the library | processor ms/document | of the library "
        "| p50 ms | p99 ms | `/healthz` p99 ms | MB | others used, cores |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        rate, spent = row["documents_per_second"], row["processor_ms_per_document"]
        cells = [
            name,
            f"{rate:.0f}",
            f"{rate / library['documents_per_second']:.0%}",
            f"{spent:.2f}",
            f"{library['processor_ms_per_document'] / spent:.0%}",
            *(f"{row[key]:.{digits}f}" if key in row else "" for key, digits in _SHOWN),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the rates of everything."""
    from service_running import Server

    texts = articles()
    single = [json.dumps({"text": text}).encode() for text in texts]
    batches = [
        json.dumps({"documents": [{"text": one} for one in texts[at : at + BATCH]]}).encode()
        for at in range(0, ARTICLES, BATCH)
    ]
    before = os.getloadavg()[0]
    library = Library(texts, options.fields, options.workers)
    server = Server(workers=options.workers, access_log="no")
    plain = Server(command=(sys.executable, "-c", PLAIN), access_log="no")

    def turn(server: Any, *, batched: bool) -> Callable[[], Row]:
        path, bodies = ("/v1/clean/batch", batches) if batched else ("/v1/clean", single)
        path += f"?fields={options.fields}"
        each, at_once = (BATCH, options.batches) if batched else (1, options.at_once)
        return lambda: loaded(server, path, bodies, each, at_once, options.seconds)

    rows = in_turns(
        {
            "library": lambda: library.run(options.seconds),
            f"service, batches of {BATCH}": turn(server, batched=True),
            "service, single": turn(server, batched=False),
            f"plain FastAPI, batches of {BATCH}": turn(plain, batched=True),
            "plain FastAPI, single": turn(plain, batched=False),
        },
        options.rounds,
    )
    library.close()
    server.stop()
    plain.stop()
    return {
        "load_average": [round(before, 1), round(os.getloadavg()[0], 1)],
        "connections": options.at_once, "connections_batched": options.batches, "rows": rows,
        "articles": len(texts), "characters": round(sum(map(len, texts)) / len(texts)),
        "sha256": hashlib.sha256("\0".join(texts).encode()).hexdigest(),
    }  # fmt: skip


def _said(arguments: Sequence[str]) -> Sequence[str]:
    """Leave out where the figures go."""
    at = arguments.index("--json") if "--json" in arguments else len(arguments)
    return [*arguments[:at], *arguments[at + 2 :]]


def main() -> None:
    """Measure one part, print it, and put it with the other into the file of figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("load", "soak"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--documents", type=int, default=90_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=16, help="connections, single documents")
    parser.add_argument("--batches", type=int, default=4, help="connections, batches")
    parser.add_argument("--fields", default="text,audit")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {
        "command": " ".join(["python -m benchmarks.bench_service", *_said(sys.argv[1:])]),
        "cores": len(os.sched_getaffinity(0)), "python": platform.python_version(),
        "workers": options.workers, "fields": options.fields,
        **(measure(options) if options.part == "load" else soak(options)),
    }  # fmt: skip
    print(table(found) if options.part == "load" else found)
    if options.json:
        known = json.loads(options.json.read_text()) if options.json.exists() else {}
        options.json.write_text(json.dumps({**known, options.part: found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
