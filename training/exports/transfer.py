"""Transfer from digits to clothes and back: accuracy by number of labels.

A convolutional network learns to name the shifted images of one data set. Its layers are then used
for the other, which has few labels: frozen under a new head, trained further, or, for comparison,
not at all.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import Dataset, load_dataset, to_unit
from training.distillation import StudentRecipe, fit_student
from training.exports.export import Job, write_export
from training.exports.networks import CLASSES, network, random_shifts, shifted
from widgets.transfer_curve import METHODS, SIZES, fit_head

TARGETS = {"fashion_mnist": "mnist", "mnist": "fashion_mnist"}  # target data set: source data set
SEEDS = 4  # each with its own source network, draw of labels and new weights
REACH = 4  # px by which source images, and the second kind of test images, are shifted, +-
SOURCE = StudentRecipe(widths=(), steps=1000, batch_size=128, learning_rate=4e-3)
STEPS = dict(zip(SIZES, (100, 100, 150, 250, 400, 600, 1000), strict=True))
BATCH = 64
RATES = (1e-3, 4e-3)  # each method uses the better one for each number of labels
HELD = 2000  # training images on which the rate is chosen
EVERY = 2  # of the test images
MAPS, FEATURES = 8, 10  # layers of the network up to its 256 maps and its 32 features
HEAD_STEPS = 300
POOL, SHOWN = 50, 500  # labelled images per class, and test images, in the page
LEVELS = 15  # grey levels of the page's maps, above 0


@dataclass(frozen=True)
class Task:
    """One data set, to be learned from few labels.

    Attributes
    ----------
    x, labels : training images (n, 784), in [0, 1], in an order drawn at random, and their labels
    tests : test images, as they are and shifted, (2, m, 784)
    wanted : their labels, (m,)
    """

    x: Tensor
    labels: Tensor
    tests: Tensor
    wanted: Tensor

    @classmethod
    def of(cls, dataset: Dataset) -> "Task":
        """The images of a data set in one order, the same on every run."""
        torch.manual_seed(1)
        order = torch.randperm(len(dataset.train_images))
        test = to_unit(dataset.test_images)[::EVERY]
        moved = shifted(test, *random_shifts(len(test), REACH))
        return cls(
            to_unit(dataset.train_images)[order],
            torch.tensor(dataset.train_labels).long()[order],
            torch.stack([test, moved]),
            torch.tensor(dataset.test_labels).long()[::EVERY],
        )

    def draw(self, size: int, seed: int) -> tuple[Tensor, Tensor]:
        """`size` images of each class and their labels; a larger draw contains the smaller one."""
        order = HELD + torch.randperm(
            len(self.x) - HELD, generator=torch.Generator().manual_seed(seed)
        )
        labels = self.labels[order]
        rows = torch.cat([order[labels == k][:size] for k in range(CLASSES)])
        return self.x[rows], self.labels[rows]


def trained(model: nn.Sequential, x: Tensor, labels: Tensor, recipe: StudentRecipe) -> None:
    """Train all layers on unchanged images."""

    def loss_of(batch: Tensor) -> Tensor:
        return cross_entropy(model(x[batch]), labels[batch])

    fit_student(model, len(x), loss_of, recipe, lambda *_: None)


def source_network(task: Task, seed: int) -> nn.Sequential:
    """A classifier of the images of `task`, trained on shifted ones."""
    torch.manual_seed(seed)
    model = network()

    def loss_of(batch: Tensor) -> Tensor:
        x = shifted(task.x[batch], *random_shifts(len(batch), REACH))
        return cross_entropy(model(x), task.labels[batch])

    fit_student(model, len(task.x), loss_of, SOURCE, lambda *_: None)
    return model


@torch.no_grad()
def run_through(layers: nn.Module, x: Tensor) -> Tensor:
    """Outputs of layers for many images."""
    return torch.cat([layers(part) for part in x.split(1000)])


def head_on(h: Tensor, labels: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The page's own softmax regression, (k, CLASSES) and (CLASSES,)."""
    codes = h.double().numpy()
    weights, bias = fit_head(codes, labels.numpy(), HEAD_STEPS)
    return weights, bias


