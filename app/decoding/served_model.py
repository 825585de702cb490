"""One model as it is served: in which number format, in chunks of which size, in grey levels.

Imports torch, so it is itself imported on the inference thread only.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.decoding.decoders import NEAR, Device, Dtype
from app.decoding.mosaic import Grey
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

DIGEST_CODES = 1024
"""Of the test codes, those whose pictures stand in the edition."""

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
    fast : decoder with its inner layers in bfloat16, or None where that changes the picture
    dtype : number format that serves best codes within ``NEAR``
    max_grey_difference : int, largest difference of a pixel of ``dtype`` from float32, of 255
        levels
    chunk : int, codes decoded at once
    edition : what its pictures depend on besides the weights and the number format
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
        self.fast, difference = self.keep_format(in_bfloat16(self.exact), z)
        self.dtype = self.choose_format(z)
        self.max_grey_difference = difference if self.dtype == "bfloat16" else 0
        self.chunk = self.choose_chunk(z)
        self.edition = f"{self.device.type} torch {torch.__version__} {self.digest(z)}"

    @torch.inference_mode()
    def keep_format(self, fast: nn.Module, z: Tensor) -> tuple[nn.Module | None, int]:
        """The decoder in bfloat16, and its largest change, if that may be seen."""
        difference = max(
            int((grey(fast(chunk)).int() - grey(self.exact(chunk)).int()).abs().max())
            for chunk in z.to(self.device).split(CHUNKS[0])
        )
        return (None, 0) if difference > MAX_GREY_DIFFERENCE else (fast, difference)

    @torch.inference_mode()
    def choose_format(self, z: Tensor) -> Dtype:
        """The number format that is worth having."""
        if self.fast is None:
            return "float32"
        chunk = z[: CHUNKS[0]].to(self.device)
        # In turn, and the shortest of each: other programs on the machine slow both alike. On one
        # thread: several wait for each other, and for those programs, longer than they work.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        times = [(seconds(self.fast, chunk), seconds(self.exact, chunk)) for _ in range(RUNS)]
        torch.set_num_threads(threads)
        fast_time, exact_time = (min(column) for column in zip(*times, strict=True))
        return "bfloat16" if fast_time <= WORTH * exact_time else "float32"

    @property
    def best(self) -> nn.Module:
        """The decoder in ``dtype``."""
        return self.fast if self.fast is not None and self.dtype == "bfloat16" else self.exact

    @torch.inference_mode()
    def choose_chunk(self, z: Tensor) -> int:
        """How many codes to decode at once."""
        z = z.to(self.device)

        def taken(chunk: int) -> float:
            return sum(seconds(self.best, part) for part in z.split(chunk))

        times = {chunk: taken(chunk) for chunk in CHUNKS}
        again = {chunk: taken(chunk) for chunk in CHUNKS}
        return min(CHUNKS, key=lambda chunk: min(times[chunk], again[chunk]))

    def digest(self, z: Tensor) -> str:
        """A digest of what test codes look like, in both formats.

        It tells a processor that rounds otherwise from this one, so that no cache takes the
        pictures of the one for those of the other. The number of threads and the chunk change none
        of the book's decoders.
        """
        digest = hashlib.sha256()
        for exact in (True, False):
            for tiles in self.decode(z[:DIGEST_CODES].numpy(), exact):
                digest.update(tiles.tobytes())
        return digest.hexdigest()

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
