"""One machine, all cores: chunks of files cleaned by processes, parts joined into outputs.

The processes write their parts themselves; only counts travel back, so the memory a run takes
does not grow with its input. What a run has done is on disk, chunk by chunk (see parts.py).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from unbait.errors import InputError
from unbait.io.audit import audit_line
from unbait.io.formats import Bad, Chunk, Record, Written, format_named, kind_by_name
from unbait.io.formats_open import open_write
from unbait.pipelines.parts import Part, Store, write_part
from unbait.pipelines.plan import Plan, Task
from unbait.pipelines.records import clean_records, content_of
from unbait.pipelines.rejects import reject_line
from unbait.pipelines.tally import DROPPED, Tally

_WATCH_EVERY = 0.5  # seconds

Open = Callable[[str], "contextlib.AbstractContextManager[IO[bytes]]"]
# Takes bytes of input that are done, and whether a run before this one did them.
Progress = Callable[[int, bool], object]


class Failure(NamedTuple):
    """What kept a file from being done, to be told; ``again`` says that --resume may help."""

    path: str
    where: str
    code: str
    message: str
    again: bool


@dataclass
class Outcome:
    """What a run came to."""

    tally: Tally = field(default_factory=Tally)
    failures: list[Failure] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Tell whether nothing is left that --resume could do."""
        return not any(one.again for one in self.failures)

    @property
    def clean(self) -> bool:
        """Tell whether every record of every file was cleaned."""
        return not self.failures and not self.tally.problems


class Ended(NamedTuple):
    """A chunk that a process is done with."""

    file: int
    chunk: int
    size: int
    failure: tuple[str, str] | None


@dataclass
class Run:
    """A plan being carried out. ``outputs`` opens a place for a file's output by its name.

    ``sequential`` asks that outputs be written in the order of the files, as one stream needs.
    """

    plan: Plan
    store: Store
    outputs: Open
    jobs: int = 1
    ordered: bool = True
    sequential: bool = False
    on_progress: Progress = lambda _size, _skipped: None

    def __post_init__(self) -> None:
        """Nothing is known yet of any file."""
        self._outcome = Outcome()
        self._issued: dict[int, int] = {}
        self._open: set[int] = set()
        self._ended: dict[int, list[int]] = {}
        self._broken: set[int] = set()

    def go(self) -> Outcome:
        """Do what is not done yet; files whose chunks are all there are joined on the way."""
        for bad in self.plan.bad:
            self._fail(Failure(bad.where, "", bad.code, bad.message, again=False))
        for ended in self._work(self._chunks()):
            self._take(ended)
        self._join_ready()
        self._outcome.tally = self._counted()
        return self._outcome

    def _chunks(self) -> Iterator[tuple[int, Chunk]]:
        """Give the chunks that are still to do; a file that cannot be cut is a failure."""
        for number, file in enumerate(self.plan.files):
            if self.store.finished(number):
                self.on_progress(file.size, True)
                self._outcome.outputs.append(self.plan.task.output_path(file))
                continue
            self._issued[number], self._ended[number] = 0, []
            self._open.add(number)
            try:
                for chunk in format_named(file.format).chunks(file):
                    self._issued[number] += 1
                    if self.store.find(number, chunk.number) is None:
                        yield number, chunk
                    else:
                        self._ended[number].append(chunk.number)
                        self.on_progress(chunk.size, True)
            except (InputError, OSError) as error:
                self._fail_file(number, error)
            self._open.discard(number)

    def _work(self, chunks: Iterator[tuple[int, Chunk]]) -> Iterator[Ended]:
        task, store = self.plan.task, self.store
        if self.jobs == 1:
            for number, chunk in chunks:
                yield do_chunk(task, number, chunk, store.stem(number, chunk.number))
            return
        from joblib import Parallel, delayed, parallel_config

        calls = (
            delayed(_do_quietly)(os.getpid(), task, number, chunk, store.stem(number, chunk.number))
            for number, chunk in chunks
        )
        # Parts say their own place, so results may come in any order.
        # A process is one core's work: its libraries start no threads beside it.
        with parallel_config(backend="loky", inner_max_num_threads=1):
            pool = Parallel(n_jobs=self.jobs, return_as="generator_unordered", batch_size=1)
        try:
            yield from pool(calls)
        except KeyboardInterrupt:
            _stop_workers()
            raise

    def _take(self, ended: Ended) -> None:
        self.on_progress(ended.size, False)
        self._ended[ended.file].append(ended.chunk)
        if ended.failure:
            path = self.plan.files[ended.file].path
            self._broken.add(ended.file)
            self._fail(Failure(path, f"chunk {ended.chunk}", *ended.failure, again=True))
        self._join_ready()

    def _join_ready(self) -> None:
        """Write the output of every file whose chunks have all ended well."""
        for number in list(self._ended):
            done = self._ended[number]
            if number in self._open or len(done) < self._issued[number]:
                if self.sequential:
                    return
                continue
            del self._ended[number]
            if number not in self._broken:
                self._join(number, done)

    def _join(self, number: int, done: list[int]) -> None:
        file, task = self.plan.files[number], self.plan.task
        sink, place = format_named(task.output(file)), task.output_path(file)
        order = sorted(done) if self.ordered else done
        paths = (self.store.stem(number, chunk).with_suffix(".out") for chunk in order)
        try:
            with self.outputs(place) as stream:
                sink.join(paths, stream, kind_by_name(place)[1])
            self.store.finish(number)
        except BrokenPipeError:
            raise
        except Exception as error:  # one output that cannot be written leaves the others
            says = str(getattr(error, "strerror", None) or error)
            self._fail(Failure(file.path, place, "WRITE_FAILED", says, again=True))
            return
        self._outcome.outputs.append(place)

    def _counted(self) -> Tally:
        """Add up the parts of all files; a file that was joined in part is counted in part."""
        tally = Tally()
        for number in range(len(self.plan.files)):
            for part in self.store.parts(number):
                tally.merge(part.tally)
        return tally

    def _fail_file(self, number: int, error: InputError | OSError) -> None:
        file = self.plan.files[number]
        self._broken.add(number)
        if isinstance(error, InputError):
            failure = Failure(file.path, "", error.code, error.message, again=False)
        else:
            says = str(error.strerror or error)
            failure = Failure(file.path, "", "FILE_UNREADABLE", says, again=False)
        self._fail(failure)

    def _fail(self, failure: Failure) -> None:
        self._outcome.failures.append(failure)


