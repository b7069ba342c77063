"""The gate: committed figures must not fall below their floors, nor floors move silently.

A floor names the data it was measured on; another hash of that data is refused until someone
writes the new floor by hand, where a reviewer sees it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import orjson

from training.export import FIGURES

FLOORS = Path(__file__).with_name("floors.toml")


def check() -> list[str]:
    """Return what is below its floor or measured on other data; an empty list is a pass."""
    problems = []
    for floor in tomllib.loads(FLOORS.read_text(encoding="utf-8"))["floor"]:
        report = orjson.loads((FIGURES / floor["report"]).read_bytes())
        for name, sha in floor.get("data", {}).items():
            if report["data"].get(name) != sha:
                problems.append(f"{floor['name']}: {name} is not the data of the floor")
        value = _lookup(report["figures"], floor["figure"])
        worse = value > floor["at_most"] if "at_most" in floor else value < floor["at_least"]
        if worse:
            limit = floor.get("at_most", floor.get("at_least"))
            problems.append(f"{floor['name']}: {value:.4f} against a floor of {limit}")
    return problems


def _lookup(figures: Any, path: str) -> float:
    for part in path.split("."):
        figures = figures[part]
    return float(figures)
