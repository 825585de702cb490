"""Pairs of views of test digits with their embeddings, and two encoders' codes of turned digits.

For the instruments on contrastive codes: the loss of a batch, and the invariances of such a code.
"""

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from latentbook_decoders.models.cards import Card
from training.data import Dataset, load_dataset, to_unit
from training.exports.decoders import EVERY, sample_of
from training.exports.export import Job, write_export
from training.exports.few_labels import DRAWS, LABELS, RIDGES, Labelled, read_of_few
from training.exports.gallery import distances, neighbours
from training.exports.networks import CLASSES
from training.exports.probes import fit
from training.exports.two_views import (
    HELD,
    KINDS,
    PROJECTED,
    RECIPE,
    Views,
    codes_of,
    network,
    read,
    trained,
)
from training.exports.with_labels import of_few_labels, six_or_nine
from widgets import two_views
from widgets.data import load
from widgets.kit.encoders import TWO_VIEWS, encode_as
from widgets.kit.network import layers_of
from widgets.kit.transforms import turn
from widgets.two_views import CODES, SEARCHED, SHOWN

PAIRS = 128  # digits with two views each
ANGLES = range(-180, 181, 30)
TURNED = 500  # test digits that are turned by each angle
EMBEDDED = ("contrastive", "vicreg")
MAPS = 3  # random ones, next to the trained one
HEADLESS = 2  # encoders of any turn whose code, or the layer before its ReLU, the loss sees
UNTRAINED = 5  # draws of the same layers
LABELLED = 2  # networks that learned sixes and nines from labels
LABELLED_DRAWS = 3  # of 100 labels, with which the same layers are trained


def encoded(name: str, x: NDArray[Any]) -> NDArray[Any]:
    """Images (n, 28, 28), in [0, 1], in one of the codes of the instrument."""
    code: NDArray[Any] = two_views.encode(name, x)
    return code


