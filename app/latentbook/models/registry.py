"""Every model of the book; loading is strict and checked against the card."""

from collections import Counter
from dataclasses import dataclass

import safetensors
import safetensors.torch
import torch

from latentbook.models.autoencoder import Autoencoder, Config
from latentbook.models.cards import WEIGHTS_DIR, Card, read_card, sha256
from latentbook.models.contractive_autoencoder import ContractiveAutoencoderConfig
from latentbook.models.conv_vae import ConvVAEConfig
from latentbook.models.denoising_autoencoder import DenoisingAutoencoderConfig
from latentbook.models.errors import UnknownModel, WeightsMismatch, WeightsMissing
from latentbook.models.mlp_autoencoder import MLPAutoencoderConfig
from latentbook.models.mlp_vae import MLPVAEConfig
from latentbook.models.sparse_autoencoder import SparseAutoencoderConfig
from latentbook.models.vqvae import VQVAEConfig


@dataclass(frozen=True)
class ModelSpec:
    """One model: what it is and what it was trained on; `training/recipes.py` says how."""

    name: str
    title: str
    summary: str
    config: Config
    dataset: str


MODELS = (
    ModelSpec(
        name="conv_vae_mnist",
        title="Convolutional VAE, 2-D code, MNIST",
        summary="Handwritten digits from two numbers, drawn by resize and convolution.",
        config=ConvVAEConfig(latent_dim=2, channels=32, hidden=512),
        dataset="mnist",
    ),
    ModelSpec(
        name="mlp_vae_mnist",
        title="Dense VAE, 2-D code, MNIST",
        summary="Handwritten digits from two numbers, drawn by dense layers.",
        config=MLPVAEConfig(latent_dim=2, encoder=(512, 256), decoder=(256, 512)),
        dataset="mnist",
    ),
    ModelSpec(
        name="autoencoder_mnist",
        title="Plain autoencoder, 2-D code, MNIST",
        summary="The dense VAE without its prior: nothing fills the space between the codes.",
        config=MLPAutoencoderConfig(latent_dim=2, hidden=(512, 256)),
        dataset="mnist",
    ),
    ModelSpec(
        name="reference_vae_mnist",
        title="Reference VAE, 20-D code, MNIST",
        summary="The well-known first example of a VAE, 784-400-20, trained as it is everywhere.",
        config=MLPVAEConfig(latent_dim=20, encoder=(400,), decoder=(400,), activation="relu"),
        dataset="mnist",
    ),
    ModelSpec(
        name="deep_autoencoder_mnist",
        title="Deep autoencoder, 30-D code, MNIST",
        summary="784-1000-500-250-30 as in 2006, trained from end to end without pretraining.",
        config=MLPAutoencoderConfig(latent_dim=30, hidden=(1000, 500, 250)),
        dataset="mnist",
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
        dataset="mnist",
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
        dataset="mnist",
    ),
    ModelSpec(
        name="denoising_autoencoder_mnist",
        title="Denoising autoencoder, 200 units, MNIST",
        summary="Trained to undo Gaussian noise of standard deviation 0.5.",
        config=DenoisingAutoencoderConfig(latent_dim=200, sigma=0.5),
        dataset="mnist",
    ),
    ModelSpec(
        name="sparse_autoencoder_mnist",
        title="Sparse autoencoder, 200 units, MNIST",
        summary="Each unit is active for few digits: a mean activation of 0.05 is the target.",
        config=SparseAutoencoderConfig(latent_dim=200, target=0.05, weight=1.0),
        dataset="mnist",
    ),
    ModelSpec(
        name="contractive_autoencoder_mnist",
        title="Contractive autoencoder, 200 units, MNIST",
        summary="The code resists small changes of the input.",
        config=ContractiveAutoencoderConfig(latent_dim=200, weight=1.0),
        dataset="mnist",
    ),
    ModelSpec(
        name="vqvae_mnist",
        title="VQ-VAE, 7 x 7 places, 64 codes, MNIST",
        summary="Handwritten digits from 49 whole numbers between 0 and 63.",
        config=VQVAEConfig(codes=64),
        dataset="mnist",
    ),
)


def names() -> tuple[str, ...]:
    """The accepted names, in the order of `MODELS`.

    Raises
    ------
    ValueError
        If two models have the same name.
    """
    counts = Counter(spec.name for spec in MODELS)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"MODELS holds a name more than once: {', '.join(twice)}.")
    return tuple(counts)


def spec(name: str) -> ModelSpec:
    """The entry of `MODELS` with this name.

    Raises
    ------
    UnknownModel
        If there is none.
    """
    if name not in names():
        raise UnknownModel(name, names())
    return next(spec for spec in MODELS if spec.name == name)


def card(name: str) -> Card:
    """The card of a model: data, seed, command, time, test metrics, hashes.

    Raises
    ------
    UnknownModel
        If there is no such model.
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


def load(name: str, device: torch.device | str = "cpu") -> Autoencoder:
    """The trained model, in float32 and evaluation mode.

    Raises
    ------
    UnknownModel
        If there is no such model.
    WeightsMissing
        If its weights or its card are missing.
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
    return model.to(device).requires_grad_(False).eval()
