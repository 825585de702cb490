"""Prometheus metrics of the server."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counters of one app, in a separate registry."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        seconds = partial(Histogram, buckets=SECONDS, registry=registry)
        self.requests = counter(
            "latentbook_http_requests", "Requests answered, by route template.", ("route", "status")
        )
        self.request_seconds = seconds(
            "latentbook_http_request_seconds",
            "From the head of a request to the last byte of its response.",
            ("route",),
        )

    def answered(self) -> int:
        """Number of requests answered."""
        samples = (sample for family in self.requests.collect() for sample in family.samples)
        return sum(int(each.value) for each in samples if each.name.endswith("_total"))
