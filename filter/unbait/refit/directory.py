"""A refitted model as a directory that can go back to what stood there before."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbait import modelfile, parity
from unbait.errors import ModelError

if TYPE_CHECKING:
    from unbait.refit import Refit

PREVIOUS = "previous"  # inside a model's directory: the model that stood there before it

_CARD = """# A paragraph model refitted on labels of its user

Written by `unbait train`. Its parent is the packaged model of unbait {version}
(weights {parent}); without `--model` that one is used again.

Trained on {lines} labelled lines of {documents} documents (SHA-256 of the file: {sha256}).

| on documents not seen (5 folds) | packaged | this one |
|---|---|---|
| ranking (chance .5) | {packaged[ranking]:.3f} | {refitted[ranking]:.3f} |
| junk F1, cutting at .5 | {packaged[junk_f1]:.3f} | {refitted[junk_f1]:.3f} |
| log loss | {packaged[log_loss]:.3f} | {refitted[log_loss]:.3f} |

What its labels call junk it calls junk: it is good for texts like those, and no better than its
parent, perhaps worse, for others. Where the parent fails, it may fail too.
"""


def save(refit: Refit, directory: Path) -> None:
    """Write weights, manifest, card and parity rows; a model that stood there is kept inside.

    ModelError when ``directory`` holds something else than a model.
    """
    standing = directory.exists() and any(directory.iterdir())
    if standing and not (directory / modelfile.MANIFEST).exists():
        raise ModelError("OUTPUT_CLASH", f"{directory}: holds no model; name another folder")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unbait-", dir=directory.parent) as temporary:
        made = Path(temporary) / "model"
        modelfile.save(made, refit.arrays, refit.manifest)
        parity.write(made, parity.texts_of(modelfile.packaged("paragraph")))
        (made / "CARD.md").write_text(card(refit.manifest), encoding="utf-8")
        if standing:
            _take_place(made, directory, Path(temporary))
        else:
            made.replace(directory)


def undo(directory: Path) -> dict[str, Any]:
    """Put back the model that stood in ``directory`` before; return its manifest."""
    modelfile.read_manifest(directory)
    previous = directory / PREVIOUS
    if not previous.exists():
        raise ModelError(
            "NOTHING_BEFORE", f"{directory}: no model stood here before this one; leave --model "
            "out to use the packaged model"
        )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix=".unbait-", dir=directory.parent) as temporary:
        before = Path(temporary) / "before"
        previous.replace(before)
        directory.replace(Path(temporary) / "after")
        before.replace(directory)
    return modelfile.read_manifest(directory)


def card(manifest: dict[str, Any]) -> str:
    """Return the model card of a manifest."""
    parent, labels = manifest["parent"], manifest["labels"]
    return _CARD.format(
        version=parent["version"], parent=parent["weights_sha256"][:16], **labels,
        **manifest["figures"],
    )  # fmt: skip


def _take_place(made: Path, directory: Path, temporary: Path) -> None:
    """Put ``made`` where ``directory`` is, and what was there inside it; of older ones none."""
    shutil.rmtree(directory / PREVIOUS, ignore_errors=True)
    before = temporary / "before"
    directory.replace(before)
    before.replace(made / PREVIOUS)
    made.replace(directory)
