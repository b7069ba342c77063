"""What is meant for operators: the systemd unit, the example settings, the Dockerfile."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from unbait.service.settings import load

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def test_the_unit_is_what_systemd_takes(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze is installed")
    unit = (DEPLOY / "unbait.service").read_text()
    assert "ExecStart=/opt/unbait/bin/unbait serve" in unit
    here = tmp_path / "unbait.service"
    here.write_text(unit.replace("/opt/unbait/bin/unbait", shutil.which("true") or sys.executable))
    done = subprocess.run(
        [analyze, "verify", "--man=no", here], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_settings_are_read() -> None:
    assert load(DEPLOY / "unbait.toml", {}).host == "127.0.0.1"


def test_the_image_is_made_of_what_the_wheel_needs() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = [
        name for line in lines if re.match(r"COPY (?!--)", line) for name in line.split()[1:-1]
    ]
    assert all((ROOT / name).exists() for name in copied)
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in allowed if line.startswith("!")} == set(copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"]}
    assert {Path(name).parts[0] for name in needed} <= set(copied)
    (check,) = re.findall(r"HEALTHCHECK.*?CMD (\[.*?\])\n", "\n".join(lines), flags=re.DOTALL)
    program = json.loads(check.replace("\\\n", ""))
    compile(program[2], "HEALTHCHECK", "exec")
