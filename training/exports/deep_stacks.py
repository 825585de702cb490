"""Deep stacks of convolutions that fill in hidden pixels: plain or residual, with a norm or none.

Two convolutions lead down to maps of 7 x 7, two back, and between them is the stack. A
residual stack adds the input of each pair of layers to its output; in a quiet one that output is
zero before training. A norm stands before each layer, over each image by itself or over the batch.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.distillation import StudentRecipe, fit_student
from training.exports.export import Job
from training.exports.shuffled_pixels import SHOWN, hide
from training.fit import OnStep
from training.losses import squared_error
from training.recipes import SEED

DEPTHS = (2, 8, 16, 32)  # layers in the stack
STACKS = (
    *(("plain", norm) for norm in ("none", "image", "batch")),
    *(("residual", norm) for norm in ("none", "image", "batch")),
    ("quiet", "none"),
)  # kind and norm
RATES = (1e-3, 3e-3, 1e-2, 3e-2)  # at the peak; each stack has the best of them for seed 0
SEEDS = 3
MAPS, STEPS, BATCH = 16, 500, 64
NUDGE = 0.05  # of what enters the stack, by its standard deviation
SAMPLE = 2000  # training digits and as many held-out ones for the choice of a rate


class Pair(nn.Module):
    """Two layers: norm, ReLU and convolution twice, and a way past them if it is residual."""

    def __init__(self, kind: str, norm: str) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [normed(norm), nn.ReLU(), nn.Conv2d(MAPS, MAPS, 3, padding=1)]
        self.layers, self.residual = nn.Sequential(*layers), kind != "plain"

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return x + out if self.residual else out


def normed(norm: str) -> nn.Module:
    if norm == "image":
        return nn.GroupNorm(1, MAPS)
    return nn.BatchNorm2d(MAPS) if norm == "batch" else nn.Identity()


def untrained(depth: int, kind: str, norm: str) -> nn.Sequential:
    """A new network from images (n, 784) to (n, 784), with a stack of `depth` layers.

    Weights have the size at which a plain stack of ReLU layers neither loses nor blows up what
    passes through it (He et al. 2015, arXiv:1502.01852).
    """
    network = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, MAPS, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(MAPS, MAPS, 4, stride=2, padding=1),
        *(Pair(kind, norm) for _ in range(depth // 2)),
        normed(norm),
        nn.ReLU(),
        nn.ConvTranspose2d(MAPS, MAPS // 2, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(MAPS // 2, 1, 4, stride=2, padding=1),
        nn.Flatten(),
    )
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    if kind == "quiet":
        for pair in network.modules():
            if isinstance(pair, Pair):
                nn.init.zeros_(pair.layers[-1].weight)  # type: ignore[arg-type]
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def trained(
    depth: int, kind: str, norm: str, x: Tensor, rate: float, seed: int, on_step: OnStep
) -> nn.Sequential:
    """A network that fills in the hidden pixels of images (n, 784); see `untrained`."""
    torch.manual_seed(seed)
    network = untrained(depth, kind, norm)
    recipe = StudentRecipe(widths=(), steps=STEPS, batch_size=BATCH, learning_rate=rate)

    def loss_of(batch: Tensor) -> Tensor:
        return squared_error(network(hide(x[batch])), x[batch]).mean()

    fit_student(network, len(x), loss_of, recipe, on_step)
    return network.eval()


def before_training(
    depth: int, kind: str, norm: str, x: Tensor, seed: int
) -> tuple[float, float, float]:
    """What images meet on their way through a new stack, and a gradient on its way back.

    Parameters
    ----------
    x : images (n, 784)

    Returns
    -------
    growth : standard deviation of what comes out, by that of what went in
    size : norm of a random gradient at the stack's beginning, by that at its end
    likeness : mean cosine between that of an image and of the same, nudged
    """
    torch.manual_seed(seed)
    layers = list(untrained(depth, kind, norm))
    at = [i for i, layer in enumerate(layers) if isinstance(layer, Pair)]
    before, stack = nn.Sequential(*layers[: at[0]]), nn.Sequential(*layers[at[0] : at[-1] + 1])
    with torch.no_grad():
        h = before(hide(x))
        nudged = h + NUDGE * h.std() * torch.randn_like(h)
    g = torch.randn_like(h)
    outputs, gradients = [], []
    for entering in (h, nudged):
        entering.requires_grad_(True)
        outputs.append(stack(entering))
        gradients.append(torch.autograd.grad(outputs[-1], entering, g)[0].flatten(1))
    growth, size = outputs[0].std() / h.std(), gradients[0].norm() / g.norm()
    return growth.item(), size.item(), cosine_similarity(*gradients).mean().item()


@torch.no_grad()
def error(network: nn.Sequential, x: Tensor) -> float:
    """Squared error per image with the pixels that are hidden from seed 1, output cut to [0, 1]."""
    torch.manual_seed(1)
    found = squared_error(network(hide(x)).clamp(0, 1), x).mean().item()
    return found if math.isfinite(found) else math.inf


def stored(found: float) -> float | None:
    """Rounded, or None if training has diverged."""
    return round(found, 2) if math.isfinite(found) else None


def make_deep_stacks(job: Job) -> Card:
    """Train every stack: from one seed at each rate, from others at the best of them."""
    torch.set_num_threads(1)  # the same weights on every run
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    held_out, rest = train[-SAMPLE:], train[:-SAMPLE]
    seen = rest[:SAMPLE]
    stacks = [(*stack, depth) for stack in STACKS for depth in DEPTHS]
    runs = len(RATES) + SEEDS - 1
    errors: Card = {}
    for i, (kind, norm, depth) in enumerate(stacks):
        parts = [job.part(i * runs + j, len(stacks) * runs) for j in range(runs)]
        of_rate = {
            rate: trained(depth, kind, norm, rest, rate, SEED, part)
            for rate, part in zip(RATES, parts, strict=False)
        }
        best = min(RATES, key=lambda rate: error(of_rate[rate], held_out))
        networks = [of_rate[best]] + [
            trained(depth, kind, norm, rest, best, SEED + k, part)
            for k, part in enumerate(parts[len(RATES) :], start=1)
        ]
        errors.setdefault(kind, {}).setdefault(norm, {})[str(depth)] = {
            "rate": best,
            "train": [stored(error(each, seen)) for each in networks],
            "test": [stored(error(each, test)) for each in networks],
            "by_rate": {f"{rate:g}": stored(error(each, seen)) for rate, each in of_rate.items()},
        }
    images = test[:BATCH]
    meets = {
        (kind, norm, depth): [
            before_training(depth, kind, norm, images, SEED + seed) for seed in range(SEEDS)
        ]
        for kind, norm, depth in stacks
    }
    for (kind, norm, depth), found in meets.items():
        errors[kind][norm][str(depth)]["before"] = {
            name: [round(each, 3) for each in values]
            for name, values in zip(
                ("growth", "size", "likeness"), zip(*found, strict=True), strict=True
            )
        }
    return {
        "name": "deep_stacks",
        "command": "latentbook train deep_stacks",
        "title": "Deep stacks of convolutions, plain and residual, with three norms",
        "data": dataset.origin,
        "task": f"each pixel is hidden (set to 0) with probability {1 - SHOWN:g}; the loss is the "
        "squared error of the whole image",
        "recipe": f"{STEPS} steps of AdamW, batch {BATCH}, {MAPS} maps of 7 x 7, He's weights; the "
        f"peak rate is the best of {', '.join(f'{rate:g}' for rate in RATES)} for the first seed, "
        f"by {SAMPLE:,} held-out training digits",
        "seeds": [SEED + seed for seed in range(SEEDS)],
        **made_on(torch.device("cpu")),
        "evaluation": f"squared error per image, output cut to [0, 1]; train: {SAMPLE:,} digits of "
        "the training set; test: the 10,000 test digits. before, in the "
        f"new stack, for {BATCH} digits: growth, the standard deviation of what comes out by that "
        "of what went in; size, the norm of a random gradient at the beginning by that at the end; "
        "likeness, its mean cosine to the gradient if what enters is nudged by "
        f"{NUDGE:g} standard deviations",
        "metrics": errors,
    }
