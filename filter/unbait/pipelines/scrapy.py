"""Scrapy: an item pipeline that cleans fields, a spider middleware that cleans responses.

```python
ITEM_PIPELINES = {"unbait.pipelines.scrapy.UnbaitPipeline": 300}
SPIDER_MIDDLEWARES = {"unbait.pipelines.scrapy.UnbaitMiddleware": 500}
UNBAIT_FIELD = "body"
UNBAIT_DROP = ["spam", "not_article"]
```
A spider's ``custom_settings`` may hold any of these; docs/pipelines/scrapy.md tells them all.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem, IgnoreRequest, NotConfigured

from unbait.errors import UnbaitError
from unbait.pipelines.recipe import Recipe
from unbait.types import Document, Policy

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

    from unbait.result import Result

META = "unbait"
_POLICIES = {"default": Policy, "strict": Policy.strict, "flag": Policy.flag}


@dataclass(frozen=True)
class Options:
    """The settings of this module, as they stand for one spider."""

    recipe: Recipe
    field: str
    html_field: str | None
    url_field: str
    result_field: str | None
    drop: frozenset[str]
    enabled: bool

    @classmethod
    def of(cls, settings: BaseSettings) -> Options:
        """Read the settings; what they hold wrong is told when the crawl begins."""
        name = settings.get("UNBAIT_POLICY", "default")
        policy = name if isinstance(name, Policy) else _named(name)
        threshold = settings.get("UNBAIT_THRESHOLD")
        if threshold is not None:
            policy = policy.but(threshold=float(threshold))
        recipe = Recipe(
            policy,
            tuple(settings.getlist("UNBAIT_RULES")),
            tuple(settings.getlist("UNBAIT_KEEP")),
            tuple(settings.getlist("UNBAIT_DISABLE")),
            settings.get("UNBAIT_MODEL"),
            explain=bool(settings.get("UNBAIT_RESULT_FIELD")),
        )
        return cls(
            recipe=recipe,
            field=settings.get("UNBAIT_FIELD", "text"),
            html_field=settings.get("UNBAIT_HTML_FIELD"),
            url_field=settings.get("UNBAIT_URL_FIELD", "url"),
            result_field=settings.get("UNBAIT_RESULT_FIELD"),
            drop=frozenset(settings.getlist("UNBAIT_DROP")),
            enabled=settings.getbool("UNBAIT_ENABLED", True),
        )


class _Component:
    """What pipeline and middleware share: options, the cleaner, Scrapy's own statistics."""

    def __init__(self, options: Options, stats: Any = None) -> None:
        """Build the cleaner now: a wrong rule must stop the crawl before it begins."""
        self.options = options
        self.stats = stats
        self.cleaner = options.recipe.cleaner()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Any:
        """Make one for a spider, by the settings that hold for it."""
        options = Options.of(crawler.settings)
        if not options.enabled:
            raise NotConfigured("UNBAIT_ENABLED is false")
        return cls(options, crawler.stats)

    def count(self, name: str, value: int = 1) -> None:
        """Add to a statistic of the crawl."""
        if self.stats is not None:
            self.stats.inc_value(f"unbait/{name}", value)

    def count_result(self, result: Result) -> None:
        """Add what happened to one document."""
        self.count("documents")
        self.count(f"verdict/{result.verdict.name}")
        self.count("characters/in", len(result.document.text))
        self.count("characters/cut", len(result.document.text) - len(result.text))
        for category, count in result.cut_counts().items():
            self.count(f"cut/{category}", count)


class UnbaitPipeline(_Component):
    """Cleans the text of items (``UNBAIT_FIELD``), or takes it from a page they hold.

    An item whose verdict stands in ``UNBAIT_DROP`` is dropped; one without a text passes.
    """

    def process_item(self, item: Any, spider: Any = None) -> Any:
        """Clean one item. ``spider`` is what Scrapy before 2.13 passes."""
        fields = ItemAdapter(item)
        try:
            result = self._clean(fields)
        except UnbaitError as error:
            self.count(f"error/{error.code}")
            raise DropItem(f"unbait: {error}") from error
        if result is None:
            self.count("without_text")
            return item
        self.count_result(result)
        if result.verdict.name in self.options.drop:
            self.count("dropped")
            raise DropItem(f"unbait: {result.verdict.name}: {result.verdict.reason}")
        fields[self.options.field] = result.text
        if self.options.result_field:
            fields[self.options.result_field] = result.audit(id=fields.get(self.options.url_field))
        return item

    def _clean(self, fields: MutableMapping[str, Any]) -> Result | None:
        url = fields.get(self.options.url_field)
        page = fields.get(self.options.html_field) if self.options.html_field else None
        if page:
            made: Result = self.cleaner.clean_html(page, url=url)
            return made
        text = fields.get(self.options.field)
        if not isinstance(text, str) or not text:
            return None
        (result,) = self.cleaner.clean_many([Document(text, url=url)])
        return result


class UnbaitMiddleware(_Component):
    """Cleans every page before the spider sees it: ``response.meta["unbait"]`` is the result.

    A page whose verdict stands in ``UNBAIT_DROP`` does not reach the callback. A page that cannot
    be cleaned reaches it without a result.
    """

    def process_spider_input(self, response: Response, spider: Any = None) -> None:
        """Clean one response. ``spider`` is what Scrapy before 2.13 passes."""
        if not _is_page(response):
            return
        try:
            result = self.cleaner.clean_html(response.body, url=response.url)
        except UnbaitError as error:
            self.count(f"error/{error.code}")
            return
        self.count_result(result)
        response.meta[META] = result
        if result.verdict.name in self.options.drop:
            self.count("dropped")
            raise IgnoreRequest(f"unbait: {result.verdict.name}: {result.verdict.reason}")

    def process_spider_exception(
        self, response: Response, exception: Exception, spider: Any = None
    ) -> Iterable[Any] | None:
        """End what was dropped here without an error in the log; leave others' to others."""
        if isinstance(exception, IgnoreRequest) and str(exception).startswith("unbait: "):
            return []
        return None


def _is_page(response: Response) -> bool:
    from scrapy.http import HtmlResponse, XmlResponse

    return isinstance(response, HtmlResponse | XmlResponse)


def _named(name: str) -> Policy:
    if name not in _POLICIES:
        raise NotConfigured(f"UNBAIT_POLICY takes {', '.join(_POLICIES)} or a Policy, not {name!r}")
    return _POLICIES[name]()
