"""The codes compared in chapter 5, and their results on all of MNIST."""

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card, read_card
from latentbook_decoders.models.full_data import FOLDER as SERVER_DATA
from latentbook_decoders.models.full_data import read_full_data
from training.benchmark_codes import encode_benchmark, on_page, own_error
from training.data import Dataset, load_dataset
from training.exports.export import WIDGET_DATA, Job, write_export
from widgets import compare_codes, report_card
from widgets.data import load
from widgets.kit.benchmark_codes import CHANGED, CHANGES, JUDGED, SHOWN, change, variance_read
from widgets.kit.probe import (
    MATRICES,
    RIDGES,
    Array,
    drawn,
    fit,
    held_out,
    log_loss,
    over_draws,
    share_right,
    squared_loss,
)
from widgets.kit.similarity import MEASURES

PER_CLASS = (1, 2, 5, 10, 20, 50)
FEW_OR_MANY = (10, 50)
DRAWS, SEED = 10, 0
POOL = 10_000
"""Training images that a server draws labels from. They are the first ones: images at even and at
odd places of MNIST differ, and with PCA, probes of every sixth one get 1.7 % fewer digits right."""

Probe = Callable[[NDArray[Any], NDArray[Any], float], tuple[Array, Array]]
Loss = Callable[[NDArray[Any], NDArray[Any], tuple[Array, Array]], float]


def make_images(job: Job) -> Card:
    """The 2,000 images, for codes that the page computes itself."""
    dataset = load_dataset("mnist")
    x, _ = on_page(dataset)
    job.on_step(1, 1, 0.0)
    card = {
        "title": "MNIST: 1,000 training images drawn at random, then every 10th test image",
        "data": dataset.origin,
        "metrics": {"images": len(x)},
    }
    return write_export("mnist_judged_images", {"images": x}, card)


def make_codes(name: str, job: Job) -> Card:
    """Codes of the 2,000 images by one encoder, and of changed ones."""
    dataset = load_dataset("mnist")
    grey, _ = on_page(dataset)
    x = grey / 255
    test = x[SHOWN:]
    codes = encode_benchmark(name, x).astype(np.float16)
    changed = [encode_benchmark(name, change(test[::CHANGED], how)) for how in CHANGES]
    own = own_error(name, test)
    read = variance_read(codes[:SHOWN], codes[SHOWN:], x)
    job.on_step(1, 1, 0.0)
    arrays: dict[str, NDArray[Any]] = {
        "codes": codes,
        "changed": np.stack(changed).astype(np.float16),
        "rebuilt": np.array(read),
    }
    if own is not None:
        arrays["squared_error"] = np.array(own)
    card = {
        "title": f"Codes of 2,000 digits: {JUDGED[name]}",
        "data": dataset.origin,
        "codes": "of 1,000 training images drawn at random, then every 10th test image",
        "changed": f"of every {CHANGED}th of these test images: {', '.join(CHANGES.values())}",
        "squared_error": "per test image, by the encoder's own decoder, where it has one",
        "rebuilt": "share of the variance of the test images' pixels that ridge regression, fitted "
        "to the training images, reads off the codes",
        "metrics": {"rebuilt": round(read, 4), "squared_error": own and round(own, 3)},
    }
    return write_export(f"mnist_as_{name}", arrays, card)


def make_full_codes(name: str, job: Job) -> Card:
    """Codes of 20,000 images by one encoder, for the probes of a server."""
    dataset = load_dataset("mnist")
    arrays: dict[str, NDArray[Any]] = {}
    for key, images in (("shown", dataset.train_images[:POOL]), ("test", dataset.test_images)):
        if name == "pixels":  # a probe does not depend on the scale of a code
            arrays[key] = images.reshape(len(images), -1)
        else:
            arrays[key] = encode_benchmark(name, images / 255).astype(np.float16)
    job.on_step(1, 1, 0.0)
    card = {
        "title": f"Codes of 20,000 digits: {JUDGED[name]}",
        "data": dataset.origin,
        "shown": f"of the first {POOL} training images",
        "test": "of all test images",
        "metrics": {"images": sum(map(len, arrays.values()))},
    }
    if name != "pixels":
        card["page"] = read_card(WIDGET_DATA / f"mnist_as_{name}.json")["file"]
    return write_export(f"benchmark_{name}", arrays, card, SERVER_DATA)


def make_full_labels(job: Job) -> Card:
    """Labels of the images of `make_full_codes`."""
    dataset = load_dataset("mnist")
    arrays = {"shown": dataset.train_labels[:POOL], "test": dataset.test_labels}
    job.on_step(1, 1, 0.0)
    card = {
        "title": "Labels of the first 10,000 training images and of all test images of MNIST",
        "data": dataset.origin,
        "metrics": {"images": sum(map(len, arrays.values()))},
    }
    return write_export("benchmark_labels", arrays, card, SERVER_DATA)


