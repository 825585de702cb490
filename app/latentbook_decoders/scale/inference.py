"""The server's side of the replicas: send a request to one, and to another if it dies."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from latentbook.http.logs import log
from latentbook.http.problems import Unavailable
from latentbook_decoders.decoding.decoders import Decoded, Opened, needs_exact
from latentbook_decoders.decoding.jobs import Floats, QueueFull
from latentbook_decoders.decoding.metrics import DecoderMetrics
from latentbook_decoders.scale.replica import OtherModel

ATTEMPTS = 3
"""Replicas that may die during one request. A request that kills replicas must not kill them all.
"""


class ReplicasLost(Unavailable):
    def __init__(self) -> None:
        super().__init__("The decoders are being restarted. Ask again in a few seconds.", 5)


class ReplicatedInference:
    """Models on replicas, requested from the event loop.

    Parameters
    ----------
    handle : of a deployment of :class:`latentbook_decoders.scale.replica.DecoderReplica`
    queue_size : requests that may wait for a replica
    """

    def __init__(
        self,
        handle: DeploymentHandle[Any],
        queue_size: int,
        close: Callable[[], None],
        metrics: DecoderMetrics,
    ) -> None:
        self.handle = handle
        self.queue_size = queue_size
        self.close = close
        self.metrics = metrics
        self.models: dict[str, Opened] = {}
        self.opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def cards(self) -> list[dict[str, Any]]:
        cards: list[dict[str, Any]] = await self.ask("cards")
        return cards

    async def open(self, name: str) -> Opened:
        """The model as the first replica opened it; all replicas draw the same pictures.

        Raises
        ------
        ModelError, TorchMissing, TorchBroken, QueueFull, ReplicasLost
        """
        if name not in self.models:
            async with self.opening[name]:
                if name not in self.models:
                    self.models[name] = await self.ask("open", name)
        return self.models[name]

    async def decode(self, name: str, z: Floats, *, exact: bool = False) -> Decoded:
        model = await self.open(name)
        exact = exact or needs_exact(model, z)
        start = time.perf_counter()
        decoded: Decoded = await self.ask_for("decode", model, z, exact)
        decoded = replace(decoded, waited=time.perf_counter() - start - decoded.decoding)
        self.metrics.queue_seconds.observe(decoded.waited)
        self.metrics.decoded(name, len(z), decoded.decoding)
        return decoded

    async def encode(self, name: str, x: Floats) -> tuple[Floats, Floats | None, Floats]:
        model = await self.open(name)
        found: tuple[Floats, Floats | None, Floats] = await self.ask_for("encode", model, x)
        return found

    async def ask_for(self, method: str, model: Opened, *args: Any) -> Any:
        """:meth:`ask` about a model; forget it if the replicas have a different fingerprint."""
        try:
            return await self.ask(method, model.name, model.fingerprint, *args)
        except OtherModel:
            self.models.pop(model.name, None)
            raise

    async def ask(self, method: str, *args: Any) -> Any:
        """The answer of one replica; if it dies, of another, because answers depend only on the
        arguments. If the caller is cancelled, so is the request.

        Raises
        ------
        QueueFull, ReplicasLost, and what the method raises
        """
        for attempt in range(1, ATTEMPTS + 1):
            response = getattr(self.handle, method).remote(*args)
            try:
                with self.metrics.queue_length.track_inprogress():
                    return await response
            except asyncio.CancelledError:
                response.cancel()
                self.metrics.dropped.inc()
                raise
            except BackPressureError as error:
                self.metrics.rejected.inc()
                raise QueueFull(self.queue_size) from error
            except RayTaskError as error:
                raise error.cause from None
            except DeploymentUnavailableError as error:
                raise ReplicasLost from error
            except RayError as error:
                log.warning("replica lost", error=type(error).__name__, attempt=attempt)
        raise ReplicasLost
