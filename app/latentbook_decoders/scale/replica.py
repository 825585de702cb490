"""One decoder replica: the service class of a single server, behind Ray Serve."""

import os
from typing import Any

from ray.serve._private import replica as serve_replica

from latentbook.http.problems import Unavailable
from latentbook_decoders.decoding.decoders import Decoded, Opened
from latentbook_decoders.decoding.inference import Inference
from latentbook_decoders.decoding.jobs import Floats
from latentbook_decoders.settings import DeviceChoice, Dtype

MAX_ONGOING = 8
"""Concurrent requests of a replica: one is decoded, the others can be merged behind it."""


class OtherModel(Unavailable):
    """The weights or the decoder changed after the request began."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being replaced by another version. Ask again in a second.", 1)


class DecoderReplica:
    """Models on one device, requested through a deployment handle."""

    def __init__(
        self, device: DeviceChoice, dtype: Dtype, threads: int, release: str, loopback: bool
    ) -> None:
        # torch reads this when it is imported, which happens on the inference thread. Replicas
        # that together have more threads than cores take twice as long each.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        if loopback:
            listen_on_loopback()
        self.release = release
        self.inference = Inference(device, dtype, 2 * MAX_ONGOING)

    async def get_release(self) -> str:
        """The version of the program, and the weights, that this replica runs."""
        return self.release

    async def check_health(self) -> None:
        """Ray Serve replaces a replica whose thread does not respond within its time limit."""
        await self.inference.ping()

    async def cards(self) -> list[dict[str, Any]]:
        return await self.inference.cards()

    async def open(self, name: str) -> Opened:
        return await self.inference.open(name)

    async def decode(self, name: str, fingerprint: str, z: Floats, exact: bool) -> Decoded:
        await self.require(name, fingerprint)
        return await self.inference.decode_as(name, z, exact)

    async def encode(
        self, name: str, fingerprint: str, x: Floats
    ) -> tuple[Floats, Floats | None, Floats]:
        await self.require(name, fingerprint)
        return await self.inference.encode(name, x)

    async def require(self, name: str, fingerprint: str) -> None:
        """Refuse a request begun with different weights, or on a different kind of processor."""
        if (await self.inference.open(name)).fingerprint != fingerprint:
            raise OtherModel(name)


def listen_on_loopback() -> None:
    """Make Ray Serve's server for calls between replicas listen on 127.0.0.1 only.

    Otherwise it binds every address of the machine, whatever address Ray itself uses. Ray Serve has
    no setting for this. tests/unit/test_private_names.py names the version in which this was read.
    """
    names = vars(serve_replica)
    add_port = names["add_port_to_grpc_server"]
    names["add_port_to_grpc_server"] = lambda server, address: add_port(server, "127.0.0.1:0")
