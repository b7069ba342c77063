"""The page that explains a page: its blocks in order, coloured by decision, reasons on hover."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from unbait.types import Decision

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;
color:#1b1b1b;background:#fff}
.b{white-space:pre-wrap;border-left:.3rem solid #2e7d32;padding:.1rem .6rem;margin:.15rem 0}
.remove{text-decoration:line-through;opacity:.75}.flag{outline:1px dashed #b26a00}
.ad{border-color:#c62828;background:#fdecea}.engagement{border-color:#ad1457;background:#fce4ec}
.teaser{border-color:#b26a00;background:#fff4e0}.boilerplate{border-color:#546e7a;background:#eceff1}
.metadata{border-color:#1565c0;background:#e7f0fb}.comment{border-color:#6a1b9a;background:#f5e9f9}
.b:focus,.b:hover{outline:2px solid #1565c0}small{color:#555}
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}small{color:#aaa}
.ad,.engagement,.teaser,.boilerplate,.metadata,.comment{background:#262626}}
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def report(text: str, decisions: Sequence[Decision], title: str = "", summary: str = "") -> str:
    """Return a self-contained HTML page that shows what happens to every part of a text."""
    removed = sum(d.end - d.start for d in decisions if d.action == "remove")
    share = removed / len(text) if text else 0.0
    rows = "\n".join(_row(text, d) for d in decisions if text[d.start : d.end].strip())
    name = escape(_clean(title) or "unbait")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{name}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{name}</h1>\n<p>{escape(_clean(summary))}</p>\n"
        f"<p><small>{len(decisions)} decisions; {share:.0%} of the text removed. "
        f"Hover or focus a block for its reasons.</small></p>\n{rows}\n</body></html>\n"
    )


def _row(text: str, decision: Decision) -> str:
    reasons = [f"{decision.category}, {decision.action}, score {decision.score:.3f}"]
    reasons += [f"{reason.code}: {reason.message}" for reason in decision.reasons]
    hover = escape(_clean("\n".join(reasons)), quote=True).replace("\n", "&#10;")
    body = escape(_clean(text[decision.start : decision.end].strip("\n")))
    return (
        f'<div class="b {escape(decision.category)} {escape(decision.action)}" tabindex="0" '
        f'title="{hover}">{body}</div>'
    )


def _clean(text: str) -> str:
    """Replace what HTML cannot hold: control characters and lone surrogates.

    Characters that turn the direction of writing would garble the report: they are shown.
    """
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.translate(_VISIBLE)


_VISIBLE: Final = {
    **{i: "\N{REPLACEMENT CHARACTER}" for i in range(32) if chr(i) not in "\n\t"},
    0x7F: "\N{REPLACEMENT CHARACTER}",
    **{i: f"[U+{i:04X}]" for i in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
}
