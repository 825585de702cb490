"""Pairs of views of test digits with their embeddings, and what two encoders know of turned digits.

For the instruments on contrastive codes: the loss of a batch, and what such a code forgets.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.models.cards import Card, read_card
from app.models.data import Dataset, load_dataset, to_unit
from app.models.exports.decoders import EVERY, sample_of
from app.models.exports.export import WIDGET_DATA, Job, write_export
from app.models.exports.gallery import distances
from app.models.exports.probes import fit
from app.models.exports.two_views import HELD, Views, accuracies_of_few_labels
from widgets.data import load
from widgets.encoders import TWO_VIEWS, encode_as
from widgets.moves import turn
from widgets.network import layers_of

PAIRS = 128  # digits with two views each
ANGLES = range(-180, 181, 30)
TURNED = 500  # test digits that are turned by each angle
EMBEDDED = ("contrastive", "vicreg")
SEARCHED = ("contrastive", "contrastive_turns")
SCALED = ("pixels", *TWO_VIEWS)


def in_parts(name: str, x: NDArray[Any]) -> NDArray[np.float64]:
    """Codes of many images, (n, 28, 28), a few at a time."""
    return np.concatenate([encode_as(name, part) for part in np.array_split(x, len(x) // 200 + 1)])


def make_views(job: Job) -> Card:
    """Draw the views, encode them, and name turned digits by the probes of the encoders."""
    dataset = load_dataset("mnist")
    sample = sample_of(dataset)
    x, labels = dataset.test_images[sample] / 255, dataset.test_labels[sample]
    torch.manual_seed(0)
    some = to_unit(dataset.test_images[sample][:PAIRS])
    drawn = torch.stack([Views().of(some), Views().of(some)], 1)
    views = (255 * drawn).round().byte().unflatten(2, (28, 28)).numpy()  # (PAIRS, 2, 28, 28)
    arrays: dict[str, NDArray[Any]] = {"views": views, "labels": labels[:PAIRS]}
    for name in EMBEDDED:
        z = layers_of(views.reshape(-1, 28, 28) / 255, load(TWO_VIEWS[name]))[4]
        arrays[name] = z.reshape(PAIRS, 2, -1).astype(np.float16)

    unlike = labels[:, None] != labels
    alike = ~unlike & ~np.eye(len(unlike), dtype=bool)
    scale, within, right = [], [], []
    for i, name in enumerate(SCALED):
        codes = in_parts(name, x)
        gap = np.sqrt(distances(codes, codes).clip(0))
        scale.append(gap[unlike].mean())
        within.append(gap[alike].mean())
        if name in TWO_VIEWS:
            if name in SEARCHED:
                arrays[f"{name}_codes"] = codes.astype(np.float16)
            right.append(named_right(name, dataset.test_images[:TURNED], dataset.test_labels))
        job.on_step(i + 1, len(SCALED), 0.0)
    swapped = [
        np.mean([seed["six_named_nine_or_nine_six"] for seed in of_seeds(name)])
        for name in TWO_VIEWS
    ]
    arrays |= {
        "swapped": np.array(swapped, np.float32),
        "scale": np.array(scale, np.float32),
        "within": np.array(within, np.float32),
        "angles": np.array(ANGLES, np.int16),
        "right": np.array(right, np.float32),
    }
    card = {
        "title": "MNIST: pairs of views, and turned digits, in codes of two-view encoders",
        "data": {"name": dataset.name, "source": dataset.source, "sha256": dataset.sha256},
        "seed": 0,
        "views": f"two of each of the first {PAIRS} of every {EVERY}th test image, drawn as in "
        f"training; of the encoders {', '.join(EMBEDDED)} also their projections",
        "codes": f"of every {EVERY}th test image, by {', '.join(SEARCHED)}",
        "scale": f"by {', '.join(SCALED)}: mean distance between two of every {EVERY}th test image "
        "that show different digits; `within`: of two that show one digit",
        "right": f"share of the first {TURNED:,} test images whose digit the probe names, turned "
        f"by each angle, by {', '.join(TWO_VIEWS)}",
        "swapped": f"by {', '.join(TWO_VIEWS)}, mean over the seeds of their cards: share of "
        "the sixes and nines among 10,000 test images that the probe names as the other",
        "metrics": {
            "pixels": probes_of_pixels(dataset),
        }
        | {
            name: {str(a): round(float(v), 3) for a, v in zip(ANGLES, row, strict=True)}
            for name, row in zip(TWO_VIEWS, right, strict=True)
        },
    }
    return write_export("mnist_views", arrays, card)


def of_seeds(name: str) -> list[Card]:
    """What the card of an encoder says of each of its seeds."""
    found: list[Card] = read_card(WIDGET_DATA / f"{TWO_VIEWS[name]}.json")["metrics"]["by_seed"]
    return found


def probes_of_pixels(dataset: Dataset) -> Card:
    """What the probes of two_views read off the pixels of the 10,000 test images."""
    h, seen = (x.reshape(len(x), -1) / 255 for x in (dataset.train_images, dataset.test_images))
    labels, asked = dataset.train_labels, dataset.test_labels
    wanted = np.eye(10)[labels]
    x = h.astype(np.float32)
    matrix, intercept = fit(x[:-HELD], wanted[:-HELD], (x[-HELD:], wanted[-HELD:]))
    few = accuracies_of_few_labels(h[:-HELD], labels[:-HELD], seen, asked)
    return {
        "probe": round(float(np.mean((seen @ matrix + intercept).argmax(1) == asked)), 4),
        "probe_of_100_labels": {
            "mean": round(float(np.mean(few)), 4),
            "standard_deviation_over_draws": round(float(np.std(few, ddof=1)), 4),
        },
    }


def named_right(name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> list[float]:
    """Share of digits that the probe of an encoder names right, turned by each of ANGLES."""
    weights = load(TWO_VIEWS[name])
    shares = []
    for angle in ANGLES:
        answer = in_parts(name, turn(images / 255, angle)) @ weights["probe"] + weights["intercept"]
        shares.append(float(np.mean(answer.argmax(1) == labels[: len(images)])))
    return shares
