"""datatrove: a step of a pipeline, with its statistics and a writer for what is dropped.

```python
LocalPipelineExecutor(
    pipeline=[
        ParquetReader("s3://bucket/crawl/"),
        UnbaitFilter(drop=("spam",), exclusion_writer=JsonlWriter("dropped/")),
        ParquetWriter("s3://bucket/clean/"),
    ],
    tasks=100, workers=8,
).run()
```
`ArchiveReader` reads WARC and WET in the same place; its pages want ``UnbaitFilter(html=True)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from datatrove.data import Document as TroveDocument
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.readers.base import BaseDiskReader
from datatrove.utils.logging import logger

from unbait.io.formats import Bad, Record
from unbait.pipelines.archives import archive_rows
from unbait.pipelines.recipe import Recipe
from unbait.pipelines.records import clean_records

if TYPE_CHECKING:
    from datatrove.pipeline.writers.disk_base import DiskWriter

    from unbait.result import Result
    from unbait.types import VerdictName

_DEFAULT = Recipe()
_BATCH = 256


class UnbaitFilter(BaseFilter):  # type: ignore[misc]
    """Cleans the text of every document, and drops documents by verdict.

    What was cut, and the verdict, stand in the metadata (``unbait_cut``, ``unbait_verdict``);
    counts per category in datatrove's statistics. With ``html`` the texts that come in are pages,
    as datatrove's WarcReader and `ArchiveReader` give them. A document that cannot be cleaned is
    dropped with its error's code as the reason, so that the exclusion writer keeps it.
    """

    type = "🧹 - CLEANER"
    name = "🪝 unbait"

    def __init__(
        self,
        recipe: Recipe = _DEFAULT,
        *,
        html: bool = False,
        drop: Iterable[VerdictName] = (),
        exclusion_writer: DiskWriter | None = None,
        batch_size: int = _BATCH,
    ) -> None:
        """Take a recipe, the verdicts that drop a document, and where those go."""
        super().__init__(exclusion_writer, batch_size)
        self.recipe = recipe
        self.html = html
        self.drop = frozenset(drop)

    def filter(self, doc: TroveDocument) -> bool | tuple[bool, str]:
        """Clean one document."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[TroveDocument]) -> list[bool | tuple[bool, str]]:
        """Clean a batch; say of each document whether it stays, and if not, why."""
        records = [_record(place, doc, self.html) for place, doc in enumerate(batch)]
        cleaned = clean_records(self.recipe.cleaner(), records)
        return [self._take(doc, item) for doc, item in zip(batch, cleaned, strict=True)]

    def _take(
        self, doc: TroveDocument, item: tuple[Record, Result | None] | Bad
    ) -> bool | tuple[bool, str]:
        if isinstance(item, Bad):
            return False, item.code.lower()
        result = item[1]
        assert result is not None
        verdict = result.verdict.name
        if verdict in self.drop:
            return False, verdict
        for category, count in result.cut_counts().items():
            self.stat_update(f"cut_{category}", value=count)
        cut = len(result.document.text) - len(result.text)
        doc.text = result.text
        doc.metadata["unbait_cut"] = cut
        doc.metadata["unbait_verdict"] = verdict
        self.stat_update("characters_cut", value=cut, unit="doc")
        return True


class ArchiveReader(BaseDiskReader):  # type: ignore[misc]
    """Reads WARC (pages) and WET (texts); a broken record costs itself and is counted.

    Beside datatrove's WarcReader it needs no libmagic, and goes on after a wrong length.
    """

    name = "🗄 unbait archive"

    def read_file(self, filepath: str) -> Iterator[TroveDocument]:
        """Give the documents of one archive."""
        path = self.data_folder.resolve_paths(filepath)
        for number, row in enumerate(archive_rows(path)):
            if row["error"]:
                self.stat_update("broken_records")
                logger.warning(f"{row['id']}: {row['error']}")
                continue
            told = {name: row[name] for name in ("id", "url", "date")}
            text = row["html"] if row["html"] is not None else row["text"]
            document = self.get_document_from_dict({**told, "text": text}, filepath, number)
            if document:
                yield document


def _record(place: int, doc: TroveDocument, html: bool) -> Record:
    metadata: dict[str, Any] = doc.metadata or {}
    url = metadata.get("url")
    url = url if isinstance(url, str) else None
    if html:
        return Record(str(place), place, page=doc.text, id=doc.id, url=url)
    return Record(str(place), place, doc.text, id=doc.id, url=url)
