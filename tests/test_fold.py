"""The folded view: laws that hold for any text, disguises, languages left alone, hostile input."""

from __future__ import annotations

import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait.fold import Folded, codes_of, fold, fold_text, text_of

NEWLINES = "\n\r\v\f\x85\u2028\u2029"
PIECES = [
    "click", "here", "a", "b", "c", "C", "Д", "о", "р", "Ω", "Σ", "σ", "ς", "Н", "Ν", "ԁ", "ж", "l",
    " ", " ", "  ", ".", "-", "&", "&amp;", "amp;", "#", "38;", "&#x200b;", "&nbsp;", "&#10;", ";",
    "&Dagger;", "&lt;", "\u200b", "\u200d", "\u00ad", "\ufeff", "\u202e", "\ufe0f", "\u0301",
    "\u0302", "\u0307", "\u0323", "\u0336", "\u0489", "e\u0301", "\u3099", "か", "\u1112", "\u1161",
    "\u11ab", "ـ", "م", "ﬁ", "ĳ", "Ａ", "＆", "𝐚", "🅰", "ᴀ", "İ", "ı", "Ա", "օ", "Ꭺ", "μ", "\x00",
    "\ud800", "\U000e0041", "\U0002f800", "點", "击", "한", "ا", *NEWLINES,
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), max_size=30).map("".join),
)


def view(text: str) -> str:
    return fold_text(text)[0]


def origin_of(folded: Folded, text: str) -> np.ndarray:
    return np.arange(len(text) + 1) if folded.origin is None else folded.origin


@given(TEXTS)
@settings(max_examples=600, deadline=None)
def test_laws(text: str) -> None:
    folded = fold(codes_of(text))
    origin = origin_of(folded, text)
    assert folded.codes.dtype == np.uint32 and origin.dtype == np.int64
    assert len(origin) == len(folded.codes) + 1
    assert origin[-1] == len(text) and origin[0] >= 0
    assert (np.diff(origin) >= 0).all()
    shown = text_of(folded.codes)
    assert fold_text(shown)[0] == shown
    assert [c for c in text if c in NEWLINES] == [c for c in shown if c in NEWLINES]
    for at, char in enumerate(shown):
        if char in NEWLINES:
            assert text[origin[at]] == char
    marks = folded.disguise
    assert (np.diff(marks) > 0).all()
    assert not len(marks) or (marks[0] >= 0 and marks[-1] < len(shown))


@given(st.lists(TEXTS, max_size=6))
@settings(max_examples=300, deadline=None)
def test_batches_change_nothing(texts: list[str]) -> None:
    whole = fold(codes_of("\n".join(texts)))
    views, origins, marks, shift, seen = [], [], [], 0, 0
    for text in texts:
        part = fold(codes_of(text))
        views.append(text_of(part.codes))
        origins += [*(origin_of(part, text)[:-1] + shift).tolist(), shift + len(text)]
        marks += (part.disguise + seen).tolist()
        shift += len(text) + 1
        seen += len(part.codes) + 1
    assert text_of(whole.codes) == "\n".join(views)
    if texts:
        assert origin_of(whole, "\n".join(texts)).tolist() == origins
    assert whole.disguise.tolist() == marks


@given(st.text(st.characters(min_codepoint=1, max_codepoint=127, exclude_characters="&")))
def test_ascii_is_only_lowered(text: str) -> None:
    shown, folded = fold_text(text)
    if folded.origin is None:
        assert shown == text.lower()
    else:  # spaced-out letters: nothing but separators goes
        assert [c for c in shown if c.isalnum()] == [c for c in text.lower() if c.isalnum()]


@given(TEXTS, st.data())
def test_spans_map_back(text: str, data: st.DataObject) -> None:
    folded = fold(codes_of(text))
    if not len(folded.codes):
        return
    start = data.draw(st.integers(0, len(folded.codes) - 1))
    end = data.draw(st.integers(start + 1, len(folded.codes)))
    first, last = folded.to_source(start, end)
    assert 0 <= first < last <= len(text)
    back = folded.from_source(np.array([first, last]))
    assert back[0] <= start and back[1] >= end


