"""One encoder, trained by each objective of chapter 4, and read by one probe.

The layers, their first weights, the images, the number of steps and the rates are those of the
two-view encoders. Only the loss differs. Every code has 64 numbers. The probe is the book's
standard one, with the labels of chapter 5.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from latentbook_decoders.models.autoencoder import PIXELS
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import mlp
from training.data import Dataset, to_unit
from training.distillation import fit_student, rounded
from training.exports import benchmark_codes, masked
from training.exports.mnist_pca import principal_components
from training.exports.networks import CLASSES
from training.exports.two_views import (
    FEATURES,
    HELD,
    PROJECTED,
    RECIPE,
    Views,
    codes_of,
    network,
)
from training.exports.with_labels import classifier

SEEDS = (0, 1)
NOISE = 0.5  # standard deviation, in grey levels, of the denoising autoencoder
MEMORY = 0.99  # of the teacher
WIDE = 256  # units of the decoder and of the predictor

OBJECTIVES = (
    *("untrained", "autoencoder", "denoising", "rebuilt_views", "undone_views"),
    *("teacher", "supervised"),
)
Pair = tuple[Tensor, Tensor]


def as_it_is(x: Tensor) -> Pair:
    return x, x


def noisy(x: Tensor) -> Pair:
    return x + NOISE * torch.randn_like(x), x


def view(x: Tensor) -> Pair:
    seen = Views().of(x)
    return seen, seen


def view_undone(x: Tensor) -> Pair:
    return Views().of(x), x


def rebuilding(shown_and_asked: Callable[[Tensor], Pair], x: Tensor, seed: int) -> nn.Sequential:
    """The encoder of an autoencoder that is shown one image and asked for another."""
    torch.manual_seed(seed)
    model = network()
    both = nn.ModuleList([model, mlp(FEATURES, WIDE, PIXELS)])

    def loss_of(batch: Tensor) -> Tensor:
        shown, asked = shown_and_asked(x[batch])
        loss: Tensor = (both[1](model[:-1](shown)) - asked).square().sum(1).mean()
        return loss

    fit_student(both, len(x), loss_of, RECIPE, lambda *_: None)
    return rounded(model)


def taught(x: Tensor, seed: int) -> nn.Sequential:
    """An encoder that predicts, from one view, the output of its slow copy for the other."""
    torch.manual_seed(seed)
    model = network()
    teacher = deepcopy(model).requires_grad_(False)
    predictor = mlp(PROJECTED, WIDE, PROJECTED)
    views = Views()

    def loss_of(batch: Tensor) -> Tensor:
        with torch.no_grad():
            for old, new in zip(teacher.parameters(), model.parameters(), strict=True):
                old.lerp_(new, 1 - MEMORY)
        pair = torch.cat([views.of(x[batch]), views.of(x[batch])])
        target = normalize(teacher(pair)).roll(len(batch), 0)
        return 1 - (normalize(predictor(model(pair))) * target).sum(1).mean()

    fit_student(
        nn.ModuleList([model, predictor]),
        len(x),
        loss_of,
        RECIPE,
        lambda *_: None,
    )
    return rounded(model)


def supervised(labels: Tensor, x: Tensor, seed: int) -> nn.Sequential:
    """A classifier, trained on views of labelled images."""
    model = classifier(CLASSES, seed)
    views = Views()

    def loss_of(batch: Tensor) -> Tensor:
        return cross_entropy(model(views.of(x[batch])), labels[batch])

    fit_student(model, len(x), loss_of, RECIPE, lambda *_: None)
    return rounded(model)


def untrained(_: Tensor, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return network().requires_grad_(False)


def of_objective(name: str, dataset: Dataset) -> Card:
    """Percent that the standard probe gets right, by labels per class, for each seed."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    labels = torch.tensor(dataset.train_labels).long()[:-HELD]
    trainings: dict[str, Callable[[Tensor, int], nn.Sequential]] = {
        "untrained": untrained,
        "autoencoder": partial(rebuilding, as_it_is),
        "denoising": partial(rebuilding, noisy),
        "rebuilt_views": partial(rebuilding, view),
        "undone_views": partial(rebuilding, view_undone),
        "teacher": taught,
        "supervised": partial(supervised, labels),
    }
    found = []
    for seed in SEEDS:
        model = trainings[name](train[:-HELD], seed)
        found.append(
            benchmark_codes.read_by_probe(codes_of(model, train), codes_of(model, test), dataset)
        )
    return {key: [each[key] for each in found] for key in found[0]}


def of_baselines(dataset: Dataset) -> Card:
    """The same for 64 principal components, and for the tokens of an untrained transformer."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    mean, _, rows = principal_components(train.double().numpy())
    h, seen = (((x.numpy() - mean) @ rows[:FEATURES].T).astype(np.float32) for x in (train, test))
    tokens = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = masked.CONFIG.build().requires_grad_(False)
        tokens.append(
            benchmark_codes.read_by_probe(
                masked.codes(model, train).numpy(), masked.codes(model, test).numpy(), dataset
            )
        )
    return {
        "pca": {
            key: [each] for key, each in benchmark_codes.read_by_probe(h, seen, dataset).items()
        },
        "untrained_tokens": {key: [each[key] for each in tokens] for key in tokens[0]},
    }
