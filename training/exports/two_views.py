"""Encoders trained without labels, on pairs of views of the same digit.

All have the layers of the page's classifiers, with a projection instead of the classes. The loss
sees the projection; the code is the layer before it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, normalize

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import SIZE, Dataset, load_dataset, to_unit
from training.distillation import StudentRecipe, fit_student, rounded
from training.exports.export import Job, write_export
from training.exports.networks import CHANNELS, CLASSES, KERNEL, to_arrays
from training.exports.probes import RIDGES, fit

FEATURES = 64  # numbers of the code
PROJECTED = 32  # numbers that the loss sees
TEMPERATURE = 0.5
HELD = 5000  # of the training images, used to choose temperature, steps, views and ridge
RECIPE = StudentRecipe(widths=(*CHANNELS, FEATURES, PROJECTED), steps=1500, learning_rate=4e-3)
ARMS = ((1, 0), (-1, 0), (0, 1), (0, -1))  # the four neighbours of a pixel


@dataclass(frozen=True)
class Views:
    """Ranges of the changes in a view; each change is drawn uniformly.

    Attributes
    ----------
    shift : px, in either direction, to the side and up or down
    turn : degrees, either way
    scale : share by which the digit grows or shrinks
    thinner, thicker : px that the strokes lose or gain on each side, up to 1
    """

    shift: float = 3
    turn: float = 20
    scale: float = 0.2
    thinner: float = 0.5
    thicker: float = 1.0

    def of(self, x: Tensor) -> Tensor:
        """One view of each image, (n, 784) to (n, 784)."""
        n = len(x)

        def within(reach: float) -> Tensor:
            return reach * (2 * torch.rand(n) - 1)

        images = moved(
            x.unflatten(1, (SIZE, SIZE)),
            torch.stack([within(self.shift), within(self.shift)], 1),
            within(self.turn),
            1 + within(self.scale),
        )
        grown = (self.thinner + self.thicker) * torch.rand(n) - self.thinner
        return thickened(images, grown).flatten(1)


def moved(x: Tensor, shift: Tensor, turn: Tensor, scale: Tensor) -> Tensor:
    """Images (n, 28, 28), each scaled and turned around its middle, then shifted.

    Parameters
    ----------
    shift : Tensor of shape (n, 2), px to the right and down
    turn : Tensor of shape (n,), degrees clockwise
    scale : Tensor of shape (n,), above 1 is larger
    """
    angle = torch.deg2rad(turn)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    back = torch.stack([cos, sin, -sin, cos], 1).unflatten(1, (2, 2))  # from result to image
    offset = -back @ (shift * 2 / SIZE)[:, :, None]
    places = affine_grid(torch.cat([back, offset], 2), [len(x), 1, SIZE, SIZE], align_corners=False)
    return grid_sample(x[:, None], places, align_corners=False)[:, 0]


def thickened(x: Tensor, pixels: Tensor) -> Tensor:
    """Images (n, 28, 28) whose ink grows by these pixels, (n,), from -1 to 1, on each side."""
    around = torch.stack([x, *(x.roll(arm, (1, 2)) for arm in ARMS)])
    share = pixels[:, None, None]
    return x + share.clamp(min=0) * (around.amax(0) - x) - share.clamp(max=0) * (around.amin(0) - x)


def nt_xent(a: Tensor, b: Tensor) -> Tensor:
    """The contrastive loss of two views of a batch, (n, k) each: which of 2 n - 1 is the other?"""
    z = normalize(torch.cat([a, b]))
    logits = (z @ z.T / TEMPERATURE).fill_diagonal_(-torch.inf)
    return cross_entropy(logits, torch.arange(len(z)).roll(len(a)))


def vicreg(a: Tensor, b: Tensor) -> Tensor:
    """Invariance, variance and covariance of two views of a batch, (n, k) each.

    References
    ----------
    Bardes, Ponce & LeCun 2022, arXiv:2105.04906, eq. 1-6, with its weights of 25, 25 and 1.
    """
    loss = 25 * (a - b).square().mean()
    for z in (a, b):
        covariance = torch.cov(z.T)
        variance = covariance.diagonal()
        off = covariance.square().sum() - variance.square().sum()
        loss = loss + 12.5 * (1 - (variance + 1e-4).sqrt()).relu().mean() + off / z.shape[1]
    return loss


@dataclass(frozen=True)
class Kind:
    """The training of an encoder, and the number of seeds."""

    title: str
    views: Views
    loss: Callable[[Tensor, Tensor], Tensor]
    seeds: int = 3


KINDS = {
    "mnist_contrastive": Kind("Contrastive encoder", Views(), nt_xent),
    "mnist_contrastive_turns": Kind(
        "Contrastive encoder, any turn", Views(turn=180), nt_xent, seeds=2
    ),
    "mnist_vicreg": Kind("VICReg encoder", Views(), vicreg),
}


def network() -> nn.Sequential:
    """28 x 28 - convolution - 8 x 12 x 12 - convolution - 16 x 4 x 4 - 64, the code - 32."""
    side = ((SIZE - KERNEL + 1) // 2 - KERNEL + 1) // 2
    return nn.Sequential(
        nn.Unflatten(1, (1, SIZE, SIZE)),
        *(nn.Conv2d(1, CHANNELS[0], KERNEL), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(*CHANNELS, KERNEL), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(CHANNELS[1] * side**2, FEATURES), nn.ReLU()),
        nn.Linear(FEATURES, PROJECTED),
    )


def trained(
    kind: Kind, x: Tensor, seed: int, recipe: StudentRecipe, job: Job, end: int | None = None
) -> nn.Sequential:
    """An encoder trained on two views of each of these images, (n, 784), without labels.

    Parameters
    ----------
    end : layer before which the loss is taken, -1 for the code itself; None for the projection
    """
    torch.manual_seed(seed)
    model = network()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    seen = model[:end]

    def loss_of(batch: Tensor) -> Tensor:
        views = torch.cat([kind.views.of(x[batch]), kind.views.of(x[batch])])
        return kind.loss(*seen(views).chunk(2))

    fit_student(model, len(x), loss_of, recipe, job.on_step)
    return rounded(model)


@torch.no_grad()
def codes_of(model: nn.Sequential, x: Tensor) -> NDArray[np.float32]:
    """Codes of images (n, 784): (n, 64)."""
    codes: NDArray[np.float32] = torch.cat([model[:-1](part) for part in x.split(1000)]).numpy()
    return codes


def read(
    h: NDArray[Any], seen: NDArray[Any], upside_down: NDArray[Any], dataset: Dataset
) -> tuple[Card, NDArray[Any], NDArray[Any]]:
    """Fit a linear probe with all labels to codes.

    Parameters
    ----------
    h : ndarray of shape (60,000, k), codes of the training images
    seen, upside_down : ndarray of shape (10,000, k), of the test images, and of these turned by
        half a circle

    Returns
    -------
    card : shares of the test images, and of the sixes and nines among them
    matrix : ndarray of shape (k, 10)
    intercept : ndarray of shape (10,)
    """
    wanted, asked = np.eye(CLASSES)[dataset.train_labels], dataset.test_labels.astype(int)
    matrix, intercept = fit(h[:-HELD], wanted[:-HELD], (h[-HELD:], wanted[-HELD:]))
    named, turned = ((codes @ matrix + intercept).argmax(1) for codes in (seen, upside_down))
    either = (asked == 6) | (asked == 9)
    card = {
        "probe": np.mean(named == asked),
        "six_named_nine_or_nine_six": np.mean((named == 15 - asked)[either]),
        "upside_down_six_named_nine_or_nine_six": np.mean((turned == 15 - asked)[either]),
        "upside_down_six_or_nine_named_as_upright": np.mean((turned == asked)[either]),
    }
    return {key: round(float(share), 4) for key, share in card.items()}, matrix, intercept


def measured(model: nn.Sequential, dataset: Dataset) -> tuple[Card, dict[str, NDArray[Any]]]:
    """Results of linear probes on the codes of the test images, and the probe of all labels."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    h, seen = codes_of(model, train), codes_of(model, test)
    card, matrix, intercept = read(h, seen, codes_of(model, test.flip(1)), dataset)
    probe: dict[str, NDArray[Any]] = {
        "probe": matrix.astype(np.float16),
        "intercept": intercept.astype(np.float32),
    }
    return card, probe


