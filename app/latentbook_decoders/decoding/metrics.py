"""Prometheus metrics of the decoders."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from latentbook.http.metrics import SECONDS

TILES = (1, 4, 16, 64, 256, 1024, 4096, 16384)


class DecoderMetrics:
    """Counters of the decoders, in the registry of an app or in a separate one."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        counter = partial(Counter, registry=registry)
        seconds = partial(Histogram, buckets=SECONDS, registry=registry)
        self.queue_length = Gauge(
            "latentbook_queue_length", "Jobs waiting for a decoder.", registry=registry
        )
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
