"""Masked autoencoders of digits: one for the page, and others by share of hidden patches."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import Dataset, load_dataset, to_unit
from training.distillation import StudentRecipe, fit_student
from training.exports.export import Job, write_export
from training.exports.probes import RIDGES
from training.fit import OnStep
from training.masked_autoencoder import (
    PATCHES,
    MaskedAutoencoder,
    MaskedAutoencoderConfig,
    draw_visible,
    hidden_error,
    hidden_of,
    to_patches,
)
from widgets.kit.masked import nearest_visible

CONFIG = MaskedAutoencoderConfig()
RECIPE = StudentRecipe(widths=(), steps=3000, batch_size=128, learning_rate=4e-3)
PAGE_HIDDEN = 12  # of 16 patches, in the page's network
HIDDEN = (2, 4, 8, 12, 14)  # of 16 patches, while training
TESTED = tuple(range(1, PATCHES))  # of 16 patches, when measured
SEEDS = (0, 1, 2)
PROBED, HELD = 20_000, 5_000  # training digits that a probe is fitted to, and on which it is chosen


def train_masked(
    train: Tensor,
    hidden: int,
    seed: int,
    on_step: OnStep,
    scored: int | None = None,
    recipe: StudentRecipe = RECIPE,
) -> MaskedAutoencoder:
    """Train a masked autoencoder on images (n, 784), with `hidden` of their 16 patches hidden.

    The loss is that of the hidden patches or of `scored` of them; if nothing is hidden or 16 are
    `scored`, it is that of all patches.
    """
    torch.manual_seed(seed)
    model = CONFIG.build()

    def loss_of(batch: Tensor) -> Tensor:
        if hidden and scored != PATCHES:
            visible = draw_visible(len(batch), hidden)
            return hidden_error(model, train[batch], visible, scored).mean()
        patches = to_patches(train[batch])
        everything = torch.arange(PATCHES).expand(len(batch), -1)
        visible = draw_visible(len(batch), hidden) if hidden else everything
        drawn = model.decode(model.encode(patches, visible), visible)
        return (drawn - patches).square().mean()

    fit_student(model, len(train), loss_of, recipe, on_step)
    return model.half().float().requires_grad_(False).eval()


def make_masked(job: Job) -> Card:
    """Train and write the page's network."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    model = train_masked(train, PAGE_HIDDEN, SEEDS[0], job.on_step)
    arrays = {
        "mean": train.mean(0).view(28, 28).numpy(),
        **to_arrays(model),
    }
    card = {
        "title": "MNIST: masked autoencoder for the page",
        **described(dataset),
        "hidden": f"{PAGE_HIDDEN} of {PATCHES} patches of 7 x 7 px",
        "seed": SEEDS[0],
        "parameters": sum(p.numel() for p in model.parameters()),
        "mean": "the mean training digit, in [0, 1]",
        "metrics": {
            "squared_error_per_hidden_pixel": round(mean_error(model, test, PAGE_HIDDEN), 5),
            "probe_accuracy": probe_accuracy(codes(model, train), codes(model, test), dataset),
        },
    }
    return write_export("mnist_masked", arrays, card)


def make_masking(job: Job) -> Card:
    """Train with each number of hidden patches and each seed; measure errors and probes."""
    torch.set_num_threads(1)
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    errors = np.zeros((len(HIDDEN), len(SEEDS), len(TESTED)), np.float32)
    probes = np.zeros((len(HIDDEN), len(SEEDS)), np.float32)
    untrained = np.zeros(len(SEEDS), np.float32)
    nothing_hidden = []
    for j, seed in enumerate(SEEDS):
        torch.manual_seed(seed)
        new = CONFIG.build().requires_grad_(False)
        untrained[j] = probe_accuracy(codes(new, train), codes(new, test), dataset)
        plain = train_masked(train, 0, seed, lambda *_: None)
        nothing_hidden.append(probe_accuracy(codes(plain, train), codes(plain, test), dataset))
        for i, hidden in enumerate(HIDDEN):
            on_step = job.part(j * len(HIDDEN) + i, len(HIDDEN) * len(SEEDS))
            model = train_masked(train, hidden, seed, on_step)
            errors[i, j] = [mean_error(model, test, count) for count in TESTED]
            probes[i, j] = probe_accuracy(codes(model, train), codes(model, test), dataset)
    pixels = probe_accuracy(train, test, dataset)
    arrays: dict[str, NDArray[Any]] = {
        "hidden": np.array(HIDDEN, np.int32),
        "tested": np.array(TESTED, np.int32),
        "errors": errors,
        **baselines(train, test),
        "probes": probes,
        "untrained": untrained,
        "pixels": np.array(pixels, np.float32),
    }
    card = {
        "title": "MNIST: masked autoencoders by the share of patches that is hidden",
        **described(dataset),
        "hidden": f"how many of {PATCHES} patches are hidden while training",
        "tested": "how many are hidden when measured",
        "errors": "mean squared error per hidden pixel over 10,000 test digits, by hidden, seed "
        "and tested; which patches are hidden is drawn with seed 1",
        "nearest": "the same if each hidden pixel takes the grey of the nearest visible one, by "
        "tested",
        "mean": "the same if the mean training digit is put there, by tested",
        "probes": "share of 10,000 test digits whose class ridge regression to one-hot classes "
        f"reads off the mean token, nothing hidden: fitted to {PROBED:,} training digits, ridge "
        f"chosen among {RIDGES} of the mean variance of a number on {HELD:,} others; by hidden "
        "and seed, without training (`untrained`), and of the pixels themselves (`pixels`)",
        "seeds": list(SEEDS),
        "metrics": {
            "probe_accuracy": {
                str(hidden): {
                    "mean": round(float(row.mean()), 4),
                    "standard_deviation": round(float(row.std(ddof=1)), 4),
                }
                for hidden, row in zip(HIDDEN, probes, strict=True)
            },
            "probe_accuracy_nothing_hidden": [round(each, 4) for each in nothing_hidden],
            "probe_accuracy_untrained": round(float(untrained.mean()), 4),
            "probe_accuracy_pixels": round(pixels, 4),
        },
    }
    return write_export("mnist_masking", arrays, card)


