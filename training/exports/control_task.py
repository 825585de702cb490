"""Codes of the same drawings at many places, for probes that may memorise the drawings."""

import numpy as np

from latentbook_decoders.models.cards import Card
from training.data import load_dataset
from training.exports.export import WIDGET_DATA, Job, write_export
from widgets.kit.benchmark_codes import untrained
from widgets.kit.network import layers_of
from widgets.kit.transforms import shift

PER_CLASS, PLACES, REACH = 12, 8, 4  # drawings of each digit; places of each; px


def make_control_task(job: Job) -> Card:
    """Test digits shifted to eight places each, and their features in two networks."""
    dataset = load_dataset("mnist")
    rng = np.random.default_rng(0)
    chosen = np.concatenate(
        [np.flatnonzero(dataset.test_labels == digit)[:PER_CLASS] for digit in range(10)]
    )
    grid = np.stack(np.meshgrid(*2 * [np.arange(-REACH, REACH + 1)]), axis=-1).reshape(-1, 2)
    moves = np.stack([grid[rng.permutation(len(grid))[:PLACES]] for _ in chosen])
    images = dataset.test_images[chosen]
    x = np.stack(
        [
            shift(image / 255, *move)
            for image, own in zip(images, moves, strict=True)
            for move in own
        ]
    )
    networks = {
        "trained": dict(np.load(WIDGET_DATA / "mnist_network_shifts.npz")),
        "untrained": untrained(),
    }
    codes = {
        name: layers_of(x, weights)[3].reshape(len(chosen), PLACES, -1).astype(np.float16)
        for name, weights in networks.items()
    }
    job.on_step(1, 1, 0.0)
    card = {
        "title": f"{len(chosen)} test digits at {PLACES} places each, in features of two networks",
        "data": dataset.origin,
        "codes": "of mnist_network_shifts and of the same network with weights drawn at random: "
        "(drawings, places, 32)",
        "moves": "px to the right and down, by drawing and place",
        "metrics": {"drawings": len(chosen), "places": PLACES, "reach": REACH},
    }
    arrays = {
        **codes,
        "labels": dataset.test_labels[chosen],
        "images": images,
        "moves": moves.astype(np.int8),
    }
    return write_export("mnist_places", arrays, card)
