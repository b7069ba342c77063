"""What people see on a terminal: decisions in colour, with the words that led to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from unbait.errors import InputError
from unbait.render import printable

if TYPE_CHECKING:
    from pathlib import Path

    from unbait.result import Result
    from unbait.types import Decision, Reason

_SHADE = {"keep": None, "flag": "yellow", "remove": "red"}


def marked(result: Result, *, color: bool) -> str:
    """Show the whole text with every cut struck through (``[-so-]{ad}`` without colours)."""
    text = result.document.text
    out: list[str] = []
    for decision in result.decisions:
        piece = printable(text[decision.start : decision.end])
        if decision.action == "keep":
            out.append(piece)
            continue
        body = piece.strip()
        before, after = piece.split(body, 1) if body else (piece, "")
        out.append(before + _struck(body, decision, color) + after)
    return "".join(out)


def explain(result: Result, name: str, *, color: bool) -> Iterator[str]:
    """Say of every paragraph what it is, how sure that is, and which words decided it."""
    paint = _painter(color)
    verdict = result.verdict
    yield paint(f"{printable(name)}: {verdict.name}", bold=True) + f" ({verdict.reason})\n"
    for note in result.notes:
        yield paint(f"  note: {printable(note)}", fg="yellow") + "\n"
    for decision in result.decisions:
        yield from _explain_one(result.document.text, decision, color)


def write_report(result: Result, name: str, path: Path) -> None:
    """Write the page that shows what happens to every part of a document."""
    from unbait.html import report
    from unbait.io.atomic import write_atomic

    verdict = result.verdict
    said = (f"{verdict.name}: {verdict.reason}", *result.notes)
    page = report(result.document.text, result.decisions, name, ". ".join(said))
    try:
        write_atomic(path, page.encode())
    except OSError as error:
        raise InputError("WRITE_FAILED", f"{path}: {error.strerror or error}") from error


def _explain_one(text: str, decision: Decision, color: bool) -> Iterator[str]:
    paint = _painter(color)
    start, end = _trimmed(text, decision)
    if start == end:
        return
    shade = _SHADE[decision.action]
    label = f"{decision.action:<6} {decision.category:<11} {decision.score:.3f}"
    yield f"  {paint(label, fg=shade, bold=shade is not None)}  "
    yield _lit(text, start, end, decision, color) + "\n"
    for reason in decision.reasons:
        words = text[reason.start : reason.end].strip()
        quoted = (
            "" if _spans(reason, start, end) or not words else f" “{printable(_one_line(words))}”"
        )
        yield paint(f"         {reason.code}  {reason.message}{quoted}", fg="cyan") + "\n"


def _lit(text: str, start: int, end: int, decision: Decision, color: bool) -> str:
    """Give the paragraph on one line, the words that decided it underlined."""
    paint = _painter(color)
    shade = _SHADE[decision.action]
    out: list[str] = []
    here = start
    for first, last in _evidence(decision, start, end):
        out.append(paint(_one_line(printable(text[here:first])), fg=shade))
        lit = _one_line(printable(text[first:last]))
        out.append(paint(lit, fg=shade, bold=True, underline=True))
        here = last
    out.append(paint(_one_line(printable(text[here:end])), fg=shade))
    return "".join(out)


def _evidence(decision: Decision, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the places inside a paragraph that its reasons name, in order and apart."""
    here = start
    for reason in sorted(decision.reasons, key=lambda one: (one.start, one.end)):
        first, last = max(reason.start, here), min(reason.end, end)
        if first < last and not _spans(reason, start, end):
            yield first, last
            here = last


def _spans(reason: Reason, start: int, end: int) -> bool:
    """Tell whether a reason speaks of the whole paragraph rather than of words in it."""
    return reason.start <= start and reason.end >= end


def _trimmed(text: str, decision: Decision) -> tuple[int, int]:
    """Leave out the separators that a decision's range holds."""
    piece = text[decision.start : decision.end]
    start = decision.start + len(piece) - len(piece.lstrip())
    return start, max(start, decision.start + len(piece.rstrip()))


def _struck(body: str, decision: Decision, color: bool) -> str:
    if not color:
        form = "[-{}-]{{{}}}" if decision.action == "remove" else "[?{}?]{{{}}}"
        return form.format(body, decision.category)
    shade = _SHADE[decision.action]
    cut = decision.action == "remove"
    return click.style(body, fg=shade, strikethrough=cut) + click.style(
        f" [{decision.category} {decision.score:.2f}]", fg=shade, dim=True
    )


def _painter(color: bool) -> Callable[..., str]:
    return click.style if color else _plain


def _plain(text: str, **_: object) -> str:
    return text


def _one_line(text: str) -> str:
    return text.replace("\n", "⏎").replace("\t", " ")
