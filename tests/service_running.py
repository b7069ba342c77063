"""Starts the real service on a real socket for the tests, once for each set of settings."""

from __future__ import annotations

import atexit
import functools
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

import unbait

ROOT = Path(unbait.__file__).parents[1]
_RUNNING = re.compile(r"running on (http://\S+)")
AD = "Click Here: online rugby store malaysia"
GOOD = (
    "The council voted on Tuesday to reopen the ferry line to the island, which was closed in "
    "2013 to save money, and will lease a vessel for three years, the harbour master said."
)
ARTICLE = f"{GOOD}\n\n{AD}\n\n{GOOD}"
CLEAN = f"{GOOD}\n\n{GOOD}"


class Server:
    """A running service."""

    def __init__(self, command: tuple[str, ...] = (), **settings: object) -> None:
        self.log = Path(tempfile.mkstemp(prefix="unbait-", suffix=".log")[1])
        names = {f"UNBAIT_{name.upper()}": str(value) for name, value in settings.items()}
        environ = {"UNBAIT_WORKERS": "1", **os.environ, "PYTHONPATH": str(ROOT), **names}
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                [*(command or (sys.executable, "-m", "unbait", "serve")), "--port", "0"],
                env=environ, stdout=stream, stderr=stream,
            )  # fmt: skip
        atexit.register(self.stop)
        self.url = self._address()
        self.port = int(self.url.rpartition(":")[2])

    def _address(self) -> str:
        for _ in range(1200):
            found = _RUNNING.search(self.log.read_text())
            if found:
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(self.log.read_text())

    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        return psutil.Process(self.process.pid).children()

    def stop(self, seconds: float = 20) -> int:
        """Stop it as a service manager would; return the exit code."""
        atexit.unregister(self.stop)
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
            self.log.unlink(missing_ok=True)


@functools.cache
def running(**settings: object) -> Server:
    """Return a server that all tests with these settings share."""
    return Server(**settings)
