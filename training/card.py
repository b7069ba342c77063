"""The model card, written from the manifest so that no figure is typed by hand."""

from __future__ import annotations

from typing import Any

_SETS = ("news", "pages", "pages_as_text", "read", "read_as_text", "made")

_HEAD = """# The paragraph model

Says for each paragraph of a scraped text how likely it is junk, and of which kind. Written by
`{command}`; every figure is of folds the model had not seen (5 folds by site, near-copies together;
rules and model together, metadata counting neither way).

## What it is

Stage one counts hashed words, pairs of neighbours, openings and the edges of long words
(2^{hash_bits} buckets, 8 columns of one byte). Stage two is a small gated recurrent network that
runs both ways over the document; of each paragraph it sees the look, the bonds with the document,
what the rules say, and the same of its neighbours. Another network judges single sentences inside
paragraphs. scikit-learn and torch trained them; NumPy runs them; the files cannot run code.

## What it learned from

Lines read one by one by a large language model in their pages ({lines} lines of news,
pages and our own reading), articles taken as clean, and junk made from our templates in 20
languages (counted apart as made). Stage two also learns from pages whose main content is known but
whose lines nobody read: a teacher that is shown the gold text labels them. Every page is seen with
its layout (tags, links) and as text. No text is kept in the model or the project; the data's hashes
stand in `manifest.json`.

## How good it is

| set | lines | junk F1 | junk found | content lost | found at 1 % lost | category right |
|---|---|---|---|---|---|---|
{rows}

`pages` and `read` are lines of pages with their layout, as `clean_html` sees them; `as_text` are
the same lines without it, as `clean` does. How the sites fall into folds moves the news figures by
two points either way: 720 news documents are few.

Of articles taken as clean it cuts {clean:.2%} of the lines. Of the 47 of these, read one by
one, 25 are junk that the sets hold ("Follow us on …", "Also read: …"); 22 are real or open: rows of
lists, dates alone, headlines of a round-up.

Share found by class:

| set | {classes} |
|---|{bars}
{by_class}

Sentences inside paragraphs (made): {inside_found:.1%} found while {inside_cut:.2%} of real
sentences would go.

By language, where a page says it (the rest is mostly German and English):

| language | lines | junk F1 | content lost |
|---|---|---|---|
{languages}

## Known failures

- Headlines of other stories that stand in the text without a mark, above all alone and after a
  real sub-heading: "Stage set for new ambassadors". Sub-headings that read like headlines are cut
  now and then for the same reason.
- Advertising written as prose: a press release that ends in a market report's sales text.
- Lists on pages that are lists: products and forums are the page's own subject, which single
  lines do not show.
- Posts quoted in an article about posts look like comments.
- A language it has seen little of keeps more junk than those in the tables.

## Not for

Deciding about people, judging whether a text is true or good, or removing a site's comments for
what they say. It tells where a paragraph comes from, not what it is worth.
"""


def card(manifest: dict[str, Any]) -> str:
    """Return the card of a manifest."""
    figures = manifest["figures"]
    sets = [name for name in _SETS if name in figures]
    classes = sorted({one for name in sets for one in figures[name]["found_by_class"]})
    return _HEAD.format(
        command=manifest["command"],
        hash_bits=manifest["hash_bits"],
        lines=f"{sum(figures[name]['lines'] for name in ('news', 'pages', 'read')):,}",
        rows="\n".join(_row(name, figures[name]) for name in sets),
        clean=figures["clean"]["lines_cut"],
        classes=" | ".join(classes),
        bars="---|" * len(classes),
        by_class="\n".join(_by_class(name, figures[name], classes) for name in sets),
        inside_found=figures["inside"]["junk_found"],
        inside_cut=figures["inside"]["real_cut"],
        languages="\n".join(
            f"| {name} | {one['lines']} | {one['junk_f1']:.3f} | {one['content_lost']:.3f} |"
            for name, one in figures["pages_by_language"].items()
        ),
    )


def _row(name: str, one: dict[str, Any]) -> str:
    shares = ("junk_f1", "junk_found", "content_lost", "junk_found_at_1_percent_lost",
              "category_right")  # fmt: skip
    return f"| {name} | {one['lines']} | " + " | ".join(f"{one[s]:.3f}" for s in shares) + " |"


def _by_class(name: str, one: dict[str, Any], classes: list[str]) -> str:
    found = one["found_by_class"]
    cells = (f"{found[kind]:.2f}" if kind in found else "" for kind in classes)
    return f"| {name} | " + " | ".join(cells) + " |"
