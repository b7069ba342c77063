"""Scrapy: a real crawl of a real site on this machine, and the signatures of before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipelines_given import FILTER, JUNK, document, page
from tests.pipelines_site import PAGES, site  # noqa: F401 - a fixture

pytest.importorskip("scrapy", reason="needs the extra scrapy")

from scrapy.exceptions import DropItem, IgnoreRequest, NotConfigured
from scrapy.http import HtmlResponse, Request, Response
from scrapy.settings import Settings
from scrapy.statscollectors import DummyStatsCollector

from unbait import Cleaner, Policy
from unbait.pipelines.scrapy import META, Options, UnbaitMiddleware, UnbaitPipeline

CRAWL = '''
import sys
import warnings
import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.exceptions import ScrapyDeprecationWarning

warnings.simplefilter("error", ScrapyDeprecationWarning)

class Spider(scrapy.Spider):
    name = "site"
    custom_settings = {"UNBAIT_THRESHOLD": 0.5}
    async def start(self):
        yield scrapy.Request(sys.argv[1] + "/")
    def parse(self, response):
        for link in response.css("a.item::attr(href)").getall():
            yield response.follow(link, self.parse_item)
    def parse_item(self, response):
        seen = response.meta["unbait"]
        yield {"url": response.url, "html": response.text, "seen": seen.text}

process = CrawlerProcess({
    "ITEM_PIPELINES": {"unbait.pipelines.scrapy.UnbaitPipeline": 300},
    "SPIDER_MIDDLEWARES": {"unbait.pipelines.scrapy.UnbaitMiddleware": 500},
    "UNBAIT_HTML_FIELD": "html", "UNBAIT_RESULT_FIELD": "audit",
    "FEEDS": {sys.argv[2]: {"format": "jsonlines"}},
    "STATS_DUMP": False, "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
})
crawler = process.create_crawler(Spider)
process.crawl(crawler)
process.start()
stats = crawler.stats.get_stats()
print("STATS", {k: v for k, v in stats.items() if k.startswith("unbait/")})
'''


def test_a_real_crawl(site: str, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "items.jsonl"
    script = tmp_path / "crawl.py"  # Scrapy reads the source of callbacks
    script.write_text(CRAWL)
    made = subprocess.run(
        [sys.executable, str(script), site, str(out)],
        env={**os.environ, "PYTHONPATH": FILTER}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert made.returncode == 0 and "Traceback" not in made.stderr, made.stderr
    items = sorted((orjson.loads(line) for line in out.read_bytes().splitlines()),
                   key=lambda item: item["url"])  # fmt: skip
    assert len(items) == PAGES
    cleaner = Cleaner()
    for number, item in enumerate(items):
        assert item["text"] == cleaner.clean_html(page(number), url=item["url"]).text
        assert item["seen"] == item["text"] and JUNK not in item["text"]
        assert item["audit"]["decisions"]
    assert f"'unbait/documents': {2 * PAGES + 1}" in made.stdout
    assert "'unbait/cut/" in made.stdout


def component(kind: Any, **settings: Any) -> Any:
    crawler: Any = type("Crawler", (), {"settings": Settings(settings), "stats": None})
    return kind.from_crawler(crawler)


@pytest.mark.parametrize("more", [(), (object(),)])
def test_items_with_and_without_a_spider(more: tuple[Any, ...]) -> None:
    pipeline = component(UnbaitPipeline)
    row = document(1)
    expected = Cleaner().clean(row["text"]).text
    assert pipeline.process_item(dict(row), *more)["text"] == expected
    assert pipeline.process_item({"n": 1}, *more) == {"n": 1}


def test_verdicts_drop_items() -> None:
    pipeline = component(UnbaitPipeline, UNBAIT_DROP=["not_article"])
    with pytest.raises(DropItem, match="not_article"):
        pipeline.process_item({"text": " \n "})


def test_verdicts_keep_pages_from_the_spider() -> None:
    middleware = component(UnbaitMiddleware, UNBAIT_DROP=["not_article"])
    request = Request("http://site.test/")
    empty = HtmlResponse("http://site.test/", body=b"<html></html>", request=request)
    with pytest.raises(IgnoreRequest) as error:
        middleware.process_spider_input(empty, object())
    assert middleware.process_spider_exception(empty, error.value) == []
    assert middleware.process_spider_exception(empty, ValueError()) is None
    full = HtmlResponse("http://site.test/item/1", body=page(1).encode(), request=request)
    assert middleware.process_spider_input(full) is None
    assert full.meta[META].text == Cleaner().clean_html(page(1)).text
    assert middleware.process_spider_input(Response("http://site.test/x.png")) is None


def test_settings_are_read_and_wrong_ones_refused() -> None:
    options = Options.of(Settings({"UNBAIT_POLICY": "strict", "UNBAIT_THRESHOLD": "0.9"}))
    assert options.recipe.policy == Policy.strict().but(threshold=0.9)
    assert Options.of(Settings({"UNBAIT_POLICY": Policy.flag()})).recipe.policy == Policy.flag()
    with pytest.raises(NotConfigured, match="UNBAIT_POLICY"):
        component(UnbaitPipeline, UNBAIT_POLICY="mild")
    with pytest.raises(NotConfigured, match="UNBAIT_ENABLED"):
        component(UnbaitPipeline, UNBAIT_ENABLED=False)


def test_statistics_are_scrapys_own() -> None:
    class Stats(DummyStatsCollector):
        def __init__(self) -> None:
            self.made: dict[str, int] = {}

        def inc_value(self, key: str, count: int = 1, *_: Any, **__: Any) -> None:
            self.made[key] = self.made.get(key, 0) + count

    stats = Stats()
    pipeline = UnbaitPipeline(Options.of(Settings()), stats)
    for number in range(3):
        pipeline.process_item(document(number))
    assert stats.made["unbait/documents"] == 3 and stats.made["unbait/cut/ad"] == 3
    assert stats.made["unbait/verdict/article"] == 3
