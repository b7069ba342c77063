"""Pages to arrays: the only feature code of the page model, used to train and to serve."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbait.html import tags
from unbait.html.blocks import Page
from unbait.html.nest import Nest
from unbait.html.structure import STANDING_NAMES, STRUCTURE_NAMES, standing, structure
from unbait.html.told import told_words
from unbait.html.tree import IntArray
from unbait.html.words import hash_words, mix

VERSION: Final = 2
TEXT_BUCKETS: Final = 1 << 16
ATTRIBUTE_BUCKETS: Final = 1 << 15
# Class and id words count apart by how far up they stand: own element, near, far.
LEVELS: Final = (0, 1, 2, 3, 4, 6, 9, 40)
HEAD_BYTES: Final = 96
TAIL_BYTES: Final = 32

FloatArray = NDArray[np.float32]

_BYTE_CLASSES: Final = {
    "stop": b".!?",
    "comma": b",;:",
    "digit": b"0123456789",
    "upper": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "space": b" \n\t",
    "mark": b"|/>#@+=*_{}[]<&",
    "quote": b"\"'()",
    "high": bytes(range(128, 256)),
    "lead": bytes(range(0xC0, 0xF8)),
    "han": bytes(range(0xE3, 0xEE)),
}
_TAGS: Final = (
    "p", "li", "div", "td", "tr", "a", "dt", "dd", "br", "option", "button", "label",
    "figcaption", "blockquote", "pre", "section", "article", "body", "form", "center",
    "summary", "legend", "caption", "header", "footer", "nav", "aside", "main",
)  # fmt: skip
DENSE_NAMES: Final[tuple[str, ...]] = (
    "log_letters", "log_words", "link_share", "word_length",
    *(f"share_{name}" for name in _BYTE_CLASSES),
    "ends_stop", "ends_colon", "ends_comma", "ends_high",
    "starts_upper", "starts_digit", "starts_mark",
    *(f"heading_{i}" for i in range(1, 7)),
    *(f"tag_{name}" for name in _TAGS),
    *(f"in_{names[0]}" for names in tags.COUNTED),
    "hidden", "depth", "index", "index_end", "place", "place_end", "letters_share",
    "path_count", "path_letters", "path_mean", "repeat", "title_share", "title_size",
    "after_h1", "past_h1", "h1_count", "tags_inside", "gap_before", "gap_after",
    "page_letters", "page_blocks", "page_links", "page_paragraphs", "page_hidden",
    "page_article", "page_main", "article_letters", "main_letters",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hashed:
    """Hashed features of blocks: bucket ``bucket[i]`` is set for block ``row[i]``."""

    row: IntArray
    bucket: IntArray


def text_words(page: Page) -> Hashed:
    """Hash the words, and pairs of words, at the start and end of every block."""
    lengths = page.byte_end - page.byte_start
    head = np.minimum(lengths, HEAD_BYTES)
    tail = np.minimum(lengths - head, TAIL_BYTES)
    starts = np.stack((page.byte_start, page.byte_end - tail), axis=1).ravel()
    sizes = np.stack((head, tail), axis=1).ravel()
    # One padding byte after each piece keeps the words of neighbours apart.
    shift = np.repeat(starts - (np.cumsum(sizes + 1) - sizes - 1), sizes + 1)
    places = shift + np.arange(len(shift))
    data = np.frombuffer(page.utf8 + b"\n", dtype=np.uint8)[places]
    data[np.cumsum(sizes + 1) - 1] = ord("\n")
    hashes, first = hash_words(data)
    piece = np.repeat(np.arange(len(sizes)), sizes + 1)[first] if len(first) else first
    pairs = mix(hashes[1:] * np.uint64(3) + hashes[:-1])
    together = piece[1:] == piece[:-1]
    salted = mix(hashes + np.uint64(7) * (piece % 2).astype(np.uint64))
    every = np.concatenate((salted, pairs[together]))
    rows = np.concatenate((piece, piece[1:][together])) // 2
    return Hashed(rows, (every % np.uint64(TEXT_BUCKETS)).astype(np.int64))


def attribute_buckets(page: Page) -> IntArray:
    """Return the bucket, before its level is counted in, of each class or id word."""
    return (page.words.hashes % np.uint64(ATTRIBUTE_BUCKETS)).astype(np.int64)


def level_of(step: int) -> int:
    """Return which of the levels an ancestor so many steps up belongs to."""
    return next((i for i, most in enumerate(LEVELS) if step <= most), len(LEVELS) - 1)


def attribute_rows(page: Page, chain: list[IntArray]) -> Hashed:
    """Hash every class and id word around each block, apart by level: for training."""
    bucket = attribute_buckets(page)
    order = np.argsort(page.words.element, kind="stable")
    bucket, owner = bucket[order], page.words.element[order]
    starts = np.searchsorted(owner, np.arange(len(page.tree.opens) + 1))
    counts = np.diff(starts)
    rows, buckets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for step, element in enumerate(chain):
        here = np.flatnonzero(element >= 0)
        count = counts[element[here]]
        shift = np.repeat(starts[element[here]] - (np.cumsum(count) - count), count)
        rows.append(np.repeat(here, count))
        found = bucket[shift + np.arange(int(count.sum()))]
        buckets.append(found + level_of(step) * ATTRIBUTE_BUCKETS)
    return Hashed(np.concatenate(rows), np.concatenate(buckets))


def tag_words(page: Page, chain: list[IntArray]) -> Hashed:
    """Hash each block's tag with those above it: its path, in short and in longer pieces."""
    rows, buckets = [], []
    n = len(page)
    value = np.zeros(n, dtype=np.uint64)
    for step, element in enumerate(chain[:4]):
        tag = np.where(element >= 0, page.tree.tag[page.tree.opens[np.maximum(element, 0)]], 0)
        value = mix(value * np.uint64(31) + tag.astype(np.uint64) + np.uint64(1000 * (step + 1)))
        rows.append(np.arange(n))
        buckets.append((value % np.uint64(TEXT_BUCKETS)).astype(np.int64))
    if not rows:
        return Hashed(np.zeros(0, np.int64), np.zeros(0, np.int64))
    return Hashed(np.concatenate(rows), np.concatenate(buckets))


