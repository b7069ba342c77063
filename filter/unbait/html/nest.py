"""How a page's blocks nest: what every element holds, and which places of the tree are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbait.html import tags
from unbait.html.blocks import Page
from unbait.html.tree import IntArray
from unbait.html.words import POWERS, mix

MAX_CLIMB: Final = 40
MANY: Final = (2, 4, 10, 30)
SHARES: Final = (0.1, 0.3, 0.5, 0.8)
_UNIT_CLIMB: Final = 12
_LEAST_STEPS: Final = 10
_PROSE_LETTERS: Final = 60
_CONTROLS: Final = ("button", "input", "select", "label", "form")
_PICTURES: Final = ("img",)
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Nest:
    """Arrays over the elements, the root last, and over the blocks.

    Per element: the blocks ``low`` to ``high`` stand in it, with so many letters, linked letters,
    letters of prose, headings, tags, controls and pictures; ``alike`` siblings have its tag, of
    which it is the ``nth``; ``twins`` its tag and class words (group ``twin``, place
    ``twin_nth``).
    Per block: ``up`` are its elements from the innermost out, one row a step; ``of_many`` and
    ``of_share`` the smallest around it that hold so many blocks, or such a share of the page's
    letters (``share_step``: how far up); ``unit`` is the element around it that repeats most
    often, ``unit_step`` steps up; blocks of one ``path`` have the same tags above them.
    """

    low: IntArray
    high: IntArray
    letters: Numbers
    linked: Numbers
    prose: Numbers
    headings: Numbers
    tags: Numbers
    controls: Numbers
    pictures: Numbers
    alike: IntArray
    nth: IntArray
    twin: IntArray
    twins: IntArray
    twin_nth: IntArray
    up: IntArray
    of_many: IntArray
    of_share: IntArray
    share_step: IntArray
    unit: IntArray
    unit_step: IntArray
    path: IntArray
    path_count: IntArray


def climb(page: Page) -> list[IntArray]:
    """Return each block's elements from the innermost up, -1 where the root is passed."""
    chain = []
    element = page.inner
    for _ in range(MAX_CLIMB):
        if not (element >= 0).any():
            break
        chain.append(element)
        element = np.where(element >= 0, page.tree.parent[element], -1)
    return chain


def nest(page: Page, chain: list[IntArray]) -> Nest:
    """Work out how the blocks of a page nest; the page must have some."""
    tree, n = page.tree, len(page)
    index = np.arange(n)
    first = np.append(tree.opens, 0)
    last = np.append(tree.closes, max(len(tree.tag) - 1, 0))
    low = np.searchsorted(page.first_tag, first)
    high = np.maximum(np.searchsorted(page.first_tag, last), low)
    low[-1], high[-1] = 0, n
    letters = _held(page.letters, low, high)
    is_prose = (page.tag == tags.ID["p"]) & (page.letters > _PROSE_LETTERS)
    own = _own_words(page)
    tag = tree.tag[tree.opens].astype(np.uint64)
    place = tag + (tree.parent + 1).astype(np.uint64) * _SPREAD
    _, alike, nth = grouped(mix(place))
    twin, twins, twin_nth = grouped(mix(own[:-1] + place))
    twins = np.append(twins, 0) * (high > low)
    up = _climbed(page, chain)
    many = (high - low)[up]
    share = (letters / max(float(page.letters.sum()), 1.0))[up]
    share_step = np.stack([(share >= least).argmax(axis=0) for least in SHARES])
    unit_step = twins[up[:_UNIT_CLIMB]].argmax(axis=0)
    _, path, count = np.unique(
        _paths(page, chain, own), return_inverse=True, return_counts=True
    )
    return Nest(
        low, high, letters, _held(page.linked, low, high),
        _held(page.letters * is_prose, low, high), _held(page.heading > 0, low, high),
        (last - first + 1).astype(np.float64), _opened(page, _CONTROLS, first, last),
        _opened(page, _PICTURES, first, last), np.append(alike, 1), np.append(nth, 0),
        np.append(twin, len(twin)), twins, np.append(twin_nth, 0), up,
        np.stack([up[(many >= least).argmax(axis=0), index] for least in MANY]),
        up[share_step, index], share_step, up[unit_step, index], unit_step, path, count,
    )  # fmt: skip


def _held(values: NDArray[np.generic], low: IntArray, high: IntArray) -> Numbers:
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    return np.asarray(sums[high] - sums[low])


def _opened(page: Page, names: tuple[str, ...], first: IntArray, last: IntArray) -> Numbers:
    """Count the tags of these names that are opened between two tags."""
    wanted = np.zeros(len(tags.NAMES), dtype=np.int64)
    wanted[[tags.ID[name] for name in names]] = 1
    sums = np.cumsum(wanted[page.tree.tag] * ~page.tree.closing)
    return np.asarray(sums[last] - sums[first], dtype=np.float64)


def _own_words(page: Page) -> NDArray[np.uint64]:
    """Sum the class and id words of every element; the root, last, has none."""
    own = np.zeros(len(page.tree.opens) + 1, dtype=np.uint64)
    if len(page.words.element):
        # The words stand in the order of their elements.
        first = np.flatnonzero(np.diff(page.words.element, prepend=-1))
        own[page.words.element[first]] = np.add.reduceat(page.words.hashes, first)
    return own


def _climbed(page: Page, chain: list[IntArray]) -> IntArray:
    root = len(page.tree.opens)
    rows = np.full((max(len(chain) + 1, _LEAST_STEPS), len(page)), root, dtype=np.int64)
    for step, element in enumerate(chain):
        rows[step] = np.where(element >= 0, element, root)
    return rows


def grouped(key: NDArray[np.uint64]) -> tuple[IntArray, IntArray, IntArray]:
    """Return of each key its group, the group's size and its own number in it."""
    order = np.argsort(key, kind="stable")
    fresh = np.ones(len(key), dtype=np.bool_)
    fresh[1:] = key[order][1:] != key[order][:-1]
    start = np.flatnonzero(fresh)
    size = np.diff(np.append(start, len(key)))
    group = np.empty(len(key), dtype=np.int64)
    nth = np.empty(len(key), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(start)), size)
    nth[order] = np.arange(len(key)) - np.repeat(start, size)
    return group, size[group] if len(key) else group, nth


def _paths(
    page: Page, chain: list[IntArray], own: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Hash every block's whole tag path, with the class words of its own element."""
    value = np.zeros(len(page), dtype=np.uint64)
    for step, element in enumerate(chain):
        tag = np.where(element >= 0, page.tree.tag[page.tree.opens[np.maximum(element, 0)]], 0)
        value += (tag + 1).astype(np.uint64) * POWERS[min(step, len(POWERS) - 1)]
    return mix(value + own[page.element])
