"""The linear algebra of a process has one thread while unbait works, and its own number after."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from threadpoolctl import ThreadpoolController

from unbait import Cleaner
from unbait.model import ParagraphModel
from unbait.threads import one_thread


def threads() -> set[int]:
    return {one["num_threads"] for one in ThreadpoolController().select(user_api="blas").info()}


@pytest.fixture(autouse=True)
def two() -> Iterator[None]:
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        yield


def test_one_inside_and_as_before_after() -> None:
    before = threads()
    with one_thread():
        assert threads() == {1}
        with one_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == before


def test_cleaning_has_one_and_leaves_the_number_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before, seen = threads(), []
    judge = ParagraphModel.judge

    def watched(*given: Any) -> Any:
        seen.append(threads())
        return judge(*given)

    monkeypatch.setattr(ParagraphModel, "judge", watched)
    cleaner = Cleaner()
    cleaner.clean("A line.\nAnother line.")
    cleaner.clean_html("<p>A paragraph that says something of a day.</p>")
    assert seen
    assert set.union(*seen) == {1}
    assert threads() == before


def test_other_threads_change_nothing() -> None:
    before, cleaner = threads(), Cleaner()
    workers = [threading.Thread(target=cleaner.clean, args=("A line.",)) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert threads() == before
