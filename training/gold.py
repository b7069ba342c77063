"""Lines of pages whose main content is known: not read one by one, but held against a gold text.

``html/wcxb-dev`` and ``html/daniel`` say what the content of some 2,800 pages is. Two extractors
keep different lines of each; how much of a line stands in the gold text is told to the teacher
(``training.teacher``), which makes soft labels of it. Pages that were read keep their labels.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from joblib import Memory, Parallel, delayed

from training import records
from training.page_labels import SHINGLE, words
from training.records import UNKNOWN, Record

SETS = ("wcxb-dev", "daniel")
WEIGHT = 0.1
_MOST_LINES = 400
_LEAST_WORDS = 30  # of a gold text that can be trusted
_LEAST_CONTENT = 3  # lines of an extraction that stand in the gold
_INSIDE_LONGER = 0.5  # a short line that stands in the gold, but not as a line of its own
_WRITTEN_AS_CHARACTERS = {"Chinese", "zh", "ja", "Japanese"}
_CACHE = Path(__file__).resolve().parents[1] / ".cache" / "gold"


def has() -> bool:
    """Say whether every page set is here."""
    return all(records.has(f"html/{name}") for name in SETS)


def aligned(but: Collection[str], seed: int = 0) -> list[Record]:
    """Return a record of every page that is not in ``but`` (ids), one extractor's lines each."""
    found = []
    for page in _extracted():
        if page["id"] in but or not page["lines"]:
            continue
        # By the page's own id, so that leaving one out changes no other.
        lines = Random(f"{seed}:{page['id']}").choice(page["lines"])
        found.append(
            Record(
                id=page["id"], source="gold", texts=lines, labels=["content"] * len(lines),
                weights=[WEIGHT] * len(lines), url=page["url"], lang=page["lang"],
                title=page["title"], synthetic=[False] * len(lines),
                gold=shares(lines, page["gold"], page["lang"]),
            )
        )  # fmt: skip
    return found


def add_shares(found: Sequence[Record]) -> None:
    """Say of the lines that were read on pages with a gold text how much of each stands in it."""
    known = {page["id"]: page for page in _extracted()}
    for record in found:
        if record.id in known:
            record.gold = shares(record.texts, known[record.id]["gold"], record.lang)


def shares(texts: Sequence[str], gold: str, lang: str | None) -> list[float]:
    """Return for each line the share of its shingles that stand in the gold text, or UNKNOWN."""
    characters = lang in _WRITTEN_AS_CHARACTERS
    flat = words(gold, characters)
    if len(flat) < _LEAST_WORDS:
        return [UNKNOWN] * len(texts)
    size = SHINGLE + 2 * characters
    shingles = set(_shingles(flat, size))
    lines = {tuple(words(line, characters)) for line in gold.split("\n")}
    whole = f" {' '.join(flat)} "
    return [
        _share(words(text, characters), size, shingles, lines, whole) for text in texts
    ]


def _share(
    line: list[str], size: int, shingles: set[tuple[str, ...]],
    lines: set[tuple[str, ...]], whole: str,
) -> float:  # fmt: skip
    if not line:
        return UNKNOWN
    if len(line) >= size + 2:
        own = _shingles(line, size)
        return sum(one in shingles for one in own) / len(own)
    if tuple(line) in lines:
        return 1.0
    return _INSIDE_LONGER if f" {' '.join(line)} " in whole else 0.0


def _shingles(line: list[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(line[i : i + size]) for i in range(len(line) - size + 1)]


def _extracted() -> list[dict[str, Any]]:
    """Return every page with its gold text and the lines each extractor keeps of it."""
    memory = Memory(_CACHE, verbose=0)
    return [page for name in SETS for page in memory.cache(_extract_set)(name)]


def _extract_set(name: str) -> list[dict[str, Any]]:
    work = Parallel(2, batch_size=20)
    return list(work(delayed(_page)(row) for row in records.rows(f"html/{name}")))


def _page(row: dict[str, Any]) -> dict[str, Any]:
    gold = re.sub(r"</?p>", "\n", row["gold"] or "")
    lang = row.get("lang")
    kept = [_lines(text) for text in _extractions(row["html"])]
    good = [
        lines
        for lines in kept
        if sum(share > _INSIDE_LONGER for share in shares(lines, gold, lang)) >= _LEAST_CONTENT
    ]
    return {
        "id": row["id"], "url": row.get("url"), "lang": lang, "title": row.get("title"),
        "gold": gold, "lines": good,
    }  # fmt: skip


def _extractions(html: str) -> Iterator[str]:
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    yield trafilatura.extract(
        html, favor_recall=True, include_comments=True, include_tables=True
    ) or ""
    yield extract_plain_text(
        html, main_content=True, alt_texts=False, links=False, form_fields=False, noscript=False,
        list_bullets=False,
    )  # fmt: skip


def _lines(text: str) -> list[str]:
    lines = (re.sub(r"^[-*#•\s]+", "", " ".join(line.split())) for line in text.split("\n"))
    return [line for line in lines if any(map(str.isalnum, line))][:_MOST_LINES]
