"""The interface of the decoders: models that are ready, and pictures of codes."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from latentbook_decoders.decoding.jobs import Floats
from latentbook_decoders.decoding.mosaic import Levels
from latentbook_decoders.settings import Dtype

FEW = 512
"""Up to this many codes, waiting requests are decoded together and in small chunks."""

NEAR = 4.0
"""Codes with a larger coordinate are decoded in float32: out there the picture changes fastest."""


@dataclass(frozen=True)
class Opened:
    """A model that is ready.

    Attributes
    ----------
    image_shape : height and width, and 3 in colour
    dtype : number format of codes within ``NEAR``
    fingerprint : all that the pictures depend on, apart from the request and the number format
    """

    name: str
    card: dict[str, Any]
    latent_dim: int
    image_shape: tuple[int, ...]
    device: str
    dtype: Dtype
    max_grey_difference: int
    fingerprint: str


@dataclass(frozen=True)
class Decoded:
    """Images of codes.

    Attributes
    ----------
    images : ndarray of shape (n, *image_shape), in the order of the codes
    dtype : number format in which they were decoded
    waited : seconds in the queue
    decoding : seconds in the model, for the complete batch
    """

    images: Levels
    dtype: Dtype
    waited: float
    decoding: float


class Decoders(Protocol):
    """Interface for routes: one thread here, or replicas (:mod:`latentbook_decoders.scale`)."""

    async def cards(self) -> list[dict[str, Any]]:
        """The card of every model; if it cannot be served, its name and the reason."""

    async def open(self, name: str) -> Opened:
        """The model, ready to decode."""

    async def decode(self, name: str, z: Floats, *, exact: bool = False) -> Decoded:
        """Images of codes; in float32 if one of the codes is not near.

        Parameters
        ----------
        z : ndarray of shape (n, latent_dim)
        exact : decode in float32 regardless of the model's format
        """

    async def encode(self, name: str, x: Floats) -> tuple[Floats, Floats | None, Floats]:
        """Codes of images: mu, logvar, squared error."""

    def close(self) -> None:
        """Finish the waiting jobs and end."""


def needs_exact(model: Opened, z: Floats) -> bool:
    """Whether these codes are decoded in float32."""
    return model.dtype == "float32" or bool(np.abs(z).max() > NEAR)