def make_cards(job: Job) -> Card:
    """The report card of every code, computed as in the page."""
    cards = [report_card.made(name) for name in JUDGED]
    arrays = {key: np.array([card[key] for card in cards]) for key in cards[0]}
    arrays["own"] = arrays["own"].astype(float)  # NaN without a decoder
    job.on_step(1, 1, 0.0)
    card = {
        "title": "Report cards of the judged codes",
        "data": load_dataset("mnist").origin,
        "shares": f"for each code, of {list(report_card.MEASURES)}",
        "encoders": list(JUDGED),
        "metrics": {
            name: [round(float(v), 4) for v in row]
            for name, row in zip(JUDGED, arrays["shares"], strict=True)
        },
    }
    return write_export("mnist_cards", arrays, card)


def make_compared(job: Job) -> Card:
    """Similarity of the judged codes, computed as in the page."""
    counts = compare_codes.COUNTS
    arrays = {
        measure: np.stack([compare_codes.matrix_of(measure, n) for n in counts]).astype(np.float32)
        for measure in MEASURES
    }
    job.on_step(1, 1, 0.0)
    card = {
        "title": "How alike the judged codes are, by each measure",
        "data": load_dataset("mnist").origin,
        "encoders": list(JUDGED),
        "images": f"the first {', '.join(map(str, counts))} test images",
        "metrics": {measure: round(float(each.mean()), 4) for measure, each in arrays.items()},
    }
    return write_export("mnist_compared", arrays, card)


