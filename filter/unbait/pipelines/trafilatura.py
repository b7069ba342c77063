"""A companion for those who stay with trafilatura: its text, without what it let through.

```python
from unbait.pipelines.trafilatura import extract
text = extract(page, url=url)                      # trafilatura.extract, then unbait
text = extract(page, url=url, favor_recall=True)   # its own options are passed on
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unbait.pipelines.recipe import Recipe
from unbait.types import Document

if TYPE_CHECKING:
    from unbait.result import Result

_DEFAULT = Recipe()


def extract(page: str | bytes, *, recipe: Recipe = _DEFAULT, **options: Any) -> str | None:
    """Return the clean text of a page, or None where trafilatura finds none."""
    made = extract_result(page, recipe=recipe, **options)
    return None if made is None else made.text


def extract_result(
    page: str | bytes, *, recipe: Recipe = _DEFAULT, **options: Any
) -> Result | None:
    """Return the whole result: decisions with reasons over the text that trafilatura gave.

    ``options`` go to ``trafilatura.extract``; only its plain text can be cleaned.
    """
    import trafilatura

    if options.get("output_format", "txt") != "txt":
        raise ValueError("output_format must be txt: decisions count in plain text")
    text = trafilatura.extract(page, **options)
    if not text:
        return None
    document = Document(text, url=options.get("url"), lang=options.get("target_language"))
    (result,) = recipe.cleaner().clean_many([document])
    return result