def right(answers: Tensor, wanted: Tensor) -> float:
    """Share of answers, (n, CLASSES), whose largest entry is the right one."""
    return (answers.argmax(1) == wanted).float().mean().item()


def copy_of(model: nn.Sequential) -> nn.Sequential:
    """A network with the same weights."""
    other = network()
    other.load_state_dict(model.state_dict())
    return other


def begin(method: str, source: nn.Sequential, x: Tensor, labels: Tensor) -> nn.Sequential:
    """The network that a method trains, before its first step."""
    if method == "scratch":
        return network()
    model, new = copy_of(source), network()[-1]
    assert isinstance(new, nn.Linear)
    if method == "head_first":
        weights, bias = head_on(run_through(source[:FEATURES], x), labels)
        with torch.no_grad():
            new.weight.copy_(torch.from_numpy(weights.T))
            new.bias.copy_(torch.from_numpy(bias))
    model[-1] = new
    return model


def accuracies(
    method: str, source: nn.Sequential, task: Task, size: int, seed: int, rate: float, held: bool
) -> list[float]:
    """Train by one method; accuracy on the held-out images, or on both kinds of test images."""
    x, labels = task.draw(size, seed)
    torch.manual_seed(seed)
    model = begin(method, source, x, labels)
    batch = min(BATCH, len(x))
    trained(model, x, labels, StudentRecipe((), STEPS[size], batch, rate))
    if held:
        return [right(run_through(model, task.x[:HELD]), task.labels[:HELD])]
    return [right(run_through(model, test), task.wanted) for test in task.tests]


def frozen(layers: nn.Module, task: Task, seed: int) -> NDArray[np.float64]:
    """Accuracy of heads on frozen layers, (sizes, 2)."""
    tests = [run_through(layers, test).double().numpy() for test in task.tests]
    found = []
    for size in SIZES:
        x, labels = task.draw(size, seed)
        weights, bias = head_on(run_through(layers, x), labels)
        found.append([right(torch.from_numpy(h @ weights + bias), task.wanted) for h in tests])
    return np.array(found)


def best_rate(method: str, source: nn.Sequential, task: Task, size: int) -> float:
    """The best rate of a method on held-out images, with a draw used nowhere else."""
    return max(
        RATES,
        key=lambda rate: accuracies(method, source, task, size, SEEDS, rate, held=True),
    )


