"""The layers of the two-view encoders, trained with labels, to separate their effect."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.data import Dataset, to_unit
from training.distillation import fit_student
from training.exports.few_labels import Labelled, draw
from training.exports.networks import CLASSES
from training.exports.two_views import FEATURES, HELD, RECIPE, Views, moved, network

ANGLES = 24  # at which the same digit is tested
SIX_OR_NINE = replace(RECIPE, steps=1000)  # for two classes


def classifier(classes: int, seed: int) -> nn.Sequential:
    """The same layers, with classes instead of the projection."""
    torch.manual_seed(seed)
    model = network()
    model[-1] = nn.Linear(FEATURES, classes)
    return model


def turned(x: Tensor, degrees: Tensor) -> Tensor:
    """Images (n, 784), turned around their middle."""
    n = len(x)
    images = moved(x.unflatten(1, (28, 28)), torch.zeros(n, 2), degrees, torch.ones(n))
    return images.flatten(1)


def of_few_labels(dataset: Dataset, seed: int, views: Views | None) -> float:
    """Share of the test images classified right after training with one draw of `few_labels`.

    Parameters
    ----------
    views : views of the labelled images for training; None for the images themselves
    """
    images, labels = to_unit(dataset.train_images)[:-HELD].numpy(), dataset.train_labels[:-HELD]
    some = draw(Labelled(images, labels), seed)
    x, wanted = torch.tensor(some.codes), torch.tensor(some.labels).long()
    model = classifier(CLASSES, seed)

    def loss_of(batch: Tensor) -> Tensor:
        return cross_entropy(model(views.of(x[batch]) if views else x[batch]), wanted[batch])

    fit_student(model, len(x), loss_of, RECIPE, lambda *_: None)
    right = torch.tensor(dataset.test_labels).long()
    with torch.no_grad():
        named = torch.cat([model(part) for part in to_unit(dataset.test_images).split(1000)])
    return round((named.argmax(1) == right).double().mean().item(), 4)


def six_or_nine(dataset: Dataset, seed: int) -> float:
    """Share of the sixes and nines taken for the other, by a network that saw any turn.

    It answers the same for all turns of a digit by a multiple of 15 degrees.
    """

    def chosen(images: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
        either = np.isin(labels, (6, 9))
        return to_unit(images[either]), torch.tensor(labels[either] == 9).long()

    x, wanted = chosen(dataset.train_images, dataset.train_labels)
    asked, right = chosen(dataset.test_images, dataset.test_labels)
    model = classifier(2, seed)

    def loss_of(batch: Tensor) -> Tensor:
        return cross_entropy(model(turned(x[batch], 360 * torch.rand(len(batch)))), wanted[batch])

    fit_student(model, len(x), loss_of, SIX_OR_NINE, lambda *_: None)
    with torch.no_grad():
        answers = torch.stack(
            [
                model(turned(asked, torch.full((len(asked),), k * 360 / ANGLES))).log_softmax(1)
                for k in range(ANGLES)
            ]
        ).sum(0)
    return round((answers.argmax(1) != right).double().mean().item(), 4)
