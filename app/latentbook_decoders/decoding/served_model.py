"""One model as it is served: its number format, its chunk size, grey levels.

Imports torch, so import it on the inference thread only.
"""

import copy
import hashlib
import math
import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.decoding.decoders import FEW, NEAR
from latentbook_decoders.decoding.mosaic import Levels
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.device import choose_device, choose_dtype, kernels
from latentbook_decoders.settings import DeviceChoice, Dtype, DtypeChoice

CHUNKS = 64, 512
"""Codes decoded at once, for few codes and for many. Every chunk is padded to its size and decoded
by one thread, so a tile's pixels depend neither on the codes next to it nor on the number of cores.
A map tile is one small chunk. With chunks larger than 512, some cores would be idle.
"""

GPU_CHUNKS = 64, 4096
"""A GPU decodes one large chunk in half the time of eight."""

MAX_GREY_DIFFERENCE = 8
"""bfloat16 is used only if no pixel of the test codes differs from float32 by more levels than
this. In the book's decoders that pass, it changes one pixel in a thousand by more than two levels.
"""

TEST_PIXELS = 4096 * 784
"""Total of the pixels of the test codes' pictures: a model of large ones must not start slowly."""

LEAST_TEST_CODES = 256

DIGEST_SHARE = 4
"""The pictures of one test code in four go into the fingerprint."""

DECODING_NICENESS = 10

Floats = NDArray[np.float32]
Stop = Callable[[], bool]


class Dropped(Exception):
    """No one waits for the result any more."""