def dense(page: Page, nest: Nest) -> FloatArray:
    """Return one row of numbers a block; ``DENSE_NAMES`` says what the columns are."""
    if not len(page):
        return np.zeros((0, len(DENSE_NAMES)), dtype=np.float32)
    columns = [*_shape(page), *_markup(page), *_place(page, nest), *_whole_page(page)]
    out = np.empty((len(page), len(columns)), dtype=np.float32)
    for i, column in enumerate(columns):
        out[:, i] = column
    return out


# Each byte has one kind; the classes are sums of kinds.
_KINDS: Final = (
    "other",
    "stop",
    "comma",
    "digit",
    "upper",
    "space",
    "mark",
    "quote",
    "tail",
    "head",
    "han",
)
_KIND = np.zeros(256, dtype=np.int64)
for _i, _name in enumerate(_KINDS[1:8], 1):
    _KIND[list(_BYTE_CLASSES[_name])] = _i
_KIND[0x80:0xC0], _KIND[0xC0:] = _KINDS.index("tail"), _KINDS.index("head")
_KIND[0xE3:0xEE] = _KINDS.index("han")
_KIND_STEP: Final = 16


def _byte_counts(page: Page) -> list[IntArray]:
    """Count, for every block, the bytes of each of ``_BYTE_CLASSES``."""
    n = len(page)
    edges = np.stack((page.byte_start, page.byte_end), axis=1).ravel()
    lengths = np.diff(edges, prepend=0, append=len(page.utf8))
    owner = np.full(2 * n + 1, n * _KIND_STEP)
    owner[1::2] = np.arange(n) * _KIND_STEP
    kinds = _KIND[np.frombuffer(page.utf8, dtype=np.uint8)]
    kinds += np.repeat(owner, lengths)
    table = np.bincount(kinds, minlength=(n + 1) * _KIND_STEP).reshape(-1, _KIND_STEP)[:n]
    tail, head, han = (table[:, _KINDS.index(name)] for name in ("tail", "head", "han"))
    return [*(table[:, i] for i in range(1, 8)), tail + head + han, head + han, han]


