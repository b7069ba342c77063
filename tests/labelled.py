"""Made documents with labels, in any number: content from word lists of ours, junk from templates.

What they say is nonsense; that it is told apart by words, shape and place is all that counts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from unbait.labels import Labelled

_WHO = ("The council", "A spokesman", "The harbour master", "Her sister", "The court", "Villagers")
_DID = ("decided on Tuesday to reopen", "has not yet seen", "described in a letter", "paid for",
        "refused to discuss", "measured again")  # fmt: skip
_WHAT = ("the ferry line to the island", "a bridge that was closed in 2013", "the old school roof",
         "the report on winter storms", "two hundred pages of minutes")  # fmt: skip
_WHY = ("because the money had run out.", "after a debate of four hours.", "as it does every year.",
        "although nobody had asked.", "and will lease a vessel for three years.")  # fmt: skip
_JUNK = (
    ("engagement", "Like this story? Follow us on Facebook"),
    ("engagement", "Sign up for our free newsletter"),
    ("teaser", "READ MORE: Ten bridges you must see"),
    ("ad", "Click Here: cheap football shirts"),
    ("boilerplate", "Share on Twitter"),
    ("boilerplate", "Terms of use | Privacy policy | Contact"),
)


def documents(count: int, seed: int = 0, lines: int = 6) -> list[Labelled]:
    """Return made documents, each with about a quarter of junk lines."""
    rng = Random(f"labelled:{seed}")
    return [_document(rng, f"made:{seed}:{number}", lines) for number in range(count)]


def _document(rng: Random, ident: str, lines: int) -> Labelled:
    rows = [("content", sentence(rng)) for _ in range(lines)]
    for _ in range(rng.randint(0, lines // 2)):
        label, text = rng.choice(_JUNK)
        rows.insert(rng.randint(0, len(rows)), (label, f"{text} {rng.randint(1, 999)}"))
    return Labelled(ident, tuple(text for _, text in rows), tuple(label for label, _ in rows))


def sentence(rng: Random) -> str:
    """Return a sentence with a number of its own, so that no two documents are the same."""
    parts = (_WHO, _DID, _WHAT, _WHY)
    return " ".join(rng.choice(part) for part in parts) + f" That was the {rng.randint(2, 9999)}th."


def write(path: Path, found: Sequence[Labelled]) -> Path:
    """Write a file of labels."""
    rows = [
        {"id": one.id, "lines": [{"text": text, "label": label}
                                 for text, label in zip(one.texts, one.labels, strict=True)]}
        for one in found
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
