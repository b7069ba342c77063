"""python -m training.verdicts: count the verdicts on clean news and, by page type, on web pages."""

from __future__ import annotations

import sys
from collections import Counter

from training import records
from unbait import Cleaner
from unbait.types import Document


def clean_news(cleaner: Cleaner, every: int) -> Counter[str]:
    """Count the verdicts on articles that are clean."""
    texts = (
        "\n\n".join(row["lines"])
        for number, row in enumerate(records.rows("text/clean-news")) if number % every == 0
    )  # fmt: skip
    return Counter(
        f"{result.verdict.name}: {result.verdict.reason}"
        for result in cleaner.clean_many(Document(text) for text in texts)
    )


def pages(cleaner: Cleaner, every: int) -> dict[str, Counter[str]]:
    """Count the verdicts on whole pages, by page type."""
    counts: dict[str, Counter[str]] = {}
    for number, row in enumerate(records.rows("html/wcxb-dev")):
        if number % every == 0:
            result = cleaner.clean_html(row["html"], row.get("url"))
            counts.setdefault(row["page_type"], Counter())[result.verdict.name] += 1
    return counts


if __name__ == "__main__":
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    made = Cleaner()
    print(clean_news(made, step))
    for kind, count in sorted(pages(made, step).items()):
        print(f"{kind:15}", dict(count))
