"""Promises of segmentation: lossless, every line break known, wrapped text joined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbait.segment import batch

BREAKS = ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\n\n", "\n \n", "\r\n\r\n"]
TEXT = st.text(st.sampled_from("ab .,\n\r\t\u2028\u00a0é中\u200b\x00\ud800"), max_size=80)


def segments(text: str) -> list[str]:
    made = batch([text])
    return [text[a:b] for a, b in zip(made.start.tolist(), made.end.tolist(), strict=True)]


@pytest.mark.parametrize("line_break", BREAKS)
def test_every_line_break_separates(line_break: str) -> None:
    assert segments(f"one{line_break}two{line_break}") == ["one", "two"]


@given(st.lists(TEXT, max_size=6))
def test_segments_and_separators_are_the_input(texts: list[str]) -> None:
    made = batch(texts)
    assert made.text == "".join(text + "\n" for text in texts)
    assert (made.start < made.end).all()
    assert (made.end[:-1] <= made.start[1:]).all()
    between = np.ones(len(made.text), dtype=bool)
    for start, end in zip(made.start.tolist(), made.end.tolist(), strict=True):
        between[start:end] = False
    assert not "".join(np.array(list(made.text), dtype=object)[between]).strip()


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_a_document_alone_has_the_segments_it_has_in_a_batch(texts: list[str]) -> None:
    made = batch(texts)
    for i, text in enumerate(texts):
        low, high = made.first_segment[i], made.first_segment[i + 1]
        base = made.document_start[i]
        alone = batch([text])
        assert (alone.start == made.start[low:high] - base).all()
        assert (alone.end == made.end[low:high] - base).all()


def test_hard_wrapped_paragraphs_are_one_segment() -> None:
    wrapped = (
        "The river rose by forty centimetres during the night and the mayor\n"
        "asked everyone who lives on the lower road to move their cars before\n"
        "noon, when the next wave is expected to arrive.\n"
        "\n"
        "Schools stay open."
    )
    assert len(segments(wrapped)) == 2


def test_lines_that_only_stand_together_stay_apart() -> None:
    assert len(segments("Share\nTweet\nEmail\nPrint")) == 4
    teasers = (
        "Ten bridges that you should cross once in your life\n"
        "Why the ferry company will not come back\n"
        "What we know about the new harbour road so far and what not"
    )
    assert len(segments(teasers)) == 3


def test_nothing_in_nothing_out() -> None:
    assert segments("") == []
    assert segments(" \n\t\r\n ") == []
