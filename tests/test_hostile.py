"""Hostile texts: an answer in bounded time, with nothing lost."""

import subprocess
import sys
import time

import pytest

from unbait import Cleaner, Policy

SIZE = 200_000
SECONDS = 12.0  # far above what is measured; a quadratic step would take minutes

HOSTILE = {
    "nul": "\x00" * SIZE,
    "lone surrogates": "\ud800" * SIZE,
    "one long line": "word " * (SIZE // 5),
    "one long word": "a" * SIZE,
    "spaces": " " * SIZE,
    "newlines": "\n" * SIZE,
    "indented lines": "   x\n" * (SIZE // 5),
    "zero width": "\u200b" * SIZE,
    "zero width inside words": "c\u200bl\u200bi\u200bc\u200bk " * (SIZE // 10),
    "bidi": "\u202e\u202d" * (SIZE // 2),
    "combining marks": "a" + "\u0301" * SIZE,
    "ampersands": "&" * SIZE,
    "entities": "&amp;amp;" * (SIZE // 9),
    "emoji": "😀" * SIZE,
    "one letter a line": "a\n" * (SIZE // 2),
    "stops": "." * SIZE,
    "sentences": "a. " * (SIZE // 3),
    "brackets": "(" * (SIZE // 2) + ")" * (SIZE // 2),
    "shop lines": "Click Here: cheap jerseys\n" * (SIZE // 26),
    "spaced letters": "c l i c k  h e r e  " * (SIZE // 20),
    "mixed scripts": "сliсk hеrе " * (SIZE // 11),
    "ideographs": "点击这里" * (SIZE // 4),
    "quotes": "“" * SIZE,
}


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    made = Cleaner()
    made.clean("warm")
    return made


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_answered_in_time(cleaner: Cleaner, name: str) -> None:
    text = HOSTILE[name]
    start = time.process_time()
    result = cleaner.clean(text)
    kept = result.text
    assert time.process_time() - start < SECONDS
    assert len(kept) <= len(text)
    assert result.restore() == text
    assert result.decisions[-1].end == len(text)


@pytest.mark.parametrize("line", ["Tweet", "Share", "Advertisement"])
def test_a_hundred_thousand_flagged_lines_have_their_decisions_in_time(
    cleaner: Cleaner, line: str
) -> None:
    text = "\n".join([line] * 100_000)
    start = time.process_time()
    decisions = cleaner.with_policy(Policy.flag()).clean(text).decisions
    assert time.process_time() - start < SECONDS
    assert len(decisions) == 100_000
    assert {decision.action for decision in decisions} == {"flag"}


def test_hostile_texts_do_not_disturb_their_neighbours(cleaner: Cleaner) -> None:
    article = "The harbour bridge will close for nine days in May, the city council said on Monday."
    plain = cleaner.clean(article).text
    mixed = [one for text in HOSTILE.values() for one in (text[:2000], article)]
    results = [result.text for result in cleaner.clean_many(mixed)]
    assert results[1::2] == [plain] * len(HOSTILE)


@pytest.mark.slow
def test_a_line_of_a_hundred_megabytes() -> None:
    code = (
        "import resource, unbait; text = 'The bridge is closed today. ' * 3_700_000;"
        "result = unbait.Cleaner().clean(text); assert result.restore() == text;"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert int(done.stdout) < 12_000  # megabytes
