"""Sparse autoencoder: many units, of which each image activates only a few."""

from dataclasses import dataclass

from torch import Tensor, nn

from latentbook.models.autoencoder import PIXELS, Autoencoder


@dataclass(frozen=True)
class SparseAutoencoderConfig:
    """One hidden layer of sigmoid units whose mean activation is pulled to `target`.

    Attributes
    ----------
    target : wanted mean activation of each unit over the data
    weight : of the penalty, in squared grey units a nat
    """

    latent_dim: int
    target: float
    weight: float

    def build(self) -> "SparseAutoencoder":
        return SparseAutoencoder(self)


class SparseAutoencoder(Autoencoder):
    """|| x - g(f(x)) ||^2 + weight sum_j KL(target || mean activation of unit j).

    A penalty on the size of activations alone could be met by small codes and
    large decoder weights; a target for the mean of bounded units cannot.
    """

    def __init__(self, config: SparseAutoencoderConfig) -> None:
        encoder = nn.Sequential(nn.Linear(PIXELS, config.latent_dim), nn.Sigmoid())
        decoder = nn.Sequential(nn.Linear(config.latent_dim, PIXELS))
        super().__init__(config.latent_dim, encoder, decoder)
        self.target = config.target
        self.weight = config.weight

    def training_loss(self, x: Tensor, beta: float) -> Tensor:
        """Reconstruction and sparsity; the mean activation is taken over the batch."""
        mean = self.encode(x)[0].mean(0).clamp(1e-6, 1 - 1e-6)
        kept, rest = self.target, 1 - self.target
        divergence = kept * (kept / mean).log() + rest * (rest / (1 - mean)).log()
        return super().training_loss(x, beta) + self.weight * divergence.sum()

    def own_metrics(self, x: Tensor) -> dict[str, Tensor]:
        """Mean activation over the units of each image."""
        return {"mean_activation": self.encode(x)[0].mean(1)}
