"""Networks of one layer that clean digits, and the errors that they and simpler ways leave."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import load_dataset
from training.exports.export import WIDGET_DATA, Job, write_export
from training.recipes import SEED
from widgets.kit.noise import gaussian, median_of_nine, projected, salt_and_pepper
from widgets.noisy_digit import NETWORKS, SHARES, STRENGTHS, WAYS

COUNTS = (4, 8, 12, 16, 24, 32, 48, 64)  # of components
CHOSEN_ON = 2000  # training digits
Floats = NDArray[np.float64]


def layers_of(name: str) -> list[nn.Linear]:
    """Encoder and decoder of a trained network."""
    model = registry.load(f"{name}_autoencoder_mnist")
    return [part for part in model.modules() if isinstance(part, nn.Linear)]


@torch.no_grad()
def rebuilt(x: Floats, name: str) -> Floats:
    """Digits (n, 784) through a trained network."""
    model = registry.load(f"{name}_autoencoder_mnist").double()
    z, _ = model.encode(torch.from_numpy(x))
    found: Tensor = model.decode(z)
    return found.flatten(1).numpy()


def squared(x_hat: Floats, x: Floats) -> float:
    """Mean squared error of an image, summed over its pixels."""
    return round(float(np.mean(np.sum((x_hat - x) ** 2, axis=1))), 3)


def linear(noisy: Floats, x: Floats, test: Floats) -> Floats:
    """The best linear answer: least squares from noisy training digits to clean ones."""
    shown = np.column_stack([noisy, np.ones(len(noisy))])
    weights = np.linalg.solve(shown.T @ shown + 1e-3 * np.eye(785), shown.T @ x)
    return np.column_stack([test, np.ones(len(test))]) @ weights


def make_cleaners(job: Job) -> Card:
    """Errors at each strength of two kinds of noise, for test digits."""
    dataset = load_dataset("mnist")
    train, test = (
        images.reshape(-1, 784) / 255 for images in (dataset.train_images, dataset.test_images)
    )
    with np.load(WIDGET_DATA / "mnist_pca.npz") as stored:
        pca = dict(stored)
    kinds = {"white": (gaussian, STRENGTHS), "pepper": (salt_and_pepper, SHARES)}
    errors: dict[str, list[list[float]]] = {}
    counts: dict[str, list[int]] = {}
    linear_errors: dict[str, list[float]] = {}
    for kind, (noise, strengths) in kinds.items():
        errors[kind], counts[kind], linear_errors[kind] = [], [], []
        for done, strength in enumerate(strengths):
            rng = np.random.default_rng(SEED)
            noisy_train, noisy = noise(train, strength, rng), noise(test, strength, rng)
            few, few_noisy = train[:CHOSEN_ON], noisy_train[:CHOSEN_ON]
            best = min(COUNTS, key=lambda k: squared(projected(few_noisy, pca, k), few))
            counts[kind].append(best)
            linear_errors[kind].append(squared(linear(noisy_train, train, noisy), test))
            answers = [
                noisy,
                *(rebuilt(noisy, name) for name in NETWORKS),
                projected(noisy, pca, best),
                median_of_nine(noisy),
            ]
            errors[kind].append([squared(x_hat, test) for x_hat in answers])
            job.on_step(done + 1, len(strengths), 0.0)
    arrays: dict[str, NDArray[np.generic]] = {
        f"errors_{kind}": np.array(rows, np.float32).T for kind, rows in errors.items()
    }
    for name in NETWORKS:
        encoder, decoder = layers_of(name)
        arrays |= {
            f"{name}_encoder": encoder.weight.detach().numpy().T.astype(np.float16),
            f"{name}_encoder_bias": encoder.bias.detach().numpy().astype(np.float16),
            f"{name}_decoder": decoder.weight.detach().numpy().T.astype(np.float16),
            f"{name}_decoder_bias": decoder.bias.detach().numpy().astype(np.float16),
        }
    return write_export(
        "mnist_cleaners",
        arrays,
        {
            "title": "Networks that clean digits",
            "data": dataset.origin,
            "networks": {
                name: registry.card(f"{name}_autoencoder_mnist")["weights"]["sha256"]
                for name in NETWORKS
            },
            "white": list(STRENGTHS),
            "pepper": list(SHARES),
            "rows": ["noise", *WAYS],
            "components": f"the number of {COUNTS} that is best for {CHOSEN_ON:,} training digits",
            "seed": SEED,
            **made_on(torch.device("cpu")),
            "metrics": {"errors": errors, "components": counts, "linear": linear_errors},
        },
    )