def _shape(page: Page) -> list[NDArray[np.generic]]:
    data = np.frombuffer(page.utf8, dtype=np.uint8)
    size = np.maximum(page.byte_end - page.byte_start, 1)
    counts = _byte_counts(page)
    names = list(_BYTE_CLASSES)
    spaces = counts[names.index("space")]
    han = counts[names.index("han")]
    # Scripts without spaces: about three bytes a character, two characters a word.
    words = spaces + 1 + han // 6 * 2
    last = data[page.byte_end - 1]
    first = data[page.byte_start]
    return [
        np.log1p(page.letters),
        np.log1p(words),
        page.link_share,
        np.minimum(size / words, 30) / 10,
        *(count / size for count in counts),
        np.isin(last, list(b".!?")),
        last == ord(":"),
        np.isin(last, list(b",;")),
        last >= 128,
        (first >= ord("A")) & (first <= ord("Z")),
        (first >= ord("0")) & (first <= ord("9")),
        (first < ord("A")) & ~((first >= ord("0")) & (first <= ord("9"))),
    ]


_TAG_IDS: Final = [tags.ID[name] for name in _TAGS]


def _markup(page: Page) -> list[NDArray[np.generic]]:
    inside = np.minimum(page.inside, 5)
    return [
        *(page.heading == i for i in range(1, 7)),
        *(page.tag == i for i in _TAG_IDS),
        *inside.T,
        page.hidden,
        np.minimum(page.depth, 40) / 20,
    ]


def _place(page: Page, nest: Nest) -> list[NDArray[np.generic]]:
    n = len(page)
    index = np.arange(n)
    total = max(int(page.letters.sum()), 1)
    before = np.cumsum(page.letters) - page.letters
    count = nest.path_count[nest.path]
    path_letters = np.bincount(nest.path, weights=page.letters)[nest.path]
    share, size = _title_words(page)
    h1 = page.inside[:, tags.INSIDE["h1"]] * (page.heading == 1)
    h1_at = int(before[np.argmax(h1)]) if h1.any() else -1
    gap = np.diff(page.first_tag, prepend=page.first_tag[0])
    return [
        np.log1p(index) / 5,
        np.log1p(n - 1 - index) / 5,
        before / total,
        1 - (before + page.letters) / total,
        page.letters / total,
        np.log1p(count),
        path_letters / total,
        np.log1p(path_letters / count),
        _repeats(page),
        share,
        size,
        np.where(h1_at >= 0, (before - h1_at) / total, 0),
        (before >= h1_at) & (h1_at >= 0),
        np.full(n, min(int(h1.sum()), 5)),
        np.log1p(page.last_tag - page.first_tag),
        np.log1p(gap),
        np.log1p(np.append(gap[1:], 0)),
    ]


def _repeats(page: Page) -> FloatArray:
    """Count how often each block's length and rim occur again: a cheap sign of repeated text."""
    data = np.frombuffer(page.utf8 + bytes(8), dtype=np.uint8)
    eight = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    ends = np.maximum(page.byte_end - 8, page.byte_start)
    key = mix(eight[page.byte_start] + eight[ends] * np.uint64(31) + page.letters.astype(np.uint64))
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.log(count[group]).astype(np.float32)


def _title_words(page: Page) -> tuple[FloatArray, FloatArray]:
    """Return the share of each block's words that the page's title has, and the reverse."""
    told = told_words(page)
    hits, known = told.hits[0], max(told.known[0], 1)
    return (
        (hits / np.maximum(told.words, 1)).astype(np.float32),
        np.minimum(hits / known, 1.5).astype(np.float32),
    )


