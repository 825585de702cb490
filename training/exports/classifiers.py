"""Classifiers small enough for the page, whose certainty tells whether an image shows one thing.

A classifier trained on single images only is as sure of their mean, or of two overlaid ones, as of
a real one. So half of the training images are mixtures of two, labelled with both shares.
"""

from dataclasses import asdict
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from latentbook_decoders.models.autoencoder import PIXELS
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import mlp
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.distillation import StudentRecipe, fit_student, rounded, to_arrays
from training.exports.encoders import QUANTILES, quantiles
from training.exports.export import Job, write_export
from training.exports.images import DATASETS
from training.recipe import augment

CLASSES = 10
RECIPE = StudentRecipe(widths=(64, 32), steps=4000, learning_rate=3e-3)


def make_classifier(name: str, job: Job) -> Card:
    """Train on images, slightly moved ones and mixtures; measure on the test images."""
    dataset = load_dataset(name)
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    torch.manual_seed(0)
    network = mlp(PIXELS, *RECIPE.widths, CLASSES)
    x = torch.cat([train, *(augment(part, 1.0) for part in train.split(2000))])
    wanted = one_hot(torch.tensor(dataset.train_labels).long(), CLASSES).float().repeat(2, 1)

    def loss_of(batch: Tensor) -> Tensor:
        other, share = torch.randint(len(x), (len(batch),)), torch.rand(len(batch), 1)
        share[: len(batch) // 2] = 1  # half of the batch is not mixed
        mixed, label = (torch.lerp(of[other], of[batch], share) for of in (x, wanted))
        return cross_entropy(network(mixed), label)

    fit_student(network, len(x), loss_of, RECIPE, job.on_step)
    log_odds = rounded(network)(test)
    certainty = certainty_of(log_odds)
    right = log_odds.argmax(1) == torch.tensor(dataset.test_labels)
    unlike = certainty_of(network(torch.stack([torch.zeros(PIXELS), train.mean(0)])))
    half = certainty_of(network((test + test[torch.randperm(len(test))]) / 2))
    card = {
        "title": f"{DATASETS[name]}: classifier for the page",
        "data": dataset.origin,
        "network": {
            **asdict(RECIPE),
            "layers": "-".join(map(str, (PIXELS, *RECIPE.widths, CLASSES)))
            + ", SiLU, log-odds of the classes up to a constant, float16",
            "mixtures": "half of each batch: s x + (1 - s) x', labelled s and 1 - s, s uniform",
        },
        "seed": 0,
        **made_on(torch.device("cpu")),
        "certainty_quantiles": f"{QUANTILES} quantiles, 0 to 1 in equal steps, of the probability "
        f"of the likeliest class over the {len(test):,} test images",
        "metrics": {
            "accuracy": round(right.float().mean().item(), 4),
            "certainty_mean": {
                "test_images": round(certainty.mean().item(), 4),
                "halfway_between_two_test_images": round(half.mean().item(), 4),
                "blank_page": round(unlike[0].item(), 4),
                "mean_training_image": round(unlike[1].item(), 4),
            },
        },
    }
    arrays: dict[str, NDArray[Any]] = {
        **to_arrays(network),
        "certainty_quantiles": quantiles(certainty),
    }
    return write_export(f"{name}_classifier", arrays, card)


def certainty_of(log_odds: Tensor) -> Tensor:
    """Probability of the likeliest class, (n,), from log-odds of shape (n, classes)."""
    return log_odds.softmax(1).amax(1)
