"""What is built can be used: wheel and sdist hold the package, its rules, models and page."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("hatchling", reason="hatchling is not installed: pip install -e '.[dev]'")

CLEAN = """
from pathlib import Path
import unbait
assert Path(unbait.__file__).is_relative_to({where!r}), unbait.__file__
text = "The harbour was quiet on Monday when the boats came back.\\n\\nLike this story?"
result = unbait.Cleaner().clean(text)
assert result.restore() == text
print(result.text)
"""


def build(kind: str, into: Path, root: Path = ROOT) -> Path:
    """Build a wheel or an sdist of ``root`` without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return next(into.iterdir())


def cleaned(where: Path) -> str:
    """Clean with the package of a folder, away from the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", CLEAN.format(where=str(where))],
        cwd=where, env={"PYTHONPATH": str(where)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def unpacked(wheel: Path, into: Path) -> Path:
    zipfile.ZipFile(wheel).extractall(into)
    return into


def test_a_wheel_cleans_by_itself(tmp_path: Path) -> None:
    where = unpacked(build("wheel", tmp_path / "built"), tmp_path / "site")
    assert (where / "unbait" / "py.typed").exists()
    assert (where / "unbait" / "_models" / "paragraph" / "weights.safetensors").exists()
    assert cleaned(where) == "The harbour was quiet on Monday when the boats came back."


def test_a_wheel_made_of_the_sdist_cleans_by_itself(tmp_path: Path) -> None:
    sdist = build("sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    source = next((tmp_path / "source").iterdir())
    assert (source / "training" / "labels").is_dir() and (source / "tests").is_dir()
    where = unpacked(build("wheel", tmp_path / "built", source), tmp_path / "site")
    assert cleaned(where) == "The harbour was quiet on Monday when the boats came back."
