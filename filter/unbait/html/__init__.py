"""Pages to blocks, blocks to the article: everything the package knows about HTML."""

from unbait.html.blocks import Page, read_page
from unbait.html.kinds import categories
from unbait.html.metadata import metadata
from unbait.html.model import PAGE_TYPES, PageModel
from unbait.html.page_types import TypeModel
from unbait.html.prune import Taken, prune
from unbait.html.render import Format, render
from unbait.html.report import report

__all__ = [
    "PAGE_TYPES",
    "Format",
    "Page",
    "PageModel",
    "Taken",
    "TypeModel",
    "categories",
    "metadata",
    "prune",
    "read_page",
    "render",
    "report",
]