def _whole_page(page: Page) -> list[NDArray[np.generic]]:
    n = len(page)
    total = max(int(page.letters.sum()), 1)
    article = page.inside[:, tags.INSIDE["article"]] > 0
    main = page.inside[:, tags.INSIDE["main"]] > 0
    values = (
        np.log1p(total) / 5,
        np.log1p(n) / 5,
        page.linked.sum() / total,
        page.letters[page.tag == tags.ID["p"]].sum() / total,
        page.letters[page.hidden].sum() / total,
        article.any(),
        main.any(),
        page.letters[article].sum() / total,
        page.letters[main].sum() / total,
    )
    return [np.full(n, float(value)) for value in values]


CONTEXT_NAMES: Final[tuple[str, ...]] = (
    "score", "score_text", "score_attributes",
    *(f"score_{step:+d}" for step in (-3, -2, -1, 1, 2, 3)),
    *(f"mean_{radius}" for radius in (2, 5, 12, 30)),
    *(f"plain_mean_{radius}" for radius in (2, 8)),
    *(f"{what}_up_{step}" for step in (1, 2, 3, 4, 6, 8) for what in ("mean", "size", "mass")),
    "mass_before", "mass_until", "page_mean", "page_mass", "over_median", "rank",
    "from_strong", "to_strong", "under_score", "under_text", "under_far", "under_level",
    *(f"type_{i}" for i in range(7)),
)  # fmt: skip
SECOND_NAMES: Final = (*DENSE_NAMES, *CONTEXT_NAMES, *STRUCTURE_NAMES, *STANDING_NAMES)
_UP: Final = (1, 2, 3, 4, 6, 8)
_FAR: Final = 99


def context(
    page: Page,
    nest: Nest,
    score: NDArray[np.float64],
    parts: tuple[NDArray[np.float64], NDArray[np.float64]],
    types: FloatArray,
) -> FloatArray:
    """Return what each block's score means among its neighbours, containers and page.

    ``score`` is the first stage's, as a logit; ``parts`` its share from text and attributes;
    ``types`` the page type's probabilities. ``CONTEXT_NAMES`` says what the columns are.
    """
    n = len(page)
    chance = 1 / (1 + np.exp(-score))
    letters = page.letters.astype(np.float64)
    mass = chance * letters
    total, all_mass = letters.sum() + 1e-9, mass.sum() + 1e-9
    around = np.concatenate((np.full(3, -6.0), score, np.full(3, -6.0)))
    columns = [score, *parts, *(around[k : k + n] for k in (0, 1, 2, 4, 5, 6))]
    columns += [_window(mass, letters, radius) for radius in (2, 5, 12, 30)]
    columns += [_window(chance, np.ones(n), radius) for radius in (2, 8)]
    columns += _containers(nest, letters, mass)
    until = np.cumsum(mass) / all_mass
    columns += [
        until,
        until - mass / all_mass,
        np.full(n, all_mass / total),
        np.full(n, np.log1p(all_mass)),
        score - np.median(score),
        score.argsort(kind="stable").argsort(kind="stable") / n,
        *_to_strong((chance > 0.7) & (letters > 60)),
        *_heading_above(page, score, parts[0]),
        *(np.full(n, value) for value in types),
    ]
    out = np.empty((n, len(columns)), dtype=np.float32)
    for i, column in enumerate(columns):
        out[:, i] = column
    return out


def _window(values: NDArray[np.float64], weights: NDArray[np.float64], radius: int) -> FloatArray:
    """Return the weighted mean over so many blocks to either side; values come weighted."""
    n = len(values)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    sizes = np.concatenate(([0.0], np.cumsum(weights)))
    low = np.maximum(np.arange(n) - radius, 0)
    high = np.minimum(np.arange(n) + radius + 1, n)
    mean = (sums[high] - sums[low]) / np.maximum(sizes[high] - sizes[low], 1e-9)
    return np.asarray(mean, dtype=np.float32)


