"""Two small convolutional classifiers for the page: one sees unchanged digits, one shifted.

Architecture, loss and number of steps are the same, so all differences between their features come
from the training images.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from training.data import SIZE
from training.distillation import StudentRecipe, fit_student, rounded
from training.fit import OnStep

REACH = {"mnist_network": 0, "mnist_network_shifts": 4}  # px that a training image is shifted, +-
CHANNELS = (8, 16)
KERNEL = 5
FEATURES = 32
CLASSES = 10
RECIPE = StudentRecipe(widths=(*CHANNELS, FEATURES), steps=3000, learning_rate=4e-3)


def network() -> nn.Sequential:
    """28 x 28 - convolution - 8 x 12 x 12 - convolution - 16 x 4 x 4 - 32 - 10."""
    side = ((SIZE - KERNEL + 1) // 2 - KERNEL + 1) // 2
    return nn.Sequential(
        nn.Unflatten(1, (1, SIZE, SIZE)),
        *(nn.Conv2d(1, CHANNELS[0], KERNEL), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(*CHANNELS, KERNEL), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(CHANNELS[1] * side**2, FEATURES), nn.ReLU()),
        nn.Linear(FEATURES, CLASSES),
    )


def shifted(x: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Images, each shifted by whole pixels; the new pixels at the edge are blank.

    Parameters
    ----------
    x : Tensor of shape (n, 784)
    right, down : Tensor of shape (n,), int64, px

    Returns
    -------
    Tensor of shape (n, 784)
    """
    room = int(max(right.abs().max(), down.abs().max()))
    wide = pad(x.view(-1, SIZE, SIZE), (room, room, room, room))
    place = torch.arange(SIZE)
    rows = (room - down)[:, None, None] + place[:, None]  # (n, 28, 1)
    columns = (room - right)[:, None, None] + place  # (n, 1, 28)
    return wide[torch.arange(len(x))[:, None, None], rows, columns].flatten(1)


def random_shifts(n: int, reach: int) -> tuple[Tensor, Tensor]:
    """Integers from -reach to reach, (n,) each."""
    right, down = torch.randint(-reach, reach + 1, (2, n))
    return right, down


def trained(train: Tensor, labels: Tensor, reach: int, seed: int, on_step: OnStep) -> nn.Sequential:
    """A classifier of images (n, 784), shifted by up to `reach` px at every use."""
    torch.manual_seed(seed)
    model = network()

    def loss_of(batch: Tensor) -> Tensor:
        x = shifted(train[batch], *random_shifts(len(batch), reach))
        return cross_entropy(model(x), labels[batch])

    fit_student(model, len(train), loss_of, RECIPE, on_step)
    return rounded(model)


@torch.no_grad()
def accuracy(model: nn.Sequential, x: Tensor, labels: Tensor) -> float:
    """Share of images (n, 784) whose likeliest class is the right one."""
    answers = torch.cat([model(part).argmax(1) for part in x.split(1000)])
    return round((answers == labels).float().mean().item(), 4)


def to_arrays(model: nn.Sequential) -> dict[str, NDArray[Any]]:
    """`w0` (8, 1, 5, 5), `w1` (16, 8, 5, 5), then `w2` (256, 32), `w3` (32, 10), with their `b`."""
    arrays: dict[str, NDArray[Any]] = {}
    layers = [layer for layer in model if isinstance(layer, nn.Conv2d | nn.Linear)]
    for i, layer in enumerate(layers):
        weight = layer.weight.T if isinstance(layer, nn.Linear) else layer.weight
        arrays[f"w{i}"] = np.ascontiguousarray(weight.half().numpy())
        arrays[f"b{i}"] = layer.bias.half().numpy()  # type: ignore[union-attr]
    return arrays
