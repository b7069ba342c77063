"""The tables behind the folded view: one word per code point, built once at first use.

A table word is the folded code point with what the fast scan asks about it in the bits above.
Everything comes from Python's own Unicode data and from ``data/lookalikes.txt``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]

SIZE = 0x20000  # planes 0 and 1; the planes above are settled one by one in ``lookup``
CODE_MASK = 0x1FFFFF
REPLACEMENT = 0xFFFD

# Bits above the code point.
SPECIAL = 1 << 21  # something to remove, expand or compose: the line takes the exact path
NEWLINE = 1 << 22
SPACED = 1 << 23  # a letter that people space out
LATIN = 1 << 24
GREEK = 1 << 25
CYRILLIC = 1 << 26
ARMENIAN = 1 << 27
CHEROKEE = 1 << 28
HARD = 1 << 29  # a letter of those four that looks like no Latin letter
AMPERSAND = 1 << 30
FOREIGN = GREEK | CYRILLIC | ARMENIAN | CHEROKEE
SCRIPTS = LATIN | FOREIGN
SCRIPT_ORDER = (LATIN, GREEK, CYRILLIC, ARMENIAN, CHEROKEE)

# Kinds: what the exact path does with a code point.
REMOVE, HYPHEN, EXPAND, MARK, OVERLAY, VOICED, TATWEEL, JAMO, STYLED = range(1, 10)

NEWLINES = (0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029)
SPACES = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x2800, 0x3000)

_Ranges = tuple[tuple[int, int], ...]

_REMOVED: _Ranges = (
    (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0x1D173, 0x1D17A),
)  # fmt: skip
_MARKS: _Ranges = (
    (0x0300, 0x036F), (0x0483, 0x0487), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20DC),
    (0x20E1, 0x20E1), (0x20E7, 0x20E9), (0x20EC, 0x20F0), (0xFE20, 0xFE2F),
)  # fmt: skip
_OVERLAYS: _Ranges = (
    (0x0334, 0x0338), (0x0488, 0x0489), (0x20D2, 0x20D3), (0x20D8, 0x20DA), (0x20DD, 0x20E0),
    (0x20E2, 0x20E6), (0x20E8, 0x20E8), (0x20EA, 0x20EB),
)  # fmt: skip
_VOICED: _Ranges = ((0x0653, 0x0655), (0x3099, 0x309A))
_OTHER_MARKS: _Ranges = (
    (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED),
    (0x0900, 0x0903), (0x093A, 0x094F),
)  # fmt: skip
# Hangul and the scripts of India are left out: there words of one sign are everyday words.
_SPACED_ONLY: _Ranges = (
    (0x05D0, 0x05EA), (0x0620, 0x064A), (0x0671, 0x06D3), (0x3041, 0x3096), (0x30A1, 0x30FA),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
)  # fmt: skip
_SCRIPT_RANGES: tuple[tuple[int, _Ranges], ...] = (
    (LATIN, ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2AF),
             (0x1E00, 0x1EFF), (0x2C60, 0x2C7B), (0xA722, 0xA787), (0xA78B, 0xA7BF))),
    (GREEK, ((0x0370, 0x0373), (0x0376, 0x0377), (0x037B, 0x037D), (0x037F, 0x037F),
             (0x0386, 0x0386), (0x0388, 0x03FF), (0x1F00, 0x1FBC), (0x1FC2, 0x1FCC),
             (0x1FD0, 0x1FDB), (0x1FE0, 0x1FEC), (0x1FF2, 0x1FFC))),
    (CYRILLIC, ((0x0400, 0x0481), (0x048A, 0x052F), (0x1C80, 0x1C88), (0xA640, 0xA66E))),
    (ARMENIAN, ((0x0531, 0x0556), (0x0560, 0x0588))),
    (CHEROKEE, ((0x13A0, 0x13F5), (0x13F8, 0x13FD), (0xAB70, 0xABBF))),
)  # fmt: skip
_CASED: _Ranges = (
    (0x41, 0x5A), (0xC0, 0x58F), (0x10A0, 0x10FF), (0x13A0, 0x13FF), (0x1C80, 0x1CBF),
    (0x1E00, 0x1FFF), (0x2100, 0x218F), (0x24B6, 0x24E9), (0x2C00, 0x2D2F), (0xA640, 0xA7FF),
    (0xAB30, 0xABBF), (0xFF21, 0xFF3A), (0x10400, 0x1057F), (0x10C80, 0x10CFF),
    (0x118A0, 0x118DF), (0x16E40, 0x16E7F), (0x1E900, 0x1E943),
)  # fmt: skip
# Where a compatibility character stands for plain ones. Latin-1 (ª º ² ³ ¹ µ), fractions, dashes,
# ellipses and the jamo that Korean writes as letters stay: real text uses them.
_COMPATIBLE: _Ranges = (
    (0x017F, 0x017F), (0x0340, 0x0341), (0x0374, 0x0374), (0x037E, 0x037E), (0x0387, 0x0387),
    (0x02B0, 0x02B8), (0x02E0, 0x02E4), (0x03D0, 0x03D6), (0x03F0, 0x03F1), (0x03F4, 0x03F5),
    (0x1D2C, 0x1D6A), (0x1D9B, 0x1DBF), (0x1F71, 0x1FFD), (0x2024, 0x2024),
    (0x2070, 0x209C), (0x2102, 0x2149), (0x2160, 0x217F), (0x2460, 0x24EA), (0x2C7C, 0x2C7D),
    (0x2F00, 0x2FD5), (0x3038, 0x303A), (0x3244, 0x3247), (0x3280, 0x32B0), (0x32D0, 0x32FE),
    (0xF900, 0xFAD9), (0xFB50, 0xFBB1), (0xFBD3, 0xFD3D), (0xFD50, 0xFDFB), (0xFE10, 0xFE18),
    (0xFE35, 0xFE44), (0xFE47, 0xFE6B), (0xFE70, 0xFEFC), (0xFF01, 0xFF9F), (0xFFE0, 0xFFE6),
    (0x1D400, 0x1D7FF), (0x1EE00, 0x1EEBB), (0x1F100, 0x1F149), (0x1FBF0, 0x1FBF9),
)  # fmt: skip
_EXPANDED: _Ranges = (
    (0x0132, 0x0133), (0x01C4, 0x01CC), (0x01F1, 0x01F3), (0xFB00, 0xFB06), (0xFB13, 0xFB17),
    (0xFB1D, 0xFB4F), (0xFBDD, 0xFBDD), (0xFEF5, 0xFEFC),
)  # fmt: skip
_STYLED: _Ranges = (
    (0x1D00, 0x1D22), (0x249C, 0x24E9), (0xA730, 0xA731), (0x1D400, 0x1D7CB),
    (0x1F110, 0x1F129), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189),
)  # fmt: skip
# Runs of 26 enclosed letters that Unicode gives no plain equivalent (or only one in brackets).
_ALPHABETS = (0x249C, 0x1F110, 0x1F150, 0x1F170)


@dataclass(frozen=True, slots=True)
class Table:
    """Everything the folding asks about a code point below ``SIZE``."""

    words: U32  # folded code point and flag bits
    kinds: NDArray[np.uint8]
    in_word: NDArray[np.bool_]  # letters, digits and marks, of any script
    soft: NDArray[np.bool_]  # letters of the five scripts that another script's letter looks like
    small: NDArray[np.bool_]  # those that look like a Latin letter in their small form too
    to_latin: U32  # by the letter as it was written; 0 where none
    from_latin: dict[int, U32]  # target script bit -> by the Latin letter as written; 0 where none
    expansions: dict[int, tuple[int, ...]]

    def lookup(self, codes: U32) -> U32:
        """Table words of these code points, those above plane 1 included."""
        if not len(codes) or int(codes.max()) < SIZE:
            return self.words[codes]
        words = self.words[np.minimum(codes, SIZE - 1)]
        high = np.flatnonzero(codes >= SIZE)
        words[high] = _high_words(codes[high])
        return words

    def kind(self, codes: U32) -> NDArray[np.uint8]:
        """Kind of each code point; tags and supplementary variation selectors are removed."""
        found = self.kinds[np.minimum(codes, SIZE - 1)]
        found[_is_tag(codes)] = REMOVE
        return found

    def is_word(self, codes: U32) -> NDArray[np.bool_]:
        """Tell which code points are letters, digits or marks."""
        found = self.in_word[np.minimum(codes, SIZE - 1)]
        found[(codes >= SIZE) & (codes < 0x40000)] = True
        return found


def _is_tag(codes: U32) -> NDArray[np.bool_]:
    return (codes >= 0xE0000) & (codes < 0xE1000)


def _high_words(codes: U32) -> U32:
    words = np.where(codes > 0x10FFFF, REPLACEMENT, codes).astype(np.uint32)
    words[_is_tag(codes)] |= SPECIAL
    words[codes < 0x40000] |= SPACED  # the ideographs of planes 2 and 3
    return words


def _each(ranges: _Ranges) -> list[int]:
    return [code for first, last in ranges for code in range(first, last + 1)]


def _fill(target: NDArray[np.uint8], ranges: _Ranges, value: int) -> None:
    for first, last in ranges:
        target[first : last + 1] = value


def _lower(fold: U32) -> None:
    """Write simple lower-case mappings: the bulk call is exact but for two letters."""
    odd = {0x130: 0x69, 0x3A3: 0x3C3}  # İ grows when lower-cased; Σ looks at its neighbours
    codes = [code for code in _each(_CASED) if code not in odd]
    fold[codes] = [ord(char) for char in "".join(map(chr, codes)).lower()]
    for code, image in odd.items():
        fold[code] = image


def _plain(fold: U32, expansions: dict[int, tuple[int, ...]]) -> None:
    """Write what compatibility characters stand for: one character, or an expansion."""
    codes = _each(_COMPATIBLE) + _each(_EXPANDED)
    forms = unicodedata.normalize("NFKC", "\n".join(map(chr, codes))).split("\n")
    plain = dict(zip(codes, forms, strict=True))
    for code, form in plain.items():
        if len(form) == 1 and ord(form) < SIZE and form != chr(code):
            fold[code] = ord(form)
    for code in _each(_EXPANDED):
        if len(plain[code]) > 1 and " " not in plain[code]:
            expansions[code] = tuple(map(ord, plain[code].lower()))
    for first in _ALPHABETS:
        fold[first : first + 26] = np.arange(0x61, 0x61 + 26)


def _read_lookalikes() -> dict[str, list[tuple[int, int]]]:
    text = Path(__file__).with_name("data").joinpath("lookalikes.txt").read_text("utf-8")
    lists = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, *tokens = line.split()
            lists[name] = [(ord(token[0]), ord(token[2])) for token in tokens]
    return lists


def _case_map(pairs: list[tuple[int, int]], fold: U32) -> U32:
    """Return the mapping for letters of both cases: a capital goes where its small letter does."""
    mapped = np.zeros(SIZE, np.uint32)
    for letter, target in pairs:
        mapped[fold[letter]] = mapped[fold[letter]] or target
    given = mapped[fold]
    for letter, target in pairs:
        given[letter] = target
    given[fold == REPLACEMENT] = 0
    return given


def _kinds(expansions: dict[int, tuple[int, ...]]) -> NDArray[np.uint8]:
    kinds = np.zeros(SIZE, np.uint8)
    groups: tuple[tuple[_Ranges, int], ...] = (
        (_STYLED, STYLED), (_MARKS, MARK), (_OVERLAYS, OVERLAY), (_VOICED, VOICED),
        (((0x1100, 0x11FF),), JAMO), (_REMOVED, REMOVE), (((0x0640, 0x0640),), TATWEEL),
        (((0xAD, 0xAD),), HYPHEN), (((0xFF9E, 0xFF9F),), VOICED),
    )  # fmt: skip
    for ranges, kind in groups:
        _fill(kinds, ranges, kind)
    kinds[list(expansions)] = EXPAND
    return kinds


def _word_chars() -> NDArray[np.bool_]:
    codes = np.arange(SIZE, dtype="<u4")
    codes[0xD800:0xE000] = 0x20
    text = codes.tobytes().decode("utf-32-le")
    found = np.zeros(SIZE, np.uint8)
    for run in re.finditer(r"[^\W_]+", text):
        found[run.start() : run.end()] = 1
    for ranges in (_MARKS, _OVERLAYS, _VOICED, _OTHER_MARKS):
        _fill(found, ranges, 1)
    return found.view(np.bool_)


def _flags(
    fold: U32, kinds: NDArray[np.uint8], in_word: NDArray[np.bool_], soft: NDArray[np.bool_]
) -> U32:
    flags = np.zeros(SIZE, np.uint32)
    for bit, ranges in _SCRIPT_RANGES:
        for first, last in ranges:
            flags[first : last + 1] |= bit | SPACED
    flags[~in_word] = 0
    for first, last in _SPACED_ONLY:
        flags[first : last + 1] |= SPACED
    flags[((flags & FOREIGN) != 0) & ~soft] |= HARD
    flags[list(NEWLINES)] |= NEWLINE
    flags[0x26] |= AMPERSAND
    flags = flags[fold]  # a character is what it folds to
    flags[kinds != 0] |= SPECIAL
    return flags


@cache
def table() -> Table:
    """Build the table once (a few milliseconds)."""
    fold = np.arange(SIZE, dtype=np.uint32)
    expansions: dict[int, tuple[int, ...]] = {}
    _lower(fold)
    _plain(fold, expansions)
    lists = _read_lookalikes()
    for letter, target in lists["always"]:
        fold[letter] = target
    fold[0] = REPLACEMENT
    fold[0xD800:0xE000] = REPLACEMENT
    fold[list(SPACES)] = 0x20
    fold = fold[fold]  # what folds to a capital folds to the small letter
    fold = fold[fold]

    foreign = ("cyrillic", "greek", "armenian", "cherokee")
    to_latin = _case_map([pair for name in foreign for pair in lists[name]], fold)
    from_latin = {
        GREEK: _case_map(lists["to-greek"], fold),
        CYRILLIC: _case_map(lists["to-cyrillic"], fold),
    }
    soft = (to_latin != 0) | (from_latin[GREEK] != 0) | (from_latin[CYRILLIC] != 0)
    small = np.zeros(SIZE, np.bool_)
    small[[fold[letter] for letter, _ in lists["small"]]] = True
    kinds = _kinds(expansions)
    in_word = _word_chars()
    words = fold | _flags(fold, kinds, in_word, soft)
    return Table(words, kinds, in_word, soft, small, to_latin, from_latin, expansions)


@cache
def pairs() -> tuple[NDArray[np.uint64], U32]:
    """Sorted keys (letter << 32 | mark) and the composed letters, all in lower case."""
    fold = table().words & CODE_MASK
    found: dict[int, int] = {}
    spans = ((0xC0, 0x24F), (0x385, 0x4FF), (0x622, 0x6D3), (0x1E00, 0x1FFF), (0x304C, 0x30FE))
    for code in _each(spans):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            base, mark = (int(part, 16) for part in parts)
            found[int(fold[base]) << 32 | mark] = int(fold[code])
    for code in _each(((0x1EA4, 0x1EF1),)):  # two marks in the order nobody asked for
        full = unicodedata.normalize("NFD", chr(code))
        if len(full) == 3:
            turned = unicodedata.normalize("NFC", full[0] + full[2])
            if len(turned) == 1:
                key = int(fold[ord(turned)]) << 32 | ord(full[1])
                found.setdefault(key, int(fold[code]))
    keys = np.array(sorted(found), np.uint64)
    return keys, np.array([found[int(key)] for key in keys], np.uint32)
