"""The line of a rejects file: what could not be done, why, and the bytes themselves."""

from __future__ import annotations

import base64

from unbait.io.audit import audit_line
from unbait.io.formats import Bad


def reject_line(bad: Bad, path: str) -> bytes:
    """Write one reject; the fields are those of ``unbait clean`` on single files."""
    content = None if bad.content is None else base64.b64encode(bad.content).decode()
    return audit_line(
        {
            "version": 1,
            "id": path if bad.where == path else f"{path}: {bad.where}",
            "code": bad.code,
            "message": bad.message,
            "content_base64": content,
        }
    )
