"""Convolutional VAE of pictures of 64 x 64 in colour: three convolutions down, three up."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from latentbook_decoders.models.autoencoder import VariationalAutoencoder

CHANNELS = (32, 64, 128)
SIDE = 8  # of the last maps, px


@dataclass(frozen=True)
class FaceVAEConfig:
    """Sizes of a `FaceVAE`.

    Attributes
    ----------
    latent_dim : numbers of a code; if it is spatial, a multiple of the 64 places
    sigma : standard deviation of a pixel around the decoder's picture
    spatial : whether the code is a map of 8 x 8 places, as latent diffusion has it, or flat. Then
        a convolution on either side of the code lets places know of their neighbours
    """

    latent_dim: int = 64
    sigma: float = 0.05
    spatial: bool = False

    def build(self) -> "FaceVAE":
        return FaceVAE(self)


class FaceVAE(VariationalAutoencoder):
    """64 x 64 x 3 -> 32 x 32 x 32 -> 16 x 16 x 64 -> 8 x 8 x 128 -> mu, logvar; and back.

    p(x | z) = N(decode(z), sigma^2 I). Every kernel is 4 x 4 at stride 2, so that the transposed
    ones overlap evenly. A spatial code has its maps first: (maps, 8, 8).
    """

    image_shape: ClassVar[tuple[int, ...]] = (64, 64, 3)

    def __init__(self, config: FaceVAEConfig) -> None:
        first, second, third = CHANNELS
        places, dim = SIDE**2, config.latent_dim
        to_code: list[nn.Module] = [nn.Flatten(), nn.Linear(third * places, 2 * dim)]
        from_code: list[nn.Module] = [
            nn.Linear(dim, third * places),
            nn.ReLU(),
            nn.Unflatten(1, (third, SIDE, SIDE)),
        ]
        if config.spatial:
            maps = dim // places
            to_code = [
                nn.Conv2d(third, third, kernel_size=3, padding=1),
                nn.ReLU(),
                nn.Conv2d(third, 2 * maps, kernel_size=1),
                nn.Flatten(),
            ]
            from_code = [
                nn.Unflatten(1, (maps, SIDE, SIDE)),
                nn.Conv2d(maps, third, kernel_size=3, padding=1),
                nn.ReLU(),
                nn.Conv2d(third, third, kernel_size=3, padding=1),
                nn.ReLU(),
            ]
        encoder = nn.Sequential(
            nn.Unflatten(1, (3, 64, 64)),
            nn.Conv2d(3, first, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(first, second, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(second, third, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            *to_code,
        )
        decoder = nn.Sequential(
            *from_code,
            nn.ConvTranspose2d(third, second, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(second, first, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(first, 3, kernel_size=4, stride=2, padding=1),
            nn.Flatten(),
        )
        super().__init__(config.latent_dim, encoder, decoder)
        self.sigma = config.sigma
