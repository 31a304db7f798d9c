"""The figures of one API process, in a registry of its own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from tirage.pool.job import PoolStats
from tirage.store.queue_depth import QueueDepth

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Requests by route, and the drawing processes at the moment of asking."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tirage_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "tirage_request_seconds",
            "From a request's head to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._pool = Gauge("tirage_renderer", "Drawing processes and jobs.", ("state",), registry=self._registry)
        self._jobs = Gauge("tirage_renderer_jobs", "Jobs since the start.", ("outcome",), registry=self._registry)

        self._batches = Gauge(
            "tirage_batch_chunks",
            "Chunks of rows that wait for a worker or are drawn, and tables to be read; of the whole installation.",
            ("state",),
            registry=self._registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered; `route` is its pattern, never an address with ids in it."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, stats: PoolStats, depth: QueueDepth | None = None) -> tuple[bytes, str]:
        """All figures in Prometheus' text form, and its media type; without a database that of batches is not known."""
        self._batches.clear()
        if depth is not None:
            for state in ("waiting", "running", "unread"):
                self._batches.labels(state).set(getattr(depth, state))
        for state in ("children", "running", "waiting"):
            self._pool.labels(state).set(getattr(stats, state))
        for outcome in ("jobs", "failed", "retried", "deaths", "timeouts", "recycled"):
            self._jobs.labels(outcome).set(getattr(stats, outcome))
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
