"""The report of a run: JSON for programs, and a page with plots for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import orjson

from unbait.pipelines.plan import Plan
from unbait.pipelines.shards import Outcome

_ROWS = 40
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}td,th{padding:.2rem .6rem;
text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left;
overflow-wrap:anywhere}svg{display:block}rect{fill:#b5452c}.bad{color:#a00}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}td,th{border-color:#444}}
"""


def report(plan: Plan, outcome: Outcome, seconds: float) -> dict[str, Any]:
    """Give the numbers of a run as plain data."""
    from unbait import __version__

    tally = outcome.tally
    size = sum(file.size for file in plan.files)
    return {
        "version": 1,
        "unbait": __version__,
        "seconds": round(seconds, 3),
        "files": len(plan.files),
        "bytes": size,
        "megabytes_per_second": round(size / 1e6 / seconds, 3) if seconds else None,
        "complete": outcome.complete,
        "documents": tally.documents,
        "changed": tally.changed,
        "dropped": tally.dropped,
        "passed_on": tally.passed_on,
        "rejected": sum(tally.problems.values()),
        "characters": {"in": tally.characters_in, "out": tally.characters_out},
        "cuts": {
            name: {"count": count, "characters": tally.cut_characters[name]}
            for name, count in tally.cuts.most_common()
        },
        "rules": dict(tally.rules.most_common()),
        "languages": dict(tally.languages.most_common()),
        "verdicts": dict(tally.verdicts.most_common()),
        "problems": dict(tally.problems.most_common()),
        "sites": [
            {
                "site": site,
                "documents": count,
                "characters": tally.site_characters[site],
                "cut": tally.site_cut[site],
            }
            for site, count in tally.site_documents.most_common()
        ],
        "failures": [failure._asdict() for failure in outcome.failures],
        "outputs": sorted(outcome.outputs),
    }


def as_json(made: dict[str, Any]) -> bytes:
    """Write a report for programs."""
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_page(made: dict[str, Any]) -> bytes:
    """Write a report for people: one file without scripts or anything from elsewhere."""
    characters = made["characters"]
    share = 1 - characters["out"] / characters["in"] if characters["in"] else 0.0
    head = (
        f"<p>Documents: {made['documents']:,}, from files: {made['files']:,}, "
        f"{made['bytes'] / 1e6:,.1f} MB in {made['seconds']:,.1f} s "
        f"({made['megabytes_per_second']} MB/s). {share:.1%} of the characters were cut; "
        f"documents changed: {made['changed']:,}, left out by their verdict: "
        f"{made['dropped']:,}, records rejected: {made['rejected']:,}.</p>"
    )
    cuts = [(name, cut["characters"]) for name, cut in made["cuts"].items()]
    plots = (
        _plot("Characters cut, by category", cuts),
        _plot("Cuts, by rule (MODEL: the model alone)", made["rules"].items()),
        _plot("Documents, by language", made["languages"].items()),
        _plot("Documents, by verdict", made["verdicts"].items()),
        _plot("Records rejected, by reason", made["problems"].items()),
    )
    body = "".join((head, _failures(made["failures"]), *plots, _sites(made["sites"])))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>unbait: run report</title><style>{_STYLE}</style>"
        f"<h1>Run report</h1>{body}</html>\n"
    ).encode("utf-8", "replace")


def _plot(title: str, rows: Iterable[tuple[str, int]]) -> str:
    """Draw bars; nothing where there is nothing to show."""
    shown = list(rows)[:_ROWS]
    if not shown:
        return ""
    most = max(count for _, count in shown) or 1
    lines = (
        f"<tr><td>{escape(name)}<td>{count:,}<td width='50%'>"
        f"<svg width='{100 * count / most:.2f}%' height='14' role='img' "
        f"aria-label='{count}'><rect width='100%' height='14'/></svg>"
        for name, count in shown
    )
    return f"<h2>{escape(title)}</h2><table>{''.join(lines)}</table>"


def _sites(sites: list[dict[str, Any]]) -> str:
    if not sites:
        return ""
    return "".join(("<h2>Sites</h2><table><tr><th>site<th>documents<th>characters<th>cut",
                    *_site_rows(sites[: 5 * _ROWS]), "</table>"))  # fmt: skip


def _site_rows(sites: list[dict[str, Any]]) -> Iterator[str]:
    for site in sites:
        share = site["cut"] / site["characters"] if site["characters"] else 0.0
        yield (
            f"<tr><td>{escape(site['site'])}<td>{site['documents']:,}"
            f"<td>{site['characters']:,}<td>{share:.1%}"
        )


def _failures(failures: list[dict[str, Any]]) -> str:
    if not failures:
        return ""
    lines = (
        f"<li>{escape(one['path'])} {escape(one['where'])}: [{one['code']}] "
        f"{escape(one['message'])}"
        for one in failures[:_ROWS]
    )
    return f"<h2 class='bad'>Not done: {len(failures)}</h2><ul>{''.join(lines)}</ul>"