def _containers(
    nest: Nest, letters: NDArray[np.float64], mass: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Describe, at some heights, the blocks that have the same element at the same height.

    Three columns each: their mean score, their size and their share of the score.
    """
    columns = []
    for step in _UP:
        element = nest.up[step]
        size = np.bincount(element, weights=letters)
        held = np.bincount(element, weights=mass)
        columns += [
            (held / np.maximum(size, 1e-9))[element],
            (size / (letters.sum() + 1e-9))[element],
            (held / (mass.sum() + 1e-9))[element],
        ]
    return columns


def _to_strong(strong: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Return how far the last sure block before and the next one after are."""
    n = len(strong)
    places = np.flatnonzero(strong)
    index = np.arange(n)
    if not len(places):
        return [np.full(n, np.log1p(_FAR))] * 2
    at = np.searchsorted(places, index)
    before = np.where(at > 0, index - places[np.maximum(at - 1, 0)], _FAR)
    after = np.where(at < len(places), places[np.minimum(at, len(places) - 1)] - index, _FAR)
    return [np.log1p(np.minimum(before, _FAR)), np.log1p(np.minimum(after, _FAR))]


def _heading_above(
    page: Page, score: NDArray[np.float64], text: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Return the scores of the heading each block stands under, how far it is and its level."""
    index = np.arange(len(page))
    heading = page.heading > 0
    above = np.maximum.accumulate(np.where(heading, index, -1))
    found = above >= 0
    at = np.maximum(above, 0)
    return [
        np.where(found, score[at], 0.0),
        np.where(found, text[at], 0.0),
        np.log1p(np.minimum(np.where(found, index - above, _FAR), _FAR)),
        np.where(found, page.heading[at], 0).astype(np.float64),
    ]


def second_rows(
    page: Page,
    nest: Nest,
    rows: FloatArray,
    scores: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    types: FloatArray,
) -> FloatArray:
    """Return the second stage's rows: ``rows`` of the first, and what its ``scores`` mean here.

    ``scores`` are the first stage's logits and their parts from text and attributes.
    """
    score, *parts = scores
    around = context(page, nest, score, (parts[0], parts[1]), types)
    return np.concatenate(
        (rows, around, structure(page, nest), standing(page, nest, score)), axis=1
    )


TYPE_BUCKETS: Final = 1 << 12
_TOLD: Final = (
    "og:type",
    "generator",
    "twitter:card",
    "twitter:label1",
    "pagetype",
    "article:section",
)


def page_vector(page: Page, rows: FloatArray) -> FloatArray:
    """Return one row for the whole page: means over its blocks, and hashed words about it."""
    letters = page.letters.astype(np.float32)
    weights = letters / max(float(letters.sum()), 1.0)
    body = page.words.hashes[page.words.element <= 12]
    told = "\n".join(
        [page.url or "", *(c for name, c in page.head.meta if name in _TOLD), *_types(page)]
    )
    words, _ = hash_words(np.frombuffer(told.encode("utf-8", "replace") + b"\n", dtype=np.uint8))
    hashed = np.zeros(TYPE_BUCKETS, dtype=np.float32)
    hashed[
        (np.concatenate((body, mix(words + np.uint64(1)))) % np.uint64(TYPE_BUCKETS)).astype(
            np.int64
        )
    ] = 1
    if not len(page):
        return np.concatenate((np.zeros(2 * len(DENSE_NAMES), np.float32), hashed))
    return np.concatenate((weights @ rows, rows.mean(axis=0), hashed)).astype(np.float32)


def _types(page: Page) -> list[str]:
    """Return the type names in the page's JSON-LD, without parsing it."""
    return [name for script in page.head.json_ld for name in _TYPE.findall(script[:200_000])]


_TYPE: Final = re.compile(r'"@type"\s*:\s*\[?\s*"([A-Za-z]{2,40})"')
