"""Every model of the book; loading is strict and checked against the card."""

from dataclasses import dataclass

import safetensors
import safetensors.torch

from latentbook.models.autoencoder import Autoencoder, Config
from latentbook.models.cards import WEIGHTS_DIR, Card, read_card, sha256
from latentbook.models.conv_vae import ConvVAEConfig
from latentbook.models.errors import UnknownModel, WeightsMismatch, WeightsMissing
from latentbook.models.mlp import MLPAutoencoderConfig, MLPVAEConfig
from latentbook.models.one_layer import (
    ContractiveAutoencoderConfig,
    DenoisingAutoencoderConfig,
    SparseAutoencoderConfig,
)
from latentbook.models.vqvae import VQVAEConfig


@dataclass(frozen=True)
class ModelSpec:
    """One model: what it is and what it was trained on; `training/recipes.py` says how."""

    name: str
    title: str
    summary: str
    config: Config
    dataset: str = "mnist"


MODELS = (
    ModelSpec(
        name="conv_vae_mnist",
        title="Convolutional VAE, 2-D code, MNIST",
        summary="Handwritten digits from two numbers, drawn by resize and convolution.",
        config=ConvVAEConfig(latent_dim=2, channels=32, hidden=512),
    ),
    ModelSpec(
        name="mlp_vae_mnist",
        title="Dense VAE, 2-D code, MNIST",
        summary="Handwritten digits from two numbers, drawn by dense layers.",
        config=MLPVAEConfig(latent_dim=2, encoder=(512, 256), decoder=(256, 512)),
    ),
    ModelSpec(
        name="autoencoder_mnist",
        title="Plain autoencoder, 2-D code, MNIST",
        summary="The dense VAE without its prior: nothing fills the space between the codes.",
        config=MLPAutoencoderConfig(latent_dim=2, hidden=(512, 256)),
    ),
    ModelSpec(
        name="reference_vae_mnist",
        title="Reference VAE, 20-D code, MNIST",
        summary="The well-known first example of a VAE, 784-400-20, trained as it is everywhere.",
        config=MLPVAEConfig(latent_dim=20, encoder=(400,), decoder=(400,), activation="relu"),
    ),
    ModelSpec(
        name="deep_autoencoder_mnist",
        title="Deep autoencoder, 30-D code, MNIST",
        summary="784-1000-500-250-30 as in 2006, trained from end to end without pretraining.",
        config=MLPAutoencoderConfig(latent_dim=30, hidden=(1000, 500, 250)),
    ),
    ModelSpec(
        name="conv_vae_fashion",
        title="Convolutional VAE, 2-D code, Fashion-MNIST",
        summary="Clothes from two numbers, drawn by resize and convolution.",
        config=ConvVAEConfig(latent_dim=2, channels=32, hidden=256),
        dataset="fashion_mnist",
    ),
    ModelSpec(
        name="conv_vae_mnist_16",
        title="Convolutional VAE, 16-D code, MNIST",
        summary="Sharper digits from sixteen numbers.",
        config=ConvVAEConfig(latent_dim=16, channels=32, hidden=256),
    ),
    ModelSpec(
        name="conv_vae_fashion_16",
        title="Convolutional VAE, 16-D code, Fashion-MNIST",
        summary="Sharper clothes from sixteen numbers.",
        config=ConvVAEConfig(latent_dim=16, channels=32, hidden=256),
        dataset="fashion_mnist",
    ),
    ModelSpec(
        name="conv_vae_mnist_transposed",
        title="Convolutional VAE by transposed convolution, 2-D code, MNIST",
        summary="Kernel 3 and stride 2 overlap unevenly; training leaves a trace of it.",
        config=ConvVAEConfig(latent_dim=2, channels=32, hidden=128, upsampling="transposed"),
    ),
    ModelSpec(
        name="denoising_autoencoder_mnist",
        title="Denoising autoencoder, 200 units, MNIST",
        summary="Trained to undo Gaussian noise of standard deviation 0.5.",
        config=DenoisingAutoencoderConfig(latent_dim=200, sigma=0.5),
    ),
    ModelSpec(
        name="sparse_autoencoder_mnist",
        title="Sparse autoencoder, 200 units, MNIST",
        summary="Each unit is active for few digits: a mean activation of 0.05 is the target.",
        config=SparseAutoencoderConfig(latent_dim=200, target=0.05, weight=1.0),
    ),
    ModelSpec(
        name="contractive_autoencoder_mnist",
        title="Contractive autoencoder, 200 units, MNIST",
        summary="The code resists small changes of the input.",
        config=ContractiveAutoencoderConfig(latent_dim=200, weight=1.0),
    ),
    ModelSpec(
        name="vqvae_mnist",
        title="VQ-VAE, 7 x 7 places, 64 codes, MNIST",
        summary="Handwritten digits from 49 whole numbers between 0 and 63.",
        config=VQVAEConfig(codes=64),
    ),
)


def names() -> tuple[str, ...]:
    return tuple(spec.name for spec in MODELS)


def spec(name: str) -> ModelSpec:
    """The entry of `MODELS` with this name.

    Raises
    ------
    UnknownModel
    """
    for spec in MODELS:
        if spec.name == name:
            return spec
    raise UnknownModel(name, names())


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
    path = WEIGHTS_DIR / f"{spec(name).name}.json"
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
    path = WEIGHTS_DIR / f"{spec(name).name}.safetensors"
    expected = card(name)["weights"]["sha256"]
    content = path.read_bytes()
    if (received := sha256(content)) != expected:
        raise WeightsMismatch(
            f"{path.name} has sha256 {received}; its card says {expected}. "
            f"Restore the file, or make both again with `latentbook train {name}`."
        )
    model = spec(name).config.build()
    try:
        model.load_state_dict(safetensors.torch.load(content), strict=True)
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise WeightsMismatch(f"{path.name} does not fit the architecture: {error}") from error
    return model.requires_grad_(False).eval()