def in_parts(name: str, x: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Codes of many images, (n, 28, 28), a few at a time."""
    parts = np.array_split(x, len(x) // 200 + 1)
    return np.concatenate([encoded(name, part / 255).astype(np.float32) for part in parts])


def make_views(job: Job) -> Card:
    """Draw the views, encode them, and classify turned digits by probes of the codes."""
    dataset = load_dataset("mnist")
    sample = sample_of(dataset)
    images, labels = dataset.test_images[sample], dataset.test_labels[sample]
    torch.manual_seed(0)
    some = to_unit(images[:PAIRS])
    drawn = torch.stack([Views().of(some), Views().of(some)], 1)
    views = (255 * drawn).round().byte().unflatten(2, (28, 28)).numpy()  # (PAIRS, 2, 28, 28)
    arrays: dict[str, NDArray[Any]] = {"views": views, "labels": labels[:PAIRS]}
    for name in EMBEDDED:
        z = layers_of(views.reshape(-1, 28, 28) / 255, load(TWO_VIEWS[name]))[4]
        arrays[name] = z.reshape(PAIRS, 2, -1).astype(np.float16)

    scale, right = [], []
    metrics: dict[str, Any] = {}
    for i, name in enumerate(CODES):
        h, seen = in_parts(name, dataset.train_images), in_parts(name, dataset.test_images)
        upside_down = in_parts(name, dataset.test_images[:, ::-1, ::-1])
        card, matrix, intercept = read(h, seen, upside_down, dataset)
        scale.append(between_unlike(seen, sample, labels))
        right.append(named_right(name, dataset, matrix, intercept))
        metrics[name] = card | {
            "nearest_of_six_is_nine_or_of_nine_six": nearest_is_the_other(seen, dataset),
            "neighbours_of_another_digit": pairs_of_neighbours(seen, dataset),
            "half_turn_of_six_or_nine": half_turn(seen, upside_down, scale[-1], dataset),
            "right_by_angle": {
                str(angle): round(share, 3) for angle, share in zip(ANGLES, right[-1], strict=True)
            },
        }
        if name == "any":
            metrics["any_by_random_maps"] = [
                seen_by_random_map(seed, (h, seen, upside_down), dataset) for seed in range(MAPS)
            ]
        if name in SEARCHED:
            arrays[f"{name}_codes"] = seen[sample].astype(np.float16)
        if name in SHOWN:
            arrays[f"{name}_probe"] = matrix.astype(np.float32)
            arrays[f"{name}_intercept"] = intercept.astype(np.float32)
            turned = in_parts(name, np.rot90(dataset.test_images, -1, (1, 2)))
            named = (turned @ matrix + intercept).argmax(1)
            metrics[name]["right_at_90"] = round(float(np.mean(named == dataset.test_labels)), 4)
        job.on_step(i + 1, len(CODES), 0.0)
    arrays |= {
        "scale": np.array(scale, np.float32),
        "angles": np.array(ANGLES, np.int16),
        "right": np.array(right, np.float32),
    }
    card = {
        "title": "MNIST: pairs of views, and turned digits, in codes of two-view encoders",
        "data": dataset.origin,
        "seed": 0,
        "views": f"two of each of the first {PAIRS} of every {EVERY}th test image, drawn as in "
        f"training; of the encoders {', '.join(EMBEDDED)} also their projections",
        "codes": f"of every {EVERY}th test image, by some of {', '.join(CODES)}: 64 units of "
        "mnist_contrastive, of mnist_contrastive_turns, and what the loss sees of each, 32 numbers "
        "of length 1; the weights of seed 0",
        "scale": f"by each of these: mean distance between two of every {EVERY}th test image that "
        "show different digits",
        "right": f"share of the first {TURNED:,} test images whose digit a probe of each code "
        "names, turned by each angle; `right_at_90` of all 10,000",
        "any_by_random_maps": f"the code of any turn, by {MAPS} maps to {PROJECTED} numbers that "
        "were drawn, not learned, and scaled to length 1",
        "nearest": "share of the sixes and nines among 10,000 test images whose nearest other one "
        "shows a nine and a six; and the two pairs of digits that are most often nearest to each "
        "other",
        "half turn": "how far it moves the codes of the sixes and nines among 10,000 test images, "
        "in units of scale",
        "any_without_head": f"{HEADLESS} encoders trained like mnist_contrastive_turns, with the "
        "loss on the code itself; `any_without_head_or_relu`: on the 64 numbers before its ReLU, "
        "which are then the code; by seed",
        "untrained": f"{UNTRAINED} draws of the same layers",
        "with labels": "share of the sixes and nines among 10,000 test images that the same layers "
        "take for the other, trained with labels on both at any angle, the answers averaged over "
        "24 angles; by seed. `trained_with_100_labels`: share of 10,000 test images named right by "
        f"the same layers, trained with {LABELS} labels a class on views of the images or on these "
        "themselves; by draw of the labels, the first of those of the probes",
        "few labels": f"probes of {LABELS} labels a class, mean over {DRAWS} draws; the ridge, "
        f"of {RIDGES} of the mean variance of a unit, is the best on the last {HELD:,} training "
        "images",
        "metrics": {"pixels": {"probe": probe_of_pixels(dataset)}}
        | metrics
        | {
            "sixes_and_nines_confused_with_labels": [
                six_or_nine(dataset, seed) for seed in range(LABELLED)
            ],
            "trained_with_100_labels": {
                name: [of_few_labels(dataset, seed, views) for seed in range(LABELLED_DRAWS)]
                for name, views in (("views", Views()), ("images", None))
            },
            "probe_of_100_labels": probes_of_few_labels(dataset),
            "any_without_head": [without_head(seed, -1, dataset, job) for seed in range(HEADLESS)],
            "any_without_head_or_relu": [
                without_head(seed, -2, dataset, job) for seed in range(HEADLESS)
            ],
            "untrained": [untrained(seed, dataset) for seed in range(UNTRAINED)],
        },
    }
    return write_export("mnist_views", arrays, card)


def between_unlike(seen: NDArray[Any], sample: slice, labels: NDArray[np.uint8]) -> float:
    """Mean distance between the codes of two images of a sample that show different digits."""
    codes = seen[sample].astype(np.float64)
    unlike = labels[:, None] != labels
    return float(np.sqrt(distances(codes, codes).clip(0))[unlike].mean())


def half_turn(
    seen: NDArray[Any], upside_down: NDArray[Any], scale: float, dataset: Dataset
) -> float:
    """Distance by which half a turn moves the codes of sixes and nines, in units of `scale`."""
    either = np.isin(dataset.test_labels, (6, 9))
    return round(float(np.linalg.norm(upside_down - seen, axis=1)[either].mean() / scale), 4)


def pairs_of_neighbours(seen: NDArray[Any], dataset: Dataset) -> dict[str, float]:
    """The two pairs of digits that are most often nearest to each other, with their shares."""
    asked = dataset.test_labels.astype(int)
    nearest = asked[neighbours(seen, 1)[:, 0]]
    shares = {
        f"{a} and {b}": round(
            float(np.mean((nearest == a + b - asked)[(asked == a) | (asked == b)])), 4
        )
        for a, b in combinations(range(CLASSES), 2)
    }
    return dict(sorted(shares.items(), key=lambda each: -each[1])[:2])


def nearest_is_the_other(seen: NDArray[Any], dataset: Dataset) -> float:
    """Share of sixes and nines whose nearest other test image is a nine or a six, respectively."""
    asked = dataset.test_labels.astype(int)
    either = (asked == 6) | (asked == 9)
    nearest = neighbours(seen, 1)[:, 0]
    return round(float(np.mean((asked[nearest] == 15 - asked)[either])), 4)


def seen_by_random_map(
    seed: int, codes: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], dataset: Dataset
) -> Card:
    """Results of a loss's inputs, made from codes by an untrained map.

    Parameters
    ----------
    codes : of the training images, the test images, and these upside down, (n, k) each
    """
    width = codes[0].shape[1]
    drawn = np.random.default_rng(seed).normal(size=(width, PROJECTED)).astype(np.float32)
    h, seen, upside_down = (
        z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x @ drawn for x in codes)
    )
    return results((h, seen, upside_down), dataset)


def without_head(seed: int, end: int, dataset: Dataset, job: Job) -> Card:
    """Results of an encoder trained on any turn with the loss on its code, layer `end`."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    kind, train = KINDS["mnist_contrastive_turns"], to_unit(dataset.train_images)[:-HELD]
    model = trained(kind, train, seed, RECIPE, job, end)
    return results_of(nn.Sequential(*list(model)[: end + 1 or None]), dataset)


def untrained(seed: int, dataset: Dataset) -> Card:
    """Results of the same layers with random weights."""
    torch.manual_seed(seed)
    return results_of(network().requires_grad_(False), dataset)


def results_of(layers: nn.Sequential, dataset: Dataset) -> Card:
    """Results of the code of a network."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    return results(tuple(codes_of(layers, x) for x in (train, test, test.flip(1))), dataset)


def results(codes: tuple[NDArray[Any], ...], dataset: Dataset) -> Card:
    """Probes, neighbours and half turns of codes in the form that `seen_by_random_map` accepts."""
    h, seen, upside_down = codes
    sample = sample_of(dataset)
    scale = between_unlike(seen, sample, dataset.test_labels[sample])
    return read(h, seen, upside_down, dataset)[0] | {
        "nearest_of_six_is_nine_or_of_nine_six": nearest_is_the_other(seen, dataset),
        "half_turn_of_six_or_nine": half_turn(seen, upside_down, scale, dataset),
    }


def probe_of_pixels(dataset: Dataset) -> float:
    """Share of the 10,000 test images that the probe of two_views gets right from the pixels."""
    h, seen = (
        x.reshape(len(x), -1).astype(np.float32) / 255
        for x in (dataset.train_images, dataset.test_images)
    )
    wanted = np.eye(CLASSES)[dataset.train_labels]
    matrix, intercept = fit(h[:-HELD], wanted[:-HELD], (h[-HELD:], wanted[-HELD:]))
    return round(float(np.mean((seen @ matrix + intercept).argmax(1) == dataset.test_labels)), 4)


def probes_of_few_labels(dataset: Dataset) -> Card:
    """Results of probes with ten labels per class on the pixels and codes of the test images."""
    torch.manual_seed(0)
    layers = network().requires_grad_(False)
    card = {
        "pixels": few_read(lambda x: x.reshape(len(x), -1) / 255, dataset),
        "untrained": few_read(lambda x: codes_of(layers, to_unit(x)), dataset),
    }
    for name in TWO_VIEWS:
        card[name] = few_read(partial(coded, name), dataset)
    return card


def coded(name: str, x: NDArray[np.uint8]) -> NDArray[Any]:
    """The codes of a few images (n, 28, 28) by one of the encoders trained on two views."""
    return encode_as(name, x / 255)


def few_read(code_of: Callable[[NDArray[np.uint8]], NDArray[Any]], dataset: Dataset) -> Card:
    """The probes of one code of images (n, 28, 28)."""
    train, test = (
        np.concatenate([code_of(part).astype(np.float32) for part in np.array_split(x, 250)])
        for x in (dataset.train_images, dataset.test_images)
    )
    labels = dataset.train_labels
    return read_of_few(
        Labelled(train[:-HELD], labels[:-HELD]),
        Labelled(train[-HELD:], labels[-HELD:]),
        Labelled(test, dataset.test_labels),
    )


def named_right(
    name: str, dataset: Dataset, matrix: NDArray[Any], intercept: NDArray[Any]
) -> list[float]:
    """Share of digits that the probe of a code gets right, turned by each of ANGLES."""
    images, labels = dataset.test_images[:TURNED] / 255, dataset.test_labels[:TURNED]
    shares = []
    for angle in ANGLES:
        answer = encoded(name, turn(images, angle)) @ matrix + intercept
        shares.append(float(np.mean(answer.argmax(1) == labels)))
    return shares