def make_transfer(job: Job) -> Card:
    """Every method, number of labels and seed, in both directions."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    datasets = {name: load_dataset(name) for name in TARGETS}
    tasks = {name: Task.of(dataset) for name, dataset in datasets.items()}
    accuracy = np.zeros((len(TARGETS), len(METHODS), len(SIZES), SEEDS, 2))
    rates: dict[str, dict[str, list[float]]] = {}
    own: dict[str, list[float]] = {}
    arrays: dict[str, NDArray[np.generic]] = {}
    done, parts = 0, len(TARGETS) * (SEEDS + 1)
    for i, (target, origin) in enumerate(TARGETS.items()):
        task = tasks[target]
        sources = [source_network(tasks[origin], seed) for seed in range(SEEDS)]
        own[origin] = [
            round(right(run_through(each, tasks[origin].tests[0]), tasks[origin].wanted), 4)
            for each in sources
        ]
        rates[target] = {
            method: [best_rate(method, sources[0], task, size) for size in SIZES]
            for method in ("fine_tuned", "head_first", "scratch")
        }
        arrays |= for_the_page(target, sources[0], task)
        job.on_step(done := done + 1, parts, 0.0)
        for seed, source in enumerate(sources):
            torch.manual_seed(100 + seed)
            untrained = network()
            for m, method in enumerate(METHODS):
                if method == "maps":
                    found = frozen(source[:MAPS], task, seed)
                elif method == "features":
                    found = frozen(source[:FEATURES], task, seed)
                elif method == "untrained":
                    found = frozen(untrained[:MAPS], task, seed)
                else:
                    found = np.array(
                        [
                            accuracies(method, source, task, size, seed, rate, held=False)
                            for size, rate in zip(SIZES, rates[target][method], strict=True)
                        ]
                    )
                accuracy[i, m, :, seed] = found
            job.on_step(done := done + 1, parts, 0.0)
    arrays |= {"accuracy": accuracy.astype(np.float32), "sizes": np.array(SIZES, np.int32)}
    card = {
        "title": "Digits to clothes and back, by number of labels",
        "data": {
            name: {"source": dataset.source, "sha256": dataset.sha256}
            for name, dataset in datasets.items()
        },
        "network": "convolution 5 x 5 to 8 channels, ReLU, largest of 2 x 2, convolution 5 x 5 to "
        "16 channels, ReLU, largest of 2 x 2 (256 maps), 256 - 32, ReLU (32 features), 32 - 10",
        "source": f"60,000 images shifted by up to {REACH} px, {SOURCE.steps} steps of AdamW, "
        f"batch {SOURCE.batch_size}, peak rate {SOURCE.learning_rate:g} with cosine",
        "methods": {
            "maps": "a head on the frozen 256 maps",
            "features": "a head on the frozen 32 features",
            "untrained": "a head on the 256 maps of a network that was never trained",
            "fine_tuned": "all layers, from the source's weights, the last layer new",
            "head_first": "the same, but the last layer begins as the head on frozen features",
            "scratch": "all layers, from new weights",
        },
        "head": f"softmax regression, {HEAD_STEPS} steps, see widgets/transfer_curve.py",
        "training": "steps by number of labels: "
        + ", ".join(map(str, STEPS.values()))
        + f"; AdamW, batch {BATCH} at most, images not shifted; rate of {RATES} chosen for each "
        f"method and number of labels on {HELD:,} held-out training images, with seed {SEEDS}",
        "seeds": list(range(SEEDS)),
        **made_on(torch.device("cpu")),
        "accuracy": f"by target ({', '.join(TARGETS)}), method ({', '.join(METHODS)}), labels of "
        f"each class ({', '.join(map(str, SIZES))}), seed, and test images as they are or shifted "
        f"by up to {REACH} px: every {EVERY}nd test image",
        "for_the_page": f"maps of {POOL} labelled images of each class and of {SHOWN} test "
        f"images by the first source network, in {LEVELS} levels of the unit's largest value",
        "metrics": {
            "source_accuracy": own,
            "rates": rates,
            "accuracy_mean": {
                target: {
                    method: [round(value, 4) for value in accuracy[i, m, :, :, 0].mean(1)]
                    for m, method in enumerate(METHODS)
                }
                for i, target in enumerate(TARGETS)
            },
        },
    }
    return write_export("transfer", arrays, card)


def for_the_page(target: str, source: nn.Sequential, task: Task) -> dict[str, NDArray[np.generic]]:
    """Maps of labelled and test images in few levels, and the layer from maps to features."""
    x, labels = task.draw(POOL, seed=0)
    some = torch.randperm(len(task.wanted), generator=torch.Generator().manual_seed(0))[:SHOWN]
    maps = run_through(source[:MAPS], torch.cat([x, task.tests[0][some]])).numpy()
    top = maps.max(0) + 1e-6
    layer = source[MAPS]
    assert isinstance(layer, nn.Linear)
    return {
        f"{target}_maps": np.rint(maps / top * LEVELS).astype(np.uint8),
        f"{target}_unit": (top / LEVELS).astype(np.float32),
        f"{target}_labels": torch.cat([labels, task.wanted[some]]).numpy().astype(np.uint8),
        f"{target}_w": layer.weight.detach().T.half().numpy().copy(),
        f"{target}_b": layer.bias.detach().half().numpy(),
    }
