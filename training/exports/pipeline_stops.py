"""Digits that two readers get right at each stop of the pipeline."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data import Dataset, load_dataset
from training.exports.benchmark_codes import FEW_OR_MANY, read_by_probe
from training.exports.export import WIDGET_DATA, Job, write_export
from widgets.kit.network import layers

MODELS = ("mlp_vae_mnist", "autoencoder_mnist")  # in the order of widgets.pipeline
GALLERY = 10_000  # training images that are searched for a neighbour
ASKED = 2_000  # test images whose neighbours are searched for
SEEDS = (0, 1)  # of the random weights
Weights = dict[str, NDArray[Any]]


def make_pipeline_stops(job: Job) -> Card:
    """Read the digit at each column of both models, and of the same with random weights."""
    dataset = load_dataset("mnist")
    x, seen = (
        (images.reshape(len(images), -1) / 255).astype(np.float32)
        for images in (dataset.train_images, dataset.test_images)
    )
    pixels = shares_right(x, seen, dataset)
    trained, untrained = [], []
    for i, model in enumerate(MODELS):
        parts = [
            dict(np.load(WIDGET_DATA / f"{model}_{end}.npz")) for end in ("encoder", "decoder")
        ]
        trained.append(readings(parts, dataset, pixels))
        drawn = [
            [at_random(part, np.random.default_rng((seed, n))) for n, part in enumerate(parts)]
            for seed in SEEDS
        ]
        untrained.append(np.mean([readings(each, dataset, pixels) for each in drawn], axis=0))
        job.on_step(i + 1, len(MODELS), 0.0)
    arrays = {"trained": np.array(trained), "untrained": np.array(untrained)}
    card = {
        "title": "Digits read at each stop of the pipeline",
        "data": dataset.origin,
        "columns": "the image, the encoder's layers, the code, the decoder's layers, the rebuilt "
        "image cut to [0, 1]",
        "arrays_of": f"for each of {list(MODELS)}, reader and column, percent; `untrained`: random "
        f"weights of the same widths, mean of {len(SEEDS)} draws",
        "readers": f"the nearest of {GALLERY:,} random training images shows the digit of the test "
        f"image, for {ASKED:,} of these; the standard probe with {FEW_OR_MANY[-1]} labels per "
        "class names it, mean over ten draws of the labels, for all 10,000",
        "metrics": {name: np.round(array, 2).tolist() for name, array in arrays.items()},
    }
    return write_export("pipeline_stops", arrays, card)


def at_random(weights: Weights, rng: np.random.Generator) -> Weights:
    """Matrices of the same shapes, of variance 1 / n_in, and intercepts of 0."""
    return {
        name: rng.normal(0, 1 / np.sqrt(len(part)), part.shape)
        if name.startswith("w")
        else np.zeros_like(part)
        for name, part in weights.items()
        if name[0] in "wb"
    }


def readings(
    parts: list[Weights], dataset: Dataset, first: tuple[float, float]
) -> NDArray[np.float64]:
    """Percent that the two readers get right at each column, (2, 7); the first is given."""
    train, test = (columns(parts, x / 255) for x in (dataset.train_images, dataset.test_images))
    shares = [first]
    shares += [shares_right(*each, dataset) for each in list(zip(train, test, strict=True))[1:]]
    return np.array(shares).T


def shares_right(
    h: NDArray[np.float32], seen: NDArray[np.float32], dataset: Dataset
) -> tuple[float, float]:
    """Percent that the nearest neighbour and the standard probe get right."""
    per_class = FEW_OR_MANY[-1:]
    return near(h, seen, dataset), read_by_probe(h, seen, dataset, per_class)[str(*per_class)]


def columns(parts: list[Weights], x: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Images as numbers at each column, (n, k) each."""
    encoder, decoder = parts
    flat = x.reshape(len(x), -1)
    *encoded, z = layers(flat, encoder)
    *decoded, x_hat = layers(z, decoder)
    every = (flat, *encoded, z, *decoded, x_hat.clip(0, 1))
    return [h.astype(np.float32) for h in every]


def near(h: NDArray[Any], seen: NDArray[Any], dataset: Dataset) -> float:
    """Percent of test images whose nearest training image shows the same digit."""
    places = np.random.default_rng(0).permutation(len(h))[:GALLERY]
    asked = np.random.default_rng(1).permutation(len(seen))[:ASKED]
    gap = np.square(h[places]).sum(axis=1) - 2 * seen[asked] @ h[places].T
    nearest = dataset.train_labels[places][gap.argmin(axis=1)]
    return 100 * float(np.mean(nearest == dataset.test_labels[asked]))
