"""VQ-VAE: a small image of codes, each the nearest vector of a learned codebook."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentbook_decoders.models.autoencoder import Autoencoder

SIDE = 7  # places of the code along one side
START = 0.1  # standard deviation of the vectors before training


@dataclass(frozen=True)
class VQVAEConfig:
    """Sizes of a `VQVAE`.

    Attributes
    ----------
    codes : int, vectors in the codebook
    width : int, numbers in each of them
    channels : int, feature maps at 7 x 7; half of that at 14 x 14
    commitment : weight of the third term, which keeps the encoder near the codebook
    """

    codes: int
    width: int = 8
    channels: int = 32
    commitment: float = 0.25

    def build(self) -> "VQVAE":
        return VQVAE(self)


class Codebook(nn.Module):
    """Replaces the vector at each place by the nearest one in a table.

    Its gradient is the straight-through estimate: that of the nearest vector, passed on unchanged.
    """

    def __init__(self, codes: int, width: int) -> None:
        super().__init__()
        # As small as the output of a new encoder: far from it, one vector would be nearest to all.
        self.vectors = nn.Parameter(START * torch.randn(codes, width))  # (codes, width)

    def indices(self, z: Tensor) -> Tensor:
        """Index of the nearest vector: (n, width, side, side) -> (n, side, side), int64."""
        rows = z.detach().movedim(1, -1).float()  # (n, side, side, width)
        # |z - e|^2 without |z|^2, which is the same for all vectors
        distances = self.vectors.square().sum(1) - 2 * rows @ self.vectors.T
        nearest: Tensor = distances.argmin(-1)
        return nearest

    def look_up(self, indices: Tensor) -> Tensor:
        """The vectors of shape (n, width, side, side)."""
        return self.vectors[indices].movedim(-1, 1)

    def forward(self, z: Tensor) -> Tensor:
        """The nearest vectors, of shape (n, width, side, side)."""
        return z + (self.look_up(self.indices(z)) - z).detach()


class VQVAE(Autoencoder):
    """28 x 28 -> 7 x 7 vectors -> the nearest ones of the codebook -> 28 x 28.

    The code is the encoder's output; the decoder first rounds it to the codebook.

    References
    ----------
    van den Oord et al. 2017, arXiv:1711.00937, eq. 3.
    """

    def __init__(self, config: VQVAEConfig) -> None:
        c, width = config.channels, config.width
        encoder = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, c // 2, kernel_size=4, stride=2, padding=1),  # (n, c/2, 14, 14)
            nn.SiLU(),
            nn.Conv2d(c // 2, c, kernel_size=4, stride=2, padding=1),  # (n, c, 7, 7)
            nn.SiLU(),
            nn.Conv2d(c, c, kernel_size=3, padding=1),
            nn.SiLU(),
            nn.Conv2d(c, width, kernel_size=1),  # (n, width, 7, 7)
            nn.Flatten(),
        )
        decoder = nn.Sequential(
            nn.Unflatten(1, (width, SIDE, SIDE)),
            Codebook(config.codes, width),
            nn.Conv2d(width, c, kernel_size=3, padding=1),
            nn.SiLU(),
            nn.Upsample(scale_factor=2.0),
            nn.Conv2d(c, c // 2, kernel_size=3, padding=1),  # (n, c/2, 14, 14)
            nn.SiLU(),
            nn.Upsample(scale_factor=2.0),
            nn.Conv2d(c // 2, 1, kernel_size=3, padding=1),  # (n, 1, 28, 28)
            nn.Flatten(),
        )
        super().__init__(width * SIDE**2, encoder, decoder)
        self.codes = config.codes
        self.commitment = config.commitment

    @property
    def codebook(self) -> Codebook:
        codebook = self.decoder[1]
        assert isinstance(codebook, Codebook)
        return codebook

    def indices_of(self, z: Tensor) -> Tensor:
        """The code as integers 0..codes - 1: (n, latent_dim) -> (n, 7, 7)."""
        return self.codebook.indices(z.unflatten(1, (-1, SIDE, SIDE)))

    def indices(self, x: Tensor) -> Tensor:
        """:meth:`indices_of` images: (n, 784) -> (n, 7, 7)."""
        return self.indices_of(self.encode(x)[0])
