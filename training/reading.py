"""Lines read by hand: find them in a page, check the answers, store labels, join them again.

The labels are committed without any text: a line is known by a hash of its text and by which
occurrence of that text it is in its page. `blocks` therefore has to stay the one way in which a
page is cut into lines, both when a page is prepared for reading and when labels are joined.
Changing it orphans labels; `join` counts those so that nobody overlooks it.
"""

import argparse
import json
import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

LABEL_NAMES = {
    "K": "content",
    "A": "ad",
    "E": "engagement",
    "T": "teaser",
    "B": "boilerplate",
    "M": "metadata",
    "C": "comment",
}

# fmt: off
BLOCK_TAGS = frozenset({
    "address", "article", "aside", "blockquote", "body", "button", "caption", "center", "dd",
    "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main",
    "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
})
SKIPPED_TAGS = frozenset({
    "_comment", "audio", "canvas", "datalist", "head", "iframe", "map", "math", "noscript",
    "object", "script", "select", "style", "svg", "template", "textarea", "video",
})
# fmt: on

_SPACE = re.compile(r"\s+")
_PAGE = re.compile(r"^###\s*PAGE\s+(\S+)")
_ITEM = re.compile(r"^(\d{1,4})(?:-(\d{1,4}))?([KAETBMC])(\??)$")


@dataclass(frozen=True, slots=True)
class Block:
    """One text block of a page."""

    text: str
    tag: str
    link_density: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The label a reader gave to one line."""

    label: str
    unsure: bool = False

    @property
    def code(self) -> str:
        """The label as it is written in files."""
        return self.label + ("?" if self.unsure else "")


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One page given out for reading; line n of the reader is `texts[n - 1]`."""

    id: str
    source: str
    texts: tuple[str, ...]
    occurrences: tuple[int, ...]


@dataclass(slots=True)
class _Collector:
    """Gathers text runs into blocks while the tree is walked."""

    found: list[Block] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    linked: int = 0
    tag: str = ""
    open_blocks: list[str] = field(default_factory=lambda: ["body"])
    open_links: int = 0

    def add(self, text: str) -> None:
        if not self.tag and not text.isspace():
            self.tag = self.open_blocks[-1]
        self.runs.append(text)
        if self.open_links:
            self.linked += len(_SPACE.sub("", text))

    def enter(self, tag: str) -> None:
        if tag in BLOCK_TAGS:
            self.flush()
            self.open_blocks.append(tag)
        elif tag == "a":
            self.open_links += 1

    def leave(self, tag: str) -> None:
        if tag in BLOCK_TAGS:
            self.flush()
            self.open_blocks.pop()
        elif tag == "a":
            self.open_links -= 1

    def flush(self) -> None:
        text = _SPACE.sub(" ", "".join(self.runs)).strip()
        if any(character.isalnum() for character in text):
            share = self.linked / len(text.replace(" ", ""))
            self.found.append(Block(text, self.tag, round(min(share, 1.0), 2)))
        self.runs.clear()
        self.linked = 0
        self.tag = ""


def blocks(html: str) -> list[Block]:
    """Cut a page into its text blocks, in page order.

    A block ends where a block element begins or ends and at a line break, because old pages set
    their paragraphs with nothing else. Blocks without a letter or digit are dropped.
    """
    body = LexborHTMLParser(html).body
    if body is None:
        return []
    collector = _Collector()
    # An explicit stack, because scraped trees are deeper than Python's recursion limit. The
    # second member says whether the node is being left.
    stack: list[tuple[LexborNode, bool]] = [(body, False)]
    while stack:
        node, leaving = stack.pop()
        tag = node.tag or ""
        if leaving:
            collector.leave(tag)
        elif tag == "-text":
            collector.add(node.text_content or "")
        elif tag == "br":
            collector.flush()
        elif tag not in SKIPPED_TAGS:
            collector.enter(tag)
            stack.append((node, True))
            stack.extend((child, False) for child in _children_reversed(node))
    collector.flush()
    return collector.found


def _children_reversed(node: LexborNode) -> list[LexborNode]:
    children = []
    child = node.last_child
    while child is not None:
        children.append(child)
        child = child.prev
    return children


def page_title(html: str) -> str | None:
    """The title a page gives itself."""
    node = LexborHTMLParser(html).css_first("title")
    text = _SPACE.sub(" ", node.text()).strip() if node is not None else ""
    return text or None


def line_hash(text: str) -> str:
    """The name of a line in the labels files."""
    return blake2b(text.strip().encode("utf-8", "replace")).hexdigest()[:12]


def occurrences(texts: Iterable[str]) -> list[int]:
    """For each text, how often the same text stood before it."""
    seen: Counter[str] = Counter()
    counts = []
    for text in texts:
        counts.append(seen[text])
        seen[text] += 1
    return counts


def load_batch(path: Path) -> dict[str, BatchPage]:
    """Read the machine file of a batch: page key to page."""
    raw: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {
        key: BatchPage(page["id"], page["source"], tuple(page["lines"]), tuple(page["occurrences"]))
        for key, page in raw.items()
    }


