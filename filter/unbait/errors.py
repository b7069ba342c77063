"""Errors for people: what is wrong, where, what to do, under a code that never changes."""

from __future__ import annotations


class UnbaitError(Exception):
    """Base of every error this package raises on purpose; ``code`` is stable for ever."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        """Show the code before the sentence."""
        return f"[{self.code}] {self.message}"


class InputError(UnbaitError):
    """The text, page or file given cannot be worked on."""


class RuleError(UnbaitError):
    """A rule file or rule cannot be used."""


class ModelError(UnbaitError):
    """A model directory is damaged, missing or made for another feature version."""


class PolicyError(UnbaitError):
    """A policy file cannot be used, or promises what its sample cannot hold."""


class LabelError(UnbaitError):
    """A file of labels cannot be read, or nothing can be learnt from it."""