def do_chunk(task: Task, number: int, chunk: Chunk, stem: Path) -> Ended:
    """Clean one chunk and write its part."""
    size = chunk.size
    try:
        files, tally = clean_chunk(task, chunk)
        write_part(stem, files, tally)
    except InputError as error:
        return Ended(number, chunk.number, size, (error.code, error.message))
    except FileNotFoundError as error:
        return Ended(number, chunk.number, size, ("FILE_MISSING", f"{error.filename}: it is gone"))
    except OSError as error:
        return Ended(number, chunk.number, size, ("WRITE_FAILED", str(error.strerror or error)))
    except Exception as error:  # a chunk must not take the run with it
        failure = ("INTERNAL", f"{type(error).__name__}: {error}")
        return Ended(number, chunk.number, size, failure)
    return Ended(number, chunk.number, size, None)


def clean_chunk(task: Task, chunk: Chunk) -> tuple[dict[str, bytes], Tally]:
    """Clean the records of a chunk; give the bytes of its output, rejects and audit."""
    tally = Tally()
    written: list[Written] = []
    rejects: list[bytes] = []
    audit: list[bytes] = []
    records = format_named(chunk.file.format).read(chunk, task.columns)
    for item in (_tagged if task.tag else _cleaned)(task, chunk, records, tally, audit):
        if isinstance(item, Bad):
            tally.add_bad(item)
            rejects.append(reject_line(item, chunk.file.path))
        else:
            written.append(item)
    sink = format_named(task.output(chunk.file))
    compression = kind_by_name(task.output_path(chunk.file))[1]
    made = {
        "out": sink.part(written, task.columns, compression),
        "rejects": b"".join(rejects),
        "audit": b"".join(audit),
    }
    return {kind: data for kind, data in made.items() if data or kind == "out"}, tally


def _cleaned(
    task: Task, chunk: Chunk, records: Iterator[Record | Bad], tally: Tally, audit: list[bytes]
) -> Iterator[Written | Bad]:
    """Clean records, count them, and write their audit."""
    flags = task.recipe.policy.action == "flag"
    for item in clean_records(task.recipe.cleaner(), records):
        if isinstance(item, Bad):
            yield item
            continue
        record, result = item
        if result is None:
            tally.passed_on += 1
            yield Written(record, None)
            continue
        if task.drop and result.verdict.name in task.drop:
            says = f"left out as {result.verdict.name}: {result.verdict.reason}"
            yield Bad(record.where, DROPPED, says, content_of(record))
            continue
        tally.add(result)
        if task.report:
            tally.add_details(record, result, flags=flags)
        if task.audit:
            name = record.id or f"{chunk.file.path}: {record.where}"
            audit.append(audit_line(result.audit(id=name, path=task.output_path(chunk.file))))
        yield Written(record, result.text)


def _tagged(
    task: Task, chunk: Chunk, records: Iterator[Record | Bad], tally: Tally, audit: list[bytes]
) -> Iterator[Written | Bad]:
    """Write tags instead of documents."""
    from unbait.pipelines.dolma import tag_records

    for item in tag_records(task.recipe.cleaner(), records):
        if isinstance(item, Written):
            tally.documents += 1
        yield item


def write_lines(store: Store, plan: Plan, kind: str, path: str) -> None:
    """Join the rejects or the audits of all files, in order, into one file."""
    with open_write(path) as stream:
        if kind == "rejects":
            for bad in plan.bad:
                stream.write(reject_line(bad, bad.where))
        for number in range(len(plan.files)):
            for part in store.parts(number):
                _copy(part, kind, stream)


def _copy(part: Part, kind: str, stream: IO[bytes]) -> None:
    with contextlib.suppress(FileNotFoundError), part.file(kind).open("rb") as source:
        shutil.copyfileobj(source, stream, 1 << 20)


def _do_quietly(parent: int, task: Task, number: int, chunk: Chunk, stem: Path) -> Ended:
    """Clean in a process that leaves Ctrl-C to the one that people see, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(parent)
    return do_chunk(task, number, chunk, stem)


@cache
def _end_with(parent: int) -> None:
    """End this process soon after its parent: one that was killed can tell nobody to stop."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _stop_workers() -> None:
    """End the processes now: their parts are whole or not there."""
    from joblib.externals.loky import get_reusable_executor

    executor: Any = get_reusable_executor()
    executor.shutdown(wait=True, kill_workers=True)
