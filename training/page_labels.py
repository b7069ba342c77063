"""Gold text of pages to labels of blocks, and F1 over words as WCXB counts it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from unbait.html.blocks import Page

SHINGLE: Final = 4
_WORD: Final = re.compile(r"\w+")
# Scripts without spaces: WCXB's pattern would take a clause for a word.
_CHARACTER: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w+")
_NEAR: Final = 12


def words(text: str, characters: bool = False) -> list[str]:
    """Cut a text into lower-case words, or characters for scripts without spaces."""
    return (_CHARACTER if characters else _WORD).findall(text.lower())


def word_f1(found: list[str], gold: list[str]) -> float:
    """Return F1 over the two bags of words, as WCXB's evaluate.py does."""
    if not gold:
        return float(not found)
    if not found:
        return 0.0
    overlap = sum((Counter(found) & Counter(gold)).values())
    return 2 * overlap / (len(found) + len(gold))


@dataclass(frozen=True, slots=True)
class Labelled:
    """Per block: its label (nan: unknown), its words; per page: the gold words."""

    label: NDArray[np.float64]
    words: list[list[str]]
    gold: list[str]


def align(page: Page, gold: str, characters: bool) -> Labelled:
    """Label blocks by how much of them stands in the gold text.

    Long blocks count shingles of four words. Short ones must stand as they are in the gold,
    near the place that their neighbours point to; what is left of the gold's words is then given
    to short blocks among the content.
    """
    lines = [found for line in gold.split("\n") if (found := words(line, characters))]
    flat = [word for line in lines for word in line]
    blocks = [words(page.block(i), characters) for i in range(len(page))]
    label, place = _long_blocks(blocks, flat)
    _short_blocks(blocks, flat, {tuple(line) for line in lines}, label, place)
    _leftovers(blocks, flat, label)
    _surplus(blocks, flat, label, page.hidden)
    return Labelled(label, blocks, flat)


def _long_blocks(
    blocks: list[list[str]], gold: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    places: dict[tuple[str, ...], int] = {}
    for i in range(len(gold) - SHINGLE, -1, -1):
        places[tuple(gold[i : i + SHINGLE])] = i
    label = np.zeros(len(blocks))
    place = np.full(len(blocks), -1, dtype=np.int64)
    for b, block in enumerate(blocks):
        if len(block) < SHINGLE:
            continue
        covered = np.zeros(len(block), dtype=np.bool_)
        first = -1
        for j in range(len(block) - SHINGLE + 1):
            at = places.get(tuple(block[j : j + SHINGLE]))
            if at is not None:
                covered[j : j + SHINGLE] = True
                first = at if first < 0 else first
        label[b] = covered.mean()
        if label[b] > 0.5:
            place[b] = first
    return label, place


def _short_blocks(
    blocks: list[list[str]],
    gold: list[str],
    lines: set[tuple[str, ...]],
    label: NDArray[np.float64],
    place: NDArray[np.int64],
) -> None:
    sure = np.flatnonzero(place >= 0).tolist()
    whole = _spaced(gold)
    for b, block in enumerate(blocks):
        if not 0 < len(block) < SHINGLE or _spaced(block) not in whole:
            continue
        k = bisect_left(sure, b)
        before = sure[k - 1] if k and b - sure[k - 1] <= _NEAR else None
        after = sure[k] if k < len(sure) and sure[k] - b <= _NEAR else None
        if before is None and after is None:
            continue
        low = int(place[before]) + len(blocks[before]) if before is not None else None
        high = int(place[after]) if after is not None else None
        start: int = max(0, (low if low is not None else (high or 0) - 17) - 3)
        stop = high + 3 if high is not None and high >= start else start + 23
        near = tuple(block) in lines or _spaced(block) in _spaced(gold[start:stop])
        label[b] = float(near)


def _leftovers(blocks: list[list[str]], gold: list[str], label: NDArray[np.float64]) -> None:
    content = np.flatnonzero(label > 0.5)
    if not len(content):
        return
    left = Counter(gold)
    for b in content.tolist():
        left.subtract(blocks[b])
    whole = _spaced(gold)
    low, high = int(content[0]) - 6, int(content[-1]) + 6
    for b in range(max(low, 0), min(high + 1, len(blocks))):
        block = blocks[b]
        if label[b] > 0.5 or not 0 < len(block) < SHINGLE or _spaced(block) not in whole:
            continue
        if all(left[word] > 0 for word in block):
            left.subtract(block)
            label[b] = 1.0


def _surplus(
    blocks: list[list[str]],
    gold: list[str],
    label: NDArray[np.float64],
    hidden: NDArray[np.bool_],
) -> None:
    """Take back what the gold holds fewer times than the page: one of two copies, say.

    Blocks go while that raises F1: hidden ones first, then those with the least content around.
    """
    content = np.flatnonzero(label > 0.5)
    size = np.array([len(block) for block in blocks], dtype=np.float64)
    near = _nearby(size * (label > 0.5)) / np.maximum(_nearby(size), 1)
    wanted, held = Counter(gold), Counter(word for b in content for word in blocks[b])
    hits, total = sum((wanted & held).values()), sum(held.values())
    for b in sorted(content.tolist(), key=lambda b: (not hidden[b], near[b])):
        block = Counter(blocks[b])
        lost = sum(
            min(held[word], wanted[word]) - min(held[word] - count, wanted[word])
            for word, count in block.items()
        )
        if lost * (total + len(gold)) < hits * len(blocks[b]):
            label[b] = 0.0
            held.subtract(block)
            hits, total = hits - lost, total - len(blocks[b])


def _nearby(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum each value with those of the blocks near it."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    index = np.arange(len(values))
    low, high = np.maximum(index - _NEAR, 0), np.minimum(index + _NEAR + 1, len(values))
    return np.asarray(sums[high] - sums[low])


def _spaced(block: list[str]) -> str:
    return f" {' '.join(block)} "


def from_lines(page: Page, lines: list[dict[str, Any]]) -> Labelled:
    """Label blocks by read lines with the same text; others, and metadata, stay unknown."""
    known: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        known[" ".join(line["text"].split())].append(line["label"])
    label = np.full(len(page), np.nan)
    blocks = []
    for i in range(len(page)):
        text = " ".join(page.block(i).split())
        blocks.append(words(text))
        found = [name for name in known.get(text, ()) if name != "metadata"]
        if found:
            label[i] = np.mean([name == "content" for name in found])
    return Labelled(label, blocks, [])
