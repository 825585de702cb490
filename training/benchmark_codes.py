"""The encoders of chapter 5 for any number of images: the page's, and the server's models."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latentbook_decoders.models import registry
from training.data import Dataset
from training.losses import squared_error
from widgets.data import load
from widgets.kit.benchmark_codes import SHOWN, untrained
from widgets.kit.encoders import encode_as
from widgets.kit.network import layers_of

MODELS = {
    "autoencoder": "autoencoder_mnist",
    "deep": "deep_autoencoder_mnist",
    "vae": "mlp_vae_mnist",
    "vae_16": "conv_vae_mnist_16",
}
PART = 500  # images at a time


def encode_benchmark(name: str, x: NDArray[Any]) -> NDArray[np.float32]:
    """Codes of images; of a VAE, the means.

    Parameters
    ----------
    name : a key of widgets.kit.benchmark_codes.JUDGED
    x : ndarray of shape (m, 28, 28), in [0, 1]

    Returns
    -------
    ndarray of shape (m, k)
    """
    encode = encoder(name)
    parts = np.array_split(x, max(1, len(x) // PART))
    return np.concatenate([encode(part) for part in parts]).astype(np.float32)


def encoder(name: str) -> Any:
    """The function from images (m, 28, 28) to codes (m, k)."""
    if name in MODELS:
        model = registry.load(MODELS[name])
        return lambda x: model.encode(torch.from_numpy(x.astype(np.float32)).flatten(1))[0].numpy()
    if name == "random":
        weights = untrained()
        return lambda x: layers_of(x, weights)[3]
    return lambda x: encode_as(name, x)


def own_error(name: str, x: NDArray[Any]) -> float | None:
    """Squared error per image of an encoder's own decoder; None if it has none."""
    if name == "pca":
        pca = load("mnist_pca")
        components = pca["components"][: encode_as("pca", x[:1]).shape[1]]
        x_hat = encode_as("pca", x) @ components + pca["mean"]
        return float(np.sum((x_hat - x.reshape(len(x), -1)) ** 2) / len(x))
    if name not in MODELS:
        return None
    model, flat = registry.load(MODELS[name]), torch.from_numpy(x.astype(np.float32)).flatten(1)
    x_hat = model.decode(model.encode(flat)[0]).flatten(1)
    return float(squared_error(x_hat, flat).mean())


def on_page(data: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """1,000 training images and every tenth test image, (2000, 28, 28), and their labels.

    The training images are drawn at random: those at even places of the file differ from those at
    odd ones, so every 60th would be a sample of one group of writers.
    """
    order = np.random.default_rng(0).permutation(len(data.train_images))
    places = np.sort(order[:SHOWN])
    images = np.concatenate([data.train_images[places], data.test_images[::10]])
    return images, np.concatenate([data.train_labels[places], data.test_labels[::10]])