PHRASES = [
    "Click Here To Buy Cheap Shoes",
    "follow us on every channel",
    "Casino bonus, today only",
]
CYRILLIC = str.maketrans("aceopxyACEOPXTMKBH", "асеорхуАСЕОРХТМКВН")
GREEK = str.maketrans("oiuvOAEKTN", "οιυνΟΑΕΚΤΝ")
DISGUISES = {
    "zero width": "\u200b".join,
    "joiners": "\u200d\u2060".join,
    "soft hyphen": "\u00ad".join,
    "bidi": lambda t: "\u202a" + "\u200e".join(t) + "\u202c",
    "tags": "\U000e0061\ufe0f".join,
    "full width": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "bold": lambda t: "".join(
        chr(0x1D400 + ord(c) - 65) if "A" <= c <= "Z" else c for c in t.upper()
    ),
    "script": lambda t: "".join(chr(0x1D4EA + ord(c) - 97) if "a" <= c <= "z" else c for c in t),
    "circled": lambda t: "".join(chr(0x24D0 + ord(c) - 97) if "a" <= c <= "z" else c for c in t),
    "squared": lambda t: "".join(
        chr(0x1F130 + ord(c) - 65) if "A" <= c <= "Z" else c for c in t.upper()
    ),
    "cyrillic": lambda t: t.translate(CYRILLIC),
    "cyrillic capitals": lambda t: t.upper().translate(CYRILLIC),
    "greek": lambda t: t.translate(GREEK),
    "zalgo": lambda t: "".join(c + "\u0316\u0335\u0301\u0352\u0347" * c.isalpha() for c in t),
    "struck": lambda t: "".join(c + "\u0336" * c.isalpha() for c in t),
    "entities": lambda t: "".join(f"&#{ord(c)};" for c in t),
    "hex entities": lambda t: "".join(f"&#x{ord(c):X};" for c in t),
    "spaces": lambda t: t.replace(" ", "&nbsp;"),
    "twice": lambda t: t.replace(" ", "&amp;nbsp;"),
    "odd spaces": lambda t: t.replace(" ", "\u2003"),
    "split entity": lambda t: t.replace(" ", "&nb\u200bsp;"),
}


