"""What a worker does with documents: clean them in groups, write each one's answer."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from unbait.errors import ModelError, UnbaitError
from unbait.service.problems import ProblemError

if TYPE_CHECKING:
    from unbait import Cleaner
    from unbait.result import Result
    from unbait.service.reading import Item
    from unbait.types import Policy

GROUP_CHARACTERS = 1 << 19  # as many as the library takes at a time
_LEAST_SIZE = 64  # what a document costs however short it is


class Part(NamedTuple):
    """The answer for one document: HTTP status and JSON."""

    status: int
    body: bytes


class Desk:
    """Cleans what requests ask for; one to a worker process."""

    def __init__(self, cleaner: Cleaner) -> None:
        """Take a loaded cleaner; each request's policy is laid over it."""
        self._cleaner = cleaner

    def run(self, items: Sequence[Item]) -> tuple[list[Part], dict[str, Any]]:
        """Clean a group; return the answers in order and what there was to count."""
        results = self._results(items)
        cuts: dict[str, int] = {}
        parts = [
            self._part(item, results.get(number), cuts) for number, item in enumerate(items)
        ]
        failed = sum(item.problem is not None for item in items)
        return parts, {"documents": len(items), "errors": failed, "cuts": cuts}

    def _results(self, items: Sequence[Item]) -> dict[int, Result]:
        """Clean texts together by policy, and pages one by one."""
        done: dict[int, Result] = {}
        by_policy: dict[Policy, list[int]] = {}
        for number, item in enumerate(items):
            if item.page is not None:
                self._alone(item, number, done)
            elif item.document is not None and item.problem is None:
                by_policy.setdefault(item.policy, []).append(number)
        for policy, numbers in by_policy.items():
            documents = [one for i in numbers if (one := items[i].document) is not None]
            try:
                cleaned = list(self._cleaner.with_policy(policy).clean_many(documents))
            except Exception:  # each goes alone: the one that fails tells why
                for number in numbers:
                    self._alone(items[number], number, done)
            else:
                done.update(zip(numbers, cleaned, strict=True))
        return done

    def _alone(self, item: Item, number: int, done: dict[int, Result]) -> None:
        cleaner, document = self._cleaner.with_policy(item.policy), item.document
        if item.problem is not None or document is None:
            return
        try:
            if item.page is None:
                done[number] = next(cleaner.clean_many([document]))
            else:
                done[number] = cleaner.clean_html(item.page, url=document.url)
        except Exception as error:  # one bad document must not take the others with it
            item.problem = problem_of(error)

    def _part(self, item: Item, result: Result | None, cuts: dict[str, int]) -> Part:
        try:
            if item.problem is None:
                answer = self._scores(item, result) if item.score else _answer(item, result)
                if result is not None:
                    for name, count in result.cut_counts().items():
                        cuts[name] = cuts.get(name, 0) + count
                return Part(200, written(answer))
        except Exception as error:  # as above
            item.problem = problem_of(error)
        return failure(item.problem, item.wrapped, item.id)

    def _scores(self, item: Item, result: Result | None) -> dict[str, Any]:
        assert item.score is not None
        answer: dict[str, Any] = {}
        if result is not None:
            answer["paragraphs"] = list(_paragraphs(result))
        if item.score.headlines is not None:
            scores = self._cleaner.score_headlines(item.score.headlines)
            answer["headlines"] = [{"score": float(score)} for score in scores]
        return answer


def groups(items: Sequence[Item], alone: bool) -> Iterator[Sequence[Item]]:
    """Cut documents into groups that are worth the library's calls; ``alone``: one each.

    A page is a group of its own: it is cleaned alone, and so has a document's time for itself.
    """
    low = size = 0
    for here, item in enumerate(items):
        full = size + item.size > GROUP_CHARACTERS
        if here > low and (alone or full or item.page is not None or items[low].page is not None):
            yield items[low:here]
            low, size = here, 0
        size += max(item.size, _LEAST_SIZE)
    if low < len(items):
        yield items[low:]


def failure(problem: ProblemError, wrapped: bool, id: str | None = None) -> Part:  # noqa: A002
    """Write the answer for a document that failed."""
    if not wrapped:
        return Part(problem.status, problem.body())
    record = {"error": problem.record()}
    return Part(problem.status, written(record if id is None else {"id": id, **record}))


def problem_of(error: Exception) -> ProblemError:
    """Say an error of the library as a problem; an unexpected one is logged without the text."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, ModelError):
        return ProblemError("MODEL_MISSING", error.code, reason=error.code)
    if isinstance(error, UnbaitError):
        return ProblemError("DOCUMENT_REFUSED", error.message, reason=error.code)
    # The message may quote the document, so that only the places are logged.
    trace = "".join(traceback.format_tb(error.__traceback__))
    print(f"unbait worker: {type(error).__name__}\n{trace}", file=sys.stderr, flush=True)
    return ProblemError("INTERNAL", type(error).__name__)


def written(record: Any) -> bytes:
    """Write JSON; lone surrogates become escapes."""
    try:
        return orjson.dumps(record)
    except TypeError:
        return json.dumps(record).encode()


def _answer(item: Item, result: Result | None) -> dict[str, Any]:
    assert result is not None
    fields = item.fields
    answer: dict[str, Any] = {} if item.id is None else {"id": item.id}
    if "text" in fields:
        answer["text"] = result.text
    if "input" in fields:
        answer["input"] = result.document.text
    if "verdict" in fields:
        verdict = result.verdict
        answer["verdict"] = {
            "name": verdict.name, "reason": verdict.reason, "numbers": dict(verdict.numbers),
        }  # fmt: skip
    if "notes" in fields:
        answer["notes"] = list(result.notes)
    if "audit" in fields or "decisions" in fields:
        audit = result.audit(id=item.id, source=item.source)
        if "audit" in fields:
            answer["audit"] = audit
        if "decisions" in fields:
            answer["decisions"] = audit["decisions"]
    return answer


def _paragraphs(result: Result) -> Iterator[dict[str, Any]]:
    """Give a score for each decision that holds more than separators, as ``unbait score``."""
    text = result.document.text
    for one in result.decisions:
        piece = text[one.start : one.end]
        body = piece.strip()
        if body:
            start = one.start + piece.index(body)
            yield {
                "start": start, "end": start + len(body), "score": float(one.score),
                "category": one.category, "action": one.action,
            }  # fmt: skip