@lru_cache(maxsize=1)
def codes_of_all(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes of all training and of all test images."""
    dataset = load_dataset("mnist")
    shown, test = (
        encode_benchmark(name, x / 255) for x in (dataset.train_images, dataset.test_images)
    )
    return shown, test


def by_ridge(name: str, dataset: Dataset) -> dict[str, float]:
    """Share of test images that probes with 50 labels per class get right, by ridge."""
    shown, test = codes_of_all(name)
    asked = (shown, dataset.train_labels, test, dataset.test_labels)
    return {
        str(ridge): round(
            float(over_draws(*asked, per_class=PER_CLASS[-1], draws=DRAWS, ridge=ridge).mean()), 5
        )
        for ridge in RIDGES
    }


def logistic(
    h: NDArray[Any], labels: NDArray[Any], ridge: float, tolerance: float = 1e-4
) -> tuple[Array, Array]:
    """Multinomial logistic regression, with half the penalty of `fit` for the same ridge."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    mean = h.mean(axis=0, dtype=np.float64)
    unit = np.sqrt(np.mean(np.sum((h - mean) ** 2, axis=1)))
    model = LogisticRegression(C=1 / ridge, tol=tolerance, max_iter=10_000)
    model.fit((h - mean) / unit, labels)
    matrix = model.coef_.T / unit
    return matrix, model.intercept_ - mean @ matrix


def chosen(probe: Probe, loss: Loss, h: NDArray[Any], known: NDArray[Any]) -> float:
    """The ridge with which a probe of most labels of each class has the least loss on the rest.

    With a single label per class none is held out, and the ridge is 1. `h` is sorted by class.
    """
    held = held_out(len(h))
    if not held.any():
        return 1.0
    lost = [loss(h[held], known[held], probe(h[~held], known[~held], ridge)) for ridge in RIDGES]
    return RIDGES[int(np.argmin(lost))]


def make_logistic(name: str, job: Job) -> Card:
    """Logistic probes of one encoder, for each number of labels and each draw of them."""
    dataset = load_dataset("mnist")
    stored = read_full_data(f"benchmark_{name}")["test"]
    test = stored / np.float32(255) if name == "pixels" else stored.astype(np.float32)
    shape = (len(PER_CLASS), DRAWS)
    width = test.shape[1]
    matrices = np.zeros((*shape, width, 10), np.float16)
    intercepts = np.zeros((*shape, 10), np.float32)
    ridges, right = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for i, per_class in enumerate(PER_CLASS):
        rng = np.random.default_rng(SEED)
        for j in range(DRAWS):
            places = drawn(dataset.train_labels, per_class, rng)
            h = encode_benchmark(name, dataset.train_images[places] / 255)
            known = dataset.train_labels[places]
            ridges[i, j] = ridge = chosen(logistic, log_loss, h, known)
            matrix, intercept = logistic(h, known, ridge, tolerance=1e-6)
            matrices[i, j] = matrix
            # The intercept undoes the effect of rounding the matrix on the mean code
            intercepts[i, j] = intercept + h.mean(axis=0) @ (matrix - matrices[i, j])
            probe = matrices[i, j].astype(np.float32), intercepts[i, j]
            right[i, j] = share_right(test, dataset.test_labels, probe)
        job.on_step(i + 1, len(PER_CLASS), 0.0)
    card = {
        "title": f"Logistic probes: {JUDGED[name]}",
        "data": dataset.origin,
        "page": read_card(SERVER_DATA / f"benchmark_{name}.json")["file"],
        "draws": f"{DRAWS} draws of {PER_CLASS} labels of each class out of 60,000: for each "
        "number one after the other, from numpy.random.default_rng(seed)",
        "seed": SEED,
        "ridge": "the one of the least loss on one label in five of each class, or one of two, "
        "that the probe was not fitted to; 1 with one label of each class",
        "right": "share of the 10,000 test images that each stored probe names",
        "metrics": [round(float(v), 4) for v in right.mean(axis=1)],
    }
    arrays: dict[str, NDArray[Any]] = {
        "matrix": matrices,
        "intercept": intercepts,
        "ridge": ridges,
        "right": right,
    }
    return write_export(f"mnist_logistic_{name}", arrays, card)


def read_by_probe(
    h: NDArray[Any],
    seen: NDArray[Any],
    dataset: Dataset,
    per_class: tuple[int, ...] = FEW_OR_MANY,
) -> dict[str, float]:
    """Percent of the test images that the standard probe gets right, by labels per class.

    Mean over the draws of `make_logistic`; h and seen are codes of all 60,000 and 10,000 images.
    """
    shares = {}
    for count in per_class:
        rng, right = np.random.default_rng(SEED), []
        for _ in range(DRAWS):
            places = drawn(dataset.train_labels, count, rng)
            some = h[places], dataset.train_labels[places]
            ridge = chosen(logistic, log_loss, *some)
            probe = logistic(*some, ridge, tolerance=1e-6)
            right.append(share_right(seen, dataset.test_labels, probe))
        shares[str(count)] = round(100 * float(np.mean(right)), 2)
    return shares


def by_probe(name: str, dataset: Dataset) -> dict[str, float]:
    """Share of all test images that three probes with 50 labels per class get right.

    "fixed" is least squares with a ridge of 1, "chosen" with that of `chosen`; "logistic" are the
    probes of `make_logistic`. Mean over DRAWS, the same for all three.
    """
    shown, test = codes_of_all(name)
    rng = np.random.default_rng(SEED)
    found: dict[str, list[float]] = {"fixed": [], "chosen": []}
    for _ in range(DRAWS):
        places = drawn(dataset.train_labels, PER_CLASS[-1], rng)
        h, known = shown[places], dataset.train_labels[places]
        for key, ridge in (("fixed", 1.0), ("chosen", chosen(fit, squared_loss, h, known))):
            found[key].append(share_right(test, dataset.test_labels, fit(h, known, ridge)))
    return {
        **{key: round(float(np.mean(shares)), 5) for key, shares in found.items()},
        "logistic": round(float(load(f"mnist_logistic_{name}")["right"][-1].mean()), 5),
    }


def make_judged(job: Job) -> Card:
    """Labels of the 2,000 images; probes of every encoder on all 70,000."""
    dataset = load_dataset("mnist")
    labels = on_page(dataset)[1]
    curves = np.zeros((len(MATRICES), len(JUDGED), len(PER_CLASS), 3), np.float32)
    shares_by_ridge, shares_by_probe = {}, {}
    for i, name in enumerate(JUDGED):
        right = load(f"mnist_logistic_{name}")["right"]
        curves[list(MATRICES).index("logistic"), i] = np.stack(
            [right.mean(axis=1), right.min(axis=1), right.max(axis=1)], axis=1
        )
        shown, test = codes_of_all(name)
        for (m, matrix), (j, per_class) in product(enumerate(MATRICES), enumerate(PER_CLASS)):
            if matrix == "logistic":
                continue
            found = over_draws(
                shown,
                dataset.train_labels,
                test,
                dataset.test_labels,
                per_class=per_class,
                draws=DRAWS,
                matrix=matrix,
            )
            curves[m, i, j] = found.mean(), found.min(), found.max()
        if name in ("deep", "masked"):
            shares_by_ridge[name] = by_ridge(name, dataset)
        shares_by_probe[name] = by_probe(name, dataset)
        job.on_step(i + 1, len(JUDGED), 0.0)
    card = {
        "title": "Linear probes of the judged codes, on all 70,000 images",
        "data": dataset.origin,
        "curves": f"share of the 10,000 test images that a probe names, after {PER_CLASS} labels "
        f"of each class out of 60,000, for each of {list(MATRICES)}: mean, least and largest of "
        f"{DRAWS} draws",
        "by_ridge": shares_by_ridge,
        "by_probe": shares_by_probe,
        "encoders": list(JUDGED),
        "metrics": {
            name: [round(float(v), 4) for v in curve[:, 0]]
            for name, curve in zip(JUDGED, curves[0], strict=True)
        },
    }
    return write_export("mnist_judged", {"labels": labels, "curves": curves}, card)
