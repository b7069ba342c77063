"""``lines/turku``: lines judged by people after another definition, learnt as a user's labels are.

What people took for junk there also covers rows of tables, prices, lists and fragments. The figures
are those of ``unbait train``: five folds by document, documents that share their longest line
together, every line judged by a fit that saw neither its document nor one like it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import records
from unbait import __version__, labels
from unbait.model import CONTENT, junk_logit
from unbait.refit import refit

NAME = "lines/turku"
COMMAND = "python -m training turku"


def report() -> dict[str, Any]:
    """Return the figures with the command and the hash of the data."""
    path = records.DATA / f"{NAME}.jsonl.xz"
    if not path.exists():
        raise records.DataMissingError(f"{path} is missing: set UNBAIT_DATA to the data folder")
    sample = labels.load(path)
    made = refit(sample, __version__)
    languages = np.array([one.lang for one in sample.documents if one.texts])[made.data.document]
    junk = made.data.junk()
    known = junk | (made.data.label == CONTENT)
    return {
        "command": COMMAND,
        "data": {NAME: hashlib.sha256(path.read_bytes()).hexdigest()},
        "model": made.manifest["parent"]["weights_sha256"],
        "strength": made.manifest["strength"],
        "figures": {
            "packaged": _by_language(made.packaged, junk, known, languages),
            "trained": _by_language(made.chances, junk, known, languages),
        },
    }


def _by_language(
    chances: NDArray[np.float32],
    junk: NDArray[np.bool_],
    known: NDArray[np.bool_],
    languages: NDArray[np.str_],
) -> dict[str, dict[str, float]]:
    """Return lines, junk F1, junk found and content lost of each language, and of all together."""
    cut = junk_logit(chances) >= 0
    parts = {name: known & (languages == name) for name in sorted(set(languages.tolist()))}
    parts["all"] = known
    return {name: _figures(cut[rows], junk[rows]) for name, rows in parts.items()}


def _figures(cut: NDArray[np.bool_], junk: NDArray[np.bool_]) -> dict[str, float]:
    right = int((cut & junk).sum())
    return {
        "lines": len(junk),
        "junk_f1": 2 * right / max(int(cut.sum() + junk.sum()), 1),
        "junk_found": right / max(int(junk.sum()), 1),
        "content_lost": int((cut & ~junk).sum()) / max(int((~junk).sum()), 1),
    }
