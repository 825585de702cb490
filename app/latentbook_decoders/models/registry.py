"""Every model of the book; loading is strict and checked against the card."""

import safetensors
import safetensors.torch

from latentbook_decoders.models.autoencoder import Autoencoder, Config
from latentbook_decoders.models.cards import WEIGHTS_DIR, Card, read_card, sha256
from latentbook_decoders.models.conv_vae import ConvVAEConfig
from latentbook_decoders.models.errors import UnknownModel, WeightsMismatch, WeightsMissing
from latentbook_decoders.models.face_vae import FaceVAEConfig
from latentbook_decoders.models.mlp import MLPAutoencoderConfig, MLPVAEConfig
from latentbook_decoders.models.one_layer import (
    ContractiveAutoencoderConfig,
    DenoisingAutoencoderConfig,
    SparseAutoencoderConfig,
)
from latentbook_decoders.models.vqvae import VQVAEConfig

MODELS: dict[str, Config] = {
    "conv_vae_mnist": ConvVAEConfig(latent_dim=2, channels=32, hidden=512),
    "mlp_vae_mnist": MLPVAEConfig(latent_dim=2, encoder=(512, 256), decoder=(256, 512)),
    "autoencoder_mnist": MLPAutoencoderConfig(latent_dim=2, hidden=(512, 256)),
    "reference_vae_mnist": MLPVAEConfig(
        latent_dim=20, encoder=(400,), decoder=(400,), activation="relu"
    ),
    "deep_autoencoder_mnist": MLPAutoencoderConfig(latent_dim=30, hidden=(1000, 500, 250)),
    "conv_vae_fashion": ConvVAEConfig(latent_dim=2, channels=32, hidden=256),
    "conv_vae_mnist_16": ConvVAEConfig(latent_dim=16, channels=32, hidden=256),
    "conv_vae_fashion_16": ConvVAEConfig(latent_dim=16, channels=32, hidden=256),
    "conv_vae_mnist_transposed": ConvVAEConfig(
        latent_dim=2, channels=32, hidden=128, upsampling="transposed"
    ),
    "denoising_autoencoder_mnist": DenoisingAutoencoderConfig(latent_dim=200, sigma=0.5),
    "sparse_autoencoder_mnist": SparseAutoencoderConfig(latent_dim=200, target=0.05, weight=1.0),
    "contractive_autoencoder_mnist": ContractiveAutoencoderConfig(latent_dim=200, weight=1.0),
    "vqvae_mnist": VQVAEConfig(codes=64),
    "conv_vae_faces": FaceVAEConfig(latent_dim=64, sigma=0.05),
    "conv_vae_faces_spatial": FaceVAEConfig(latent_dim=256, sigma=0.05, spatial=True),
}
"""Name -> architecture; `training/recipes.py` gives the data and the training of each."""


def names() -> tuple[str, ...]:
    return tuple(MODELS)


def config(name: str) -> Config:
    """The architecture of a model.

    Raises
    ------
    UnknownModel
    """
    if name not in MODELS:
        raise UnknownModel(name, names())
    return MODELS[name]


def card(name: str) -> Card:
    """The card of a model: data, seed, command, time, test metrics, hashes.

    Raises
    ------
    UnknownModel
    WeightsMissing
        If it has no card or no weights.
    WeightsMismatch
        If the card cannot be read.
    """
    config(name)
    path = WEIGHTS_DIR / f"{name}.json"
    if not path.exists():
        raise WeightsMissing(f"{name} has no card. `latentbook train {name}` makes it.")
    if not path.with_suffix(".safetensors").exists():
        raise WeightsMissing(f"{name} has no weights. `latentbook train {name}` makes them.")
    try:
        card = read_card(path)
        card["weights"]["sha256"] + card["title"] + card["summary"]
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsMismatch(
            f"{path.name} is not the card of a model ({type(error).__name__}: {error}). "
            f"Restore the file, or make it again with `latentbook train {name}`."
        ) from error
    return card


def load(name: str) -> Autoencoder:
    """The trained model, in float32 and evaluation mode.

    Raises
    ------
    UnknownModel, WeightsMissing
        As for its card.
    WeightsMismatch
        If the weights are not those of the card or do not fit the architecture.
    """
    expected = card(name)["weights"]["sha256"]
    path = WEIGHTS_DIR / f"{name}.safetensors"
    content = path.read_bytes()
    if (received := sha256(content)) != expected:
        raise WeightsMismatch(
            f"{path.name} has sha256 {received}; its card says {expected}. "
            f"Restore the file, or make both again with `latentbook train {name}`."
        )
    model = config(name).build()
    try:
        model.load_state_dict(safetensors.torch.load(content), strict=True)
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise WeightsMismatch(f"{path.name} does not fit the architecture: {error}") from error
    return model.requires_grad_(False).eval()
