"""What the routes ask for, whoever decodes: models that are ready, and pictures of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from latentbook.decoding.jobs import Floats
from latentbook.decoding.mosaic import Grey
from latentbook.http.metrics import Metrics
from latentbook.settings import Dtype

FEW = 512
"""Codes up to which waiting requests are decoded together, and are decoded in small chunks."""

NEAR = 4.0
"""Codes with a coordinate farther out are decoded in float32: there the picture changes fastest."""


@dataclass(frozen=True)
class Opened:
    """A model that is ready.

    Attributes
    ----------
    dtype : number format of codes that are near
    edition : what the pictures depend on besides the request and the number format
    """

    name: str
    card: dict[str, Any]
    latent_dim: int
    image_shape: tuple[int, int]
    device: str
    dtype: Dtype
    max_grey_difference: int
    edition: str


@dataclass(frozen=True)
class Decoded:
    """Images of codes.

    Attributes
    ----------
    images : ndarray of shape (n, height, width), in the order of the codes
    dtype : number format in which they were decoded
    waited : seconds in the queue
    decoding : seconds in the model, with all that was decoded in the same batch
    """

    images: Grey
    dtype: Dtype
    waited: float
    decoding: float


class Decoders(Protocol):
    """What the routes ask: one thread here, or replicas elsewhere (:mod:`latentbook.scale`)."""

    metrics: Metrics

    async def cards(self) -> list[dict[str, Any]]:
        """The card of every model, or its name and why it cannot be served."""

    async def open(self, name: str) -> Opened:
        """The model, ready to decode."""

    async def decode(self, name: str, z: Floats, *, exact: bool = False) -> Decoded:
        """Images of codes.

        Codes of which one is not near are decoded in float32.

        Parameters
        ----------
        z : ndarray of shape (n, latent_dim)
        exact : decode in float32 whatever serves the model best
        """

    async def encode(self, name: str, x: Floats) -> tuple[Floats, Floats | None, Floats]:
        """Codes of images: mu, logvar, squared error."""

    def close(self) -> None:
        """Finish what waits, and end."""


def needs_exact(model: Opened, z: Floats) -> bool:
    """Whether these codes are decoded in float32."""
    return model.dtype == "float32" or not is_near(z)


def is_near(z: Floats) -> bool:
    """Whether no coordinate of these codes is beyond ``NEAR``."""
    return bool(np.abs(z).max() <= NEAR)
