"""The page model: which blocks are the page's main content, in NumPy alone.

Two stages: each block alone (hashed words of its text, tags and class names, summed weights),
then each block among its neighbours and containers (small networks whose layers pass notes along
the page's tree, for all blocks at once).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from unbait.errors import ModelError
from unbait.html import features
from unbait.html.blocks import Page
from unbait.html.nest import Nest, climb, nest
from unbait.html.network import PageNetwork, surroundings
from unbait.html.tree import IntArray

PAGE_TYPES: Final = (
    "article", "collection", "documentation", "forum", "listing", "product", "service",
)  # fmt: skip
_ARRAYS: Final = (
    "text", "attributes", "dense", "dense_mean", "dense_scale", "bias",
    "type_weight", "type_bias", "type_mean", "type_scale", "calibration",
)  # fmt: skip
# Below this chance of being content nothing is kept, however poor the page is otherwise.
_NEVER: Final = 0.05


def word_counts(rows: features.FloatArray) -> NDArray[np.float64]:
    """Return about how many words each block has, from its dense row."""
    column = features.DENSE_NAMES.index("log_words")
    return np.asarray(np.expm1(rows[:, column].astype(np.float64)))


@dataclass(frozen=True, slots=True)
class PageModel:
    """Weights of both stages and of the page type; ``manifest`` says where they come from."""

    arrays: dict[str, NDArray[Any]]
    manifest: dict[str, Any]
    network: PageNetwork

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model folder; its weights must have the hash its manifest names."""
        folder = Path(folder)
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            data = (folder / "weights.safetensors").read_bytes()
        except (OSError, ValueError) as error:
            raise ModelError("MODEL_MISSING", f"no page model in {folder}: {error}") from error
        if hashlib.sha256(data).hexdigest() != manifest.get("sha256"):
            raise ModelError("MODEL_DAMAGED", f"{folder}: the weights differ from the manifest")
        if manifest.get("features") != features.VERSION:
            raise ModelError(
                "MODEL_VERSION",
                f"{folder} was made for features {manifest.get('features')}, "
                f"this is {features.VERSION}",
            )
        from safetensors.numpy import load

        arrays = {
            name: array.astype(np.float32) if array.dtype == np.float16 else array
            for name, array in load(data).items()
        }
        wanted = (*_ARRAYS, *PageNetwork.names("network"))
        missing = [name for name in wanted if name not in arrays]
        if missing:
            raise ModelError("MODEL_DAMAGED", f"{folder} lacks {', '.join(missing)}")
        return cls(arrays, manifest, PageNetwork.of(arrays, "network"))

    @property
    def threshold(self) -> float:
        """Return the chance of junk above which a block is best cut."""
        return float(self.manifest.get("threshold", 0.5))

    def score(self, pages: Sequence[Page]) -> list[NDArray[np.float32]]:
        """Return, for every block of every page, the chance that it is not main content."""
        return [self._score(page) for page in pages]

    def select(
        self, page: Page, junk: NDArray[np.float32], threshold: float = 0.5
    ) -> NDArray[np.bool_]:
        """Choose the blocks to keep: the set that is expected to match the main content best.

        Blocks are taken from the surest down for as long as that raises the expected F1 over
        words; a page of doubtful blocks keeps more of them than a page of clear ones. The
        threshold moves the odds: above 0.5 it takes more junk chance before a block is cut.
        """
        if not len(page):
            return np.zeros(0, dtype=np.bool_)
        odds = np.float64(threshold / (1 - min(threshold, 0.999999)))
        good = 1 - junk.astype(np.float64)
        good = good * odds / (good * odds + (1 - good))
        size = np.maximum(word_counts(self.rows(page)), 1)
        order = np.argsort(-good, kind="stable")
        gained = np.cumsum((good * size)[order])
        expected = 2 * gained / (np.cumsum(size[order]) + gained[-1] + 1e-9)
        kept = np.zeros(len(page), dtype=np.bool_)
        kept[order[: int(expected.argmax()) + 1]] = True
        return kept & (good >= _NEVER)

    def page_type(self, page: Page) -> tuple[str, float]:
        """Return the page's most likely type and its chance."""
        return max(self.page_types(page).items(), key=lambda told: told[1])

    def page_types(self, page: Page) -> dict[str, float]:
        """Return the chance of every type."""
        chances = self._types(page, self.rows(page)).tolist()
        return dict(zip(PAGE_TYPES, chances, strict=True))

    def rows(self, page: Page) -> features.FloatArray:
        """Return the dense row of every block, as both stages and the types take it."""
        return self._nested(page)[2]

    def _nested(self, page: Page) -> tuple[list[IntArray], Nest, features.FloatArray]:
        # Scoring, selecting and typing one page ask for the same rows.
        kept = page.caches.get("rows")
        if kept is None:
            chain = climb(page)
            made = nest(page, chain)
            page.caches["rows"] = kept = (chain, made, features.dense(page, made))
        return kept  # type: ignore[return-value]

    def _types(self, page: Page, rows: features.FloatArray) -> features.FloatArray:
        # Kept with the weights they came from: another model may be asked about the same page.
        known = page.caches.get("types")
        if isinstance(known, tuple) and known[0] is self.arrays:
            return np.asarray(known[1], dtype=np.float32)
        a = self.arrays
        vector = (features.page_vector(page, rows) - a["type_mean"]) / a["type_scale"]
        logits = a["type_weight"] @ vector + a["type_bias"]
        chances = np.exp(logits - logits.max())
        found = np.asarray(chances / chances.sum(), dtype=np.float32)
        page.caches["types"] = (self.arrays, found)
        return found

    def first_stage(
        self, page: Page, chain: list[IntArray], rows: features.FloatArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return each block's own score, and what its text and its attributes gave to it."""
        a = self.arrays
        n = len(page)
        words, path = features.text_words(page), features.tag_words(page, chain)
        rows_of = np.concatenate((words.row, path.row))
        weight_of = a["text"][np.concatenate((words.bucket, path.bucket))]
        text = np.asarray(np.bincount(rows_of, weights=weight_of, minlength=n), dtype=np.float64)
        attributes: NDArray[np.float64] = np.zeros(n)
        elements = len(page.tree.opens)
        weights = a["attributes"].reshape(len(features.LEVELS), -1)
        bucket = features.attribute_buckets(page)
        sums = [
            np.append(np.bincount(page.words.element, weights=row[bucket], minlength=elements), 0)
            for row in weights
        ]
        for step, element in enumerate(chain):
            attributes += sums[features.level_of(step)][element]
        shape = ((rows - a["dense_mean"]) / a["dense_scale"]).clip(-5, 5) @ a["dense"]
        return np.asarray(text + attributes + shape + float(a["bias"][0])), text, attributes

    def _score(self, page: Page) -> NDArray[np.float32]:
        if not len(page):
            return np.zeros(0, dtype=np.float32)
        chain, made, rows = self._nested(page)
        scores = self.first_stage(page, chain, rows)
        columns = features.second_rows(page, made, rows, scores, self._types(page, rows))
        logit = self.network(columns, surroundings(made))
        slope, shift = self.arrays["calibration"]
        return np.asarray(1 / (1 + np.exp(-(logit * slope + shift))), np.float32)
