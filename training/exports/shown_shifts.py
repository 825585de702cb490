"""The two classifiers of `networks`: accuracy after a change, and information in the features.

The second was shown shifts; neither was shown turned or pale digits. A matrix reads the place of a
digit off the features, as in `probes`.
"""

from dataclasses import asdict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import Dataset, load_dataset, to_unit
from training.exports.export import Job, write_export
from training.exports.networks import (
    REACH,
    RECIPE,
    accuracy,
    random_shifts,
    shifted,
    to_arrays,
    trained,
)
from training.exports.probes import HELD, SHOWN, fit, score, targets_of
from training.recipes import SEED
from widgets.kit.transforms import dim, turn

TURNED = 30  # degrees, clockwise
PALE = 0.2  # share of the ink


def make_network(name: str, job: Job, *, seed: int = SEED) -> Card:
    """Train and measure; write the weights, those of another seed as NAME_again."""
    dataset = load_dataset("mnist")
    model, metrics = trained_and_measured(name, dataset, seed, job)
    reach = REACH[name]
    card = {
        "title": "MNIST: convolutional classifier for the page",
        "data": dataset.origin,
        "network": {
            **asdict(RECIPE),
            "layers": "convolution 5 x 5 to 8 channels, ReLU, largest of 2 x 2, convolution 5 x 5 "
            "to 16 channels, ReLU, largest of 2 x 2, 256 - 32, ReLU, 32 - 10; float16",
            "shifts": f"each training image by -{reach} to {reach} px both ways"
            if reach
            else "none",
        },
        "seed": seed,
        **made_on(torch.device("cpu")),
        "changes": f"turned clockwise by {TURNED} degrees; pale: {PALE:.0%} of the ink",
        "features": f"share of the variance that a ridge regression, fitted to {SHOWN:,} shifted "
        "training images, reads off the 32 features of shifted test images",
        "metrics": metrics,
    }
    return write_export(name if seed == SEED else f"{name}_again", to_arrays(model), card)


def network_figures(name: str, seed: int, job: Job) -> Card:
    """The metrics of the same network from another seed."""
    return trained_and_measured(name, load_dataset("mnist"), seed, job)[1]


def trained_and_measured(
    name: str, dataset: Dataset, seed: int, job: Job
) -> tuple[nn.Sequential, Card]:
    """A classifier, and its results on the 10,000 test images."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    labels, wanted = (
        torch.tensor(each).long() for each in (dataset.train_labels, dataset.test_labels)
    )
    model = trained(train, labels, REACH[name], seed, job.on_step)
    moved = shifted(test, *random_shifts(len(test), max(REACH.values())))
    images = dataset.test_images / 255
    place, width = read_off_features(model, dataset)
    return model, {
        "accuracy": accuracy(model, test, wanted),
        "accuracy_shifted_up_to_4_px": accuracy(model, moved, wanted),
        "accuracy_turned": accuracy(model, flat(turn(images, TURNED)), wanted),
        "accuracy_pale": accuracy(model, flat(dim(images, PALE)), wanted),
        "place_read_off_features": place,
        "width_read_off_features": width,
    }


def flat(x: NDArray[np.float64]) -> Tensor:
    """Images (n, 28, 28) as the network accepts them, (n, 784)."""
    return torch.tensor(x, dtype=torch.float32).flatten(1)


@torch.no_grad()
def read_off_features(model: nn.Sequential, dataset: Dataset) -> tuple[float, float]:
    """Shares of the variance of place and stroke width that a matrix reads off the features."""

    def features(x: NDArray[np.float64]) -> NDArray[np.float32]:
        h: NDArray[np.float32] = torch.cat(
            [model[:-1](part) for part in flat(x).split(1000)]
        ).numpy()
        return h

    train, labels = dataset.train_images / 255, dataset.train_labels
    chosen = slice(SHOWN, SHOWN + HELD)
    shown, known = targets_of(train[:SHOWN], labels[:SHOWN], seed=0)
    other, held = targets_of(train[chosen], labels[chosen], seed=1)
    seen, wanted = targets_of(dataset.test_images / 255, dataset.test_labels, seed=2)
    matrix, intercept = fit(features(shown), known, (features(other), held))
    _, place, width = score(features(seen) @ matrix + intercept, wanted)
    return round(float(place), 4), round(float(width), 4)
