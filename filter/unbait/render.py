"""Decisions made visible: the kept text, the way back, the audit, the difference.

Pure functions over a text and the decisions that cover it; nothing here decides.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, NotRequired, Protocol, TypedDict

from unbait.errors import InputError
from unbait.types import Action, Category, Decision, Document, Verdict, VerdictName

AUDIT_VERSION = 1
_CONTEXT = 3
# Two halves that stand side by side in a Python text: JSON would make them one character.
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# C0 and C1 controls but tab and newline, bidi controls, and lone surrogates that cannot be written.
_VISIBLE = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (
        *(c for c in range(0x20) if c not in (0x09, 0x0A)),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    )
}


class Decided(Protocol):
    """What can be rendered: a text with decisions that cover it (a `Result` is one)."""

    @property
    def document(self) -> Document:
        """What came in."""

    @property
    def text(self) -> str:
        """What is kept."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What happens to each stretch."""

    @property
    def verdict(self) -> Verdict:
        """What the document is as a whole."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""


class Cut(NamedTuple):
    """A removed piece and where it stood in the input."""

    start: int
    text: str


class AuditReason(TypedDict):
    """One piece of evidence, as written."""

    code: str
    message: str
    start: int
    end: int


class AuditDecision(TypedDict):
    """One decision, as written; ``text`` (or ``text_base64``) is there for what was cut."""

    start: int
    end: int
    category: Category
    action: Action
    score: float
    reasons: list[AuditReason]
    text: NotRequired[str]
    text_base64: NotRequired[str]


class AuditVerdict(TypedDict):
    """The verdict, as written."""

    name: VerdictName
    reason: str
    numbers: dict[str, float]


class AuditSource(TypedDict):
    """The bytes that came in and how they were read."""

    sha256: str
    bytes: int
    type: str
    encoding: str | None
    errors: str
    bom: bool
    found: str
    exact: bool


class AuditDocument(TypedDict):
    """The text that every offset counts in."""

    sha256: str
    characters: int


class AuditOutput(TypedDict):
    """What was written."""

    sha256: str
    bytes: int
    encoding: str
    errors: str
    bom: bool


class AuditRecord(TypedDict):
    """One line of an audit: the same for library, command line and HTTP."""

    version: int
    id: str | None
    path: str | None
    url: str | None
    source: AuditSource | None
    document: AuditDocument
    output: AuditOutput
    verdict: AuditVerdict
    notes: list[str]
    decisions: list[AuditDecision]


def cut(text: str, decisions: Iterable[Decision]) -> str:
    """Give the kept text: the input without the ranges that are removed."""
    return "".join(text[start:end] for start, end in _kept(text, decisions))


def cuts_of(text: str, decisions: Iterable[Decision]) -> list[Cut]:
    """Give the removed pieces with their places: what `restore` needs."""
    return [Cut(d.start, text[d.start : d.end]) for d in decisions if d.action == "remove"]


def restore(clean_text: str, cuts: Iterable[Cut]) -> str:
    """Put removed pieces back where they stood (places count in the input, in order)."""
    pieces: list[str] = []
    here = used = 0
    for start, removed in cuts:
        kept = start - here
        if kept < 0 or used + kept > len(clean_text):
            raise InputError("AUDIT_MISMATCH", "these cuts do not belong to this text")
        pieces += (clean_text[used : used + kept], removed)
        used += kept
        here = start + len(removed)
    pieces.append(clean_text[used:])
    return "".join(pieces)


def cuts_in(record: AuditRecord) -> list[Cut]:
    """Give the removed pieces that an audit record holds."""
    return [Cut(d["start"], _text_in(d)) for d in record["decisions"] if d["action"] == "remove"]


def audit_record(
    result: Decided,
    *,
    id: str | None = None,  # noqa: A002 - the word of the schema
    path: str | None = None,
    source: AuditSource | None = None,
    output: AuditOutput | None = None,
    notes: Iterable[str] = (),
) -> AuditRecord:
    """Say all that happened to one document, as plain data ready for a JSON line.

    ``source`` and ``output`` tell of bytes where there were any; ``notes`` come before the
    result's own (how the bytes were read, say).
    """
    document, text = result.document, result.document.text
    return {
        "version": AUDIT_VERSION,
        "id": id,
        "path": path,
        "url": document.url,
        "source": source,
        "document": {"sha256": _sha256(_bytes(text)), "characters": len(text)},
        "output": output or output_of(_bytes(result.text)),
        "verdict": {
            "name": result.verdict.name,
            "reason": result.verdict.reason,
            "numbers": dict(result.verdict.numbers),
        },
        "notes": [*notes, *result.notes],
        "decisions": [_decision(text, decision) for decision in result.decisions],
    }


def output_of(
    data: bytes, *, encoding: str = "utf-8", errors: str = "surrogatepass", bom: bool = False
) -> AuditOutput:
    """Describe bytes that are written."""
    return {
        "sha256": _sha256(data),
        "bytes": len(data),
        "encoding": encoding,
        "errors": errors,
        "bom": bom,
    }


def diff(text: str, decisions: Iterable[Decision], name: str, *, colour: bool = False) -> str:
    """Give the unified difference between input and kept text, as `patch` reads it.

    It is made from the decisions, in one pass: nothing is compared, and no size is too big.
    """
    lines = list(_diff_lines(text, decisions))
    marks = [number for number, (mark, _) in enumerate(lines) if mark != " "]
    if not marks:
        return ""
    out = [f"--- a/{name.lstrip('/')}\n", f"+++ b/{name.lstrip('/')}\n"]
    old = new = 1
    position = 0
    for first, last in _hunks(marks, len(lines)):
        # Between hunks every line stands in both texts.
        old, new = old + first - position, new + first - position
        hunk = lines[first:last]
        old_count = sum(mark != "+" for mark, _ in hunk)
        new_count = sum(mark != "-" for mark, _ in hunk)
        out.append(f"@@ -{_range(old, old_count)} +{_range(new, new_count)} @@\n")
        out += (_diff_line(mark, line) for mark, line in hunk)
        old, new, position = old + old_count, new + new_count, last
    return "".join(map(_coloured, out) if colour else out)


def printable(text: str) -> str:
    """Show control characters instead of sending them: scraped text must not drive a terminal."""
    return text.translate(_VISIBLE)


def _kept(text: str, decisions: Iterable[Decision]) -> Iterator[tuple[int, int]]:
    """Give the ranges that stay, neighbours joined."""
    here = 0
    for decision in decisions:
        if decision.action == "remove":
            if decision.start > here:
                yield here, decision.start
            here = decision.end
    if here < len(text):
        yield here, len(text)


def _decision(text: str, decision: Decision) -> AuditDecision:
    record: AuditDecision = {
        "start": decision.start,
        "end": decision.end,
        "category": decision.category,
        "action": decision.action,
        "score": float(decision.score),
        "reasons": [
            {"code": r.code, "message": r.message, "start": int(r.start), "end": int(r.end)}
            for r in decision.reasons
        ],
    }
    if decision.action == "remove":
        piece = text[decision.start : decision.end]
        if _PAIR.search(piece):
            record["text_base64"] = base64.b64encode(_bytes(piece)).decode()
        else:
            record["text"] = piece
    return record


def _text_in(decision: AuditDecision) -> str:
    if "text_base64" in decision:
        return base64.b64decode(decision["text_base64"]).decode("utf-8", "surrogatepass")
    return decision["text"]


def _bytes(text: str) -> bytes:
    """Give bytes for any text, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _diff_lines(text: str, decisions: Iterable[Decision]) -> Iterator[tuple[str, str]]:
    """Mark each line ' ', '-' or '+'; runs of change give the old lines before the new."""
    kept = list(_kept(text, decisions))
    added: list[str] = []
    carry = ""
    start = index = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        while index < len(kept) and kept[index][1] <= start:
            index += 1
        stays = _overlap(text, kept, index, start, end)
        if not carry and len(stays) == end - start:
            yield from (("+", line) for line in added)
            added.clear()
            yield " ", stays
        else:
            yield "-", text[start:end]
            carry += stays
            if carry.endswith("\n"):
                added.append(carry)
                carry = ""
        start = end
    yield from (("+", line) for line in [*added, *([carry] if carry else [])])