@pytest.mark.parametrize("name", DISGUISES)
@pytest.mark.parametrize("phrase", PHRASES)
def test_disguises(phrase: str, name: str) -> None:
    shown, folded = fold_text(DISGUISES[name](phrase))
    assert shown == phrase.lower()
    plain = {"soft hyphen", "full width", "entities", "hex entities", "spaces", "twice"}
    if name not in plain | {"odd spaces", "split entity"}:
        assert len(folded.disguise)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C L I C K  H E R E", "click here"),
        ("c.l.i.c.k h.e.r.e", "click here"),
        ("f-o-l-l-o-w us", "follow us"),
        ("i t  i s  h e r e", "it is here"),
        ("c_l_i_c_k i_t", "click it"),
        ("J. R. R. Tolkien and I", "j. r. r. tolkien and i"),
        ("a b c", "a b c"),
        ("이 글 을 또 한 번", "이 글 을 또 한 번"),
        ("AT&T, R&B; &nosuch; &amp;nosuch;", "at&t, r&b; &nosuch; &nosuch;"),
        ("&amp;amp;amp;lt; &eacute; &Eacute; &#10;x&#x2028;", "< é é  x "),
        ("ﬁne ﬂag", "fine flag"),
        ("“Wait…” — it’s №5, 3×5 m², ½ nº", "“wait…” — it’s №5, 3×5 m², ½ nº"),
        ("мaма мыла раму", "мама мыла раму"),
        ("Пpивeт", "привет"),
        ("μm and Δt", "μm and δt"),
        ("СОСО is here", "coco is here"),
        ("СОСО это слово", "сосо это слово"),
        ("RSS Facebook Вконтакте", "rss facebook вконтакте"),
        ("the sum Σtokens of all", "the sum σtokens of all"),
        ("iPhone для всех", "iphone для всех"),
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
        ("مـجـانـا 1445 هـ", "مجانا 1445 هـ"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert view(text) == shown


NATIVE = [
    "Москва́ — столица России. Подписывайтесь на наш канал! ЧИТАЙТЕ ТАКЖЕ",
    "Київ є столицею України. ПІДПИСУЙТЕСЯ: її ґанок",
    "Η Αθήνα είναι πρωτεύουσα. ΔΙΑΒΑΣΤΕ ΑΚΟΜΑ ΤΟΥΣ ΟΡΟΥΣ",
    "İstanbul'da ılık bir gün. DAHA FAZLA OKU".replace("İ", "I"),
    "Hà Nội là thủ đô của Việt Nam. ĐỌC THÊM: Ơn giời, cậu đây rồi!",
    "दिल्ली भारत की राजधानी है। यहाँ क्लिक करें",
    "القاهرة عاصمة مصر. اقرأ أيضًا: أخبار اليوم",
    "Élysée, Größe, NAÏVE, ÇA, Ñandú, Łódź, ŻÓŁĆ",
    "東京は日本の首都です。続きを読む",
    "서울은 대한민국의 수도이다. 더 보기",
]


@pytest.mark.parametrize("text", NATIVE)
def test_native_text_is_only_lowered(text: str) -> None:
    shown, folded = fold_text(text)
    assert shown == text.lower()
    assert folded.origin is None and not len(folded.disguise)


@pytest.mark.parametrize("text", NATIVE)
def test_decomposed_text_reads_the_same(text: str) -> None:
    marked = [c for c in unicodedata.normalize("NFD", text) if unicodedata.combining(c)]
    if all(c < "\u0591" or c > "\u0fff" for c in marked):
        assert view(unicodedata.normalize("NFD", text)) == view(text)


def test_offsets_are_exact() -> None:
    text = "x &amp; \u200bcl\u200bick\u200b ﬁ e\u0301!"
    shown, folded = fold_text(text)
    assert shown == "x & click fi é!"
    at = shown.index("click")
    start, end = folded.to_source(at, at + 5)
    assert text[start:end].strip("\u200b") == "cl\u200bick"
    assert text[slice(*folded.to_source(2, 3))] == "&amp;"
    assert text[slice(*folded.to_source(10, 11))] == "ﬁ"
    assert text[slice(*folded.to_source(13, 14))] == "e\u0301"
    assert folded.from_source(np.array([0, 2, 7, len(text)])).tolist() == [0, 2, 3, len(shown)]
    assert folded.disguise.tolist() == [shown.index("ick")]


HOSTILE = {
    "ampersands": "&", "amp": "&amp;", "nested": "amp;", "digits": "&#000000",
    "zero width": "\u200b",
    "marks": "\u0301", "marked": "a\u0301", "spaced": "a ", "pairs": "a.b ", "mixed": "a\u0430",
    "mixed lines": "a\u0430\n\n", "jamo": "\u1100\u1161\u11a8", "tatweel": "ـ", "sigma": "σ",
    "spaced &": "&a b c d ", "newlines": "\n", "tags": "\U000e0041", "semicolons": "&;",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    text = "a&" + HOSTILE[name] * (250_000 // len(HOSTILE[name]))
    fold(codes_of("é&amp;"))
    begin = time.process_time()
    fold(codes_of(text))
    assert time.process_time() - begin < 2.0


@pytest.mark.parametrize("density", [0.002, 0.5])
def test_long_batches_equal_their_lines(density: float) -> None:
    """Across the scan's blocks, with few and with many lines that need the exact path."""
    chance = np.random.default_rng(7)
    plain = ["The council met again", "été à Genève", "Совет собрался", "ascii, only: A", ""]
    lines = []
    for _ in range(6000):
        line = plain[chance.integers(len(plain))]
        if chance.random() < density:
            line += "".join(PIECES[at] for at in chance.integers(len(PIECES) - 7, size=6))
        lines.append(line)
    whole = fold(codes_of("\n".join(lines)))
    parts = [fold(codes_of(line)) for line in lines]
    assert text_of(whole.codes) == "\n".join(text_of(part.codes) for part in parts)
    sizes = np.array([0, *(len(part.codes) + 1 for part in parts)]).cumsum()[:-1]
    marks = np.concatenate([p.disguise + size for p, size in zip(parts, sizes, strict=True)])
    assert whole.disguise.tolist() == marks.tolist()
    starts = np.array([0, *(len(line) + 1 for line in lines)]).cumsum()[:-1]
    assert whole.origin is not None
    origin = [
        origin_of(p, line)[:-1] + at for p, line, at in zip(parts, lines, starts, strict=True)
    ]
    newline = np.ones(len(whole.codes), np.bool_)
    newline[sizes[1:] - 1] = False
    assert np.array_equal(whole.origin[:-1][newline], np.concatenate(origin))
