"""The ways in which spam is written so that filters do not see it, each a function of a text."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Literal, get_args

Kind = Literal[
    "zero-width",
    "homoglyph",
    "full-width",
    "spaced",
    "math",
    "soft-hyphen",
    "entities",
    "case",
    "glue",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_INVISIBLE = "\u200b\u200c\u2060\ufeff"
_LATIN, _CYRILLIC = "aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ"
_LOOKALIKE = dict(zip(_LATIN + _CYRILLIC, _CYRILLIC + _LATIN, strict=True))
_MATH_STYLES = (0x1D400, 0x1D5D4, 0x1D63C)  # bold, sans-serif bold, sans-serif bold italic
_SIGNS = ("★", "➤", "►", "🔥", "✅", "💰", "»»", "===")
_JOINERS = ("_", "~", "*", "|")


def disguise(text: str, rng: Random, kind: Kind) -> str:
    """Write ``text`` in disguise. Scripts that a kind cannot hide come back as they are."""
    return _WAYS[kind](text, rng)


def _letters(text: str, rng: Random, share: float, change: Callable[[str], str]) -> str:
    """Change about this share of the letters, at least one of those that can change."""
    able = [i for i, char in enumerate(text) if change(char) != char]
    if not able:
        return text
    chosen = {i for i in able if rng.random() < share} or {rng.choice(able)}
    return "".join(change(char) if i in chosen else char for i, char in enumerate(text))


def _between(text: str, rng: Random, marks: str, share: float) -> str:
    """Put marks between two letters, at least once where there are two."""
    able = [i for i in range(1, len(text)) if (text[i - 1] + text[i]).isalpha()]
    if not able:
        return text
    chosen = {i for i in able if rng.random() < share} or {rng.choice(able)}
    return "".join((rng.choice(marks) if i in chosen else "") + c for i, c in enumerate(text))


def _spaced(text: str, rng: Random) -> str:
    """Space out the longer words: the ones a filter would look for."""
    words = [word for word in text.split(" ") if len(word) > 3 and word.isalpha()]
    chosen = {word for word in words if rng.random() < 0.5} or set(words[:1])
    return re.sub(
        r"\w+", lambda match: f" {' '.join(match[0])} " if match[0] in chosen else match[0], text
    ).strip()


def _full_width(char: str) -> str:
    return chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char


def _math(text: str, rng: Random) -> str:
    style = rng.choice(_MATH_STYLES)

    def styled(char: str) -> str:
        if not (char.isascii() and char.isalpha()):
            return char
        return chr(style + ord(char) - (ord("A") if char.isupper() else ord("a") - 26))

    return _letters(text, rng, 1.0, styled)


def _case(text: str, rng: Random) -> str:
    return "".join(c.upper() if rng.random() < 0.5 else c.lower() for c in text)


def _glue(text: str, rng: Random) -> str:
    sign = rng.choice(_SIGNS)
    if rng.random() < 0.3:
        return text.replace(" ", rng.choice(_JOINERS))
    return f"{sign * rng.randint(1, 3)} {text} {sign}"


_WAYS: dict[Kind, Callable[[str, Random], str]] = {
    "zero-width": lambda text, rng: _between(text, rng, _INVISIBLE, 0.3),
    "homoglyph": lambda text, rng: _letters(text, rng, 0.4, lambda c: _LOOKALIKE.get(c, c)),
    "full-width": lambda text, rng: _letters(text, rng, 1.0, _full_width),
    "spaced": _spaced,
    "math": _math,
    "soft-hyphen": lambda text, rng: _between(text, rng, "\u00ad", 0.2),
    "entities": lambda text, rng: _letters(text, rng, 0.3, lambda c: f"&#{ord(c)};"),
    "case": _case,
    "glue": _glue,
}
