"""The plot: junk found against content lost; every tool a point, unbait a curve as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_COLOURS = ("#d1495b", "#3a6ea5", "#66a182", "#8d6a9f", "#edae49", "#444444")
_LEAST = 3e-4  # of the axis; less is drawn there


def draw(figures: dict[str, Any], path: Path) -> None:
    """Write one panel a set; same figures, same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unbait"
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(figures), figsize=(5 * len(figures), 4.4), sharey=True)
    for panel, (name, one) in zip(panels, figures.items(), strict=True):
        _, lost, found = zip(*one["curve"], strict=True)
        panel.plot([max(x, _LEAST) for x in lost], found, color=_COLOURS[0], zorder=1)
        for colour, (tool, at) in zip(_COLOURS, one["tools"].items(), strict=False):
            x = max(at["content_lost"], _LEAST)
            panel.scatter([x], [at["junk_found"]], color=colour, label=tool, zorder=2, s=36)
        panel.set_xscale("log")
        panel.set_xlim(_LEAST * 0.9, 1.1)
        panel.set_ylim(-0.03, 1.03)
        panel.set_xlabel("content lines lost (share, log)")
        panel.set_title(f"lines/{name}: {one['junk']:,} junk of {one['lines']:,} lines")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("junk lines found (share)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False)
    figure.tight_layout(rect=(0, 0.12, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
