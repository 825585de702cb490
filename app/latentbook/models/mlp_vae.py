"""VAE with dense layers: the reference VAE, the 2-D one, and the beta-VAEs of the strokes."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from latentbook.models.autoencoder import PIXELS, VariationalAutoencoder
from latentbook.models.layers import mlp


@dataclass(frozen=True)
class MLPVAEConfig:
    """Widths of an `MLPVAE`, from the pixels inwards and from the code outwards."""

    latent_dim: int
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    activation: Literal["relu", "silu", "gelu"] = "silu"

    def build(self) -> "MLPVAE":
        return MLPVAE(self)


class MLPVAE(VariationalAutoencoder):
    """784 -> encoder widths -> mu, logvar; z -> decoder widths -> 784."""

    def __init__(self, config: MLPVAEConfig) -> None:
        activation = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}[config.activation]
        super().__init__(
            config.latent_dim,
            mlp(PIXELS, *config.encoder, 2 * config.latent_dim, activation=activation),
            mlp(config.latent_dim, *config.decoder, PIXELS, activation=activation),
        )
