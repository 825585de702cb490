"""Autoencoder with dense layers and no prior: the deep one with 30 numbers, the plain 2-D one."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from latentbook.models.autoencoder import PIXELS, Autoencoder
from latentbook.models.layers import mlp


@dataclass(frozen=True)
class MLPAutoencoderConfig:
    """Hidden widths of an `MLPAutoencoder`, from the pixels inwards; the decoder mirrors them."""

    latent_dim: int
    hidden: tuple[int, ...]
    activation: Literal["relu", "silu", "gelu"] = "silu"

    def build(self) -> "MLPAutoencoder":
        return MLPAutoencoder(self)


class MLPAutoencoder(Autoencoder):
    """784 -> hidden -> code without activation -> hidden -> 784.

    References
    ----------
    Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647.
    """

    def __init__(self, config: MLPAutoencoderConfig) -> None:
        activation = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}[config.activation]
        widths = (PIXELS, *config.hidden, config.latent_dim)
        encoder = mlp(*widths, activation=activation)
        decoder = mlp(*reversed(widths), activation=activation)
        for layer in (*encoder, *decoder):
            if isinstance(layer, nn.Linear):
                # keeps the size of the signal through many layers
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        super().__init__(config.latent_dim, encoder, decoder)