def _overlap(text: str, kept: Sequence[tuple[int, int]], index: int, start: int, end: int) -> str:
    """Give what stays of ``text[start:end]``; ``kept[index]`` is the first range to look at."""
    pieces = []
    while index < len(kept) and kept[index][0] < end:
        pieces.append(text[max(start, kept[index][0]) : min(end, kept[index][1])])
        index += 1
    return "".join(pieces)


def _hunks(marks: Sequence[int], length: int) -> Iterator[tuple[int, int]]:
    """Group changed lines that lie near one another, with lines around them."""
    first = last = marks[0]
    for mark in marks[1:]:
        if mark - last > 2 * _CONTEXT + 1:
            yield max(0, first - _CONTEXT), min(length, last + _CONTEXT + 1)
            first = mark
        last = mark
    yield max(0, first - _CONTEXT), min(length, last + _CONTEXT + 1)


def _range(start: int, count: int) -> str:
    """Write a hunk's range; an empty one names the line before it."""
    if count == 1:
        return str(start)
    return f"{start if count else start - 1},{count}"


def _diff_line(mark: str, line: str) -> str:
    end = "" if line.endswith("\n") else "\n\\ No newline at end of file\n"
    return f"{mark}{line}{end}"


def _coloured(line: str) -> str:
    """Colour a line of a difference for a terminal, and let none of its own controls through."""
    body, newline = (line[:-1], "\n") if line.endswith("\n") else (line, "")
    shade = {"-": "31", "+": "32", "@": "36"}.get(line[:1])
    shown = printable(body)
    return f"\x1b[{shade}m{shown}\x1b[0m{newline}" if shade else shown + newline
