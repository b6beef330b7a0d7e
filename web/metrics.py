"""What Prometheus is told: requests, embedding, what is held, and what the process takes."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "spkret_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "spkret_request_seconds",
            "How long an answer took.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._batches = Histogram(
            "spkret_embedding_batch_size",
            "Uploads that were embedded together.",
            buckets=_BATCHES,
            registry=self._registry,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        known = method if method in {"GET", "HEAD", "POST", "OPTIONS"} else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def embedded(self, uploads: int) -> None:
        """Note how many uploads were embedded together."""
        self._batches.observe(uploads)

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Ask for a number each time the metrics are read."""
        Gauge(f"spkret_{name}", meaning, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Write all of it as Prometheus reads it."""
        return generate_latest(self._registry)
