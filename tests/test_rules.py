"""Rules: every example of every pack, the loader's errors, users' files, the engine's promises."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbait.errors import RuleError
from unbait.fold import fold_text
from unbait.rules import Rule, RuleSet, engine, load_packaged, load_user
from unbait.rules.build import build_index, load_packs
from unbait.rules.checking import check_rules, find_in, joined
from unbait.rules.keys import keys_of
from unbait.rules.loading import compile_pattern, load_pack, wrapped
from unbait.rules.needs import needs_of, split
from unbait.rules.openings import opening_words, openings_of
from unbait.rules.packaged import INDEX
from unbait.rules.pattern import in_folded_letters
from unbait.rules.stats import rule_stats


@pytest.fixture(scope="session")
def packaged() -> RuleSet:
    return RuleSet.packaged()


def codes(ruleset: RuleSet, text: str, **kwargs: object) -> list[str]:
    found = ruleset.find(*joined([text]), **kwargs)  # type: ignore[arg-type]
    return [ruleset.rules[rule].id for rule in found.rule.tolist()]


def user_file(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(content, encoding="utf-8")
    return path


RULE = """
[[rule]]
id = "MY-AD1"
category = "ad"
pattern = '''^buy our .{1,40}$'''
why = "Our own shop."
match = ["Buy our mugs", "BUY OUR SHIRTS"]
no_match = ["He asked us to buy our mugs there.", "Buy a mug"]
"""


@pytest.fixture(scope="session")
def packs() -> dict[Path, tuple[Rule, ...]]:
    return load_packs()


@pytest.fixture(scope="session")
def with_examples(packs: dict[Path, tuple[Rule, ...]]) -> tuple[Rule, ...]:
    return tuple(rule for rules in packs.values() for rule in rules)


# The packs


def test_every_example_of_every_pack_does_what_it_says(with_examples: tuple[Rule, ...]) -> None:
    assert len(with_examples) > 400
    assert check_rules(with_examples) == []


def test_the_index_is_in_step_with_the_packs(packs: dict[Path, tuple[Rule, ...]]) -> None:
    hint = "run: python -m unbait.rules.build"
    assert INDEX.read_bytes() == build_index(packs), hint


def test_the_index_says_what_the_packs_say(with_examples: tuple[Rule, ...]) -> None:
    by_index = [rule._replace(keys=(), openings=(), signs=()) for rule in load_packaged()]
    by_packs = [
        rule._replace(keys=(), openings=(), signs=(), match=(), no_match=())
        for rule in with_examples
    ]
    assert by_index == by_packs


def test_languages_are_chosen_with_what_is_for_all() -> None:
    assert {rule.lang for rule in load_packaged({"en"})} == {"any", "en"}


def test_the_seed_shapes_are_found(packaged: RuleSet) -> None:
    assert "EN-AD101" in codes(packaged, "Click Here: online rugby store malaysia")
    assert "EN-EG101" in codes(packaged, "Like this story?")
    assert codes(packaged, "The plane arrived at Venezuela’s “main airport” on Monday.") == []


@pytest.mark.parametrize("name", ["names", "ids"])
def test_names_and_ids_are_unique(name: str) -> None:
    rules = load_packaged()
    keys = [rule.id for rule in rules] if name == "ids" else [(r.lang, r.name) for r in rules]
    assert len(keys) == len(set(keys))


# Errors for people


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('id = "MY-AD1"\n', "", "RULE_FIELD", "id: is missing"),
        ('"MY-AD1"', '"my ad"', "RULE_FIELD", "capital letters"),
        ('"ad"', '"advert"', "RULE_FIELD", "category: write one of"),
        ("why =", "because =", "RULE_FIELD", "why: is missing"),
        ("why =", "x = 1\nwhy =", "RULE_FIELD", "x: is not known"),
        (".{1,40}", ".{1,400}", "RULE_LIMIT", "{1,400} repeats too often"),
        (".{1,40}", "(?=x)", "RULE_SYNTAX", "(?="),
        (".{1,40}", "(?i)x", "RULE_SYNTAX", "write (?:"),
        (".{1,40}", "[a-", "RULE_SYNTAX", "re2 refuses"),
        (".{1,40}", r"\A", "RULE_SYNTAX", "write ^"),
        (".{1,40}", "x" * 5_000, "RULE_LIMIT", "characters"),
        (".{1,40}", "x{0,9}" * 70, "RULE_LIMIT", "counted repeats"),
        ('match = ["Buy our mugs", "BUY OUR SHIRTS"]', "match = 3", "RULE_FIELD", "list of texts"),
        ("[[rule]]", "[rule]", "RULE_FIELD", "two brackets"),
        ("[[rule]]", "surprise = 1\n[[rule]]", "RULE_FIELD", "surprise"),
        ("'''^buy", '"\\d', "RULE_TOML", "is not TOML"),
        ("why =", "score = 2\nwhy =", "RULE_FIELD", "score"),
        ("why =", "scope = 'word'\nwhy =", "RULE_FIELD", "scope"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, old: str, new: str, code: str, says: str) -> None:
    path = user_file(tmp_path, RULE.replace(old, new))
    with pytest.raises(RuleError) as caught:
        load_user(path)
    assert caught.value.code == code
    assert says in caught.value.message
    assert str(path) in caught.value.message


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="RULE_FILE"):
        load_user(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"why = '\xe9'")
    with pytest.raises(RuleError, match="not UTF-8"):
        load_user(tmp_path / "latin.toml")


def test_a_pack_wants_its_own_ids_and_examples(tmp_path: Path) -> None:
    pack = tmp_path / "en" / "ads.toml"
    pack.parent.mkdir()
    pack.write_text(RULE.replace("why", 'name = "x"\nwhy'), encoding="utf-8")
    with pytest.raises(RuleError, match="write EN-"):
        load_pack(pack)


def test_a_span_rule_that_hits_nothing_at_all_is_refused(tmp_path: Path) -> None:
    content = RULE.replace("^buy our .{1,40}$", "x*").replace("why", "scope = 'span'\nwhy")
    with pytest.raises(RuleError, match="hits nothing"):
        load_user(user_file(tmp_path, content))


def test_double_and_unknown_ids_are_refused(tmp_path: Path) -> None:
    path = user_file(tmp_path, RULE + RULE)
    with pytest.raises(RuleError, match="is taken"):
        RuleSet.packaged([path])
    with pytest.raises(RuleError, match="no rule 'NO-1'"):
        RuleSet.packaged(disable=["NO-1"])


# Users' rules


def test_own_rules_disabled_rules_and_keep_rules(tmp_path: Path) -> None:
    path = user_file(
        tmp_path,
        'disable = ["EN-AD101"]\n' + RULE + "[[keep]]\npattern = 'our Shop'\nwhy = 'Ours.'\n",
    )
    ruleset = RuleSet.packaged([path], keep=["like this story"])
    assert codes(ruleset, "Buy our mugs") == ["MY-AD1"]
    assert "EN-AD101" not in codes(ruleset, "Click Here: online rugby store malaysia")
    hits = find_in(ruleset, ["Visit OUR SHOP today", "Like this story?"])
    kept = [(s, r) for s, r in zip(hits.segment, hits.rule, strict=True)]
    ids = {(int(s), ruleset.rules[r].id) for s, r in kept}
    assert (0, "KEEP-1-1") in ids
    assert (1, "KEEP-1") in ids
    keep = next(rule for rule in ruleset.rules if rule.id == "KEEP-1-1")
    assert (keep.category, keep.whole) == ("content", True)


def test_rules_of_one_site_stay_there(tmp_path: Path) -> None:
    path = user_file(
        tmp_path,
        '[site."Example.com"]\ndisable = ["EN-EG101"]\n'
        + RULE.replace("[[rule]]", '[[site."Example.com".rule]]'),
    )
    ruleset = RuleSet.packaged([path])
    assert ruleset.has_sites
    assert codes(ruleset, "Buy our mugs") == []
    assert codes(ruleset, "Buy our mugs", hosts=["www.example.com"]) == ["MY-AD1"]
    assert codes(ruleset, "Buy our mugs", hosts=["notexample.com"]) == []
    assert "EN-EG101" not in codes(ruleset, "Like this story?", hosts=["example.com"])
    assert "EN-EG101" in codes(ruleset, "Like this story?", hosts=["example.org"])
    assert "EN-EG101" in codes(ruleset, "Like this story?", hosts=[None])


def test_a_rule_set_pickles(tmp_path: Path) -> None:
    path = user_file(tmp_path, RULE + "[site.\"a.org\"]\ndisable = ['MY-AD1']\n")
    ruleset = RuleSet.packaged([path])
    codes(ruleset, "Buy our mugs")
    again = pickle.loads(pickle.dumps(ruleset))
    assert again.rules == ruleset.rules
    assert codes(again, "Buy our mugs", hosts=["a.org"]) == []
    assert codes(again, "Buy our mugs") == ["MY-AD1"]


def test_a_cut_group_names_what_goes(tmp_path: Path) -> None:
    pattern = "[.!] (?P<cut>sign up now[.!]?)$"
    content = RULE.replace("^buy our .{1,40}$", pattern).replace("why", "scope = 'span'\nwhy")
    ruleset = RuleSet(load_user(user_file(tmp_path, content)).rules)
    hits = find_in(ruleset, ["It rained. Sign up now!"])
    assert (hits.start.tolist(), hits.end.tolist()) == ([11], [23])
    finding = ruleset.finding(int(hits.rule[0]), 11, 23)
    assert (finding.code, finding.whole) == ("MY-AD1", False)


def test_check_finds_what_is_wrong(tmp_path: Path) -> None:
    dead = RULE.replace('"BUY OUR SHIRTS"', '"Sell our shirts"')
    wide = RULE.replace("MY-AD1", "MY-AD2").replace("^buy our .{1,40}$", "^buy .*$")
    problems = check_rules(load_user(user_file(tmp_path, dead + wide)).rules)
    assert [(one.rule, one.message.split(":")[0]) for one in problems] == [
        ("MY-AD1", "match example is not hit"),
        ("MY-AD1", "no_match example is hit by MY-AD2"),
        ("MY-AD2", "no_match example is hit"),
    ]


def test_stats_count_hits_by_label(tmp_path: Path) -> None:
    rules = load_user(user_file(tmp_path, RULE)).rules
    lines = ["Buy our mugs", "Buy our hats", "Buy our tea", "Good day"]
    (one,) = rule_stats(rules, lines, ["ad", "content", "metadata", "content"])
    assert (one.hits, one.content_hits, one.content_lines) == (2, 1, ("Buy our hats",))
    assert 0.5 < one.right < 0.7


# Patterns


@pytest.mark.parametrize(
    ("pattern", "folded"),
    [
        ("Don't \\W \\p{Lu}", "don['’]t \\W \\p{Lu}"),
        ("[A-Z'-]", "[’a-z'-]"),
        ("['’]", "['’]"),
    ],
)
def test_patterns_are_put_into_folded_letters(pattern: str, folded: str) -> None:
    assert in_folded_letters(pattern) == folded


def test_sieves_never_hit_less_than_the_pattern(with_examples: tuple[Rule, ...]) -> None:
    for rule in with_examples:
        exact = compile_pattern(wrapped(rule.pattern, rule.scope))
        sieve = compile_pattern(wrapped(rule.sieve, rule.scope))
        for text in (*rule.match, *rule.no_match):
            line = fold_text(text)[0].encode()
            if exact.search(line):
                assert sieve.search(line), rule.id
                assert rule.scope == "span" or len(line.decode()) <= rule.longest, rule.id


@pytest.mark.parametrize("written", ["{}", "» {}", "3. {}!", "•\u200b - {} … 12/3"])
def test_what_is_tried_is_all_that_a_pattern_hits(
    with_examples: tuple[Rule, ...], packaged: RuleSet, written: str
) -> None:
    """Keys, openings and signs of all rules together leave out nothing that is hit."""
    examples = [text for rule in with_examples for text in (*rule.match, *rule.no_match)]
    lines = [written.format(text) for text in examples]
    hits = find_in(packaged, lines)
    folded = [fold_text(line)[0] for line in lines]
    data = [line.encode() for line in folded]
    for number in range(0, len(packaged.rules), 9):
        rule = packaged.rules[number]
        exact = compile_pattern(wrapped(rule.pattern, rule.scope))
        most = rule.longest if rule.scope == "line" else np.inf
        expected = {
            at for at, line in enumerate(data) if len(folded[at]) <= most and exact.search(line)
        }
        assert set(hits.segment[hits.rule == number].tolist()) == expected, rule.id


@pytest.mark.parametrize(
    ("pattern", "openings"),
    [
        ("(?:read|see) more.*", {"read mor", "see more"}),
        (r"[ «•-]*\d{1,2}[./-]\d{1,2}[./-]\d{4}", {"0~"}),
        ("«? ?ads?!*", {"ad~", "ads~"}),
        ("e-?mail us", {"e mail u", "email us"}),
        ("(?:no|[0-9,]+k?) shares",
         {"no share", "0shares~", "0k share", "k shares", "shares~"}),
        (".*more", set()),
    ],
)  # fmt: skip
def test_openings_are_what_every_hit_begins_with(pattern: str, openings: set[str]) -> None:
    found = openings_of(f"^(?:{pattern})$")
    assert {word.to_bytes(8, "little").rstrip(b"\0").decode() for word in found} == openings


def test_lines_open_with_their_letters() -> None:
    texts = ["» Read more: x", "12.05.2014", "!" * 40 + " a 1.5 - b", "no - 1", "---", "Ünï"]
    words = opening_words(*joined(texts))
    opening = [bytes(word).rstrip(b"\0") for word in words.view(np.uint8).reshape(-1, 8)]
    assert opening[:5] == [b"read mor", b"0~", b"a0b~", b"no0~", b"~"]
    assert opening[5][1:2] == b"n" and opening[5].endswith(b"~")


def test_a_pattern_is_its_parts() -> None:
    assert split("^(?:a|b(?:c|d))(?:e)?$") == ["^(?:a)(?:e)?$", "^(?:b(?:c|d))(?:e)?$"]
    assert split("^(?:b(?:c|d))e$") == ["^(?:b(?:c))e$", "^(?:b(?:d))e$"]
    assert split("(?:a)?b") == ["b", "(?:a)b"]
    assert split("(?:a|b)+c") == []
    needs = needs_of("(?m)^(?:.{0,9}(?:©|copyright).{0,9}x|(?:see|read) more)$", "line")
    assert needs.signs == ((0xA9, 0xA9),) and needs.keys and len(needs.openings) == 2


def test_keys_are_what_every_hit_holds() -> None:
    keys = [key.value.to_bytes(8, "little").rstrip(b"\0") for key in keys_of("a*(?:buyit|sellx)b")]
    assert sorted(keys) == [b"buyitb", b"sellxb"]
    assert keys_of("(?:buyit)?") == ()
    assert keys_of("^[0-9]+$") == ()


# The engine's promises

WORDS = st.sampled_from(
    ["Click Here: cheap nike air max", "Like this story?", "Read more", "The minister said so.",
     "Follow us on Twitter", "It rained. (Follow us on Twitter @x) It is dry.",
     "é 漢字 🙂", "1 2 3 4",
     "© 2019 Acme", "Sign up for our newsletter here.", "Advertisement", "\ud800", "Реклама",
     "He left. Read more here.", "x" * 400, " ", "a\tb"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=8))
def test_hits_lie_inside_and_do_not_depend_on_the_batch(
    packaged: RuleSet, texts: list[str]
) -> None:
    all_codes, start, end = joined(texts)
    hits = packaged.find(all_codes, start, end)
    assert np.all(start[hits.segment] <= hits.start)
    assert np.all(hits.start < hits.end)
    assert np.all(hits.end <= end[hits.segment])
    for index, text in enumerate(texts):
        alone = packaged.find(*joined([text]))
        here = hits.segment == index
        assert hits.rule[here].tolist() == alone.rule.tolist()
        assert (hits.start[here] - start[index]).tolist() == alone.start.tolist()
        assert (hits.end[here] - start[index]).tolist() == alone.end.tolist()


def test_breaks_inside_a_segment_are_spaces(packaged: RuleSet) -> None:
    text = "click here:\ncheap nike\nshoes"
    view = np.frombuffer(text.encode("utf-32-le"), "<u4")
    hits = packaged.find(view, np.array([0]), np.array([len(text)]))
    found = {packaged.rules[rule].id: (s, e) for rule, s, e in zip(*hits[1:], strict=True)}
    assert found["EN-AD101"] == (0, len(text))


def test_line_rules_leave_long_paragraphs_alone(packaged: RuleSet) -> None:
    assert all(
        packaged.rules[rule].scope == "span"
        for rule in find_in(packaged, ["Click here: " + "cheap shoes " * 40]).rule.tolist()
    )


def test_segments_that_touch_are_refused(packaged: RuleSet) -> None:
    view = np.frombuffer("abcd".encode("utf-32-le"), "<u4")
    with pytest.raises(ValueError, match="apart"):
        packaged.find(view, np.array([0, 2]), np.array([2, 4]))


def test_nothing_in_nothing(packaged: RuleSet) -> None:
    none = np.zeros(0, np.int64)
    assert packaged.find(np.zeros(0, np.uint32), none, none).rule.size == 0


def test_hits_in_a_very_long_paragraph_have_their_place(packaged: RuleSet) -> None:
    text = "é word " * 20_000 + "It rained. (Follow us on Twitter @x)"
    hits = find_in(packaged, [text])
    at = text.index("(Follow")
    ids = [packaged.rules[rule].id for rule in hits.rule.tolist()]
    places = [ids[i] == "EN-EG201" and hits.start[i] == at for i in range(len(ids))]
    assert any(places)
    assert hits.end[places.index(True)] == len(text)


@pytest.mark.parametrize(
    "bit",
    ["a", "click here ", "(", "follow us on twitter ", "1 2 ", "<<", "\u0301", "漢", ". sign up ",
     "read more: ", "© 2019 ", "buy cheap viagra online ", "\x00", "@a "],
)  # fmt: skip
def test_time_is_linear_on_hostile_text(packaged: RuleSet, bit: str) -> None:
    def seconds(size: int) -> float:
        batch = joined_raw(bit, size)
        begun = time.process_time()
        packaged.find(*batch)
        return time.process_time() - begun

    seconds(20_000)
    small, large = seconds(100_000), seconds(400_000)
    assert large < 10 * max(small, 0.02)
    assert large < 3.0


def test_few_lines_are_tried(packaged: RuleSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule's own pattern runs only where it may hit; more documents cost less each."""
    calls = 0

    def counted(run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            nonlocal calls
            calls += 1
            return run(*given)

        return call

    def tries(texts: list[str]) -> int:
        nonlocal calls
        calls = 0
        packaged.find(*joined(texts))
        return calls

    monkeypatch.setattr(engine, "matches_line", counted(engine.matches_line))
    monkeypatch.setattr(engine, "matches", counted(engine.matches))
    article = (Path(__file__).parents[1] / "examples" / "scraped-article.txt").read_text("utf-8")
    lines = [line for line in article.splitlines() if line.strip()]
    alone = tries(lines)
    assert 0 < alone < 100
    assert tries(lines * 50) < 10 * alone


def joined_raw(bit: str, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    text = (bit * (size // len(bit) + 1))[:size]
    return np.frombuffer(text.encode("utf-32-le"), "<u4"), np.array([0]), np.array([size])
