"""Where results go: standard output, files, the audit and the rejects."""

from __future__ import annotations

import base64
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from unbait.cli.views import marked
from unbait.errors import InputError
from unbait.io.atomic import atomic_writer, back_up, write_atomic
from unbait.io.audit import audit_line, source_of
from unbait.io.coding import Coding, output_coding, utf8_of
from unbait.io.sources import Reject
from unbait.render import AuditSource, audit_record, diff, output_of, printable

if TYPE_CHECKING:
    from unbait.cli.work import Done
    from unbait.html import Format
    from unbait.io.sources import Source

Shown = Literal["text", "diff", "marked"]
LineWriter = Callable[[object], object]
_SUFFIX: dict[Format, str] = {"text": ".txt", "markdown": ".md", "html": ".html"}


@contextlib.contextmanager
def line_writer(path: Path | None) -> Iterator[LineWriter]:
    """Open a file of JSON lines that appears whole at the end; without a path, write nothing."""
    if path is None:
        yield lambda _record: None
        return
    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context(atomic_writer(path))
        except OSError as error:
            raise InputError("WRITE_FAILED", f"{path}: {error.strerror or error}") from error
        yield lambda record: stream.write(audit_line(record))


class Target:
    """Writes results: to standard output, back to their files, or under a folder."""

    def __init__(
        self, in_place: bool, folder: Path | None, shown: Shown, color: bool, several: bool,
        form: Format = "text",
    ) -> None:  # fmt: skip
        """Take what the user chose; ``several`` inputs on one stream get a line break between.

        ``form`` is how articles of pages are written.
        """
        self._form = form
        self._in_place = in_place
        self._folder = folder
        self._shown = shown
        self._color = color
        self._several = several
        self._written: set[Path] = set()

    @property
    def fills_terminal(self) -> bool:
        """Tell whether texts run over the terminal that a progress bar would need."""
        return (not self._to_files or self._shown != "text") and sys.stdout.isatty()

    @property
    def _to_files(self) -> bool:
        return self._in_place or self._folder is not None

    def write(self, done: Done) -> tuple[Path | None, bytes, Coding]:
        """Write one result; say where to, which bytes, and in what coding."""
        read, text = done.loaded.decoded, self._text(done)
        coding = output_coding(read.coding, text, keep=self._to_files) if read else utf8_of(text)
        data = coding.encode(text)
        path = self._path(done) if self._to_files else None
        if path is not None:
            self._write_file(path, data, done.loaded.raw)
        elif self._shown == "text":
            self._print(data)
        if self._shown != "text":
            self._print(self._view(done).encode("utf-8", "surrogateescape"))
        return path, data, coding

    def _text(self, done: Done) -> str:
        if self._form == "text" or done.loaded.decoded is not None:
            return done.result.text
        from unbait.pages import PageResult

        result = done.result
        return result.render(self._form) if isinstance(result, PageResult) else result.text

    def _path(self, done: Done) -> Path:
        """Find the place of an output; two inputs never share one."""
        source, is_page = done.loaded.source, done.loaded.decoded is None
        if self._folder is None:
            if source.path is None or is_page:
                raise InputError(
                    "PAGE_IN_PLACE", "a page's text would replace its markup: use --output-dir"
                )
            return source.path
        path = self._folder / source.relative
        path = path.with_suffix(_SUFFIX[self._form]) if is_page else path
        if path in self._written:
            raise InputError("OUTPUT_CLASH", f"another input was already written to {path}")
        self._written.add(path)
        return path

    def _write_file(self, path: Path, data: bytes, before: bytes) -> None:
        try:
            if self._folder is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            elif data == before:
                return
            else:
                back_up(path)
            write_atomic(path, data)
        except OSError as error:
            raise InputError("WRITE_FAILED", f"{path}: {error.strerror or error}") from error

    def _view(self, done: Done) -> str:
        result, name = done.result, done.loaded.source.name
        if self._shown == "marked":
            return marked(result, color=self._color)
        return diff(result.document.text, result.decisions, name, colour=self._color)

    def _print(self, data: bytes) -> None:
        stream = sys.stdout.buffer
        stream.write(data)
        if self._several and data and not data.endswith(b"\n"):
            stream.write(b"\n")
        stream.flush()


class Run:
    """Takes outcomes one by one, and counts what failed."""

    def __init__(
        self, target: Target, write_audit: LineWriter, write_reject: LineWriter, quiet: bool,
        drop: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        """Take where things go; documents of the verdicts ``drop`` go to the rejects alone."""
        self._target = target
        self._write_audit = write_audit
        self._write_reject = write_reject
        self._quiet = quiet
        self._drop = drop
        self.failed = 0

    def take(self, outcome: Done | Reject) -> None:
        """Write one outcome and its record; nothing that fails is lost."""
        if isinstance(outcome, Reject):
            self._fail(outcome)
            return
        if self._drop and outcome.result.verdict.name in self._drop:
            self._leave_out(outcome)
            return
        try:
            path, data, coding = self._target.write(outcome)
        except InputError as error:
            source, raw = outcome.loaded.source, outcome.loaded.raw
            content = None if source.path else raw
            self._fail(Reject(source.name, error.code, error.message, content))
            return
        notes = notes_of(outcome)
        self._write_audit(
            audit_record(
                outcome.result,
                id=outcome.loaded.source.name,
                path=str(path) if path else None,
                source=_source_of(outcome),
                output=output_of(
                    data, encoding=coding.encoding, errors=coding.errors, bom=coding.bom
                ),
                notes=notes,
            )
        )
        if not self._quiet:
            for note in (*notes, *outcome.result.notes):
                say(outcome.loaded.source, note)

    def _leave_out(self, done: Done) -> None:
        """Drop a document as asked: no failure, and never without a word."""
        source, verdict = done.loaded.source, done.result.verdict
        why = f"left out as {verdict.name}: {verdict.reason}"
        if not self._quiet:
            say(source, why)
        self._record(Reject(source.name, "DROPPED", why, None if source.path else done.loaded.raw))

    def _fail(self, reject: Reject) -> None:
        self.failed += 1
        say_failure(reject)
        self._record(reject)

    def _record(self, reject: Reject) -> None:
        self._write_reject(
            {
                "version": 1,
                "id": reject.name,
                "code": reject.code,
                "message": reject.message,
                "content_base64": (
                    None if reject.content is None else base64.b64encode(reject.content).decode()
                ),
            }
        )


def say(source: Source, note: str) -> None:
    """Say a note on standard error."""
    click.echo(f"{printable(source.name)}: note: {printable(note)}", err=True)


def say_failure(reject: Reject) -> None:
    """Say on standard error what could not be done."""
    click.echo(f"{printable(reject.name)}: [{reject.code}] {printable(reject.message)}", err=True)


def notes_of(done: Done) -> tuple[str, ...]:
    """Give what reading the bytes has to say."""
    read = done.loaded.decoded
    return (read.note,) if read is not None and read.note else ()


def _source_of(done: Done) -> AuditSource:
    read, raw = done.loaded.decoded, done.loaded.raw
    if read is None:
        return source_of(raw, kind="html", coding=None, found="page", exact=False)
    return source_of(raw, kind="text", coding=read.coding, found=read.found, exact=read.exact)
