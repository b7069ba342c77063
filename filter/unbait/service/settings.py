"""All settings of the service: one dataclass, read from a TOML file and the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from unbait.errors import InputError

PREFIX = "UNBAIT_"
CONFIG = "UNBAIT_CONFIG"
_WORDS = {"1": True, "true": True, "yes": True, "on": True,
          "0": False, "false": False, "no": False, "off": False}  # fmt: skip


def _setting(default: Any, says: str, *, least: float | None = None) -> Any:
    return field(default=default, metadata={"says": says, "least": least})


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service runs. Sizes are bytes, times are seconds."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8000, "Port to listen on; 0 takes a free one.", least=0)
    workers: int = _setting(0, "Worker processes that clean; 0 is one for each CPU.", least=0)
    model: str = _setting("", "Directory of a paragraph model; empty is the packaged one.")
    rules: tuple[str, ...] = _setting((), "Rule files of your own.")
    disable: tuple[str, ...] = _setting((), "Ids of rules to switch off.")

    body_bytes: int = _setting(
        16 << 20, "Largest request body, before and after decompression (not of a stream).", least=1
    )
    document_bytes: int = _setting(4 << 20, "Largest single document.", least=1)
    batch_documents: int = _setting(1000, "Most documents in one batch request.", least=1)
    json_depth: int = _setting(16, "Deepest nesting of JSON in a request.", least=4)
    header_bytes: int = _setting(16 << 10, "Largest request line and headers together.", least=256)
    document_seconds: float = _setting(
        20.0, "Longest time for one document; then its worker is replaced.", least=0.05
    )
    header_seconds: float = _setting(
        10.0, "Longest wait on a connection for a whole request head.", least=0.05
    )
    body_seconds: float = _setting(30.0, "Longest time for a whole request body.", least=0.05)
    idle_seconds: float = _setting(
        30.0, "Longest wait for a client to send more of a stream or to read its answer.",
        least=0.05,
    )  # fmt: skip
    keep_alive_seconds: int = _setting(15, "How long an idle connection stays open.", least=1)
    shutdown_seconds: int = _setting(
        30, "After SIGTERM, how long running requests may take to finish.", least=1
    )

    connections: int = _setting(12_000, "Most open connections.", least=1)
    queue_requests: int = _setting(256, "Most requests that wait for a worker.", least=1)
    buffered_bytes: int = _setting(
        256 << 20, "Most bytes of bodies and answers held at a time; more requests are refused.",
        least=1,
    )  # fmt: skip
    micro_batch_bytes: int = _setting(
        128 << 10, "Waiting requests go to a worker together up to this size.", least=1
    )
    streams: int = _setting(16, "Most streams at a time.", least=1)
    stream_window: int = _setting(4, "Blocks of one stream that are worked on at a time.", least=1)
    stream_block_bytes: int = _setting(128 << 10, "Size of a stream's blocks.", least=1)

    api_keys: tuple[str, ...] = _setting(
        (), "Keys that open the API (Authorization: Bearer, or X-API-Key); none: open to all."
    )
    api_keys_file: str = _setting("", "A file with one key a line, instead of `api_keys`.")
    rate: float = _setting(
        0.0, "Requests a second for each key (or address, without keys); 0 is no limit.", least=0
    )
    burst: int = _setting(20, "Requests that may come at once before `rate` holds.", least=1)
    cors_origins: tuple[str, ...] = _setting((), "Origins whose pages may call the API.")
    access_log: bool = _setting(True, "Log a line for each request (never a document's text).")
    log_level: str = _setting("info", "One of debug, info, warning, error.")

    def worker_count(self) -> int:
        """Return how many worker processes to run."""
        return self.workers or len(os.sched_getaffinity(0))

    def keys(self) -> tuple[str, ...]:
        """Return the API keys, from the setting and the file."""
        if not self.api_keys_file:
            return self.api_keys
        try:
            lines = Path(self.api_keys_file).read_text().splitlines()
        except OSError as error:
            raise InputError(
                "SETTING_INVALID", f"api_keys_file: cannot be read ({error.strerror})"
            ) from error
        return (*self.api_keys, *(line.strip() for line in lines if line.strip()))


def load(
    path: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    **given: Any,
) -> Settings:
    """Read settings: ``given`` wins over the environment, that over the file, that over defaults.

    The file is ``path`` or ``$UNBAIT_CONFIG``. InputError SETTING_INVALID says what is wrong.
    """
    environ = os.environ if environ is None else environ
    path = path or environ.get(CONFIG)
    known = {one.name: one for one in fields(Settings)}
    values: dict[str, Any] = _read_file(Path(path), known) if path else {}
    for name in known:
        written = environ.get(PREFIX + name.upper())
        if written is not None:
            values[name] = written
    values |= {name: value for name, value in given.items() if value is not None}
    return Settings(**{name: _checked(known[name], value) for name, value in values.items()})


def table() -> str:
    """Return the Markdown table of all settings, as docs/service.md holds it."""
    rows = ["| setting | environment | default | what it is |", "|---|---|---|---|"]
    for one in fields(Settings):
        default = one.default
        shown = ", ".join(default) if isinstance(default, tuple) else str(default)
        rows.append(
            f"| `{one.name}` | `{PREFIX}{one.name.upper()}` | {shown or '(none)'} "
            f"| {one.metadata['says']} |"
        )
    return "\n".join(rows)


def _read_file(path: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text())
    except OSError as error:
        raise _invalid(str(path), f"cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(str(path), f"no TOML: {error}") from error
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise _invalid(str(path), f"no such setting: {', '.join(unknown)}")
    return values


def _checked(one: Field[Any], value: Any) -> Any:
    """Turn a written value into the setting's kind, or say why it cannot be one."""
    kind = type(one.default)
    try:
        made = _made(kind, value)
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(one.name, f"{value!r} is no {kind.__name__}") from error
    least = one.metadata["least"]
    if least is not None and not least <= made < float("inf"):
        raise _invalid(one.name, f"must be at least {least:g}, not {value}")
    return made


def _made(kind: type, value: Any) -> Any:
    if kind is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if not all(isinstance(part, str) for part in parts):
            raise TypeError
        return tuple(part.strip() for part in parts if part.strip())
    if kind is bool:
        return value if isinstance(value, bool) else _WORDS[str(value).lower()]
    if isinstance(value, bool) or (kind is str and not isinstance(value, str)):
        raise TypeError
    return kind(value)


def _invalid(name: str, says: str) -> InputError:
    return InputError("SETTING_INVALID", f"{name}: {says}")
