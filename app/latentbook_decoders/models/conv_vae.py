"""Convolutional VAE: stride-2 convolutions down, nearest-neighbour resize and convolution up."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from latentbook_decoders.models.autoencoder import VariationalAutoencoder


@dataclass(frozen=True)
class ConvVAEConfig:
    """Sizes of a `ConvVAE`.

    Attributes
    ----------
    channels : int, feature maps at 7 x 7; half of that at 14 x 14
    hidden : int, width of the dense layer between maps and code
    upsampling : "resize" and convolution (no checkerboard), "transposed" (kernel 3, stride 2: it
        overlaps unevenly) or "transposed_even" (kernel 4, stride 2: every pixel gets its four)
    """

    latent_dim: int = 2
    channels: int = 64
    hidden: int = 256
    upsampling: Literal["resize", "transposed", "transposed_even"] = "resize"

    def build(self) -> "ConvVAE":
        return ConvVAE(self)


class ConvVAE(VariationalAutoencoder):
    """28 x 28 -> 14 x 14 -> 7 x 7 -> mu, logvar; and back."""

    def __init__(self, config: ConvVAEConfig) -> None:
        c, hidden = config.channels, config.hidden
        encoder = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, c // 2, kernel_size=4, stride=2, padding=1),  # (n, c/2, 14, 14)
            nn.SiLU(),
            nn.Conv2d(c // 2, c, kernel_size=4, stride=2, padding=1),  # (n, c, 7, 7)
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(c * 49, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 * config.latent_dim),
        )
        decoder = nn.Sequential(
            nn.Linear(config.latent_dim, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, c * 49),
            nn.SiLU(),
            nn.Unflatten(1, (c, 7, 7)),
            *upsample(config, c, c // 2),  # (n, c/2, 14, 14)
            nn.SiLU(),
            *upsample(config, c // 2, 1),  # (n, 1, 28, 28)
            nn.Flatten(),
        )
        super().__init__(config.latent_dim, encoder, decoder)


def upsample(config: ConvVAEConfig, n_in: int, n_out: int) -> list[nn.Module]:
    """Twice the height and width, `n_in` to `n_out` feature maps."""
    if config.upsampling == "transposed":
        return [nn.ConvTranspose2d(n_in, n_out, 3, stride=2, padding=1, output_padding=1)]
    if config.upsampling == "transposed_even":
        return [nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1)]
    return [nn.Upsample(scale_factor=2.0), nn.Conv2d(n_in, n_out, kernel_size=3, padding=1)]
