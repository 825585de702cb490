"""Prometheus metrics of the server."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TILES = (1, 4, 16, 64, 256, 1024, 4096, 16384)


class Metrics:
    """Counters of one app, in a separate registry."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        seconds = partial(Histogram, buckets=SECONDS, registry=registry)
        self.requests = counter(
            "latentbook_http_requests",
            "Requests answered, by route template.",
            ("route", "status"),
        )
        self.request_seconds = seconds(
            "latentbook_http_request_seconds",
            "From the head of a request to the last byte of its response.",
            ("route",),
        )
        self.queue_length = gauge("latentbook_queue_length", "Jobs waiting for a decoder.")
        self.queue_seconds = seconds(
            "latentbook_queue_seconds", "How long a job waited for a decoder."
        )
        self.decode_seconds = seconds(
            "latentbook_decode_seconds", "How long a batch took to decode.", ("model",)
        )
        self.batch_tiles = Histogram(
            "latentbook_batch_tiles",
            "Codes decoded together, from one request or several.",
            buckets=TILES,
            registry=registry,
        )
        self.tiles = counter("latentbook_tiles_decoded", "Codes decoded.", ("model",))
        self.dropped = counter("latentbook_jobs_dropped", "Jobs whose client had disconnected.")
        self.rejected = counter(
            "latentbook_jobs_rejected",
            "Jobs refused because the queue was full or the server was shutting down.",
        )

    def decoded(self, model: str, tiles: int, seconds: float) -> None:
        self.batch_tiles.observe(tiles)
        self.tiles.labels(model).inc(tiles)
        self.decode_seconds.labels(model).observe(seconds)
