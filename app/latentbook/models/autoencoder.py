"""Base of all models: an encoder, a decoder and a loss to train them with."""

from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from latentbook.models.folding import fold
from latentbook.models.losses import kl, recon_loss, reparameterize, squared_error

PIXELS = 784


class Autoencoder(nn.Module):
    """x -> z -> x_hat, with a deterministic code.

    A subclass gives `encoder`, `decoder` and, where the loss is not plain
    reconstruction, its own `training_loss`.

    Attributes
    ----------
    latent_dim : int
    image_shape : (28, 28)
    encoder : Module from (n, 784) to (n, latent_dim), or (n, 2 latent_dim) if variational
    decoder : Module from (n, latent_dim) to (n, 784), log-odds of each pixel
    """

    image_shape: ClassVar[tuple[int, int]] = (28, 28)
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
        logvar : Tensor of shape (n, latent_dim), or None where the code has no spread
        """
        return self.encoder(x.flatten(1)).float(), None

    def logits(self, z: Tensor) -> Tensor:
        """Log-odds of each pixel.

        Parameters
        ----------
        z : Tensor of shape (n, latent_dim)

        Returns
        -------
        Tensor of shape (n, 784)
        """
        out: Tensor = self.decoder(z)
        return out.float()

    def decode(self, z: Tensor) -> Tensor:
        """The image of each code.

        Parameters
        ----------
        z : Tensor of shape (n, latent_dim)

        Returns
        -------
        Tensor of shape (n, 28, 28), in [0, 1]
        """
        x_hat: Tensor = torch.sigmoid(self.logits(z)).unflatten(1, self.image_shape)
        return x_hat

    def decoder_for_serving(self) -> nn.Sequential:
        """The decoder with upsampling folded: (n, latent_dim) -> (n, 28, 28) in [0, 1].

        Exactly `decode` up to float32 rounding, without gradients.
        """
        layers = [*fold(self.decoder), nn.Sigmoid(), nn.Unflatten(1, self.image_shape)]
        return nn.Sequential(*layers).requires_grad_(False).eval()

    def training_loss(self, x: Tensor, beta: float) -> Tensor:
        """Squared reconstruction error, summed over pixels, mean over the batch.

        Parameters
        ----------
        x : Tensor of shape (n, 784), in [0, 1]
        beta : float, unused where there is no prior
        """
        x_hat = torch.sigmoid(self.logits(self.encode(x)[0]))
        return squared_error(x_hat, x).mean()

    def own_metrics(self, x: Tensor) -> dict[str, Tensor]:
        """Measurements of this architecture only: name -> Tensor of shape (n,)."""
        return {}


class VariationalAutoencoder(Autoencoder):
    """q(z | x) = N(mu, exp(logvar)), p(z) = N(0, I), Bernoulli pixels."""

    variational: ClassVar[bool] = True

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each of shape (n, latent_dim)."""
        mu, logvar = self.encoder(x.flatten(1)).float().chunk(2, dim=1)
        return mu, logvar

    def training_loss(self, x: Tensor, beta: float) -> Tensor:
        """recon_loss + beta * kl, mean over the batch, one draw of z for each image."""
        mu, logvar = self.encode(x)
        logits = self.logits(reparameterize(mu, logvar))
        return (recon_loss(logits, x) + beta * kl(mu, logvar)).mean()


class Config(Protocol):
    def build(self) -> Autoencoder: ...
