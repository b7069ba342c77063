"""Parity rows: what a model said of texts of our own when it was made, replayed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unbait import modelfile
from unbait.errors import ModelError
from unbait.fold import fold
from unbait.model import ParagraphModel
from unbait.segment import batch
from unbait.types import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from unbait.html import TypeModel

FILE = "parity.jsonl"
TOLERANCE = 1e-4
_DIGITS = 6


def rows_of(directory: Path, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield one row a text: the text and the junk probability of each of its segments."""
    model = ParagraphModel.load(directory)
    for text in texts:
        yield {"text": text, "junk": [round(float(p), _DIGITS) for p in _junk(model, text)]}


def texts_of(directory: Path) -> list[str]:
    """Return the texts of a model's parity rows."""
    import orjson

    return [orjson.loads(line)["text"] for line in _lines(directory)]


def write(directory: Path, texts: Sequence[str]) -> None:
    """Write what the model of ``directory`` says of ``texts`` beside it."""
    import orjson

    rows = [orjson.dumps(row) + b"\n" for row in rows_of(directory, texts)]
    (directory / FILE).write_bytes(b"".join(rows))


def verify(directory: Path) -> int:
    """Replay ``parity.jsonl``; return the number of rows, or raise ModelError at a difference."""
    import orjson

    replay = _replay(directory)
    path = directory / FILE
    lines = _lines(directory)
    for number, line in enumerate(lines, start=1):
        now, then = replay(orjson.loads(line))
        if len(now) != len(then) or np.abs(now - then).max(initial=0) > TOLERANCE:
            raise ModelError(
                "MODEL_PARITY",
                f"{path}: row {number} gives other probabilities here than where it was made",
            )
    return len(lines)


def _lines(directory: Path) -> list[bytes]:
    path = directory / FILE
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise ModelError("MODEL_MISSING", f"{path}: cannot be read ({error.strerror})") from error


def _replay(directory: Path) -> Callable[[dict[str, Any]], tuple[Any, list[float]]]:
    """Return what gives a row's probabilities now and then, for the kind of model it is."""
    name = modelfile.read_manifest(directory).get("name")
    if name == "page_types":
        from unbait.html import TypeModel

        types = TypeModel.load(directory)
        return lambda row: (_types(types, row), row["types"])
    if name == "headline":
        from unbait.headline import HeadlineModel

        headlines = HeadlineModel.load(directory)
        return lambda row: (headlines.score([row["title"]]), [row["score"]])
    model = ParagraphModel.load(directory)
    return lambda row: (_junk(model, row["text"]), row["junk"])


def _types(model: TypeModel, row: dict[str, Any]) -> Any:
    from unbait.html import features, read_page
    from unbait.html.nest import climb, nest

    page = read_page(row["html"], url=row["url"])
    rows = features.dense(page, nest(page, climb(page)))
    chances = model.chances(page, rows, np.array(row["kept"], dtype=np.int64), row["first"])
    return np.array(list(chances.values()))


def _junk(model: ParagraphModel, text: str) -> Any:
    made = batch([text])
    untold = np.zeros((len(made.start), len(CATEGORIES)), dtype=np.float32)
    look = model.look(made, fold(made.codes), untold)
    return model.junk(model.judge(look, made.first_segment))
