"""Networks of one layer that clean digits, and the errors that they and simpler ways leave."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder, Config
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.one_layer import (
    ContractiveAutoencoderConfig,
    DenoisingAutoencoderConfig,
)
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.exports.export import Job, write_export
from training.fit import fit
from training.recipes import SEED, UNTIL_NO_BETTER
from widgets.kit.noise import gaussian, median_of_nine, projected, salt_and_pepper
from widgets.noisy_digit import CURVES, NETWORKS, SHARES, STRENGTHS

COUNTS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)  # of components
SERVED = tuple(name for name in NETWORKS if name != "plain")
CHOSEN_ON = 2000  # training digits
UNITS = 200
PLAIN = ContractiveAutoencoderConfig(UNITS, weight=0.0)  # neither noise nor a penalty
CONTROLS: dict[str, tuple[Config, int]] = {
    "at_a_tenth": (DenoisingAutoencoderConfig(UNITS, sigma=0.1), SEED),
    "at_one": (DenoisingAutoencoderConfig(UNITS, sigma=1.0), SEED),
    "without_noise": (DenoisingAutoencoderConfig(UNITS, sigma=0.0), SEED),
    "denoising_1": (DenoisingAutoencoderConfig(UNITS, sigma=0.5), 1),
    "denoising_2": (DenoisingAutoencoderConfig(UNITS, sigma=0.5), 2),
    "contractive_1": (ContractiveAutoencoderConfig(UNITS, weight=1.0), 1),
    "plain_1": (PLAIN, 1),
}
"""Networks trained as those of the page, with one thing changed, and the seed of each."""

Floats = NDArray[np.float64]


@torch.no_grad()
def cleaned(x: Floats, model: Autoencoder) -> Floats:
    """Digits (n, 784) through a network."""
    z, _ = model.encode(torch.from_numpy(x.astype(np.float32)))
    x_hat: Tensor = model.decode(z)
    found: Floats = x_hat.flatten(1).double().numpy()
    return found


def squared(x_hat: Floats, x: Floats) -> float:
    """Mean squared error of an image, summed over its pixels."""
    return round(float(np.mean(np.sum((x_hat - x) ** 2, axis=1))), 3)


def linear(noisy: Floats, x: Floats, test: Floats) -> Floats:
    """The best linear answer: least squares from noisy training digits to clean, cut to [0, 1]."""
    shown = np.column_stack([noisy, np.ones(len(noisy))])
    weights = np.linalg.solve(shown.T @ shown + 1e-3 * np.eye(785), shown.T @ x)
    answers: Floats = np.column_stack([test, np.ones(len(test))]) @ weights
    return answers.clip(0, 1)


def trained(name: str, config: Config, seed: int, job: Job) -> Autoencoder:
    """A network trained as those of the server are."""
    place = ("plain", *CONTROLS).index(name)
    model, _ = fit(
        config,
        to_unit(load_dataset("mnist").train_images),
        UNTIL_NO_BETTER,
        seed=seed,
        device=torch.device("cpu"),
        checkpoint=job.checkpoints / f"{name}.pt",
        resume=job.resume,
        on_step=job.part(place, 1 + len(CONTROLS)),
    )
    return model


def controls(test: Floats, job: Job) -> Card:
    """Errors of `CONTROLS` at each strength of white noise."""
    found: Card = {}
    for name, (config, seed) in CONTROLS.items():
        model = trained(name, config, seed, job)
        found[name] = []
        for strength in STRENGTHS:
            noisy = gaussian(test, strength, np.random.default_rng(SEED))
            found[name].append(squared(cleaned(noisy, model), test))
    return found


def make_cleaners(job: Job) -> Card:
    """Errors at each strength of two kinds of noise, for test digits."""
    torch.set_num_threads(1)  # the same weights on every run
    dataset = load_dataset("mnist")
    train, test = (
        images.reshape(-1, 784) / 255 for images in (dataset.train_images, dataset.test_images)
    )
    directions = np.linalg.eigh(np.cov(train.T))[1].T[::-1]
    pca = {"mean": train.mean(0), "components": directions}
    models = {name: registry.load(f"{name}_autoencoder_mnist") for name in SERVED}
    models["plain"] = trained("plain", PLAIN, SEED, job)
    kinds = {"gaussian": (gaussian, STRENGTHS), "pepper": (salt_and_pepper, SHARES)}
    errors: dict[str, list[list[float]]] = {}
    counts: dict[str, list[int]] = {}
    for kind, (noise, strengths) in kinds.items():
        errors[kind], counts[kind] = [], []
        for strength in strengths:
            rng = np.random.default_rng(SEED)
            noisy_train, noisy = noise(train, strength, rng), noise(test, strength, rng)
            few, few_noisy = train[:CHOSEN_ON], noisy_train[:CHOSEN_ON]
            best = min(COUNTS, key=lambda k: squared(projected(few_noisy, pca, k), few))
            counts[kind].append(best)
            answers = [
                noisy,
                *(cleaned(noisy, model) for model in models.values()),
                projected(noisy, pca, best),
                median_of_nine(noisy),
                linear(noisy_train, train, noisy),
            ]
            errors[kind].append([squared(x_hat, test) for x_hat in answers])
    arrays: dict[str, NDArray[np.generic]] = {
        f"errors_{kind}": np.array(rows, np.float32).T for kind, rows in errors.items()
    }
    for name, model in models.items():
        encoder, decoder = (part for part in model.modules() if isinstance(part, nn.Linear))
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
                for name in SERVED
            },
            "gaussian": list(STRENGTHS),
            "pepper": list(SHARES),
            "rows": list(CURVES),
            "components": f"the number of {COUNTS} that is best for {CHOSEN_ON:,} training digits",
            "seed": SEED,
            **made_on(torch.device("cpu")),
            "metrics": {
                "errors": errors,
                "components": counts,
                "controls": controls(test, job),
            },
        },
    )
