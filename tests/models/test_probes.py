"""The probes on fresh shifts of test digits, and against scikit-learn's ridge regression."""

import numpy as np
from sklearn.linear_model import Ridge

from training.data import Dataset
from widgets.data import load
from widgets.kit.network import layers_of
from widgets.kit.transforms import shift, stroke_width

PROBES = load("mnist_probes")


def every_layer(x):
    """The layers of the network that was shown shifts, (n, units) each."""
    parts = [layers_of(part, load("mnist_network_shifts")) for part in np.array_split(x, 10)]
    return [np.concatenate(layer).reshape(len(x), -1) for layer in zip(*parts, strict=True)]


def shifted(x, seed):
    moves = np.random.default_rng(seed).integers(-4, 5, (len(x), 2))
    return np.stack([shift(one, *by) for one, by in zip(x, moves, strict=True)]), moves


def shares(answer, labels, moves, width):
    """Shares of digits read correctly, and of the variance of place and width explained."""
    read = [np.mean(answer[:, :10].argmax(1) == labels)]
    for received, wanted in ((answer[:, 10:12], moves), (answer[:, 12], width)):
        off = np.square(received - wanted).sum(0) / np.square(wanted - wanted.mean(0)).sum(0)
        read.append(1 - np.mean(off))
    return read


def test_probes_read_fresh_shifts_as_well_as_the_figure_says(mnist: Dataset):
    x = mnist.test_images / 255
    moved, moves = shifted(x, seed=7)
    for i, h in enumerate(every_layer(moved)):
        answer = h @ PROBES[f"w{i}"] + PROBES[f"b{i}"]
        read = shares(answer, mnist.test_labels, moves, stroke_width(x))
        np.testing.assert_allclose(read, PROBES["scores"][0, i], atol=0.012)


def test_ridge_regression_of_sklearn_reads_as_much(mnist: Dataset):
    """Ridge regression is fitted to fewer digits, on the two layers with few units."""
    train, test = mnist.train_images[:10_000] / 255, mnist.test_images[::4] / 255
    (seen, by), (new, by_new) = shifted(train, 8), shifted(test, 9)
    labels = mnist.train_labels[:10_000]
    wanted = np.c_[np.eye(10)[labels], by, stroke_width(train)]
    shown, unseen = every_layer(seen), every_layer(new)
    for i in (3, 4):
        answer = Ridge(1e-3).fit(shown[i], wanted).predict(unseen[i])
        read = shares(answer, mnist.test_labels[::4], by_new, stroke_width(test))
        np.testing.assert_allclose(read, PROBES["scores"][0, i], atol=0.03)
