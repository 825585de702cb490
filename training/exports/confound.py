"""Directions in a network's layers that reveal a property, to be erased in the page.

Erasing follows Belrose et al. 2023 (LEACE): in the space where the code is white, remove the
directions that correlate with the property. This removes all linear information on it and moves
the code as little as possible.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data import load_dataset
from training.exports.export import WIDGET_DATA, Job, write_export
from training.exports.networks import CLASSES
from training.exports.probes import every_layer, shifted
from widgets.kit.probe import regress, scores
from widgets.kit.transforms import stroke_width

LAYERS = {"conv2": 2, "features": 3}
FITTED, SHOWN = 10_000, 500  # training images that directions come from; test images in the page
UNITS = 2000  # at random, of the curved probe


def whitening(h: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """W with W cov(h) W = 1 on all directions in which h varies, and its pseudo-inverse."""
    values, vectors = np.linalg.eigh(np.cov(h.T))
    used = values > 1e-6 * values.max()
    root, basis = np.sqrt(values[used]), vectors[:, used]
    return (basis / root) @ basis.T, (basis * root) @ basis.T


def eraser(
    directions: NDArray[Any], white: NDArray[Any], back: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factors a (k, r) and b (r, k) of the erased part of a code, (h - mean) b' a'."""
    basis = np.linalg.svd(directions, full_matrices=False)[0]
    return (back @ basis).astype(np.float32), (basis.T @ white).astype(np.float32)


def read_curved(
    h: NDArray[Any], wanted: NDArray[Any], asked: NDArray[Any], true: NDArray[Any]
) -> float:
    """Share of the variance of a property that UNITS random units read off held-out codes."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(h.shape[1], UNITS)), 0.5 * rng.normal(size=UNITS)
    mean, scale = h.mean(axis=0), np.sqrt(h.var(axis=0).sum())
    units, theirs = (np.maximum((x - mean) / scale @ a + b, 0) for x in (h, asked))
    off = scores(theirs, regress(units, wanted, 0.001)) - true
    return float(1 - np.sum(off**2) / np.sum((true - true.mean(axis=0)) ** 2))


def make_confound(job: Job) -> Card:
    """Two layers of the network that was shown shifts: codes, erasers, probes."""
    dataset = load_dataset("mnist")
    weights = dict(np.load(WIDGET_DATA / "mnist_network_shifts.npz"))

    def seen(x: NDArray[Any], labels: NDArray[Any], seed: int) -> tuple[list[Any], Any]:
        moved, places = shifted(x / 255, seed)
        wanted = {
            "place": places,
            "width": stroke_width(x / 255)[:, None],
            "digit": np.eye(CLASSES)[labels],
        }
        return every_layer(moved, weights), wanted

    layers, wanted = seen(dataset.train_images[:FITTED], dataset.train_labels[:FITTED], 0)
    step = len(dataset.test_images) // SHOWN
    test, true = seen(dataset.test_images[::step], dataset.test_labels[::step], 1)
    arrays: dict[str, NDArray[Any]] = {
        "labels": dataset.test_labels[::step],
        "place": true["place"].astype(np.float32),
        "width": true["width"].astype(np.float32),
    }
    curved = {}  # share of the place that random units read off the erased code
    for layer, i in LAYERS.items():
        h = layers[i].astype(float)
        arrays[f"{layer}_codes"] = test[i].astype(np.float16)
        arrays[f"{layer}_mean"] = h.mean(0).astype(np.float32)
        white, back = whitening(h)
        rank = CLASSES - 1
        for name, z in wanted.items():
            correlated = white @ (h - h.mean(0)).T @ (z - z.mean(0))
            if name == "digit":  # ten columns that sum to 0 span nine directions
                correlated = np.linalg.svd(correlated, full_matrices=False)[0][:, :rank]
            a, b = eraser(correlated, white, back)
            arrays[f"{layer}_{name}_a"], arrays[f"{layer}_{name}_b"] = a, b
            matrix, intercept = regress(h, z, 0.001)
            arrays[f"{layer}_{name}_w"] = matrix.astype(np.float32)
            arrays[f"{layer}_{name}_c"] = intercept.astype(np.float32)
        part = arrays[f"{layer}_place_b"].T @ arrays[f"{layer}_place_a"].T
        gone, left = (x - (x - h.mean(0)) @ part for x in (h, test[i].astype(float)))
        curved[layer] = round(read_curved(gone, wanted["place"], left, true["place"]), 4)
        job.on_step(i - 1, len(LAYERS), 0.0)
    card = {
        "title": "What can be read off two layers of mnist_network_shifts, and how to erase it",
        "data": dataset.origin,
        "codes": f"of every {step}th test image, shifted by up to 4 px, in the layers "
        "after the second convolution and before the classes",
        "erasers": f"fitted to the first {FITTED:,} training images, shifted likewise; `a` and `b` "
        "of each property",
        "probes": "ridge regression to the place, right and down in px, to the stroke width in px, "
        "and to the digit: `w` and `c`",
        "curved": curved,
        "metrics": {"images": SHOWN},
    }
    return write_export("mnist_confound", arrays, card)
