"""Base of all models: an encoder and a decoder. `training.objectives` defines their losses."""

from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from latentbook_decoders.models.folding import fold

PIXELS = 784


class Autoencoder(nn.Module):
    """x -> z -> x_hat, with a deterministic code.

    Outside, colours come last: images of shape (n, 32, 32, 3). Inside they come first, as layers
    expect, so ``encoder`` and ``decoder`` see (n, 3 * 32 * 32).

    Attributes
    ----------
    image_shape : height and width, and 3 in colour
    encoder : Module from (n, 784) to (n, latent_dim), or (n, 2 latent_dim) if variational
    decoder : Module from (n, latent_dim) to (n, 784), log-odds of each pixel
    """

    image_shape: ClassVar[tuple[int, ...]] = (28, 28)
    variational: ClassVar[bool] = False

    def __init__(self, latent_dim: int, encoder: nn.Sequential, decoder: nn.Sequential) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """The code of each image.

        Parameters
        ----------
        x : Tensor of shape (n, 28, 28) or (n, 784), in [0, 1]

        Returns
        -------
        mu : Tensor of shape (n, latent_dim)
        logvar : Tensor of shape (n, latent_dim), or None if the code has no spread
        """
        return self.encoder(self.flat(x)).float(), None

    def flat(self, x: Tensor) -> Tensor:
        """The encoder's input for images of shape (n, height, width) or (n, height, width, 3)."""
        return (x.movedim(3, 1) if x.ndim == 4 else x).flatten(1)

    def logits(self, z: Tensor) -> Tensor:
        """Log-odds of each pixel: (n, latent_dim) -> (n, 784)."""
        out: Tensor = self.decoder(z)
        return out.float()

    def decode(self, z: Tensor) -> Tensor:
        """The image of each code: (n, latent_dim) -> (n, 28, 28), in [0, 1]."""
        x_hat: Tensor = Images(self.image_shape)(torch.sigmoid(self.logits(z)))
        return x_hat

    def decoder_for_serving(self) -> nn.Sequential:
        """The decoder with upsampling folded: (n, latent_dim) -> (n, 28, 28) in [0, 1].

        Exactly `decode` up to float32 rounding, without gradients.
        """
        layers = [*fold(self.decoder), nn.Sigmoid(), Images(self.image_shape)]
        return nn.Sequential(*layers).requires_grad_(False).eval()


class Images(nn.Module):
    """(n, 784) -> (n, 28, 28), or (n, 3 * 32 * 32) -> (n, 32, 32, 3)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        height, width, *channels = self.shape
        images: Tensor = x.unflatten(1, (*channels, height, width))
        return images.movedim(1, 3) if channels else images


class VariationalAutoencoder(Autoencoder):
    """q(z | x) = N(mu, exp(logvar)), p(z) = N(0, I), Bernoulli pixels."""

    variational: ClassVar[bool] = True

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each of shape (n, latent_dim)."""
        mu, logvar = self.encoder(self.flat(x)).float().chunk(2, dim=1)
        return mu, logvar


class Config(Protocol):
    def build(self) -> Autoencoder: ...
