"""One decoder replica: the service class of a single server, behind Ray Serve."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any

from ray import serve
from ray.serve._private import replica as serve_replica

from latentbook.decoding.decoders import FEW, Decoded, Opened
from latentbook.decoding.inference import Inference
from latentbook.decoding.jobs import Floats
from latentbook.http.problems import Problem
from latentbook.settings import DeviceChoice, Dtype

MAX_ONGOING = 8
"""Concurrent requests of a replica: one is decoded, the others can be merged behind it."""

BATCH_WAIT_S = 0.002
"""How long a small request waits for others to be decoded with it."""


class OtherEdition(Problem):
    """The weights, or what draws them, changed after the request began."""

    def __init__(self, name: str) -> None:
        super().__init__(
            503,
            f"Another edition of {name} is being put in place. Ask again in a second.",
            headers={"Retry-After": "1"},
        )


@dataclass(frozen=True)
class Codes:
    """Codes to decode.

    Attributes
    ----------
    z : ndarray of shape (n, latent_dim)
    exact : whether to decode in float32 whatever format is served
    edition : that of the opened model which the answer is for
    """

    name: str
    z: Floats
    exact: bool
    edition: str


class DecoderReplica:
    """Models on one device, requested through a deployment handle."""

    def __init__(
        self, device: DeviceChoice, dtype: Dtype, threads: int, release: str, loopback: bool
    ) -> None:
        # torch reads this when it is imported, which happens on the inference thread. Replicas
        # with more threads than cores between them take twice as long each.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        if loopback:
            listen_on_loopback()
        self.release = release
        self.inference = Inference(device, dtype, 2 * MAX_ONGOING)

    async def get_release(self) -> str:
        """Which version of the program, and which weights, this replica runs."""
        return self.release

    async def check_health(self) -> None:
        """Ray Serve replaces a replica whose thread does not respond within its time limit."""
        await self.inference.ping()

    async def cards(self) -> list[dict[str, Any]]:
        return await self.inference.cards()

    async def open(self, name: str) -> Opened:
        return await self.inference.open(name)

    async def encode(
        self, name: str, edition: str, x: Floats
    ) -> tuple[Floats, Floats | None, Floats]:
        await self.require(name, edition)
        return await self.inference.encode(name, x)

    async def decode(self, codes: Codes) -> Decoded:
        await self.require(codes.name, codes.edition)
        if len(codes.z) < FEW:
            return await self.decode_together(codes)
        return await self.decode_alone(codes)

    async def decode_alone(self, codes: Codes) -> Decoded:
        """Queue one request for the inference thread."""
        return await self.inference.decode_as(codes.name, codes.z, codes.exact)

    @serve.batch(
        max_batch_size=MAX_ONGOING,
        max_concurrent_batches=MAX_ONGOING,
        batch_wait_timeout_s=BATCH_WAIT_S,
    )
    async def decode_together(self, several: list[Codes]) -> list[Decoded]:
        """Queue small requests at once: the inference thread merges those for the same model."""
        return await asyncio.gather(*map(self.decode_alone, several))

    async def require(self, name: str, edition: str) -> None:
        """Refuse a request that was begun with other weights, or on another kind of processor.

        Raises
        ------
        OtherEdition
        """
        if (await self.inference.open(name)).edition != edition:
            raise OtherEdition(name)


def listen_on_loopback() -> None:
    """Let Ray Serve bind the server by which replicas call one another to 127.0.0.1.

    It binds every address of the machine, whatever address Ray itself was told to use, and has no
    setting for it. tests/unit/test_private_names.py names the version in which this was read.
    """
    names = vars(serve_replica)
    add_port = names["add_port_to_grpc_server"]
    names["add_port_to_grpc_server"] = lambda server, address: add_port(server, "127.0.0.1:0")
