"""What the tree says of blocks: the containers around them, repeated units, places, copies."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbait.html.blocks import Page
from unbait.html.nest import MANY, SHARES, Nest, Numbers, grouped
from unbait.html.told import told_words
from unbait.html.tree import IntArray
from unbait.html.words import mix

FloatArray = NDArray[np.float32]
Columns = list[NDArray[np.generic]]

_STEPS: Final = (0, 1, 2, 3, 4, 6, 8)
STRUCTURE_NAMES: Final[tuple[str, ...]] = (
    *(
        f"{what}_up_{step}"
        for step in _STEPS
        for what in (
            "blocks", "density", "links", "paragraphs", "controls", "pictures", "headings",
            "alike", "nth_alike", "place_in",
        )
    ),
    *(f"{what}_share_{share}" for share in SHARES for what in ("climb", "links", "paragraphs")),
    *(f"{what}_many_{many}" for many in MANY for what in ("links", "density", "letters")),
    "unit_count", "unit_step", "unit_letters", "unit_links", "unit_place",
    "copies", "nth_copy", "copies_letters",
    "h1_climb", "h1_holds", "told_share", "told_size", "url_share",
)  # fmt: skip
STANDING_NAMES: Final[tuple[str, ...]] = (
    *(f"mean_share_{share}" for share in SHARES),
    *(f"mean_many_{many}" for many in MANY),
    *(f"rise_many_{many}" for many in MANY),
    "unit_mean", "units_mean", "units_mass", "path_mean", "path_plain",
    "own_best", "own_best_step", "own_best_size", "in_best", "before_best", "best", "best_size",
    "best_step", "h1_mean", "section_mean",
)  # fmt: skip


def _table(columns: Columns) -> FloatArray:
    out = np.empty((len(columns[0]), len(columns)), dtype=np.float32)
    for i, column in enumerate(columns):
        out[:, i] = column
    return out


def structure(page: Page, nest: Nest) -> FloatArray:
    """Return one row of numbers a block; ``STRUCTURE_NAMES`` says what the columns are."""
    return _table([
        *_steps(page, nest),
        *_scales(nest),
        *_units(nest),
        *_copies(page),
        *_title(page, nest),
        *_told(page),
    ])  # fmt: skip


def _steps(page: Page, nest: Nest) -> Columns:
    size = np.maximum(nest.letters, 1)
    blocks = nest.high - nest.low
    some = np.maximum(blocks, 1)
    of_element = np.stack((
        np.log1p(blocks), np.log1p(nest.letters / nest.tags), nest.linked / size,
        nest.prose / size, nest.controls / some, nest.pictures / some, nest.headings / some,
        np.log1p(nest.alike), np.log1p(nest.nth),
    )).astype(np.float32)  # fmt: skip
    index = np.arange(len(page))
    columns: Columns = []
    for step in _STEPS:
        element = nest.up[step]
        columns += [*of_element[:, element], (index - nest.low[element]) / some[element]]
    return columns


def _scales(nest: Nest) -> Columns:
    """Describe the smallest containers that hold so much of the page, or so many blocks."""
    size = np.maximum(nest.letters, 1)
    columns: Columns = []
    for step, element in zip(nest.share_step, nest.of_share, strict=True):
        columns += [step, nest.linked[element] / size[element], nest.prose[element] / size[element]]
    for element in nest.of_many:
        columns += [
            nest.linked[element] / size[element],
            np.log1p(size[element] / nest.tags[element]),
            np.log1p(nest.letters[element]),
        ]
    return columns


def _units(nest: Nest) -> Columns:
    """Describe the repeated unit a block stands in: a card, a post, a row of a list."""
    most, letters = nest.twins[nest.unit], nest.letters[nest.unit]
    return [
        np.log1p(most),
        nest.unit_step,
        np.log1p(letters),
        nest.linked[nest.unit] / np.maximum(letters, 1),
        nest.twin_nth[nest.unit] / np.maximum(most, 1),
    ]


def _copies(page: Page) -> Columns:
    """Count the blocks with the same text, and say which of them each is."""
    data = np.frombuffer(page.utf8, dtype=np.uint8).astype(np.uint64)
    zero = np.zeros(1, dtype=np.uint64)
    sums = np.concatenate((zero, np.cumsum(data * data * np.uint64(0x9E3779B1))))
    tilts = np.concatenate((zero, np.cumsum(sums[1:])))
    # A sum of bytes and a sum of running sums, both counted from the block's start on.
    start, end = page.byte_start, page.byte_end
    tilted = tilts[end] - tilts[start] - sums[start] * (end - start).astype(np.uint64)
    _, size, nth = grouped(mix(sums[end] - sums[start] + mix(tilted)))
    return [np.log(size), np.log1p(nth), np.log1p((size - 1) * page.letters)]


def _with_h1(page: Page, nest: Nest) -> tuple[IntArray, IntArray] | None:
    """Return how far up, and where, each block shares an element with the page's first h1."""
    h1 = np.flatnonzero(page.heading == 1)
    if not len(h1):
        return None
    holds = (nest.low <= h1[0]) & (nest.high > h1[0])
    step = holds[nest.up].argmax(axis=0)
    return step, nest.up[step, np.arange(len(page))]


