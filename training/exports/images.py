"""Forty unchanged test images of each data set, four per class."""

import numpy as np

from latentbook_decoders.models.cards import Card
from training.data import load_dataset
from training.exports.decoders import EVERY, sample_of
from training.exports.export import Job, write_export

DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
PER_CLASS = 4


def make_images(name: str, job: Job) -> Card:
    """The first four images of each class whose codes are in the page."""
    dataset = load_dataset(name)
    images, labels = (of[sample_of(dataset)] for of in (dataset.test_images, dataset.test_labels))
    position = np.concatenate([np.flatnonzero(labels == k)[:PER_CLASS] for k in range(10)])
    arrays = {
        "images": images[position],
        "labels": labels[position],
        "position": position.astype(np.int32),
    }
    card = {
        "title": f"{DATASETS[name]}: {len(position)} test images",
        "data": dataset.origin,
        "position": f"place among every {EVERY}th test image, whose codes the decoders' files hold",
        "metrics": {"images_per_class": PER_CLASS},
    }
    job.on_step(1, 1, 0.0)
    return write_export(f"{name}_images", arrays, card)
