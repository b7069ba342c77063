"""What Prometheus may know. Each service has its own registry, so that tests can run several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from unbait.service.limits import Budget
    from unbait.service.pool import Pool

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_JOBS = (1, 2, 4, 8, 16, 32, 64, 128)

MEDIA_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Counts requests, documents, bytes, cuts; watches the pool."""

    def __init__(self) -> None:
        """Begin at zero."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()

        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"unbait_{name}", says, labels, registry=registry)

        self._requests = counter("requests_total", "Requests.", "route", "method", "status")
        self._problems = counter("problems_total", "Problems answered.", "code")
        self._bytes = counter("bytes_total", "Bytes of bodies.", "direction")
        self._documents = counter("documents_total", "Documents.", "outcome")
        self._cuts = counter("cuts_total", "Cuts.", "category")
        self._restarts = counter("worker_restarts_total", "Workers replaced.", "reason")
        self._seconds = Histogram(
            "unbait_request_seconds", "Time to the end of the answer.", ("route",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._together = Histogram(
            "unbait_micro_batch_requests", "Requests that went to a worker together.",
            buckets=_JOBS, registry=registry,
        )  # fmt: skip

    def watch(self, pool: Pool, budget: Budget, connections: Any) -> None:
        """Read these when Prometheus asks. ``connections`` has a length."""
        self.registry.register(_State(pool, budget, connections))

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a finished request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def moved(self, received: int, sent: int) -> None:
        """Count bytes of bodies."""
        self._bytes.labels("in").inc(received)
        self._bytes.labels("out").inc(sent)

    def problem(self, code: str) -> None:
        """Count a problem."""
        self._problems.labels(code).inc()

    def took(self, jobs: int) -> None:
        """Count a micro-batch."""
        self._together.observe(jobs)

    def worked(self, stats: dict[str, Any]) -> None:
        """Count what a worker did."""
        errors = stats.get("errors", 0)
        self._documents.labels("cleaned").inc(stats.get("documents", 0) - errors)
        self._documents.labels("failed").inc(errors)
        for category, count in stats.get("cuts", {}).items():
            self._cuts.labels(category).inc(count)

    def replaced(self, reason: str) -> None:
        """Count a worker that died or hung."""
        self._restarts.labels(reason).inc()

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _State(Collector):
    """Gauges that are read, not kept."""

    def __init__(self, pool: Pool, budget: Budget, connections: Any) -> None:
        self._pool, self._budget, self._connections = pool, budget, connections

    def collect(self) -> Iterable[GaugeMetricFamily]:
        pool = self._pool
        workers = GaugeMetricFamily("unbait_workers", "Worker processes.", labels=["state"])
        workers.add_metric(["busy"], pool.busy)
        workers.add_metric(["idle"], pool.ready - pool.busy)
        workers.add_metric(["missing"], len(pool.members) - pool.ready)
        yield workers
        memory = sum(member.memory for member in pool.members if member.ready)
        for name, says, value in (
            ("worker_memory_bytes", "Resident bytes of all workers.", memory),
            ("queue_requests", "Requests that wait for a worker.", len(pool.line)),
            ("buffered_bytes", "Bytes of bodies held.", self._budget.held),
            ("connections", "Open connections.", len(self._connections)),
        ):
            yield GaugeMetricFamily(f"unbait_{name}", says, value=value)
