"""Model directories: ``weights.safetensors`` and ``manifest.json``. Loading cannot run code."""

from __future__ import annotations

import hashlib
import math
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbait.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The types of safetensors that NumPy has, all little-endian.
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
    "I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_WORD = 8
WEIGHTS, MANIFEST = "weights.safetensors", "manifest.json"


def packaged(name: str) -> Path:
    """Return the directory of a packaged model ("paragraph", "page", "page_types", "headline").

    In a wheel the models lie inside the package; in a checkout they lie at its top.
    """
    here = Path(__file__).resolve().parent
    inside = here / "_models" / name
    return inside if inside.is_dir() else here.parent.parent / "models" / name


def load(directory: Path, feature_version: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return (arrays, manifest) of a model directory.

    Raises ModelError when a file is missing or damaged, or made for other features.
    """
    manifest = read_manifest(directory)
    found = manifest.get("feature_version")
    if found != feature_version:
        raise ModelError(
            "MODEL_VERSION",
            f"{directory}: made for feature version {found}, this unbait has {feature_version}; "
            "use the model that came with this version or train one (CONTRIBUTING.md)",
        )
    data = _mapped(directory / WEIGHTS)
    if hashlib.sha256(data).hexdigest() != manifest.get("weights_sha256"):
        raise ModelError(
            "MODEL_DAMAGED",
            f"{directory / WEIGHTS}: the hash differs from the manifest's; copy it again",
        )
    return _arrays(data, directory / WEIGHTS), manifest


def save(directory: Path, arrays: dict[str, NDArray[Any]], manifest: dict[str, Any]) -> None:
    """Write a model directory; same arrays and manifest, same bytes."""
    import orjson
    from safetensors.numpy import save as save_arrays

    directory.mkdir(parents=True, exist_ok=True)
    # safetensors writes an array's memory as it lies, whatever its order.
    rows_first = {name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}
    data = save_arrays(rows_first)
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


def _arrays(data: mmap.mmap | bytes, path: Path) -> dict[str, NDArray[Any]]:
    """Return read-only views of a safetensors file, so that processes share its pages.

    safetensors itself copies each array on its way to NumPy. What does not lie on a machine word is
    copied once: seen as words, NumPy would copy all of it for every look-up.
    """
    import orjson

    try:
        end = 8 + int.from_bytes(data[:8], "little")
        header = orjson.loads(data[8:end])
        return {
            name: _on_words(
                np.frombuffer(data, _TYPES[one["dtype"]], math.prod(one["shape"]),
                              end + one["data_offsets"][0]).reshape(one["shape"])
            )
            for name, one in header.items() if name != "__metadata__"
        }  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError("MODEL_DAMAGED", f"{path}: no safetensors file: {error}") from error


def _on_words(array: NDArray[Any]) -> NDArray[Any]:
    if array.ctypes.data % _WORD == 0:
        return array
    array = array.copy()
    array.setflags(write=False)
    return array


def _mapped(path: Path) -> mmap.mmap | bytes:
    """Map a file into memory; an empty one cannot be."""
    try:
        with path.open("rb") as stream:
            if not path.stat().st_size:
                return b""
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise _missing(path, error) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _missing(path, error) from error


def _missing(path: Path, error: OSError) -> ModelError:
    says = f"{path}: cannot be read ({error.strerror}); is this a model?"
    return ModelError("MODEL_MISSING", says)
