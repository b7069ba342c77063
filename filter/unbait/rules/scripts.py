"""Which packs are of a script that few texts have: their rules wait until its letters are seen."""

from __future__ import annotations

import numpy as np

from unbait.rules.view import Codes, Ints

# Script -> first and last code; a rule of such a pack is tried on paragraphs with such a letter.
SCRIPTS: dict[str, tuple[int, int]] = {
    "greek": (0x370, 0x3FF),
    "cyrillic": (0x400, 0x52F),
    "arabic": (0x600, 0x6FF),
    "devanagari": (0x900, 0x97F),
    "east-asian": (0x3040, 0x9FFF),
    "hangul": (0xAC00, 0xD7AF),
}
_OF_LANGUAGE = {
    "el": "greek",
    "ru": "cyrillic",
    "uk": "cyrillic",
    "ar": "arabic",
    "hi": "devanagari",
    "zh": "east-asian",
    "ja": "east-asian",
    "ko": "hangul",
}


def script_of(lang: str) -> str:
    """Name the script of a pack; "latin" rules are tried on every paragraph."""
    return _OF_LANGUAGE.get(lang, "latin")


def scripts_in(codes: Codes, start: Ints, end: Ints) -> dict[str, Ints]:
    """List, for each script that occurs, the segments with a letter of it."""
    places = np.flatnonzero(codes >= 0x370)
    if not places.size:
        return {}
    letters = codes[places]
    present: dict[str, Ints] = {}
    for script, (low, high) in SCRIPTS.items():
        own = places[(letters >= low) & (letters <= high)]
        if own.size:
            segment = np.unique(np.searchsorted(start, own, "right") - 1)
            present[script] = segment[segment >= 0]
    return present