def described(dataset: Dataset) -> Card:
    """The common part of both files' cards."""
    return {
        "data": dataset.origin,
        "network": f"patches of 7 x 7 px; encoder: tokens of {CONFIG.width}, {CONFIG.blocks} "
        f"blocks, of visible patches only; decoder: tokens of {CONFIG.decoder_width}, "
        f"{CONFIG.decoder_blocks} block; {CONFIG.heads} heads each; float16",
        "loss": "mean squared error over the pixels of hidden patches",
        "recipe": f"{RECIPE.steps} steps of AdamW, batch {RECIPE.batch_size}, peak rate "
        f"{RECIPE.learning_rate:g} with cosine",
        **made_on(torch.device("cpu")),
    }


@torch.no_grad()
def mean_error(model: MaskedAutoencoder, x: Tensor, hidden: int) -> float:
    """Mean squared error per hidden pixel of images (n, 784); hidden ones drawn by seed 1."""
    torch.manual_seed(1)
    parts = [hidden_error(model, part, draw_visible(len(part), hidden)) for part in x.split(1000)]
    return torch.cat(parts).mean().item()


def baselines(train: Tensor, test: Tensor) -> dict[str, NDArray[np.float32]]:
    """The errors of `mean_error` for copied pixels, and for the mean digit, by `TESTED`."""
    mean = train.mean(0)
    of_nearest, of_mean = [], []
    for count in TESTED:
        torch.manual_seed(1)
        nearest: list[float] = []
        off: list[float] = []
        for part in test.split(1000):
            hidden = hidden_of(draw_visible(len(part), count)).bool()
            copied = nearest_visible(part.view(-1, 28, 28).numpy(), hidden.numpy())
            for guess, errors in ((torch.from_numpy(copied).flatten(1), nearest), (mean, off)):
                squares = to_patches((guess - part).square().float()).sum(2)
                errors.append((squares * hidden).sum().item())
        pixels = len(test) * count * (784 // PATCHES)
        of_nearest.append(sum(nearest) / pixels)
        of_mean.append(sum(off) / pixels)
    return {"nearest": np.array(of_nearest, np.float32), "mean": np.array(of_mean, np.float32)}


@torch.no_grad()
def codes(model: MaskedAutoencoder, x: Tensor) -> Tensor:
    """Codes of images (n, 784), nothing hidden: (n, width)."""
    return torch.cat([model.code(part) for part in x.split(1000)])


def probe_accuracy(train: Tensor, test: Tensor, dataset: Dataset) -> float:
    """Share of test codes (n, k) whose class ridge regression to one-hot classes gets right."""
    labels = torch.tensor(dataset.train_labels).long()
    shown, held = train[:PROBED].double(), train[PROBED : PROBED + HELD].double()
    mean, classes = shown.mean(0), torch.eye(10).double()[labels[:PROBED]]
    centred = shown - mean
    gram, cross = centred.T @ centred, centred.T @ (classes - classes.mean(0))
    best, chosen = -1.0, torch.empty(0)
    for ridge in RIDGES:
        matrix = torch.linalg.solve(
            gram + ridge * gram.diagonal().mean() * torch.eye(len(gram)), cross
        )
        answers = ((held - mean) @ matrix + classes.mean(0)).argmax(1)
        right = (answers == labels[PROBED : PROBED + HELD]).double().mean().item()
        if right > best:
            best, chosen = right, matrix
    answers = ((test.double() - mean) @ chosen + classes.mean(0)).argmax(1)
    return (answers == torch.tensor(dataset.test_labels)).double().mean().item()


def to_arrays(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Weights under torch's names, matrices as (in, out)."""
    matrices = {
        f"{name}.weight" for name, layer in model.named_modules() if isinstance(layer, nn.Linear)
    }
    return {
        key: np.ascontiguousarray((value.T if key in matrices else value).half().numpy())
        for key, value in model.state_dict().items()
    }
