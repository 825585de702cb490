"""Linear probes of each layer of the page's network: the digit, its place, its strokes.

The probes are fitted by ridge regression on training digits that were shifted at random, and scored
on shifted test digits. The same is done with a network whose weights were never trained, as a
baseline: a layer may pass on information without training.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data import load_dataset
from training.exports.export import WIDGET_DATA, Job, write_export
from training.exports.networks import CLASSES, REACH, network, to_arrays
from widgets.kit.network import layers_of
from widgets.kit.transforms import shift, stroke_width

SHOWN = 20_000  # training images that the probes are fitted on
HELD = 5_000  # and others on which the ridge is chosen
RIDGES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # as shares of the mean variance of a unit
NETWORKS = ("shifts", "network", "untrained")


def shifted(x: NDArray[Any], seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Images (n, 28, 28), each shifted at random, and their shifts: right and down, (n, 2), px."""
    reach = max(REACH.values())
    moves = np.random.default_rng(seed).integers(-reach, reach + 1, (len(x), 2))
    moved = np.stack([shift(one, *by) for one, by in zip(x, moves, strict=True)])
    return moved, moves.astype(float)


def targets_of(x: NDArray[Any], labels: NDArray[Any], seed: int) -> tuple[NDArray[Any], ...]:
    """Shifted images, and the targets of probes: 10 classes, right, down, width, (n, 13)."""
    moved, moves = shifted(x, seed)
    wanted = [np.eye(CLASSES)[labels], moves, stroke_width(x)[:, None]]
    return moved, np.concatenate(wanted, axis=1)


def every_layer(x: NDArray[Any], weights: dict[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
    """The activations of many images, (n, units) for each layer."""
    parts = [layers_of(part, weights) for part in np.array_split(x, max(1, len(x) // 500))]
    return [
        np.concatenate([h.reshape(len(h), -1) for h in layer]).astype(np.float32)
        for layer in zip(*parts, strict=True)
    ]


def fit(h: NDArray[Any], wanted: NDArray[Any], held: tuple[NDArray[Any], ...]) -> tuple[Any, Any]:
    """Ridge regression with an intercept; the ridge is the best on held-out images.

    Returns
    -------
    matrix : ndarray of shape (units, 13)
    intercept : ndarray of shape (13,)
    """
    mean, middle = h.mean(0, dtype=float), wanted.mean(0)
    centred = h - mean.astype(np.float32)
    gram, cross = (centred.T @ centred).astype(float), centred.T.astype(float) @ (wanted - middle)
    best: tuple[float, Any] = (np.inf, None)
    for ridge in RIDGES:
        added = ridge * np.trace(gram) / len(gram)
        matrix = np.linalg.solve(gram + added * np.eye(len(gram)), cross)
        off = (held[0] - mean) @ matrix + middle - held[1]
        loss = float(np.mean(off**2 / wanted.var(0)))
        best = min(best, (loss, matrix), key=lambda each: each[0])
    return best[1], middle - mean @ best[1]


def score(answer: NDArray[Any], wanted: NDArray[Any]) -> tuple[float, float, float]:
    """Share of digits read right; shares of the place's and the width's variance that are read."""
    right = answer[:, :CLASSES].argmax(1) == wanted[:, :CLASSES].argmax(1)
    off = np.square(answer - wanted).sum(0) / np.square(wanted - wanted.mean(0)).sum(0)
    return right.mean(), 1 - off[CLASSES : CLASSES + 2].mean(), 1 - off[-1]


def make_probes(job: Job) -> Card:
    """Fit and score a probe for each layer of three networks; save those of the first."""
    dataset = load_dataset("mnist")
    train, test = dataset.train_images / 255, dataset.test_images / 255
    fitted = targets_of(train[:SHOWN], dataset.train_labels[:SHOWN], seed=0)
    chosen = slice(SHOWN, SHOWN + HELD)
    held = targets_of(train[chosen], dataset.train_labels[chosen], seed=1)
    tested = targets_of(test, dataset.test_labels, seed=2)
    torch.manual_seed(1)
    networks = {
        "shifts": dict(np.load(WIDGET_DATA / "mnist_network_shifts.npz")),
        "network": dict(np.load(WIDGET_DATA / "mnist_network.npz")),
        "untrained": to_arrays(network().requires_grad_(False)),
    }
    arrays: dict[str, NDArray[Any]] = {}
    scores: list[list[tuple[float, float, float]]] = []
    for n, name in enumerate(NETWORKS):
        shown, other, seen = (every_layer(x, networks[name]) for x, _ in (fitted, held, tested))
        scores.append([])
        for i, h in enumerate(shown):
            matrix, intercept = fit(h, fitted[1], (other[i], held[1]))
            if name == NETWORKS[0]:
                arrays[f"w{i}"] = matrix.astype(np.float16)
                arrays[f"b{i}"] = intercept.astype(np.float32)
                matrix = arrays[f"w{i}"].astype(float)
            scores[-1].append(score(seen[i] @ matrix + intercept, tested[1]))
            job.on_step(n * len(shown) + i + 1, len(NETWORKS) * len(shown), 0.0)
    arrays["scores"] = np.array(scores, np.float32)
    card = {
        "title": "Linear probes of the layers of mnist_network_shifts",
        "data": dataset.origin,
        "probes": f"ridge regression on the activations of {SHOWN:,} training images shifted by "
        f"up to {max(REACH.values())} px; ridge, of {RIDGES} of the mean variance of a unit, "
        f"chosen on {HELD:,} others; 10 classes, right and down in px, stroke width in px",
        "scores": "for the networks "
        + ", ".join(NETWORKS)
        + ", for each of the image and the four layers: share of 10,000 shifted test images whose "
        "digit is read right; share of the variance that is read of their place, and of the "
        "width of their strokes",
        "metrics": {
            name: [[round(value, 4) for value in layer] for layer in np.array(one).tolist()]
            for name, one in zip(NETWORKS, scores, strict=True)
        },
    }
    return write_export("mnist_probes", arrays, card)
