"""Denoising autoencoder: the input is corrupted, the target is not."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentbook.models.autoencoder import PIXELS, Autoencoder
from latentbook.models.losses import squared_error


@dataclass(frozen=True)
class DenoisingAutoencoderConfig:
    """One hidden layer of `latent_dim` ReLU units; noise of standard deviation `sigma`."""

    latent_dim: int
    sigma: float

    def build(self) -> "DenoisingAutoencoder":
        return DenoisingAutoencoder(self)


class DenoisingAutoencoder(Autoencoder):
    """E || x - g(f(x + sigma eps)) ||^2.

    References
    ----------
    Vincent et al. 2008, doi:10.1145/1390156.1390294.
    """

    def __init__(self, config: DenoisingAutoencoderConfig) -> None:
        encoder = nn.Sequential(nn.Linear(PIXELS, config.latent_dim), nn.ReLU())
        decoder = nn.Sequential(nn.Linear(config.latent_dim, PIXELS))
        super().__init__(config.latent_dim, encoder, decoder)
        self.sigma = config.sigma

    def denoise(self, x: Tensor) -> Tensor:
        """g(f(x + sigma eps)) with a new draw of eps, of shape (n, 784)."""
        corrupted = x + self.sigma * torch.randn_like(x)
        return self.decode(self.encode(corrupted)[0]).flatten(1)

    def training_loss(self, x: Tensor, beta: float) -> Tensor:
        """Squared error of the denoised image against the clean one, mean over the batch."""
        return squared_error(self.denoise(x), x).mean()

    def own_metrics(self, x: Tensor) -> dict[str, Tensor]:
        """Squared error after denoising; that of the noise alone is 784 sigma^2."""
        return {"denoised_squared_error": squared_error(self.denoise(x), x)}