def _title(page: Page, nest: Nest) -> Columns:
    found = _with_h1(page, nest)
    if found is None:
        return [np.full(len(page), -1.0)] * 2
    step, element = found
    return [step, nest.letters[element] / max(float(page.letters.sum()), 1.0)]


def _told(page: Page) -> Columns:
    """Return the share of each block's words that the page's descriptions and url have."""
    told = told_words(page)
    words = np.maximum(told.words, 1)
    described, known = told.hits[1], max(told.known[1], 1)
    return [described / words, np.minimum(described / known, 1.5), told.hits[2] / words]


def standing(page: Page, nest: Nest, score: Numbers) -> FloatArray:
    """Return what the first stage's ``score`` (logits) is like in each block's containers.

    ``STANDING_NAMES`` says what the columns are. The best container is the one that would match
    the expected content best if it were kept as a whole.
    """
    n = len(page)
    chance = 1 / (1 + np.exp(-score))
    letters = page.letters.astype(np.float64)
    mass = chance * letters
    sums = np.concatenate(([0.0], np.cumsum(mass)))
    held = sums[nest.high] - sums[nest.low]
    mean = held / np.maximum(nest.letters, 1)
    all_mass = float(mass.sum()) + 1e-9
    columns: Columns = [mean[element] for element in nest.of_share]
    many = [mean[element] for element in nest.of_many]
    columns += many
    columns += [outer - inner for outer, inner in zip(many, [chance, *many], strict=False)]
    unit = nest.twin[nest.unit]
    columns += [
        mean[nest.unit],
        (_sum(nest.twin, held) / np.maximum(_sum(nest.twin, nest.letters), 1))[unit],
        _sum(nest.twin, held)[unit] / all_mass,
        _mean_of(nest.path, mass, letters),
        (_sum(nest.path, chance) / nest.path_count)[nest.path],
    ]
    columns += _best(page, nest, 2 * held / (nest.letters + all_mass))
    found = _with_h1(page, nest)
    columns.append(np.full(n, -1.0) if found is None else mean[found[1]])
    section = np.cumsum(page.heading > 0, dtype=np.int64)
    columns.append(_mean_of(section, mass, letters))
    return _table(columns)


def _sum(group: IntArray, values: Numbers) -> Numbers:
    return np.asarray(np.bincount(group, weights=values))


def _mean_of(group: IntArray, mass: Numbers, size: Numbers) -> Numbers:
    return np.asarray((_sum(group, mass) / np.maximum(_sum(group, size), 1))[group])


def _best(page: Page, nest: Nest, match: Numbers) -> Columns:
    """Describe each block's best container, and where it stands to the best of the page."""
    n = len(page)
    index = np.arange(n)
    total = max(float(page.letters.sum()), 1.0)
    step = match[nest.up].argmax(axis=0)
    own = nest.up[step, index]
    best = int(match.argmax())
    inside = (index >= nest.low[best]) & (index < nest.high[best])
    return [
        match[own],
        step,
        nest.letters[own] / total,
        inside,
        index < nest.low[best],
        np.full(n, match[best]),
        np.full(n, nest.letters[best] / total),
        np.where(inside, (nest.up == best).argmax(axis=0), -1.0),
    ]
