"""schemathesis over the service's OpenAPI: whatever is sent, no 5xx and only what is documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from service_running import Server, running

pytest.importorskip("schemathesis", reason="schemathesis is not installed")


@pytest.mark.parametrize(
    "examples", [pytest.param(4, id="short"), pytest.param(150, id="long", marks=pytest.mark.slow)]
)
def test_no_server_error(examples: int, tmp_path: Path) -> None:
    server: Server = running()
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
            "--max-examples", str(examples), "--seed", "1", "--phases", "examples,fuzzing",
            "--no-color", "--exclude-checks", "unsupported_method,missing_required_header",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
