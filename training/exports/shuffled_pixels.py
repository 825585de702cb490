"""Networks that fill in hidden pixels, of digits whose pixels are shuffled within blocks.

A dense network and a convolutional one, trained separately for each block size. For the dense one a
shuffle is a new order of its rows and columns, so the page stores only one of them.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.autoencoder import PIXELS
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import mlp
from training.cards import made_on
from training.data import Dataset, load_dataset, to_unit
from training.distillation import StudentRecipe, fit_student, rounded, to_arrays
from training.exports.export import Job, write_export
from training.fit import OnStep
from training.recipes import SEED

BLOCKS = (1, 2, 4, 7, 14, 28)  # pixels per side; in blocks of 1 nothing moves
SHOWN = 0.5  # share of the pixels that are not hidden
HIDDEN_UNITS = 48  # of the dense network
MAPS = (16, 24)  # of the convolutional one, at 14 x 14 and at 7 x 7
RECIPE = StudentRecipe(widths=(), steps=1000, batch_size=128, learning_rate=6e-3)
KINDS = ("dense", "convolution")

Arrange = Callable[[Tensor], Tensor]
"""Puts the pixels of images (n, 784) into the order in which a network sees them."""

Errors = dict[str, NDArray[np.float64]]
"""Squared error of each kind by size of the blocks."""


def make_shuffled_pixels(job: Job) -> Card:
    """Train both networks for each size of the blocks."""
    dataset = load_dataset("mnist")
    networks, errors = trained_on_all(dataset, SEED, job)
    convolutions = [kernels(network) for network in networks["convolution"]]
    arrays: dict[str, NDArray[np.generic]] = {
        "blocks": np.array(BLOCKS, np.int32),
        "orders": np.stack([shuffled(block) for block in BLOCKS]).astype(np.int16),
        **to_arrays(networks["dense"][0]),
        **{key: np.stack([each[key] for each in convolutions]) for key in convolutions[0]},
        **{f"{kind}_errors": value.astype(np.float32) for kind, value in errors.items()},
    }
    card = {
        "title": "Filling in hidden pixels of shuffled digits: two networks for the page",
        "data": dataset.origin,
        "task": f"each pixel is hidden (set to 0) with probability {1 - SHOWN:g}; the loss is the "
        "squared error of the whole image",
        "orders": "order[i] is the pixel that stands at place i, by size of the blocks; each block "
        "has a shuffle of its own",
        "networks": {
            "dense": f"{PIXELS}-{HIDDEN_UNITS}-{PIXELS}, SiLU; the page has that for blocks of 1",
            "convolution": f"maps 1-{MAPS[0]}-{MAPS[1]}-{MAPS[0]}-1: two convolutions of stride 2, "
            "then twice resize and convolution, kernels of 3, SiLU; one for each size",
            "parameters": {
                kind: sum(p.numel() for p in each[0].parameters())
                for kind, each in networks.items()
            },
        },
        "recipe": f"{RECIPE.steps} steps of AdamW, batch {RECIPE.batch_size}, peak rate "
        f"{RECIPE.learning_rate:g} with cosine",
        "seed": "the place of the size in the list, 0 to 5: each network has weights and batches "
        "of its own",
        **made_on(torch.device("cpu")),
        "errors": "squared error per image over the 10,000 test images, output cut to [0, 1], by "
        "size of the blocks; weights as stored",
        "metrics": summarized(errors, dataset),
    }
    return write_export("shuffled_pixels", arrays, card)


def shuffled_pixels_figures(seed: int, job: Job) -> Card:
    """Errors of both networks on test digits, trained from another seed."""
    dataset = load_dataset("mnist")
    return summarized(trained_on_all(dataset, seed, job)[1], dataset)


def trained_on_all(
    dataset: Dataset, seed: int, job: Job
) -> tuple[dict[str, list[nn.Sequential]], Errors]:
    """Both networks for each size of the blocks, and their errors on test digits.

    Each size has its own seed: 0 to 5 from seed 0, 6 to 11 from seed 1. The shuffles are
    the same from every seed.
    """
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    errors = {kind: np.zeros(len(BLOCKS)) for kind in KINDS}
    networks: dict[str, list[nn.Sequential]] = {kind: [] for kind in KINDS}
    for i, block in enumerate(BLOCKS):
        order = torch.from_numpy(shuffled(block))
        for j, kind in enumerate(KINDS):
            part = job.part(i * len(KINDS) + j, len(BLOCKS) * len(KINDS))
            network = trained(kind, train[:, order], seed * len(BLOCKS) + i, part)
            errors[kind][i] = test_error(network, test[:, order])
            networks[kind].append(network)
    return networks, errors


def summarized(errors: Errors, dataset: Dataset) -> Card:
    """The errors in the form of a card, with that of the mean image."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    return {
        "squared_error": {
            kind: {
                str(block): round(error, 2)
                for block, error in zip(BLOCKS, errors[kind], strict=True)
            }
            for kind in KINDS
        },
        "squared_error_of_the_mean_image": round(
            (test - train.mean(0)).square().sum(1).mean().item(), 2
        ),
    }


