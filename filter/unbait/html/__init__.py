"""Pages to blocks, blocks to the article: everything the package knows about HTML."""

from unbait.html.blocks import Page, read_page

__all__ = ["Page", "read_page"]
