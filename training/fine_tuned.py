"""Digits classified from few labels: a masked autoencoder trained further, or left as it is.

Each draw of labels is used in four ways. All layers of the page's encoder are trained further under
a new head; the same layers are trained from new weights, for as many steps; a linear probe is
fitted to the encoder's code, or to the pixels. Rates and ridges are those that do best on held-out
labels, with a draw used nowhere else. The encoder has seen all training digits, without labels.
Every second test digit is classified, as in `transfer`.
"""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentbook_decoders.models.cards import Card
from training.data import Dataset
from training.distillation import StudentRecipe, fit_student
from training.exports import masked
from training.exports.few_labels import RIDGES, Labelled, probe_of_few
from training.exports.networks import CLASSES
from training.exports.transfer import HELD, Task, right, run_through
from training.masked_autoencoder import MaskedAutoencoder
from widgets.data import load

SEEDS = 5  # draws of labels, each with its own new weights
STEPS = {10: 200, 100: 400}  # of training, by labels of each class
RATES = (1e-3, 3e-3)
BATCH = 32

Answers = Callable[[Tensor], Tensor]
"""From images (n, 784) to a number for each class, (n, 10)."""
Way = Callable[[Task, int, int, float], Answers]
"""From a task, labels of each class, a seed, and a rate or ridge."""


class Classifier(nn.Module):
    """A linear head on the mean token of the encoder: (n, 784) to (n, 10)."""

    def __init__(self, encoder: MaskedAutoencoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(masked.CONFIG.width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        answers: Tensor = self.head(self.encoder.code(x))
        return answers


def page_encoder() -> MaskedAutoencoder:
    """The masked autoencoder of the page, as stored."""
    model, stored = masked.CONFIG.build(), load("mnist_masked")
    matrices = {f"{n}.weight" for n, each in model.named_modules() if isinstance(each, nn.Linear)}
    for key, value in model.state_dict().items():
        weights = torch.tensor(stored[key])
        value.copy_(weights.T if key in matrices else weights)
    return model


def by_training(
    begin: Callable[[], MaskedAutoencoder], task: Task, count: int, seed: int, rate: float
) -> Answers:
    """All layers, trained on `count` labelled digits of each class."""
    x, labels = task.draw(count, seed)
    torch.manual_seed(seed)
    model = Classifier(begin())

    def loss_of(batch: Tensor) -> Tensor:
        return cross_entropy(model(x[batch]), labels[batch])

    recipe = StudentRecipe((), STEPS[count], BATCH, rate)
    fit_student(model, len(x), loss_of, recipe, lambda *_: None)
    return partial(run_through, model)


def by_probe(code: Answers, task: Task, count: int, seed: int, ridge: float) -> Answers:
    """Ridge regression from codes, (n, 784) to (n, k), to one-hot classes."""
    x, labels = task.draw(count, seed)
    matrix, intercept = probe_of_few(Labelled(code(x).numpy(), labels.numpy()), ridge)
    return lambda asked: torch.from_numpy(code(asked).numpy() @ matrix + intercept)


def fine_tuned(dataset: Dataset) -> Card:
    """Percent of the test digits that each way gets right, for each draw, by total labels."""
    task = Task.of(dataset)
    held, test = task.x[:HELD], task.tests[0]  # one object each, whose codes are computed once
    encoder = page_encoder().requires_grad_(False)
    ways: dict[str, tuple[tuple[float, ...], Way]] = {
        "fine_tuned": (RATES, partial(by_training, page_encoder)),
        "scratch": (RATES, partial(by_training, masked.CONFIG.build)),
        "probe": (RIDGES, partial(by_probe, cache(partial(masked.codes, encoder)))),
        "pixels": (RIDGES, partial(by_probe, lambda x: x)),
    }

    def held_out(way: Way, count: int, setting: float) -> float:
        return right(way(task, count, SEEDS, setting)(held), task.labels[:HELD])

    def tested(way: Way, count: int, setting: float, seed: int) -> float:
        return right(way(task, count, seed, setting)(test), task.wanted)

    found: Card = {}
    for count, steps in STEPS.items():
        of_count: Card = {"steps": steps}
        found[str(count * CLASSES)] = of_count
        for name, (settings, way) in ways.items():
            best = max(settings, key=partial(held_out, way, count))
            shares = [100 * tested(way, count, best, seed) for seed in range(SEEDS)]
            of_count[name] = {
                "chosen": best,
                "percent_right": [round(share, 2) for share in shares],
                "mean": round(float(np.mean(shares)), 2),
                "standard_deviation": round(float(np.std(shares, ddof=1)), 2),
            }
    return found
