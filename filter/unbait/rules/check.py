"""``python -m unbait.rules.check [FILE…]``: check packs (all, or these) with their examples."""

from __future__ import annotations

import sys
from pathlib import Path

from unbait.rules.checking import check_rules
from unbait.rules.loading import PACKS, read_pack
from unbait.rules.model import Rule
from unbait.rules.packaged import pack_files


def main(arguments: list[str]) -> int:
    """Print every problem and give the exit code."""
    asked = [path for one in arguments for path in _files(Path(one))]
    own = {path.resolve() for path in asked} or set(pack_files())
    rules: list[Rule] = []
    others: list[Rule] = []
    problems = 0
    for path in sorted(own | set(pack_files())):
        loaded, errors = read_pack(path)
        (rules if path in own else others).extend(loaded)
        for error in errors if path in own else ():
            print(error)
            problems += 1
    own_ids = {rule.id for rule in rules}
    for problem in check_rules(rules, [rule for rule in others if rule.id not in own_ids]):
        print(f"{problem.rule}: {problem.message}")
        problems += 1
    print(f"{len(rules)} rules, {problems} problems")
    return 1 if problems else 0


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.resolve().rglob("*.toml"))
    return [path if path.exists() else PACKS / path]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
