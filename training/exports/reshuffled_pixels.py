"""Controls of `shuffled_pixels`: one shuffle for all blocks, and a new one for every image.

With one shuffle for all blocks, neighbours are as far from each other as before, and all places
are alike. With a new one for every image, nothing reveals where in its block a pixel was.
"""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.autoencoder import PIXELS
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.distillation import to_arrays
from training.exports.export import Job, write_export
from training.exports.shuffled_pixels import (
    BLOCKS,
    KINDS,
    RECIPE,
    Arrange,
    kernels,
    test_error,
    trained,
)
from training.recipes import SEED

ALIKE = BLOCKS[1:-1]  # with one block, one shuffle for all blocks changes nothing
ANEW = BLOCKS[1:]
SIDE = 28


def make_reshuffled_pixels(job: Job) -> Card:
    """Train the convolution on blocks shuffled alike, and both networks on fresh shuffles."""
    dataset = load_dataset("mnist")
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    parts = len(ALIKE) + len(KINDS) * len(ANEW)
    done = 0

    def learned(kind: str, arrange: Arrange, seed: int) -> tuple[nn.Sequential, float]:
        nonlocal done
        network = trained(kind, train, seed, job.part(done, parts), arrange)
        done += 1
        return network, test_error(network, test, arrange)

    orders = [shuffled_alike(block, SEED) for block in ALIKE]
    alike = [
        learned("convolution", ordered(torch.from_numpy(order)), BLOCKS.index(block))
        for block, order in zip(ALIKE, orders, strict=True)
    ]
    anew = {
        kind: [learned(kind, partial(reshuffled, block), BLOCKS.index(block)) for block in ANEW]
        for kind in KINDS
    }
    arrays: dict[str, NDArray[np.generic]] = {
        "alike_orders": np.stack(orders).astype(np.int16),
        "alike_errors": np.array([error for _, error in alike], np.float32),
        **stacked("alike", [kernels(network) for network, _ in alike]),
        **stacked("anew", [kernels(network) for network, _ in anew["convolution"]]),
        **stacked("anew", [to_arrays(network) for network, _ in anew["dense"]]),
    }
    for kind, runs in anew.items():
        arrays[f"anew_{kind}_errors"] = np.array([error for _, error in runs], np.float32)
    card = {
        "title": "Filling in hidden pixels, with one shuffle for all blocks or one for every image",
        "data": dataset.origin,
        "task": "as in shuffled_pixels; anew: each block of each image is shuffled by a "
        "permutation drawn for it, and the shuffled image is the target",
        "alike_orders": "order[i] is the pixel that stands at place i; one shuffle for all blocks",
        "blocks": {"alike": list(ALIKE), "anew": list(ANEW)},
        "networks": "as in shuffled_pixels",
        "recipe": f"{RECIPE.steps} steps of AdamW, batch {RECIPE.batch_size}, peak rate "
        f"{RECIPE.learning_rate:g} with cosine",
        "seed": "the place of the size in the list of shuffled_pixels; of the orders, 0",
        **made_on(torch.device("cpu")),
        "errors": "squared error per image over the 10,000 test images, output cut to [0, 1]; "
        "weights as stored",
        "metrics": {
            "squared_error": {
                "convolution_alike": by_block(ALIKE, alike),
                **{f"{kind}_anew": by_block(ANEW, runs) for kind, runs in anew.items()},
            }
        },
    }
    return write_export("reshuffled_pixels", arrays, card)


def by_block(blocks: tuple[int, ...], runs: list[tuple[nn.Sequential, float]]) -> dict[str, float]:
    """The errors in the form of a card."""
    return {str(block): round(error, 2) for block, (_, error) in zip(blocks, runs, strict=True)}


def stacked(
    name: str, networks: list[dict[str, NDArray[np.float16]]]
) -> dict[str, NDArray[np.generic]]:
    """Weights of networks of one kind, the first axis counting networks."""
    return {f"{name}_{key}": np.stack([each[key] for each in networks]) for key in networks[0]}


def shuffled_alike(block: int, seed: int) -> NDArray[np.int64]:
    """As `shuffled_pixels.shuffled`, but with one shuffle for all blocks."""
    one = np.random.default_rng(seed).permutation(block * block)
    order = np.arange(PIXELS).reshape(SIDE // block, block, SIDE // block, block).swapaxes(1, 2)
    within = order.reshape(-1, block * block)[:, one].reshape(order.shape)
    return within.swapaxes(1, 2).ravel()


def ordered(order: Tensor) -> Arrange:
    """Every image in the same order."""
    return lambda x: x[:, order]


def reshuffled(block: int, x: Tensor) -> Tensor:
    """Images, (n, 784), with the pixels of each block in an order drawn for it."""
    places = SIDE // block
    parts = x.view(-1, places, block, places, block).transpose(2, 3)
    flat = parts.flatten(3)
    drawn = flat.gather(3, torch.rand_like(flat).argsort(3))
    return drawn.view_as(parts).transpose(2, 3).reshape(len(x), PIXELS)