def parse_answers(text: str) -> tuple[dict[str, dict[int, Reading]], list[str]]:
    """Parse a reader's answers into labels by page key and line number, and problems."""
    answers: dict[str, dict[int, Reading]] = {}
    problems: list[str] = []
    page: str | None = None
    for line in text.splitlines():
        if header := _PAGE.match(line):
            page = header[1]
            if page in answers:
                problems.append(f"{page}: page answered twice")
            answers.setdefault(page, {})
            continue
        for item in line.split():
            match = _ITEM.match(item)
            if page is None or match is None or _empty_range(match):
                problems.append(f"{page or 'before the first page'}: cannot read {item!r}")
                continue
            first, last = int(match[1]), int(match[2] or match[1])
            for number in range(first, last + 1):
                if number in answers[page]:
                    problems.append(f"{page}: line {number} labelled twice")
                answers[page][number] = Reading(match[3], bool(match[4]))
    return answers, problems


def _empty_range(match: re.Match[str]) -> bool:
    return match[2] is not None and int(match[2]) < int(match[1])


def check(batch: dict[str, BatchPage], answers: dict[str, dict[int, Reading]]) -> list[str]:
    """Say what is missing from the answers or does not belong to the batch."""
    problems = [f"{key}: no such page in the batch" for key in answers.keys() - batch.keys()]
    for key, page in batch.items():
        given = answers.get(key)
        if given is None:
            problems.append(f"{key}: page not answered ({len(page.texts)} lines)")
            continue
        wanted = set(range(1, len(page.texts) + 1))
        if missing := sorted(wanted - given.keys()):
            problems.append(f"{key}: lines without label: {_numbers(missing)}")
        if extra := sorted(given.keys() - wanted):
            problems.append(f"{key}: no such lines: {_numbers(extra)}")
    return problems


def _numbers(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers))


def store(
    batch: dict[str, BatchPage], answers: dict[str, dict[int, Reading]], folder: Path
) -> Counter[str]:
    """Write checked answers to `<folder>/<source>.jsonl` and count lines by source.

    A page read again replaces its earlier labels.
    """
    by_source: dict[str, dict[str, list[list[str | int]]]] = {}
    for key, page in batch.items():
        labels: list[list[str | int]] = []
        pairs = zip(page.texts, page.occurrences, strict=True)
        for number, (text, occurrence) in enumerate(pairs, 1):
            entry: list[str | int] = [line_hash(text), answers[key][number].code]
            labels.append([*entry, occurrence] if occurrence else entry)
        by_source.setdefault(page.source, {})[page.id] = labels
    counts: Counter[str] = Counter()
    for source, pages in by_source.items():
        path = folder / f"{source}.jsonl"
        merged = {**load_labels(path), **pages} if path.exists() else pages
        rows = (
            json.dumps({"page": name, "labels": merged[name]}, separators=(",", ":"))
            for name in sorted(merged)
        )
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        counts[source] = sum(map(len, pages.values()))
    return counts


def load_labels(path: Path) -> dict[str, list[list[str | int]]]:
    """Read a labels file: page id to `[hash, label]` or `[hash, label, occurrence]` entries."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["page"]: row["labels"] for row in rows}


def join(pages: Iterable[dict[str, Any]], labels_path: Path) -> Iterator[dict[str, Any]]:
    """Give back the text of labelled lines, from the records of the HTML set they came from.

    Records look like those of the read line sets; `lost` counts labels whose line the page no
    longer yields. Unlabelled lines of a page are left out.
    """
    labels = load_labels(labels_path)
    for page in pages:
        if page["id"] in labels:
            yield _joined(page, labels[page["id"]])


def _joined(page: dict[str, Any], labels: list[list[str | int]]) -> dict[str, Any]:
    readings = {
        (str(entry[0]), int(entry[2]) if len(entry) > 2 else 0): str(entry[1]) for entry in labels
    }
    found = blocks(page["html"])
    lines: list[dict[str, Any]] = []
    for block, occurrence in zip(found, occurrences(b.text for b in found), strict=True):
        code = readings.get((line_hash(block.text), occurrence))
        if code is None:
            continue
        line: dict[str, Any] = {
            "text": block.text,
            "label": LABEL_NAMES[code[0]],
            "tag": block.tag,
            "link_density": block.link_density,
        }
        if code.endswith("?"):
            line["unsure"] = True
        lines.append(line)
    return {
        "id": page["id"],
        "url": page.get("url"),
        "lang": page.get("lang"),
        "title": page.get("title") or page_title(page["html"]),
        "page_type": page.get("page_type"),
        "lines": lines,
        "lost": len(readings) - len(lines),
    }


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Read an xz-compressed JSON Lines file."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check (and with --store keep) the answers to batches; exit 1 when any is incomplete."""
    parser = argparse.ArgumentParser(prog="python -m training.reading", description=main.__doc__)
    parser.add_argument("answers", nargs="+", type=Path, help="batch-NNN.labels files")
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="write labels files here")
    options = parser.parse_args(arguments)
    failed = False
    for path in options.answers:
        batch = load_batch(path.with_suffix(".json"))
        answers, problems = parse_answers(path.read_text(encoding="utf-8"))
        problems += check(batch, answers)
        if problems:
            failed = True
            print(f"{path.name}: NOT COMPLETE", *problems, sep="\n  ")
        elif options.store:
            counts = store(batch, answers, options.store)
            print(f"{path.name}: stored {dict(counts)}")
        else:
            print(f"{path.name}: ok, {sum(len(page.texts) for page in batch.values())} lines")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