def make_two_views(name: str, job: Job) -> Card:
    """Train from several seeds; save the first one's weights, with a probe; measure all."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    kind, dataset = KINDS[name], load_dataset("mnist")
    train = to_unit(dataset.train_images)[:-HELD]
    arrays: dict[str, NDArray[Any]] = {}
    metrics = []
    for seed in range(kind.seeds):
        part = Job(job.device, job.checkpoints, job.resume, job.part(seed, kind.seeds))
        model = trained(kind, train, seed, RECIPE, part)
        scores, probe = measured(model, dataset)
        metrics.append(scores)
        arrays = arrays or {**to_arrays(model), **probe}
    torch.manual_seed(0)
    card = {
        "title": f"MNIST: {kind.title.lower()} for the page",
        "data": dataset.origin,
        "network": {
            **asdict(RECIPE),
            "layers": "convolution 5 x 5 to 8 channels, ReLU, largest of 2 x 2, convolution 5 x 5 "
            f"to 16 channels, ReLU, largest of 2 x 2, 256 - {FEATURES}, ReLU, the code, then a "
            f"linear projection to {PROJECTED}, which the loss sees; float16",
            "views": asdict(kind.views),
            "loss": f"NT-Xent at temperature {TEMPERATURE}"
            if kind.loss is nt_xent
            else "VICReg, weights 25, 25, 1",
        },
        "seeds": list(range(kind.seeds)),
        "kept": "the weights of seed 0",
        **made_on(torch.device("cpu")),
        "probe": f"ridge regression on the codes of {60_000 - HELD:,} training images, ridge, of "
        f"{RIDGES} of the mean variance of a unit, chosen on the {HELD:,} others",
        "metrics": {
            "untrained": measured(network().requires_grad_(False), dataset)[0],
            "by_seed": metrics,
        },
    }
    return write_export(name, arrays, card)
