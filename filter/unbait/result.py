"""What comes of one document: the clean text, and a decision for every stretch of the input."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from unbait import render
from unbait.outcome import Outcome

if TYPE_CHECKING:
    from unbait.types import Category, Decision, Document, Verdict


class Result:
    """One cleaned document. Text and decisions are made when they are asked for.

    ``document`` is what came in (for a page: the text found in it), ``notes`` say what a person
    should know about how it was read and cut.
    """

    def __init__(self, document: Document, outcome: Outcome, notes: tuple[str, ...] = ()) -> None:
        """Take what the cleaner decided; ``outcome`` holds nothing of other documents."""
        self.document = document
        self._outcome = outcome
        self.notes = notes + outcome.notes

    @cached_property
    def text(self) -> str:
        """What goes downstream: the document without what was removed."""
        return self._outcome.kept_text()

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """Cover the document's text in order, without gap or overlap."""
        return self._outcome.decisions()

    @cached_property
    def verdict(self) -> Verdict:
        """What the document is as a whole, with its numbers."""
        return self._outcome.verdict(self.document.title)

    def cut_counts(self) -> dict[Category, int]:
        """Return how many cuts there are of each category, without making the decisions."""
        return self._outcome.cut_counts()

    def restore(self) -> str:
        """Give the input back from the clean text and what was cut."""
        return render.restore(self.text, render.cuts_of(self.document.text, self.decisions))

    def audit(self, **about: Any) -> dict[str, Any]:
        """Return the audit record of this document; ``about`` as in ``render.audit_record``."""
        return dict(render.audit_record(self, **about))

    def __getstate__(self) -> dict[str, Any]:
        """Travel between processes with everything made, so that no model goes along."""
        return {
            "document": self.document, "notes": self.notes, "text": self.text,
            "decisions": self.decisions, "verdict": self.verdict,
        }  # fmt: skip
