"""Policy files: what is written is read back, and every mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbait import Policy, PolicyError
from unbait.policyfile import dumps, proof
from unbait.types import CATEGORIES

SHARES = st.floats(0.001, 1.0)


@given(
    remove=st.frozensets(st.sampled_from(CATEGORIES[1:])),
    threshold=SHARES,
    guard=SHARES,
    action=st.sampled_from(["remove", "flag"]),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, **fields: object
) -> None:
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    policy = Policy().but(**fields)
    path.write_text(dumps(policy, {"method": 'a "quoted" \\ name', "documents": 3, "bound": 0.25}))
    assert Policy.load(path) == policy
    assert proof(path) == {"method": 'a "quoted" \\ name', "documents": 3, "bound": 0.25}


def test_a_file_may_say_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[policy]\nthreshold = 0.9\nremove = ["ad", "teaser"]\n')
    assert Policy.load(path) == Policy(threshold=0.9, remove=frozenset({"ad", "teaser"}))
    assert proof(path) == {}


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("[policy\n", "POLICY_SYNTAX", "no TOML"),
        ("threshold = 0.9\n", "POLICY_FIELD", "only [policy] and [proof]"),
        ("[proof]\nrisk = 0.1\n", "POLICY_FIELD", "begin with [policy]"),
        ("policy = 3\n", "POLICY_FIELD", "write a table: [policy]"),
        ("[policy]\nthreshhold = 0.9\n", "POLICY_FIELD", "threshhold: there is no such field"),
        ('[policy]\nthreshold = "0.9"\n', "POLICY_FIELD", "threshold: write a number"),
        ("[policy]\nthreshold = true\n", "POLICY_FIELD", "threshold: write a number"),
        ("[policy]\nthreshold = 1.5\n", "POLICY_FIELD", "threshold: write a number from 0 to 1"),
        ("[policy]\nthreshold = 0\n", "POLICY_FIELD", "threshold must be above 0"),
        ("[policy]\nthreshold = nan\n", "POLICY_FIELD", "threshold: write a number"),
        ('[policy]\nremove = "ad"\n', "POLICY_FIELD", "remove: write a list"),
        ('[policy]\nremove = ["adverts"]\n', "POLICY_FIELD", "remove takes ad, engagement"),
        ('[policy]\naction = "burn"\n', "POLICY_FIELD", 'action: write "remove" or "flag"'),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, code: str, says: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        Policy.load(path)
    assert caught.value.code == code
    assert str(path) in str(caught.value) and says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="POLICY_MISSING"):
        Policy.load(tmp_path / "nowhere.toml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xff\xfe[policy]")
    with pytest.raises(PolicyError, match="POLICY_SYNTAX"):
        Policy.load(path)
