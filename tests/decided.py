"""Texts with decisions of our choice, for tests of what is made from decisions."""

from __future__ import annotations

from dataclasses import dataclass

from unbait import render
from unbait.types import Decision, Document, Reason, Verdict


@dataclass(frozen=True)
class Example:
    """A text with decisions of our choice, as `render.Decided` asks for."""

    document: Document
    decisions: tuple[Decision, ...]
    notes: tuple[str, ...] = ("a note",)

    @property
    def verdict(self) -> Verdict:
        return Verdict("article", "enough text", {"kept": 0.5})

    @property
    def text(self) -> str:
        return render.cut(self.document.text, self.decisions)


def decisions_for(text: str, ends: list[int], actions: list[str]) -> tuple[Decision, ...]:
    """Cover a text with decisions that end at these places."""
    bounds = sorted({min(end, len(text)) for end in ends} | {0, len(text)})
    return tuple(
        Decision(
            start,
            end,
            "content" if action == "keep" else "ad",
            action,  # type: ignore[arg-type]
            0.25,
            () if action == "keep" else (Reason("EN-AD1", "An advert.", start, end),),
        )
        for start, end, action in zip(bounds, bounds[1:], actions, strict=False)
    )
