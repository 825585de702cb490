"""Autoencoders with one hidden layer, the code. They differ in how `training` trains them."""

from dataclasses import dataclass

from torch import nn

from latentbook_decoders.models.autoencoder import PIXELS, Autoencoder


class OneLayerAutoencoder(Autoencoder):
    """784 -> units -> 784."""

    def __init__(self, latent_dim: int, activation: nn.Module) -> None:
        encoder = nn.Sequential(nn.Linear(PIXELS, latent_dim), activation)
        decoder = nn.Sequential(nn.Linear(latent_dim, PIXELS))
        super().__init__(latent_dim, encoder, decoder)


@dataclass(frozen=True)
class DenoisingAutoencoderConfig:
    """ReLU units; the input is corrupted by noise of standard deviation `sigma`."""

    latent_dim: int
    sigma: float

    def build(self) -> "DenoisingAutoencoder":
        return DenoisingAutoencoder(self)


class DenoisingAutoencoder(OneLayerAutoencoder):
    def __init__(self, config: DenoisingAutoencoderConfig) -> None:
        super().__init__(config.latent_dim, nn.ReLU())
        self.config = config


@dataclass(frozen=True)
class SparseAutoencoderConfig:
    """Sigmoid units, of which each image activates only a few.

    Attributes
    ----------
    target : wanted mean activation of each unit over the data
    weight : of the penalty, in squared grey units per nat
    """

    latent_dim: int
    target: float
    weight: float

    def build(self) -> "SparseAutoencoder":
        return SparseAutoencoder(self)


class SparseAutoencoder(OneLayerAutoencoder):
    def __init__(self, config: SparseAutoencoderConfig) -> None:
        super().__init__(config.latent_dim, nn.Sigmoid())
        self.config = config


@dataclass(frozen=True)
class ContractiveAutoencoderConfig:
    """Sigmoid units; small changes of the input should move them little.

    Attributes
    ----------
    weight : of the squared norm of the encoder's Jacobian
    """

    latent_dim: int
    weight: float

    def build(self) -> "ContractiveAutoencoder":
        return ContractiveAutoencoder(self)


class ContractiveAutoencoder(OneLayerAutoencoder):
    def __init__(self, config: ContractiveAutoencoderConfig) -> None:
        super().__init__(config.latent_dim, nn.Sigmoid())
        self.config = config
