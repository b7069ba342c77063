"""A small client of the HTTP service, sync and async: what can be tried again is tried again.

Cleaning changes nothing on the server, so that every request may be repeated.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from unbait.errors import UnbaitError

Json = dict[str, Any]

_AGAIN = {429, 502, 503, 504}
_LONGEST_WAIT = 30.0
_BATCH_CHARACTERS = 1 << 20


class ServiceError(UnbaitError):
    """The service refused or failed; ``status`` is HTTP's, ``problem`` all it said."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Take a problem as the service wrote it."""
        code = str(problem.get("code", f"HTTP_{status}"))
        super().__init__(code, str(problem.get("detail") or problem.get("title") or code))
        self.status = status
        self.problem = dict(problem)


class _Base:
    """What both clients share: how requests look, and when to try again."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout: float = 60.0,
        retries: int = 5,
        back_off: float = 0.25,
    ) -> None:
        """Talk to the service at ``url``; wait ``back_off`` seconds, then twice as long, …."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._options: Json = {"base_url": url, "headers": headers, "timeout": timeout}
        self._retries = retries
        self._back_off = back_off

    def _wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Return how long to wait before trying again; None when it is not worth it."""
        if response is not None and response.status_code not in _AGAIN:
            return None
        if attempt >= self._retries:
            return None
        # Many clients that were refused together must not come back together.
        wait: float = self._back_off * 2.0**attempt * random.uniform(0.5, 1.5)
        asked = response.headers.get("retry-after", "") if response is not None else ""
        return min(max(wait, float(asked) if asked.isdecimal() else 0.0), _LONGEST_WAIT)


class Client(_Base):
    """The service, for programs that wait for each answer. Use it in a ``with``."""

    def __init__(self, url: str = "http://127.0.0.1:8000", **options: Any) -> None:
        """See the options of the base: key, timeout, retries, back_off."""
        super().__init__(url, **options)
        self._http = httpx.Client(**self._options)

    def clean(self, text: str, *, fields: str | None = None, **about: Any) -> Json:
        """Clean a text; ``about``: id, url, title, lang, policy, threshold, remove, guard."""
        return self._call("POST", "/v1/clean", {"text": text, **about}, _query(fields))

    def clean_html(self, page: str, *, fields: str | None = None, **about: Any) -> Json:
        """Clean a page; ``about`` as for ``clean``."""
        return self._call("POST", "/v1/clean", {"html": page, **about}, _query(fields))

    def clean_many(
        self, documents: Iterable[str | Json], *, batch: int = 200, fields: str | None = None
    ) -> Iterator[Json]:
        """Clean any number of documents, in order; each result, or its ``error``, is a dict."""
        for group in _batches(documents, batch):
            answer = self._call("POST", "/v1/clean/batch", {"documents": group}, _query(fields))
            yield from answer["results"]

    def score(self, text: str | None = None, headlines: list[str] | None = None) -> Json:
        """Score the paragraphs of a text, headlines, or both."""
        return self._call("POST", "/v1/score", _said(text=text, headlines=headlines))

    def rules(self, **query: Any) -> Json:
        """List rules; ``query``: category, lang, limit, offset."""
        return self._call("GET", "/v1/rules", None, query)

    def rule(self, id: str) -> Json:  # noqa: A002 - the word of the API
        """Show a rule with its examples."""
        return self._call("GET", f"/v1/rules/{id}")

    def models(self) -> Json:
        """List the models."""
        return self._call("GET", "/v1/models")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Close the connections."""
        self.close()

    def _call(self, method: str, path: str, body: Any = None, query: Json | None = None) -> Json:
        attempt = 0
        while True:
            response = None
            try:
                response = self._http.request(method, path, json=body, params=query)
            except httpx.TransportError as error:
                wait = self._wait(attempt, None)
                if wait is None:
                    raise _unreachable(error) from error
            else:
                wait = self._wait(attempt, response)
                if wait is None:
                    return _answer(response)
            time.sleep(wait)
            attempt += 1