def shuffled(block: int) -> NDArray[np.int64]:
    """The source of each pixel after shuffling within every block, (784,)."""
    rng = np.random.default_rng(block)
    side = int(np.sqrt(PIXELS))
    order = np.arange(PIXELS).reshape(side, side)
    for row in range(0, side, block):
        for column in range(0, side, block):
            part = order[row : row + block, column : column + block]
            part[:] = rng.permutation(part.ravel()).reshape(part.shape)
    return order.ravel()


def hide(x: Tensor) -> Tensor:
    """Keep each pixel with probability `SHOWN`, and set the others to 0."""
    return x * (torch.rand_like(x) < SHOWN)


def untrained(kind: str) -> nn.Sequential:
    """A new network from (n, 784) to (n, 784)."""
    if kind == "dense":
        return mlp(PIXELS, HIDDEN_UNITS, PIXELS)
    a, b = MAPS
    network = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, a, 3, stride=2, padding=1),  # (n, a, 14, 14)
        nn.SiLU(),
        nn.Conv2d(a, b, 3, stride=2, padding=1),  # (n, b, 7, 7)
        nn.SiLU(),
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(b, a, 3, padding=1),  # (n, a, 14, 14)
        nn.SiLU(),
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(a, 1, 3, padding=1),  # (n, 1, 28, 28)
        nn.Flatten(),
    )
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def as_they_are(x: Tensor) -> Tensor:
    """Leave images in their order."""
    return x


def trained(
    kind: str, x: Tensor, seed: int, on_step: OnStep, arrange: Arrange = as_they_are
) -> nn.Sequential:
    """A network that fills in the hidden pixels of images (n, 784)."""
    torch.manual_seed(seed)
    network = untrained(kind)

    def loss_of(batch: Tensor) -> Tensor:
        seen = arrange(x[batch])
        loss: Tensor = (network(hide(seen)) - seen).square().sum(1).mean()
        return loss

    fit_student(network, len(x), loss_of, RECIPE, on_step)
    return rounded(network)


@torch.no_grad()
def test_error(network: nn.Sequential, x: Tensor, arrange: Arrange = as_they_are) -> float:
    """Squared error per image, output clipped to [0, 1]; half of the pixels hidden by seed 1."""
    torch.manual_seed(1)
    arranged = [arrange(part) for part in x.split(1000)]
    parts = [(network(hide(part)).clamp(0, 1) - part).square().sum(1) for part in arranged]
    return torch.cat(parts).mean().item()


def kernels(network: nn.Sequential) -> dict[str, NDArray[np.float16]]:
    """Convolutions as `k0, c0, ...`: (height, width, maps in, maps out) and (maps out,)."""
    layers = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    arrays = {}
    for i, layer in enumerate(layers):
        arrays[f"k{i}"] = layer.weight.permute(2, 3, 1, 0).half().contiguous().numpy()
        assert layer.bias is not None
        arrays[f"c{i}"] = layer.bias.half().numpy()
    return arrays
