"""What other tools keep of the same lines: each takes documents and says of every line if it goes.

A tool that is not installed is left out and said to be. Rules that work on single lines get single
lines; extractors get each line in a `<p>` of its own, as scraped text has no other markup.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Documents = Sequence[Sequence[str]]


def datatrove_c4(documents: Documents) -> Mask:
    """C4's rules for lines; those that drop whole documents are off."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter

    rules = C4QualityFilter(
        min_num_sentences=-1, filter_lorem_ipsum=False, filter_curly_bracket=False
    )

    def cut(line: str) -> bool:
        document = Document(text=" ".join(line.splitlines()), id="")
        rules.filter(document)
        return not document.text

    return np.array([cut(line) for lines in documents for line in lines])


def dolma_c4(documents: Documents) -> Mask:
    """dolma's c4_v2 tags of lines, cut."""
    from dolma.core.data_types import Document
    from dolma.taggers.c4 import FasterC4Tagger

    tagger = FasterC4Tagger()

    def cut(line: str) -> bool:
        spans = tagger.predict(Document("", "", " ".join(line.splitlines()))).spans
        return any(span.type.startswith("lines_with") for span in spans)

    return np.array([cut(line) for lines in documents for line in lines])


def trafilatura_precision(documents: Documents) -> Mask:
    """trafilatura with favor_precision."""
    from trafilatura import extract

    cuts = []
    for lines in documents:
        text = extract(as_page(lines), favor_precision=True, include_comments=False) or ""
        cuts += gone(lines, text.splitlines())
    return np.array(cuts)


def justext(documents: Documents) -> Mask:
    """jusText with the stop list of the language that resiliparse finds, else with none."""
    import justext as tool
    from resiliparse.parse.lang import detect_fast

    known = _stop_lists(tool)
    cuts = []
    for lines in documents:
        stops = known.get(detect_fast("\n".join(lines))[0], frozenset)()
        page = tool.justext(as_page(lines), stops)
        cuts += gone(lines, [one.text for one in page if not one.is_boilerplate])
    return np.array(cuts)


def _stop_lists(tool: object) -> dict[str, Callable[[], frozenset[str]]]:
    names = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "pl": "Polish",
             "ru": "Russian", "el": "Greek", "pt": "Portuguese", "it": "Italian", "nl": "Dutch",
             "sv": "Swedish", "fi": "Finnish", "tr": "Turkish", "cs": "Czech", "uk": "Ukrainian",
             "id": "Indonesian", "vi": "Vietnamese", "ar": "Arabic", "hi": "Hindi",
             "ko": "Korean"}  # fmt: skip
    there = tool.get_stoplists()  # type: ignore[attr-defined]
    get = tool.get_stoplist  # type: ignore[attr-defined]
    return {code: lambda name=name: get(name) for code, name in names.items() if name in there}


def as_page(lines: Sequence[str]) -> str:
    """Return lines as a page of paragraphs."""
    body = "\n".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<html><head><title></title></head><body><article>{body}</article></body></html>"


def gone(lines: Sequence[str], kept: Sequence[str]) -> list[bool]:
    """Say of each line whether it is missing among ``kept``; only letters and digits are compared.

    A line that stands twice and is kept once counts as kept the first time.
    """
    left = Counter(map(plain, kept))
    missing = []
    for line in lines:
        key = plain(line)
        missing.append(bool(key) and left[key] <= 0)
        left[key] -= 1
    return missing


def plain(text: str) -> str:
    """Return the letters and digits of a text, lower case."""
    return re.sub(r"[\W_]+", "", text.lower())


PEERS: dict[str, tuple[str, Callable[[Documents], Mask]]] = {
    "datatrove C4 line rules": ("datatrove", datatrove_c4),
    "dolma c4_v2 tags, cut": ("dolma", dolma_c4),
    "trafilatura precision, lines in <p>": ("trafilatura", trafilatura_precision),
    "jusText, lines in <p>": ("jusText", justext),
}


def installed(package: str) -> str | None:
    """Return the version of a package, None when it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
