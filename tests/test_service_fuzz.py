"""schemathesis over the service's OpenAPI: whatever is sent, no 5xx and only what is documented."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from service_running import ROOT, Server, running

from unbait.modelfile import packaged

pytest.importorskip("schemathesis", reason="schemathesis is not installed")


@pytest.mark.parametrize(
    "examples", [pytest.param(4, id="short"), pytest.param(150, id="long", marks=pytest.mark.slow)]
)
def test_no_server_error(examples: int, tmp_path: Path) -> None:
    server: Server = running()
    # Without a headline model /v1/score rightly says 501, which schemathesis takes for a failure.
    without = [] if packaged("headline").is_dir() else ["--exclude-path", "/v1/score"]
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
            "--max-examples", str(examples), "--seed", "1",
            "--phases", "examples,coverage,fuzzing,stateful",
            # A batch says what is wrong inside its answer, and a raw body cannot be wrong.
            "--exclude-checks", "negative_data_rejection", "--no-color", *without,
        ],
        env={**os.environ, "SCHEMATHESIS_HOOKS": "service_schemathesis",
             "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(ROOT)])},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
