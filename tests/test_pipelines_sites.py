"""Site memory: what repeats on a site goes there, whatever it says, and nowhere else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbait import Cleaner, Document
from unbait.pipelines.sites import Limits, SiteMemory, SiteSketch, lines_of

# Furniture that reads like prose: no rule and no model would call it junk alone.
MOTTO = "The river has carried the news of this valley since the spring of eighteen hundred."
HOURS = "The desk is open from {} in the morning until the last train has left the station."
WORDS = ["council", "plan", "river", "bridge", "school", "budget", "market", "winter", "road"]


def generated(pages: int, site: str = "valley.test", seed: int = 3) -> list[tuple[str, str]]:
    chance = random.Random(seed)
    made = []
    for number in range(pages):
        body = [
            f"On day {number} the {chance.choice(WORDS)} and the {chance.choice(WORDS)} were "
            f"discussed for {chance.randint(2, 90)} minutes before page {number}.{part} was read "
            f"by {chance.choice(WORDS)} {chance.choice(WORDS)} {chance.choice(WORDS)} members."
            for part in range(3)
        ]
        text = "\n\n".join([MOTTO, *body, HOURS.format(number % 9)])
        made.append((f"http://www.{site}/{number}", text))
    return made


def test_a_site_of_a_thousand_pages(tmp_path: Path) -> None:
    memory = SiteMemory(Limits(lines=200))
    pages = generated(1000)
    memory.add_many(pages)
    assert len(memory.sites["valley.test"].counts) <= 400
    (path,) = memory.write_packs(tmp_path)
    assert path.name == "valley.test.toml" and "stood on" in path.read_text()
    cleaner, plain = Cleaner(rules=[path]), Cleaner()
    sample = [Document(text, url=url) for url, text in pages[::50]]
    elsewhere = [Document(one.text, url="http://other.test/") for one in sample]
    assert [result.text for result in cleaner.clean_many(elsewhere)] == [
        result.text for result in plain.clean_many(elsewhere)
    ]
    for document, result in zip(sample, cleaner.clean_many(sample), strict=True):
        assert result.text == "\n\n".join(document.text.split("\n\n")[1:-1])
        assert all(d.reasons[0].code.startswith("SITE-") for d in result.decisions
                   if d.action == "remove")  # fmt: skip


def test_workers_merge_to_what_one_sees() -> None:
    pages = generated(60)
    whole, left, right = SiteMemory(), SiteMemory(), SiteMemory()
    whole.add_many(pages)
    left.add_many(pages[:25])
    right.add_many(pages[25:])
    left.merge(right)
    assert left.furniture("valley.test") == whole.furniture("valley.test")
    assert [count for _, count in whole.furniture("valley.test")] == [60, 60]


@given(
    st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=6), max_size=60), st.integers(1, 5)
)
def test_counts_are_never_too_high_nor_much_too_low(pages: list[list[str]], limit: int) -> None:
    one, other = SiteSketch(), SiteSketch()
    for number, lines in enumerate(pages):
        (one if number % 2 else other).add(lines, limit)
    one.merge(other, limit)
    one.shrink(limit)
    assert len(one.counts) <= limit and one.pages == len(pages)
    for line in "abcdefghij":
        true = sum(line in page for page in pages)
        assert one.counts.get(line, 0) <= true <= one.counts.get(line, 0) + one.forgotten
    assert one.forgotten * (limit + 1) <= sum(len(set(page)) for page in pages)


def test_memory_is_kept_and_read_again(tmp_path: Path) -> None:
    memory = SiteMemory()
    memory.add_many(generated(10))
    memory.save(tmp_path / "memory.jsonl")
    again = SiteMemory.load(tmp_path / "memory.jsonl")
    assert again.pack("valley.test") == memory.pack("valley.test")
    assert memory.pack("unknown.test") is None


def test_sites_are_bounded_and_pages_without_address_left_out() -> None:
    memory = SiteMemory(Limits(sites=1))
    memory.add("http://a.test/", "One line of text.")
    memory.add("http://b.test/", "One line of text.")
    memory.add(None, "One line of text.")
    assert list(memory.sites) == ["a.test"] and memory.sites["a.test"].pages == 1


@pytest.mark.parametrize(
    "line",
    [
        'A "quoted" \\ line [with] (marks) {and} ^more$ | a+b*c? #1 ~ & - .',
        "Тысяча слов — «и ещё одно»",
        "Line with a tab\tand no-break\u00a0blanks \u200binside",
        "価格は 1,234 円です",
    ],
)
def test_any_line_becomes_a_rule_that_loads_and_hits(tmp_path: Path, line: str) -> None:
    memory = SiteMemory()
    for number in range(6):
        memory.add(f"http://a.test/{number}", f"{line}\n\nThe page number {number} says more.")
    packs = memory.write_packs(tmp_path)
    result = Cleaner(rules=packs).clean_many(
        [Document(f"{line}\n\nThe council met on Monday and agreed.", url="http://a.test/x")]
    )
    assert line not in next(iter(result)).text


def test_lines_are_folded_with_numbers_alike() -> None:
    text = "Read  12 comments\n\nREAD 7 COMMENTS\n\ncontrol \x01 \x7f\n\n" + "x" * 400
    (lines,) = lines_of([text])
    assert lines == ["read 0 comments", "read 0 comments"]
