"""datatrove's C4 filter and ``trafilatura --parallel`` on the shards that unbait is measured on."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from benchmarks.pipelines.runs import Spent, spend
from benchmarks.pipelines.shards import Shards

# Sentences are not counted: that would take a tokenizer's model from the network.
_C4 = """
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import C4QualityFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

folder, name, out = sys.argv[1:]
LocalPipelineExecutor(
    pipeline=[
        JsonlReader(folder, glob_pattern=name, compression=None),
        C4QualityFilter(split_paragraph=True, min_num_sentences=-1, filter_no_terminal_punct=True),
        JsonlWriter(out + "/out", compression=None),
    ],
    logging_dir=out + "/logs", tasks=1,
).run()
"""


def measure(made: Shards) -> dict[str, Any]:
    """Measure both; C4 on one core, as datatrove gives one file to one task."""
    told: dict[str, Any] = {"texts.jsonl": {"datatrove C4 lines, one": _c4(made)}}
    with tempfile.TemporaryDirectory(dir=made.pages.parent) as folder:
        pages = Path(folder, "pages")
        count, size = _unpacked(made.pages, pages)
        told["pages.warc.gz"] = {
            f"trafilatura --parallel {jobs}": {
                **_trafilatura(pages, Path(folder, f"out{jobs}"), jobs).rates(size), "pages": count,
            }
            for jobs in (1, 2)
        }  # fmt: skip
    return told


def _c4(made: Shards) -> dict[str, float]:
    """Run the filter, and hold that it read all: it must keep some of what it read."""
    with tempfile.TemporaryDirectory(dir=made.texts.parent) as out:
        script = Path(out, "c4.py")
        script.write_text(_C4)
        folder, name = str(made.texts.parent), made.texts.name
        spent = spend([sys.executable, str(script), folder, name, out])
        kept = sum(path.read_bytes().count(b"\n") for path in Path(out, "out").iterdir())
        stats = orjson.loads(Path(out, "logs/stats.json").read_bytes())
        (read,) = {one["stats"]["total"] for one in stats if "C4" in one["name"]}
        assert read == made.documents, f"{read} of {made.documents} were read"
        return {**spent.rates(made.text_bytes), "documents_kept": kept}


def _unpacked(archive: Path, folder: Path) -> tuple[int, int]:
    """Write the pages of an archive as files, which is what trafilatura's command takes."""
    from unbait.pipelines.archives import archive_rows

    size = count = 0
    for count, row in enumerate(archive_rows(str(archive)), 1):
        place = folder / f"{count // 1000:04d}"
        place.mkdir(parents=True, exist_ok=True)
        size += (place / f"{count}.html").write_bytes((row["html"] or "").encode())
    return count, size


def _trafilatura(pages: Path, out: Path, jobs: int) -> Spent:
    command = str(Path(sys.executable).with_name("trafilatura"))
    spent = spend([command, "--input-dir", str(pages), "--output-dir", str(out),
                   "--parallel", str(jobs)])  # fmt: skip
    assert any(out.rglob("*.txt")), "it wrote nothing"
    return spent
