"""Rules: load time, speed, memory, and what they hit on the labelled and the clean sets.

Run with the data beside the repository: ``PYTHONPATH=filter python benchmarks/bench_rules.py``.
A hit counts where a junk rule takes a whole line that no protect rule keeps; lines labelled
metadata and hits of metadata rules count neither way. ``--wrong`` prints the content lines hit.
"""

from __future__ import annotations

import json
import lzma
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unbait.rules import RuleSet, load_packaged
from unbait.rules.checking import joined
from unbait.rules.engine import Hits

DATA = Path(__file__).parents[2] / "shared" / "data"
BATCH = 2_500


def labelled(name: str) -> tuple[list[str], list[str]]:
    texts, labels = [], []
    with lzma.open(DATA / f"{name}.jsonl.xz", "rt", encoding="utf-8") as documents:
        for document in map(json.loads, documents):
            for line in document["lines"]:
                text, label = (
                    (line, "content") if isinstance(line, str) else (line["text"], line["label"])
                )
                if text.strip():
                    texts.append(text)
                    labels.append(label)
    return texts, labels


def speed(ruleset: RuleSet, texts: Sequence[str]) -> float:
    """Measure MB of UTF-8 a second of processor time, the best of three runs."""
    batches = [joined(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
    best = np.inf
    for _ in range(4):
        begun = time.process_time()
        for batch in batches:
            ruleset.find(*batch)
        best = min(best, time.process_time() - begun)
    return sum(len(text.encode("utf-8", "replace")) for text in texts) / 1e6 / float(best)


def report(name: str, ruleset: RuleSet, wrong: bool) -> None:
    texts, labels = labelled(name)
    hits = ruleset.find(*joined(texts))
    lines = _junk_lines(ruleset, hits)
    junk = {one for one in lines if labels[one] not in ("content", "metadata")}
    lost = {one for one in lines if labels[one] == "content"}
    counts = Counter(labels)
    total_junk = len(texts) - counts["content"] - counts["metadata"]
    print(
        f"{name}: {speed(ruleset, texts):.1f} MB/s, junk lines hit {len(junk)} of {total_junk}, "
        f"content lines hit {len(lost)} of {counts['content']} "
        f"({100 * len(lost) / counts['content']:.3f} %), "
        f"precision {len(junk) / max(1, len(junk) + len(lost)):.3f}"
    )
    for one in sorted(lost) if wrong else ():
        print("   ", ",".join(sorted(lines[one])), "|", texts[one][:140])


def _junk_lines(ruleset: RuleSet, hits: Hits) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    kept: set[int] = set()
    for segment, rule in zip(hits.segment.tolist(), hits.rule.tolist(), strict=True):
        one = ruleset.rules[rule]
        if one.category == "content":
            kept.add(segment)
        elif one.scope == "line" and one.category != "metadata":
            found.setdefault(segment, set()).add(one.id)
    return {segment: ids for segment, ids in found.items() if segment not in kept}


def main() -> None:
    begun = time.process_time()
    rules = load_packaged()
    loaded = time.process_time()
    ruleset = RuleSet(rules)
    made = time.process_time()
    ruleset.find(*joined(["Click here: cheap shoes"]))
    first = time.process_time()
    print(
        f"{len(rules)} rules: index {1e3 * (loaded - begun):.0f} ms, "
        f"rule set {1e3 * (made - loaded):.0f} ms, first line {1e3 * (first - made):.0f} ms"
    )
    for name in ("lines/news", "lines/pages", "text/clean-news"):
        report(name, ruleset, "--wrong" in sys.argv)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / 1024:.0f} MB")


if __name__ == "__main__":
    main()
