"""A fitted model to a directory: weights, manifest, card, parity rows."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from training import evaluate, inside, paragraph, records
from training.card import card
from training.crossfit import Crossfit
from unbait import modelfile
from unbait.features import FEATURE_VERSION, HASH_BITS
from unbait.model import ParagraphModel
from unbait.networks import Network

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
FIGURES = ROOT / "docs" / "figures"
MEASURED = ROOT / ".cache" / "measured"  # has not seen what ``training.synthetic.measure`` makes
PARITY_TEXTS = Path(__file__).parent / "parity" / "paragraph.txt"
SETS = ("lines/news", "lines/pages", "html/wcxb-dev", "html/daniel", "text/clean-news")
COMMAND = "python -m training train && python -m training export"


def data_hashes() -> dict[str, str]:
    """Return the SHA-256 of every data file and of our labels."""
    paths = {name: records.DATA / f"{name}.jsonl.xz" for name in SETS}
    paths |= {f"labels/{path.stem}": path for path in sorted(records.LABELS.glob("*.jsonl"))}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}


def export(fit: Crossfit) -> None:
    """Write ``models/paragraph``, ``docs/figures/paragraph.json`` and the model to measure."""
    figures = evaluate.figures(fit)
    network, threshold, figures["inside"] = inside.fit(fit, _models(fit))
    directory = MODELS / "paragraph"
    manifest = {
        "name": "paragraph",
        "feature_version": FEATURE_VERSION,
        "hash_bits": HASH_BITS,
        "calibration": fit.calibration,
        "sentence_threshold": threshold,
        "settings": asdict(fit.settings),
        "data": data_hashes(),
        "command": COMMAND,
        "figures": figures,
    }
    for fitted, where in ((fit.measured, MEASURED), (fit.fitted, directory)):
        arrays = paragraph.arrays(fitted) | network.arrays("sentences")
        modelfile.save(where, arrays, dict(manifest))
    _describe(directory, manifest)


def export_sentences(fit: Crossfit) -> None:
    """Put a judge of sentences fitted anew into ``models/paragraph``, and its figures."""
    network, threshold, found = inside.fit(fit, _models(fit))
    directory = MODELS / "paragraph"
    arrays, manifest = modelfile.load(directory, FEATURE_VERSION)
    manifest["sentence_threshold"] = threshold
    manifest["figures"]["inside"] = found
    modelfile.save(directory, arrays | network.arrays("sentences"), manifest)
    _describe(directory, manifest)


def _describe(directory: Path, manifest: dict[str, Any]) -> None:
    """Write what goes beside the weights: parity rows, the card, the report of figures."""
    write_parity(directory)
    (directory / "CARD.md").write_text(card(manifest), encoding="utf-8")
    FIGURES.mkdir(parents=True, exist_ok=True)
    report = {name: manifest[name] for name in ("command", "data", "figures")}
    (FIGURES / "paragraph.json").write_bytes(_json(report))


def _models(fit: Crossfit) -> list[ParagraphModel]:
    """Return for each fold a model whose stage one did not see it."""
    manifest = {"calibration": fit.calibration, "sentence_threshold": 1.0}
    nothing = np.zeros((0, 0), dtype=np.float32)
    blank = Network(*(nothing for _ in fields(Network))).arrays("sentences")
    return [
        ParagraphModel(paragraph.arrays(replace(fit.fitted, stage_one=one)) | blank, manifest)
        for one in fit.stage_ones
    ]


def write_parity(directory: Path) -> None:
    """Write what the model says of texts of our own, for `unbait models verify` to replay."""
    from unbait.parity import rows_of

    texts = PARITY_TEXTS.read_text(encoding="utf-8").split("\n%\n")
    lines = [orjson.dumps(row) + b"\n" for row in rows_of(directory, texts)]
    (directory / "parity.jsonl").write_bytes(b"".join(lines))


def _json(value: Any) -> bytes:
    return orjson.dumps(
        value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    )
