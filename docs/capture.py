"""Make docs/images/explain.svg: what a terminal shows of the example article.

.venv/bin/python docs/capture.py
"""

import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, LINES = 118, 44


def main() -> None:
    """Run the real command in colour and draw what it printed."""
    command = ["explain", "--color", "always", "examples/scraped-article.txt"]
    shown = subprocess.run(
        [sys.executable, "-m", "unbait", *command],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip
    picture = ROOT / "docs/images/explain.svg"
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        for line in shown.splitlines()[:LINES]:
            text = Text.from_ansi(line)
            text.truncate(COLUMNS, overflow="ellipsis")
            console.print(text)
        console.save_svg(str(picture), title="unbait explain examples/scraped-article.txt")
    # The picture must not ask another site for its letters.
    drawn = re.sub(r"@font-face \{.*?\}", "", picture.read_text("utf-8"), flags=re.DOTALL)
    picture.write_text(drawn, "utf-8")


if __name__ == "__main__":
    main()
