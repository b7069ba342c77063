"""Patterns as tokens: put into the folded view's letters, and loosened into a sieve.

A sieve is what hundreds of patterns are tried as at once. In one automaton every counted repeat
multiplies the states and every Unicode class is thousands of instructions, so a sieve counts
nothing and takes any character beyond ASCII for a letter: it may hit too much, never too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from unbait.rules.model import LIMITS

_TOKEN = re.compile(
    r"""
      (?P<property> \\[pP](?:\{\^?\w+\}|\w) )
    | (?P<escape>   \\x\{[0-9a-fA-F]+\} | \\x[0-9a-fA-F]{2} | \\. )
    | (?P<class>    \[\^?\]?(?:\[:\^?\w+:\]|\\x\{[0-9a-fA-F]+\}|\\[pP]\{\^?\w+\}|\\.|[^\]\\])*\] )
    | (?P<group>    \(\?(?:P?<\w+>|[a-zA-Z-]*[:)]) )
    | (?P<repeat>   \{\d+(?:,\d*)?\} )
    | (?P<meta>     [.^$|()*+?] )
    | (?P<literal>  . )
    """,
    re.VERBOSE | re.DOTALL,
)
Ranges = list[tuple[int, int]]  # first and last code point of each
_LAST_CODE = 0x10FFFF
_EASILY_SAID = 16  # characters in a range
_IN_CLASS = re.compile(
    r"\\[pP](?:\{\^?\w+\}|\w)|\[:\^?\w+:\]|\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}|\\.|.", re.DOTALL
)
_BEYOND_ASCII = r"\x{80}-\x{10FFFF}"
# The ASCII members of the Unicode properties that have any but not all; other scripts have none.
_ASCII_OF = {
    "L": "A-Za-z",
    "Lu": "A-Z",
    "Ll": "a-z",
    "Latin": "A-Za-z",
    "N": "0-9",
    "Nd": "0-9",
    "M": "",
    "Mn": "",
    "So": "",
    "Sc": "$",
    "Pd": r"\-",
    "Pi": "",
    "Pf": "",
    "Zs": " ",
    "Z": " ",
}
_SCRIPTS = frozenset(
    ("Cyrillic", "Greek", "Arabic", "Han", "Hiragana", "Katakana", "Hangul", "Devanagari", "Thai")
)
_ALL_ASCII = r"\x00-\x7f"
_FORBIDDEN_ESCAPES = {
    r"\A": "write ^",
    r"\z": "write $",
    r"\Z": "write $",
    r"\C": "it would match half a character",
    r"\Q": "escape each character by itself",
    r"\n": "a paragraph holds no line break: write a space",
}


# The letters (with marks) and digits of all scripts in few ranges: in re2 the exact properties are
# hundreds of ranges, thousands of instructions and ten milliseconds each time they are written.
_RANGES = {
    "L": r"A-Za-z\x{aa}\x{b5}\x{ba}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{2c1}\x{300}-\x{1fff}"
    r"\x{2c00}-\x{2dff}\x{3005}-\x{3007}\x{3041}-\x{d7ff}\x{f900}-\x{fdff}\x{fe70}-\x{fefc}"
    r"\x{ff66}-\x{ffdc}\x{10000}-\x{1efff}\x{20000}-\x{3ffff}",
    "N": r"0-9\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}\x{660}-\x{669}\x{6f0}-\x{6f9}\x{966}-\x{96f}"
    r"\x{2070}-\x{2079}\x{2080}-\x{2089}\x{2150}-\x{218b}\x{2460}-\x{249b}\x{2776}-\x{2793}",
    "Nd": r"0-9\x{660}-\x{669}\x{6f0}-\x{6f9}\x{966}-\x{96f}",
}


class Flaw(NamedTuple):
    """Why a pattern is refused: a stable code and a sentence that says what to write instead."""

    code: str
    message: str


def tokens(pattern: str) -> Iterator[tuple[str, str]]:
    """Split a pattern into kinds and texts; joined again the texts are the pattern."""
    for found in _TOKEN.finditer(pattern):
        yield found.lastgroup or "literal", found.group()


class Reader:
    """Reads the tokens of a pattern one after another."""

    def __init__(self, pieces: Iterable[tuple[str, str]]) -> None:
        """Take what ``tokens`` gives."""
        self._pieces = list(pieces)
        self.at = 0

    def peek(self) -> tuple[str, str]:
        """Give the next token and stay before it."""
        return self._pieces[self.at] if self.at < len(self._pieces) else ("end", "")

    def next(self) -> tuple[str, str]:
        """Give the next token and go past it."""
        piece = self.peek()
        self.at += 1
        return piece


def bounds_of(reader: Reader) -> tuple[int, int | None] | None:
    """Read how often what was read last may come: least and most; None where nothing is said."""
    kind, text = reader.peek()
    if kind != "repeat" and (kind, text) not in {("meta", "*"), ("meta", "+"), ("meta", "?")}:
        return None
    reader.next()
    if reader.peek() == ("meta", "?"):
        reader.next()
    if kind == "meta":
        return int(text == "+"), 1 if text == "?" else None
    numbers = re.findall(r"\d+", text)
    if "," not in text:
        return int(numbers[0]), int(numbers[0])
    return int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None


def flaw_of(pattern: str) -> Flaw | None:
    """Say what in a pattern our engine does not allow (re2 has its own say after this)."""
    if len(pattern) > LIMITS.pattern_characters:
        return Flaw(
            "RULE_LIMIT",
            f"the pattern has {len(pattern)} characters, at most {LIMITS.pattern_characters} are "
            "allowed: make several rules of it",
        )
    repeats = 0
    for kind, text in tokens(pattern):
        if kind == "escape" and text in _FORBIDDEN_ESCAPES:
            return Flaw("RULE_SYNTAX", f"{text} is not allowed: {_FORBIDDEN_ESCAPES[text]}")
        if kind == "group" and text not in {"(?:", "(?P<cut>"}:
            return Flaw(
                "RULE_SYNTAX",
                f"{text} is not allowed: write (?:…), or (?P<cut>…) round what is to go",
            )
        if kind == "repeat":
            repeats += 1
            if max(map(int, re.findall(r"\d+", text))) > LIMITS.repeat_bound:
                return Flaw(
                    "RULE_LIMIT", f"{text} repeats too often: at most {LIMITS.repeat_bound}"
                )
    if repeats > LIMITS.counted_repeats:
        return Flaw(
            "RULE_LIMIT",
            f"{repeats} counted repeats, at most {LIMITS.counted_repeats} are allowed: "
            "write * or + or make several rules",
        )
    return None


def in_folded_letters(pattern: str) -> str:
    """Write a pattern as it can meet folded text: lower case, and either form of apostrophe."""
    return "".join(_fold_token(kind, text) for kind, text in tokens(pattern))


def _fold_token(kind: str, text: str) -> str:
    if kind == "literal":
        return "['’]" if text in "'’" else _lower(text)
    if kind == "class":
        pieces = _IN_CLASS.findall(text)
        lowered = "".join(_lower(piece) if len(piece) == 1 else piece for piece in pieces)
        missing = "".join({"'", "’"} - set(pieces))
        return _with_members(lowered, missing) if len(missing) == 1 else lowered
    return text


def in_ranges(pattern: str) -> str:
    """Write letters and numbers as few ranges: nearly the same, and far cheaper."""
    return "".join(_token_in_ranges(kind, text) for kind, text in tokens(pattern))


def _token_in_ranges(kind: str, text: str) -> str:
    if kind == "property":
        ranges = _RANGES.get(text[2:].strip("{}"))
        return text if ranges is None else f"[{'^' if text[1] == 'P' else ''}{ranges}]"
    if kind == "class":
        head = 2 if text.startswith("[^") else 1
        members = map(_ranges_of, _IN_CLASS.findall(text[head:-1]))
        return text[:head] + "".join(members) + "]"
    return text


def _ranges_of(piece: str) -> str:
    """Write one member of a class as ranges where that is what it costs least as."""
    return _RANGES.get(piece[2:].strip("{}"), piece) if piece.startswith(r"\p") else piece


def _lower(character: str) -> str:
    """Lower one character where that is one character."""
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def sieve_of(pattern: str) -> str:
    """Loosen a pattern: what it hits, its sieve hits too."""
    return "".join(_loosen(kind, text) for kind, text in tokens(pattern))


def _loosen(kind: str, text: str) -> str:
    if kind == "repeat":
        return "*" if int(re.findall(r"\d+", text)[0]) == 0 else "+"
    if kind == "property":
        return f"[{_ascii_of(text)}{_BEYOND_ASCII}]"
    if kind == "class" and (r"\p" in text or r"\P" in text):
        return _loosen_class(text)
    return text


def _loosen_class(text: str) -> str:
    """Drop the properties of a class: a negated one keeps only what it forbids in ASCII."""
    negated = text.startswith("[^")
    pieces = _IN_CLASS.findall(text[2 if negated else 1 : -1])
    inside = "".join(
        _ascii_of(piece, exact=negated) if piece[:2] in (r"\p", r"\P") else piece
        for piece in pieces
    )
    if negated:
        return f"[^{inside}]" if inside else "."
    return _with_members(f"[{inside}]", _BEYOND_ASCII)


def _with_members(bracketed: str, members: str) -> str:
    """Add members to a class, in front, where no hyphen at the end can make a range of them."""
    head = re.match(r"\[\^?", bracketed)
    cut = head.end() if head else 0
    rest = bracketed[cut:]
    bracket_first = rest.startswith("]") and rest != "]"
    return bracketed[:cut] + members + ("\\" if bracket_first else "") + rest


def _ascii_of(text: str, exact: bool = False) -> str:
    """Give the ASCII members of a property: exactly those, or when in doubt all (or none)."""
    name = text[2:].strip("{}")
    doubt = "" if exact else _ALL_ASCII
    if text[1] == "P" or name.startswith("^"):
        return doubt
    if name in _SCRIPTS:
        return ""
    return _ASCII_OF.get(name, doubt)


def class_members(kind: str, text: str) -> frozenset[str] | None:
    """List the characters that a class or an escape stands for, where that is easily said."""
    if kind == "escape":
        return _escape_members(text)
    if text.startswith("[^"):
        return None
    members: set[str] = set()
    pieces = _IN_CLASS.findall(text[1:-1])
    at = 0
    while at < len(pieces):
        own = _escape_members(pieces[at]) if len(pieces[at]) > 1 else frozenset(pieces[at])
        if own is None:
            return None
        if at + 2 < len(pieces) and pieces[at + 1] == "-":
            other = pieces[at + 2]
            last = _escape_members(other) if len(other) > 1 else frozenset(other)
            if last is None or len(last) != 1 or len(own) != 1:
                return None
            codes = range(ord(min(own)), ord(min(last)) + 1)
            if len(codes) > _EASILY_SAID:
                return None
            own = frozenset(map(chr, codes))
            at += 2
        members |= own
        at += 1
    return frozenset(members)


def _escape_members(text: str) -> frozenset[str] | None:
    if text == r"\b":
        return frozenset(("",))
    if text == r"\s":
        return frozenset(" ")  # the view that is matched holds no other white space
    if text.startswith(r"\x"):
        return frozenset(chr(int(text[2:].strip("{}"), 16)))
    if len(text) == 2 and not text[1].isalnum():
        return frozenset(text[1])
    return None


def class_ranges(kind: str, text: str) -> Ranges | None:
    """List the code points that one character of a pattern may be, or None when in doubt."""
    if kind == "literal":
        return [(ord(text), ord(text))]
    if (kind, text) == ("meta", "."):
        return [(0, _LAST_CODE)]
    if kind == "escape":
        return _member_ranges(text)
    if kind != "class":
        return None
    is_negated = text.startswith("[^")
    ranges: Ranges = []
    pieces = _IN_CLASS.findall(text[2 if is_negated else 1 : -1])
    at = 0
    while at < len(pieces):
        own = _member_ranges(pieces[at])
        if own is not None and at + 2 < len(pieces) and pieces[at + 1] == "-":
            last = _member_ranges(pieces[at + 2])
            own = None if last is None else [(own[0][0], last[0][1])]
            at += 2
        if own is None:
            return None
        ranges += own
        at += 1
    return _all_but(ranges) if is_negated else disjoint(ranges)


def _member_ranges(piece: str) -> Ranges | None:
    """List the code points of one member of a class."""
    if piece in _MEMBERS:
        return _MEMBERS[piece]
    if len(piece) == 1:
        return [(ord(piece), ord(piece))]
    if piece.startswith(r"\x"):
        code = int(piece[2:].strip("{}"), 16)
        return [(code, code)]
    return [(ord(piece[1]), ord(piece[1]))] if len(piece) == 2 and not piece[1].isalnum() else None


_MEMBERS: dict[str, Ranges] = {
    r"\d": [(0x30, 0x39)],
    r"\s": [(0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)],
    r"\w": [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
}


def disjoint(ranges: Ranges) -> Ranges:
    """Give the same code points as sorted ranges, none touching another."""
    return _all_but(_all_but(ranges))


def _all_but(ranges: Ranges) -> Ranges:
    left: Ranges = []
    at = 0
    for low, high in sorted(ranges):
        if low > at:
            left.append((at, low - 1))
        at = max(at, high + 1)
    if at <= _LAST_CODE:
        left.append((at, _LAST_CODE))
    return left
