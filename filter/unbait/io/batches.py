"""Batches in which one that fails costs itself alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
Failed = TypeVar("Failed")


def together_or_alone(
    items: Sequence[Item],
    clean: Callable[[Sequence[Item]], Iterable[Made]],
    failed: Callable[[Item, Exception], Failed],
) -> list[Made | Failed]:
    """Clean items together; where that fails each goes alone, so that only that one is lost.

    ``clean`` gives a result for each item, ``failed`` what stands for an item that fails.
    """
    if not items:
        return []
    try:
        return list(clean(items))
    except Exception as error:  # alone, each says what it was
        if len(items) == 1:
            return [failed(items[0], error)]
    return [made for item in items for made in together_or_alone([item], clean, failed)]