class AsyncClient(_Base):
    """The service, for asyncio. Use it in an ``async with``."""

    def __init__(self, url: str = "http://127.0.0.1:8000", **options: Any) -> None:
        """See the options of the base: key, timeout, retries, back_off."""
        super().__init__(url, **options)
        self._http = httpx.AsyncClient(**self._options)

    async def clean(self, text: str, *, fields: str | None = None, **about: Any) -> Json:
        """Clean a text; ``about``: id, url, title, lang, policy, threshold, remove, guard."""
        return await self._call("POST", "/v1/clean", {"text": text, **about}, _query(fields))

    async def clean_html(self, page: str, *, fields: str | None = None, **about: Any) -> Json:
        """Clean a page; ``about`` as for ``clean``."""
        return await self._call("POST", "/v1/clean", {"html": page, **about}, _query(fields))

    async def clean_many(
        self,
        documents: Iterable[str | Json],
        *,
        batch: int = 200,
        fields: str | None = None,
        at_once: int = 4,
    ) -> AsyncIterator[Json]:
        """Clean any number of documents, in order, ``at_once`` batches at a time."""
        running: list[asyncio.Task[Json]] = []
        try:
            for group in _batches(documents, batch):
                call = self._call("POST", "/v1/clean/batch", {"documents": group}, _query(fields))
                running.append(asyncio.create_task(call))
                if len(running) >= at_once:
                    for one in (await running.pop(0))["results"]:
                        yield one
            while running:
                for one in (await running.pop(0))["results"]:
                    yield one
        finally:
            for task in running:
                task.cancel()

    async def score(self, text: str | None = None, headlines: list[str] | None = None) -> Json:
        """Score the paragraphs of a text, headlines, or both."""
        return await self._call("POST", "/v1/score", _said(text=text, headlines=headlines))

    async def rules(self, **query: Any) -> Json:
        """List rules; ``query``: category, lang, limit, offset."""
        return await self._call("GET", "/v1/rules", None, query)

    async def rule(self, id: str) -> Json:  # noqa: A002 - the word of the API
        """Show a rule with its examples."""
        return await self._call("GET", f"/v1/rules/{id}")

    async def models(self) -> Json:
        """List the models."""
        return await self._call("GET", "/v1/models")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Close the connections."""
        await self.close()

    async def _call(
        self, method: str, path: str, body: Any = None, query: Json | None = None
    ) -> Json:
        attempt = 0
        while True:
            response = None
            try:
                response = await self._http.request(method, path, json=body, params=query)
            except httpx.TransportError as error:
                wait = self._wait(attempt, None)
                if wait is None:
                    raise _unreachable(error) from error
            else:
                wait = self._wait(attempt, response)
                if wait is None:
                    return _answer(response)
            await asyncio.sleep(wait)
            attempt += 1


def _answer(response: httpx.Response) -> Json:
    """Return what the service said; a problem is raised."""
    try:
        said = response.json()
    except ValueError:
        said = {"detail": f"no JSON, status {response.status_code}"}
        raise ServiceError(response.status_code, said) from None
    if response.status_code >= 400 or not isinstance(said, dict):
        raise ServiceError(response.status_code, said if isinstance(said, dict) else {})
    return said


def _unreachable(error: httpx.TransportError) -> ServiceError:
    return ServiceError(0, {"code": "UNREACHABLE", "detail": str(error) or type(error).__name__})


def _query(fields: str | None) -> Json:
    return {} if fields is None else {"fields": fields}


def _said(**given: Any) -> Json:
    return {name: value for name, value in given.items() if value is not None}


def _batches(documents: Iterable[str | Json], most: int) -> Iterator[list[Json]]:
    """Put documents together, up to a number and a size."""
    gathered: list[Json] = []
    size = 0
    for one in documents:
        document = {"text": one} if isinstance(one, str) else one
        length = sum(len(value) for value in document.values() if isinstance(value, str))
        if gathered and (len(gathered) >= most or size + length > _BATCH_CHARACTERS):
            yield gathered
            gathered, size = [], 0
        gathered.append(document)
        size += length
    if gathered:
        yield gathered
