"""Promises of the feature code: places, hashes, sums, and no look at the rest of a batch."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait import features
from unbait.features.context import LOGITS
from unbait.fold import codes_of, fold
from unbait.segment import batch

WORDS = st.lists(st.sampled_from(["read", "more:", "harbour", "2021", "桥", "“yes”", "no.", "!"]))


def tokens_of(text: str) -> features.Tokens:
    made = batch([text])
    return features.tokenize(made.codes, made.start, made.end)


def test_words_numbers_marks_and_unspaced_scripts_are_tokens() -> None:
    tokens = tokens_of("read 2021: 桥梁!")
    text = "read 2021: 桥梁!"
    found = [text[a:b] for a, b in zip(tokens.start, tokens.end, strict=True)]
    assert found == ["read", "2021", ":", "桥", "梁", "!"]


def test_equal_words_hash_alike_wherever_they_stand() -> None:
    tokens = tokens_of("bridge\nthe bridge of 1999 and 2001\nbridge")
    hashes = tokens.hash.tolist()
    assert hashes[0] == hashes[2] == hashes[-1]
    assert hashes[4] == hashes[6]  # numbers hash by their length
    assert hashes[0] != hashes[1]


@settings(deadline=None)  # the first call makes tables
@given(st.lists(WORDS.map(" ".join), min_size=1, max_size=5))
def test_a_segment_has_the_same_evidence_alone(lines: list[str]) -> None:
    made = batch(["\n".join(lines)])
    tokens = features.tokenize(made.codes, made.start, made.end)
    bucket, token = features.evidence(tokens, made.codes).pairs()
    segment = tokens.segment()[token]
    for i, (low, high) in enumerate(zip(made.start, made.end, strict=True)):
        alone = tokens_of(made.text[low:high])
        mine, _ = features.evidence(alone, codes_of(made.text[low:high] + "\n")).pairs()
        assert sorted(bucket[segment == i]) == sorted(mine)


def test_rows_add_up_to_the_table() -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(-127, 127, (1 << features.HASH_BITS, LOGITS), dtype=np.int8)
    text = "Read more: why the harbour bridge closes. Sign up today!"
    tokens = tokens_of(text)
    evidence = features.evidence(tokens, codes_of(text + "\n"))
    bucket, _ = evidence.pairs()
    assert (evidence.rows(table).sum(axis=0) == table[bucket].astype(int).sum(axis=0)).all()
    assert evidence.counts().sum() == len(bucket)
    assert len(evidence.sentence_first) == 3


def test_ties_see_words_shared_within_a_document_only() -> None:
    made = batch(["The bridge closes.\nA bridge opens.\nNothing else", "bridge\nbridge"])
    tokens = features.tokenize(made.codes, made.start, made.end)
    ties = features.ties(tokens, made.segment_document)
    names = features.TIE_NAMES
    elsewhere, repeated = ties[:, names.index("shared_elsewhere")], ties[:, names.index("repeated")]
    assert (elsewhere[:2] > 0).all()
    assert elsewhere[2] == 0
    assert repeated.tolist() == [0, 0, 0, 1, 1]


def test_ties_of_unspaced_scripts_end_with_the_segment() -> None:
    alone, beside = batch(["桥关闭了"]), batch(["桥关闭了", "桥又开了"])
    ties = [
        features.ties(features.tokenize(one.codes, one.start, one.end), one.segment_document)
        for one in (alone, beside)
    ]
    assert (ties[0][0] == ties[1][0]).all()


def test_words_of_two_documents_that_hash_alike_are_no_tie() -> None:
    segments = np.arange(2)
    words = (np.uint64(7) << np.uint64(32)) | segments.astype(np.uint64)
    lines = np.array([1, 2], dtype=np.uint64)
    same = features.Bonds(words, lines, np.zeros(2, dtype=np.int64)).columns()
    apart = features.Bonds(words, lines, segments).columns()
    elsewhere = features.TIE_NAMES.index("shared_elsewhere")
    assert same[:, elsewhere].tolist() == [1, 1]
    assert apart[:, elsewhere].tolist() == [0, 0]


def test_shape_tells_case_ends_and_marks() -> None:
    made = batch(["READ MORE → http://a.b\nIt closes.\n“Yes?”"])
    folded = fold(made.codes)
    tokens = features.tokenize(folded.codes, made.start, made.end)
    shapes = features.shape(made.codes, made.start, made.end, tokens, tokens.start)
    column = {name: shapes[:, i] for i, name in enumerate(features.SHAPE_NAMES)}
    assert column["has_arrow"].tolist() == [1, 0, 0]
    assert column["ends_stop"].tolist() == [0, 1, 0]
    assert column["starts_quote"].tolist() == [0, 0, 1]
    assert column["shout_share"][0] > column["shout_share"][1]
