"""One model as it is served: in which number format, in chunks of which size, in grey levels.

Imports torch, so it is itself imported on the inference thread only.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.api.inference import NEAR, Device
from app.api.mosaic import Grey
from app.models.autoencoder import Autoencoder
from app.models.device import choose_device

CHUNKS = (256, 1024, 4096)
"""Codes decoded at once. More leave the processor's cache; fewer have its cores wait for each other
more often, which is long where other programs run too."""

MULTIPLE = 16
"""Chunks are filled up to a multiple of this many codes. Then the pixels of a tile do not depend on
which other tiles were decoded beside it."""

MAX_GREY_DIFFERENCE = 8
"""bfloat16 is used only where no pixel of the test codes differs from float32 by more levels. Of
the book's decoders that pass, it changes one pixel in a thousand by more than two levels."""

TEST_CODES = 4096
"""Drawn evenly from the cube within ``NEAR``."""

RUNS = 8
WORTH = 0.9
"""bfloat16 is used only where it takes less than this share of float32's time."""

Floats = NDArray[np.float32]
Stop = Callable[[], bool]


class Dropped(Exception):
    """Nobody waits for the answer any more."""


class ServedModel:
    """A model on its device, with the number format and the chunks that serve it best.

    Attributes
    ----------
    exact : decoder in float32
    fast : decoder with its inner layers in bfloat16, or None where that is of no use
    max_grey_difference : int, largest difference of a pixel between the two, of 255 levels
    chunk : int, codes decoded at once
    """

    def __init__(self, model: Autoencoder, device: Device) -> None:
        self.device = choose_device(device)
        self.model = model.to(self.device)
        self.latent_dim = model.latent_dim
        self.image_shape = model.image_shape
        self.exact = model.decoder_for_serving()
        self.exact.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        generator = torch.Generator().manual_seed(0)
        z = NEAR * (2 * torch.rand(TEST_CODES, self.latent_dim, generator=generator) - 1)
        self.fast, self.max_grey_difference = self.choose_format(in_bfloat16(self.exact), z)
        self.chunk = self.choose_chunk(z)

    @property
    def dtype(self) -> str:
        """Number format of the decoder for codes within ``NEAR``."""
        return "float32" if self.fast is None else "bfloat16"

    @property
    def edition(self) -> str:
        """What else than the weights its pictures depend on."""
        return f"{self.dtype} {self.chunk} {self.device.type} torch {torch.__version__}"

    @torch.inference_mode()
    def choose_format(self, fast: nn.Module, z: Tensor) -> tuple[nn.Module | None, int]:
        """The decoder in bfloat16, and its largest change, if it is worth having."""
        chunks = z.to(self.device).split(CHUNKS[0])
        difference = max(
            int((grey(fast(chunk)).int() - grey(self.exact(chunk)).int()).abs().max())
            for chunk in chunks
        )
        if difference > MAX_GREY_DIFFERENCE:
            return None, 0
        # In turn, and the shortest of each: other programs on the machine slow both alike. On one
        # thread: several wait for each other, and for those programs, longer than they work.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        times = [(seconds(fast, chunks[0]), seconds(self.exact, chunks[0])) for _ in range(RUNS)]
        torch.set_num_threads(threads)
        fast_time, exact_time = (min(column) for column in zip(*times, strict=True))
        return (fast, difference) if fast_time <= WORTH * exact_time else (None, 0)

    @torch.inference_mode()
    def choose_chunk(self, z: Tensor) -> int:
        """How many codes to decode at once."""
        decoder = self.fast or self.exact
        z = z.to(self.device)

        def taken(chunk: int) -> float:
            return sum(seconds(decoder, part) for part in z.split(chunk))

        times = {chunk: taken(chunk) for chunk in CHUNKS}
        again = {chunk: taken(chunk) for chunk in CHUNKS}
        return min(CHUNKS, key=lambda chunk: min(times[chunk], again[chunk]))

    def decode(self, z: Floats, exact: bool, stop: Stop = lambda: False) -> Iterator[Grey]:
        """Images of codes, chunk by chunk, in grey levels.

        Parameters
        ----------
        z : ndarray of shape (n, latent_dim)
        exact : whether to decode in float32
        stop : asked before each chunk whether to give up

        Yields
        ------
        ndarray of shape (m, height, width), n images in all

        Raises
        ------
        Dropped
            If ``stop`` said so.
        """
        decoder = self.exact if exact or self.fast is None else self.fast
        for start in range(0, len(z), self.chunk):
            if stop():
                raise Dropped
            codes = z[start : start + self.chunk]
            filled = codes
            if len(codes) % MULTIPLE:
                filled = np.zeros((-(-len(codes) // MULTIPLE) * MULTIPLE, z.shape[1]), np.float32)
                filled[: len(codes)] = codes
            with torch.inference_mode():
                images = grey(decoder(torch.from_numpy(filled).to(self.device)))
            yield images.cpu().numpy()[: len(codes)]

    @torch.inference_mode()
    def encode(self, x: Floats) -> tuple[Floats, Floats | None, Floats]:
        """Codes of images, in float32.

        Parameters
        ----------
        x : ndarray of shape (n, height, width), in [0, 1]

        Returns
        -------
        mu : ndarray of shape (n, latent_dim)
        logvar : ndarray of shape (n, latent_dim), or None where the code has no spread
        squared_error : ndarray of shape (n,), between x and decode(mu), summed over pixels
        """
        images = torch.from_numpy(x).to(self.device)
        mu, logvar = self.model.encode(images)
        error = (self.model.decode(mu) - images).square().sum((1, 2))
        return (
            mu.cpu().numpy(),
            None if logvar is None else logvar.cpu().numpy(),
            error.cpu().numpy(),
        )


def seconds(decoder: nn.Module, z: Tensor) -> float:
    """How long one run takes."""
    start = time.perf_counter()
    grey(decoder(z)).cpu()
    return time.perf_counter() - start


def grey(x_hat: Tensor) -> Tensor:
    """[0, 1] -> 0..255, rounded to the nearest, by way of ``x_hat`` itself."""
    return x_hat.mul_(255).add_(0.5).to(torch.uint8)


def in_bfloat16(decoder: nn.Sequential) -> nn.Module:
    """The decoder with its inner layers in bfloat16.

    The first layer, which is small, and the sigmoid stay in float32: that halves the change in the
    picture and costs nothing.
    """
    first, *inner = list(decoder)[:-2]
    last = nn.Sequential(*list(decoder)[-2:])
    body = copy.deepcopy(nn.Sequential(*inner)).bfloat16()
    return MixedDecoder(first, body, last)


class MixedDecoder(nn.Module):
    """float32 at both ends, bfloat16 between."""

    def __init__(self, first: nn.Module, body: nn.Module, last: nn.Module) -> None:
        super().__init__()
        self.first, self.body, self.last = first, body, last

    def forward(self, z: Tensor) -> Tensor:
        """(n, latent_dim) -> (n, height, width)."""
        x_hat: Tensor = self.last(self.body(self.first(z).bfloat16()).float())
        return x_hat
