"""Dense layers, and the models made of them alone."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from torch import nn

from latentbook_decoders.models.autoencoder import PIXELS, Autoencoder, VariationalAutoencoder

Activation = Literal["relu", "silu", "gelu"]
ACTIVATIONS: dict[Activation, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}


def mlp(*widths: int, activation: Activation = "silu") -> nn.Sequential:
    """Linear layers of the given widths, with an activation after each but the last."""
    layers: list[nn.Module] = []
    for i, (n_in, n_out) in enumerate(pairwise(widths)):
        if i > 0:
            layers.append(ACTIVATIONS[activation]())
        layers.append(nn.Linear(n_in, n_out))
    return nn.Sequential(*layers)


@dataclass(frozen=True)
class MLPVAEConfig:
    """Widths of an `MLPVAE`, from the pixels inwards and from the code outwards."""

    latent_dim: int
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    activation: Activation = "silu"

    def build(self) -> "MLPVAE":
        return MLPVAE(self)


class MLPVAE(VariationalAutoencoder):
    """784 -> encoder widths -> mu, logvar; z -> decoder widths -> 784."""

    def __init__(self, config: MLPVAEConfig) -> None:
        dim, activation = config.latent_dim, config.activation
        encoder = mlp(PIXELS, *config.encoder, 2 * dim, activation=activation)
        decoder = mlp(dim, *config.decoder, PIXELS, activation=activation)
        super().__init__(dim, encoder, decoder)


@dataclass(frozen=True)
class MLPAutoencoderConfig:
    """Hidden widths of an `MLPAutoencoder`, from the pixels inwards; the decoder mirrors them."""

    latent_dim: int
    hidden: tuple[int, ...]
    activation: Activation = "silu"

    def build(self) -> "MLPAutoencoder":
        return MLPAutoencoder(self)


class MLPAutoencoder(Autoencoder):
    """784 -> hidden -> code without activation -> hidden -> 784.

    References
    ----------
    Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647.
    """

    def __init__(self, config: MLPAutoencoderConfig) -> None:
        widths = (PIXELS, *config.hidden, config.latent_dim)
        encoder = mlp(*widths, activation=config.activation)
        decoder = mlp(*reversed(widths), activation=config.activation)
        for layer in (*encoder, *decoder):
            if isinstance(layer, nn.Linear):
                # keeps the size of the signal through many layers
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        super().__init__(config.latent_dim, encoder, decoder)
