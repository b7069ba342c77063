"""What keeps one client from taking it all: memory, keys, rates."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from unbait.service.problems import ProblemError

_MOST_BUCKETS = 10_000


class Budget:
    """Bytes of bodies that may be held at a time, over all requests and answers."""

    def __init__(self, most: int) -> None:
        """Allow ``most`` bytes."""
        self.most = most
        self.held = 0

    def hold(self) -> Hold:
        """Return a hold that gives everything back when it is left."""
        return Hold(self)


class Hold:
    """What one request holds of the budget."""

    def __init__(self, budget: Budget) -> None:
        """Begin with nothing."""
        self._budget = budget
        self._bytes = 0

    def add(self, size: int) -> None:
        """Take ``size`` more bytes, or refuse the request."""
        if self._budget.held + size > self._budget.most:
            raise ProblemError("OVERLOADED", "too many bytes are held already", retry_after=1)
        self.grow(size)

    def grow(self, size: int) -> None:
        """Take what is there already: an answer. New requests are refused until it is gone."""
        self._budget.held += size
        self._bytes += size

    def release(self) -> None:
        """Give everything back."""
        self._budget.held -= self._bytes
        self._bytes = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Give everything back."""
        self.release()


class Keys:
    """The API keys, kept as digests and compared in constant time."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys; none means that everyone may come in."""
        self._digests = tuple(_digest(key) for key in keys)

    def __bool__(self) -> bool:
        """Say whether keys are asked for."""
        return bool(self._digests)

    def check(self, headers: Mapping[str, str]) -> str | None:
        """Return a name for the key (no secret) or None without keys; ProblemError if wrong."""
        if not self._digests:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        if not given:
            raise ProblemError(
                "KEY_MISSING", "send Authorization: Bearer KEY, or X-API-Key: KEY"
            )
        digest = _digest(given)
        known = False
        for one in self._digests:  # all of them, always: the time tells nothing
            known |= hmac.compare_digest(one, digest)
        if not known:
            raise ProblemError("KEY_UNKNOWN", "this key is not one of ours")
        return digest.hex()[:16]


class Rates:
    """A token bucket for each key or address."""

    def __init__(self, rate: float, burst: int) -> None:
        """Fill ``rate`` tokens a second, up to ``burst``; rate 0 means no limit."""
        self._rate, self._burst = rate, burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Take a token, or refuse with the time until there is one."""
        if not self._rate:
            return
        now = time.monotonic()
        tokens, last = self._buckets.pop(name, (float(self._burst), now))
        tokens = min(tokens + (now - last) * self._rate, float(self._burst))
        enough = tokens >= 1
        self._buckets[name] = (tokens - enough, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if not enough:
            wait = int((1 - tokens) / self._rate) + 1
            raise ProblemError(
                "RATE_LIMITED", f"at most {self._rate:g} requests a second", retry_after=wait
            )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
