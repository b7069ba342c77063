"""What training makes of pages with a gold text, and how it deals documents to folds."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the train extra is not installed")

from training import gold, records, split, tables, teacher
from training.records import Record

GOLD = (
    "The harbour was quiet on Monday when the first boats of the season came back.\n"
    "Key points\n"
    "Nobody in the town had expected so many herring at once, the fishermen said later, and the "
    "price fell within the hour before the market had even closed its doors."
)


def record(ident: str, texts: list[str], source: str = "pages", tags: bool = False) -> Record:
    return Record(
        ident, source, texts, ["content"] * len(texts), [1.0] * len(texts),
        tags=["p"] * len(texts) if tags else [], links=[0.0] * len(texts) if tags else [],
    )  # fmt: skip


def test_shares_tell_what_stands_in_the_gold_text() -> None:
    lines = [
        "The harbour was quiet on Monday when the first boats of the season came back.",
        "Key points",
        "so many herring",
        "Click here: cheap nets and rods for every fisherman in the whole country",
        "--- 7 ---",
    ]
    got = gold.shares(lines, GOLD, "en")
    assert got == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert gold.shares(lines, "Too short.", "en") == [records.UNKNOWN] * 5


def test_shares_count_characters_where_no_spaces_are_written() -> None:
    text = "港口在星期一早上非常安静当这个季节的第一批渔船回来的时候镇上没有人预料到会有这么多鱼"
    assert gold.shares([text[:20], "点击这里购买便宜的渔网和鱼竿"], text, "zh") == [1.0, 0.0]


def test_unread_and_made_documents_move_no_other_to_another_fold() -> None:
    read = [record(f"p{i}", [f"line {i} {j}" for j in range(i % 4 + 1)]) for i in range(40)]
    more = [record(f"g{i}", ["x"] * 30, "gold") for i in range(7)]
    alone = split.folds(read)
    assert np.array_equal(split.folds(read + more)[: len(read)], alone)
    assert np.array_equal(split.folds(more + read)[len(more) :], alone)
    assert set(alone.tolist()) == set(range(split.FOLDS))


def test_documents_are_chosen_whole() -> None:
    data = tables.table([record("a", ["One line.", "Two"]), record("b", ["Three"], tags=True)])
    rows, part = tables.documents(data, np.array([False, True, True]))
    assert rows.tolist() == [2]
    assert part.first.tolist() == [0, 1] and part.record.tolist() == [0]
    assert part.layouts.any() and not tables.as_text(part).layouts.any()


def test_the_teacher_sees_the_gold_text_of_its_own_document_alone() -> None:
    one, two = record("a", ["One", "Two"]), record("b", ["Three"])
    one.gold = [1.0, 0.0]
    seen = teacher.see(np.zeros((3, 1), np.float32), tables.table([one, two]))[:, 1:]
    known, share, *around = seen.T
    assert known.tolist() == [1, 1, 0] and share.tolist() == [1, 0, 0]
    assert [column.tolist() for column in around] == [[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
