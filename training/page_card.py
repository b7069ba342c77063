"""The page model's card and parity rows: ``python -m training.page_card models/page``.

The parity pages are our own; what the model says of them is written beside them, so that any
machine can check that it computes the same.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

from unbait.html.blocks import read_page
from unbait.html.model import PageModel

_NAV: Final = (
    '<nav class="site-menu"><ul><li><a href="/">Home</a></li><li><a href="/n">News</a></li>'
    '<li><a href="/s">Sport</a></li></ul></nav>'
)
_FOOT: Final = (
    '<footer id="footer"><p>© 2026 The Gull. All rights reserved.</p>'
    '<ul><li><a href="/t">Terms</a></li><li><a href="/p">Privacy</a></li></ul></footer>'
)
_TEXT: Final = (
    "The harbour was quiet when the first boats came home, and nobody on the quay spoke of the "
    "storm that had kept them out for three nights.",
    "By noon the market had opened again. Prices were lower than the week before, fishermen said, "
    "because half of the buyers had stayed away.",
    "The council will meet on Thursday to decide whether the old wall can be mended or must be "
    "built anew.",
)
_PARAGRAPHS: Final = "".join(f"<p>{text}</p>" for text in _TEXT)
PAGES: Final = (
    f"<html><head><title>Boats come home</title></head><body>{_NAV}<main><article>"
    f'<h1>Boats come home</h1><p class="byline">By Ann Lee</p>{_PARAGRAPHS}'
    '<div class="newsletter"><p>Sign up for our newsletter!</p></div></article>'
    '<aside class="related"><h2>Read more</h2><ul><li><a href="/1">Storm on the coast</a></li>'
    f'<li><a href="/2">Ten gulls of the year</a></li></ul></aside></main>{_FOOT}</body></html>',
    f"<body>{_NAV}<div id=topic><h1>How do I mend a net?</h1>"
    + "".join(f'<div class="post"><b>user{i}</b><p>{t}</p></div>' for i, t in enumerate(_TEXT))
    + f"</div>{_FOOT}",
    f"<body>{_NAV}<div class=product><h1>Oilskin coat</h1><p>£89.00</p><button>Add to basket"
    f"</button><p>{_TEXT[0]}</p><table><tr><th>Weight</th><td>900 g</td></tr></table></div>{_FOOT}",
    f"<table><tr><td><a href=/>Home</a><br><a href=/b>Boats</a></td><td>{'<br><br>'.join(_TEXT)}"
    "</td></tr></table>",
    "<p>Гавань была тихой, когда первые лодки вернулись домой.</p>"
    "<p>港口很安静,第一批渔船回来了。</p>",
    "",
)


def parity(model: PageModel) -> list[dict[str, Any]]:
    """Return what the model says of each of our pages."""
    rows = []
    for source in PAGES:
        page = read_page(source)
        junk = model.score([page])[0]
        rows.append(
            {
                "html": source,
                "text": page.text,
                "junk": [round(float(chance), 6) for chance in junk],
                "kept": model.select(page, junk).tolist(),
                "page_type": model.page_type(page)[0],
            }
        )
    return rows


def card(manifest: dict[str, Any]) -> str:
    """Return the card that people read."""
    metrics = dict(manifest["metrics"])
    folds = metrics.pop("folds")
    table = "\n".join(f"| {name} | {value:.4f} |" for name, value in sorted(metrics.items()))
    data = "\n".join(f"- `{name}.jsonl.xz` sha256 {d}" for name, d in manifest["data"].items())
    return f"""# Page model

Says of every block of a web page how likely it is not the page's main content, and which of seven
types the page is ({", ".join(manifest["page_types"])}).

## How it works
Two stages, both in NumPy: summed weights of hashed words (text, tags, class and id names) for each
block alone; then a network over {len(manifest["columns"])} columns of the block's shape,
neighbours, containers, repeated units, heading and page, whose layers pass notes along the tree.
Feature version {manifest["features"]}.

## Data
{data}

Blocks were labelled by aligning them with gold text, or by read labels of their lines (metadata
left out). Pages of WCXB (Murrough Foley) are CC-BY-4.0, DAnIEL v2.1 is GPL-3.0; only weights are
here, no text.

## Measured
Word F1 over the bags of words, mean over pages, by site in folds {folds} of five (0 to 4). In each
fold {manifest["networks"]} networks that differ by their seed answer together; they learned from
first-stage scores of models that had seen neither the page nor the fold. What is packaged was
fitted the same way on all pages. 20 pages of wcxb-dev have an empty gold text, for which only an
empty answer counts; "with gold" leaves them out.

| set | F1 |
|---|---|
{table}

## Limits
Products, listings and collections are weak: gold texts there are short and a matter of taste. Most
training pages are English; DAnIEL's Greek, Polish, Russian and Chinese pages are news of 2011-12.
"""


def main() -> None:
    """Write CARD.md and parity.jsonl into the model's folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    model = PageModel.load(folder)
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in parity(model))
    (folder / "parity.jsonl").write_text(rows, encoding="utf-8")
    (folder / "CARD.md").write_text(card(model.manifest), encoding="utf-8")


if __name__ == "__main__":
    main()
