"""Ray Data: a class for ``map_batches``, made once in each actor.

```python
dataset = ray.data.read_parquet("s3://bucket/crawl/")
dataset = dataset.map_batches(
    RayCleaner, fn_constructor_kwargs={"text": "text", "url": "url"},
    batch_format="pyarrow", batch_size=512, compute=ray.data.ActorPoolStrategy(size=8),
)
```
"""

from __future__ import annotations

from typing import Any

from unbait.pipelines.arrow import clean_table
from unbait.pipelines.columns import ColumnCleaner
from unbait.pipelines.recipe import Recipe

_DEFAULT = Recipe()


class RayCleaner:
    """Cleans Arrow batches. The cleaner is made when the actor starts, and kept."""

    def __init__(
        self,
        *,
        text: str = "text",
        url: str | None = None,
        title: str | None = None,
        html: bool = False,
        into: str | None = None,
        recipe: Recipe = _DEFAULT,
    ) -> None:
        """Build this actor's cleaner."""
        self._cleaner = ColumnCleaner(recipe, html)
        self._columns: dict[str, Any] = {
            "text": text, "url": url, "title": title, "into": into,
        }  # fmt: skip
        recipe.cleaner()

    def __call__(self, batch: Any) -> Any:
        """Clean one batch (a ``pyarrow.Table``)."""
        return clean_table(batch, self._cleaner, **self._columns)
