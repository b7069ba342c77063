"""Model directories: ``weights.safetensors`` and ``manifest.json``. Loading cannot run code."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbait.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS, MANIFEST = "weights.safetensors", "manifest.json"


def packaged(name: str) -> Path:
    """Return the directory of a packaged model ("paragraph", "page", "headline").

    In a wheel the models lie inside the package; in a checkout they lie at its top.
    """
    here = Path(__file__).resolve().parent
    inside = here / "_models" / name
    return inside if inside.is_dir() else here.parent.parent / "models" / name


def load(directory: Path, feature_version: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return (arrays, manifest) of a model directory.

    Raises ModelError when a file is missing or damaged, or made for other features.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as load_arrays

    manifest = read_manifest(directory)
    found = manifest.get("feature_version")
    if found != feature_version:
        raise ModelError(
            "MODEL_VERSION",
            f"{directory}: made for feature version {found}, this unbait has {feature_version}; "
            "use the model that came with this version or train one (CONTRIBUTING.md)",
        )
    data = _bytes(directory / WEIGHTS)
    if hashlib.sha256(data).hexdigest() != manifest.get("weights_sha256"):
        raise ModelError(
            "MODEL_DAMAGED",
            f"{directory / WEIGHTS}: the hash differs from the manifest's; copy it again",
        )
    try:
        return load_arrays(data), manifest
    except SafetensorError as error:
        raise ModelError("MODEL_DAMAGED", f"{directory / WEIGHTS}: {error}") from error


def save(directory: Path, arrays: dict[str, NDArray[Any]], manifest: dict[str, Any]) -> None:
    """Write a model directory; same arrays and manifest, same bytes."""
    import orjson
    from safetensors.numpy import save as save_arrays

    directory.mkdir(parents=True, exist_ok=True)
    data = save_arrays(dict(sorted(arrays.items())))
    (directory / WEIGHTS).write_bytes(data)
    manifest = {**manifest, "weights_sha256": hashlib.sha256(data).hexdigest()}
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    (directory / MANIFEST).write_bytes(orjson.dumps(manifest, option=options))


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a model directory; ModelError when it is missing or no JSON."""
    import orjson

    try:
        manifest = orjson.loads(_bytes(directory / MANIFEST))
    except orjson.JSONDecodeError as error:
        raise ModelError("MODEL_DAMAGED", f"{directory / MANIFEST}: no JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise ModelError("MODEL_DAMAGED", f"{directory / MANIFEST}: holds no table")
    return manifest


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            "MODEL_MISSING", f"{path}: cannot be read ({error.strerror}); is this a model?"
        ) from error