class ServedModel:
    """A model on its device, in the number format that this server uses.

    Parameters
    ----------
    dtype : the format; ``auto`` is the one that the device reports to multiply fastest
    workers : run the chunks, each on one thread

    Attributes
    ----------
    exact : decoder in float32
    fast : decoder with its inner layers in bfloat16; None if bfloat16 is not used or changes the
        picture
    dtype : number format of codes within ``NEAR``
    max_grey_difference : int, largest difference of a pixel in ``dtype`` from float32, of 255
        levels
    fingerprint : all that its pictures depend on, apart from the weights and the number format
    """

    def __init__(
        self, model: Autoencoder, device: DeviceChoice, dtype: DtypeChoice, workers: Executor
    ) -> None:
        self.device = choose_device(device)
        if self.device.type == "cuda":
            # As on a CPU: every process draws the same pictures, and float32 has all its digits.
            torch.backends.cudnn.deterministic = True
            torch.backends.cudnn.allow_tf32 = False
        self.chunks = GPU_CHUNKS if self.device.type == "cuda" else CHUNKS
        self.workers = workers
        self.model = model.to(self.device)
        self.latent_dim = model.latent_dim
        self.image_shape = model.image_shape
        self.exact = model.decoder_for_serving()
        self.exact.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.fast: nn.Module | None = None
        self.max_grey_difference = 0
        z = test_codes(self.latent_dim, self.image_shape)
        if choose_dtype(dtype, self.device) == "bfloat16":
            self.fast = in_bfloat16(self.exact)
            self.max_grey_difference = self.grey_difference(z)
            if self.max_grey_difference > MAX_GREY_DIFFERENCE:
                self.fast, self.max_grey_difference = None, 0
        self.dtype: Dtype = "bfloat16" if self.fast else "float32"
        made_by = kernels(self.device), torch.__version__, *self.chunks
        self.fingerprint = f"{made_by} {self.digest(z)}"

    def grey_difference(self, z: Floats) -> int:
        fast, exact = self.decode(z, exact=False), self.decode(z, exact=True)
        return int(np.abs(fast.astype(np.int16) - exact).max())

    def digest(self, z: Floats) -> str:
        """A digest of the test codes' pictures, in the formats that are served.

        Processors that round differently get different digests, so that no cache mixes their
        pictures. A difference that shows only in other codes is covered by the name of the kernels,
        which is also in the fingerprint.
        """
        digest = hashlib.sha256()
        for exact in (True, False):
            digest.update(self.decode(z[: len(z) // DIGEST_SHARE], exact).tobytes())
        return digest.hexdigest()

    def decode(self, z: Floats, exact: bool, stop: Stop = lambda: False) -> Levels:
        """Levels of the images of codes: (n, latent_dim) -> (n, *image_shape).

        Parameters
        ----------
        exact : whether to decode in float32
        stop : called before each chunk; if it returns True, Dropped is raised
        """
        decoder = self.exact if exact or self.fast is None else self.fast
        chunk = self.chunks[len(z) > FEW]
        images: Levels = np.empty((len(z), *self.image_shape), np.uint8)

        def draw(start: int) -> None:
            if stop():
                raise Dropped
            codes = z[start : start + chunk]
            filled = np.zeros((chunk, self.latent_dim), np.float32)
            filled[: len(codes)] = codes
            with torch.inference_mode():
                drawn = grey(decoder(torch.from_numpy(filled).to(self.device)))
                images[start : start + chunk] = drawn[: len(codes)].cpu().numpy()

        for _ in self.workers.map(draw, range(0, len(z), chunk)):
            pass
        return images

    @torch.inference_mode()
    def encode(self, x: Floats) -> tuple[Floats, Floats | None, Floats]:
        """Codes of images of shape (n, *image_shape), in [0, 1]: computed in float32.

        Returns
        -------
        mu, logvar : of shape (n, latent_dim); logvar is None if the code has no spread
        squared_error : of shape (n,), between x and decode(mu), summed over pixels
        """
        images = torch.from_numpy(x).to(self.device)
        mu, logvar = self.model.encode(images)
        error = (self.model.decode(mu) - images).square().flatten(1).sum(1)
        return (
            mu.cpu().numpy(),
            None if logvar is None else logvar.cpu().numpy(),
            error.cpu().numpy(),
        )


def test_codes(latent_dim: int, image_shape: tuple[int, ...]) -> Floats:
    """Codes drawn uniformly from the cube within ``NEAR``, (n, latent_dim)."""
    n = max(LEAST_TEST_CODES, TEST_PIXELS // math.prod(image_shape))
    generator = torch.Generator().manual_seed(0)
    z = NEAR * (2 * torch.rand(n, latent_dim, generator=generator) - 1)
    return z.numpy()


def one_threaded_workers() -> ThreadPoolExecutor:
    """As many workers as torch has threads. Each runs torch on one thread; so does the caller."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    return ThreadPoolExecutor(threads, "decoder", _begin_worker)


def _begin_worker() -> None:
    """Decode at low priority: pages must not wait for grids."""
    torch.set_num_threads(1)
    if sys.platform == "linux":  # elsewhere this changes the whole process
        os.nice(DECODING_NICENESS)


def grey(x_hat: Tensor) -> Tensor:
    """[0, 1] -> 0..255, rounded to nearest; overwrites ``x_hat``."""
    return x_hat.mul_(255).add_(0.5).to(torch.uint8)


def in_bfloat16(decoder: nn.Sequential) -> nn.Module:
    """The decoder with its inner layers in bfloat16.

    The first layer with weights, which is small, and the sigmoid stay in float32: that halves the
    change in the picture and costs nothing. A codebook is looked up in float32, too.
    """
    layers = list(decoder)
    weighty = (i for i, layer in enumerate(layers) if any(True for _ in layer.parameters()))
    begin = next(weighty) + 1
    first, last = nn.Sequential(*layers[:begin]), nn.Sequential(*layers[-2:])
    body = copy.deepcopy(nn.Sequential(*layers[begin:-2])).bfloat16()
    return MixedDecoder(first, body, last)


class MixedDecoder(nn.Module):
    """float32 at both ends, bfloat16 in between."""

    def __init__(self, first: nn.Module, body: nn.Module, last: nn.Module) -> None:
        super().__init__()
        self.first, self.body, self.last = first, body, last

    def forward(self, z: Tensor) -> Tensor:
        """(n, latent_dim) -> (n, height, width)."""
        x_hat: Tensor = self.last(self.body(self.first(z).bfloat16()).float())
        return x_hat
