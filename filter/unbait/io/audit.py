"""Audits as JSON lines: written with bytes told, read back, and undone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, cast

import orjson

from unbait.errors import InputError
from unbait.io.coding import Coding
from unbait.render import AuditRecord, AuditSource, cuts_in, restore


def audit_line(record: object) -> bytes:
    """Write one record as a line of JSON; lone surrogates stay as escapes."""
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except (TypeError, ValueError):
        return json.dumps(record).encode() + b"\n"


def read_audit(path: Path) -> Iterator[AuditRecord]:
    """Read the records of an audit file, one by one."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield _record(path, number, line)


def schema() -> dict[str, Any]:
    """Give the JSON Schema of a record, as it ships in the package."""
    text = resources.files(__package__).joinpath("audit.schema.json").read_bytes()
    return cast("dict[str, Any]", orjson.loads(text))


def source_of(
    raw: bytes, *, kind: str, coding: Coding | None, found: str, exact: bool
) -> AuditSource:
    """Describe bytes that were read; ``coding`` is None where the page's parser read them."""
    return {
        "sha256": hashlib.sha256(raw).hexdigest(),
        "bytes": len(raw),
        "type": kind,
        "encoding": coding.encoding if coding else None,
        "errors": coding.errors if coding else "strict",
        "bom": bool(coding and coding.bom),
        "found": found,
        "exact": exact,
    }


def restore_source(record: AuditRecord, output: bytes) -> bytes:
    """Give back the bytes that came in, from what was written and its audit record alone."""
    source, written = record["source"], record["output"]
    if source is None or source["encoding"] is None or not source["exact"]:
        raise InputError(
            "AUDIT_INEXACT", "the input's bytes cannot be made again: the audit says exact: false"
        )
    _check("output", output, written["sha256"])
    clean = Coding(written["encoding"], written["errors"], written["bom"]).decode(output)
    text = restore(clean, cuts_in(record))
    raw = Coding(source["encoding"], source["errors"], source["bom"]).encode(text)
    _check("input", raw, source["sha256"])
    return raw


def _check(what: str, data: bytes, sha256: str) -> None:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError("AUDIT_MISMATCH", f"this {what} is not the one the audit speaks of")


def _record(path: Path, number: int, line: bytes) -> AuditRecord:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        # orjson refuses escapes of lone surrogates, which stand for bytes that were no UTF-8.
        try:
            record = json.loads(line)
        except ValueError as error:
            raise InputError("AUDIT_SYNTAX", f"{path}:{number}: no JSON: {error}") from error
    if not isinstance(record, dict) or record.get("version") != 1:
        raise InputError("AUDIT_VERSION", f"{path}:{number}: not an audit record of version 1")
    return cast("AuditRecord", record)
