"""Numbers that this chapter quotes: controls that its snippets leave out."""

import numpy as np

from latentbook.models.full_data import read_full_data
from widgets.data import load
from widgets.kit.benchmark_codes import untrained
from widgets.kit.encoders import NETWORKS, encode_as
from widgets.kit.network import layers_of
from widgets.kit.probe import regress, scores
from widgets.kit.transforms import shift

_gallery = load("mnist_gallery")
_x, _labels = _gallery["images"] / 255, _gallery["labels"]

# How much of its ink an image has in common with the same digit, shifted by 4 px, and with another
_rng = np.random.default_rng(0)
_a, _b = _rng.integers(0, len(_x), (2, 20_000))
_unlike = _labels[_a] != _labels[_b]


def _shared(these, those):
    return 100 * float(np.mean(np.minimum(these, those).sum((1, 2)) / these.sum((1, 2))))


shared_ink = {
    "shifted": _shared(_x, shift(_x, 4)),
    "another": _shared(_x[_a[_unlike]], _x[_b[_unlike]]),
}

# The network's features moved as far as a shift by 2 px moves them, but in other directions
_last = load(NETWORKS["network"])
_h = encode_as("network", _x)
_far = np.linalg.norm(encode_as("network", shift(_x, 2)) - _h, axis=1, keepdims=True)


def _right_beyond(directions):
    length = np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    answers = (_h + _far * directions / length) @ _last["w3"] + _last["b3"]
    return 100 * float(np.mean(answers.argmax(axis=1) == _labels))


_answers = _h.std(axis=0) > 0  # three of the 32 features never do
moved = {
    "random": np.mean([_right_beyond(_rng.normal(size=_h.shape) * _answers) for _ in range(20)]),
    "towards": np.mean([_right_beyond(_h[_rng.permutation(len(_h))] - _h) for _ in range(20)]),
}

# The network that was shown shifts without its biases, and pale digits with those of one layer
_shifts = load(NETWORKS["shifts"])


def _right(x, weights):
    return 100 * float(np.mean(layers_of(x, weights)[4].argmax(axis=1) == _labels))


def _biases_times(factors):
    scaled = {f"b{i}": factor * _shifts[f"b{i}"] for i, factor in enumerate(factors)}
    return dict(_shifts) | scaled


without_biases = _right(_x, _biases_times((0, 0, 0, 0)))
first_biases = _right(0.2 * _x, _biases_times((1, 0.2, 0.2, 0.2)))

# What a probe reads off shifted digits if 8,000 are labelled: random filters, and random sums
_pixels, _known = read_full_data("benchmark_pixels"), read_full_data("benchmark_labels")
_seen = {
    "shown": _rng.permutation(10_000)[:8000],
    "test": _rng.permutation(10_000)[:4000],
}
_digits, _named = {}, {}
for _part, _places in _seen.items():
    _images = _pixels[_part][_places].reshape(-1, 28, 28) / 255
    _by = _rng.integers(-4, 5, (len(_images), 2))
    _digits[_part] = np.stack([np.roll(x, by, (0, 1)) for x, by in zip(_images, _by, strict=True)])
    _named[_part] = _known[_part][_places]
_sums, _offsets = _rng.normal(size=(784, 1152)) / 28, _rng.uniform(-0.3, 0.3, 1152)


def _filters(x):
    parts = [layers_of(part, untrained(0))[1] for part in np.array_split(x, 16)]
    return np.concatenate(parts).reshape(len(x), -1)


def _read(code):
    """By the better of two ridges."""
    known = np.eye(10)[_named["shown"]]
    shown, test = code(_digits["shown"]), code(_digits["test"])
    right = [
        np.mean(scores(test, regress(shown, known, ridge)).argmax(axis=1) == _named["test"])
        for ridge in (0.07, 0.7)
    ]
    return 100 * float(max(right))


read = {
    "sums": _read(lambda x: (x.reshape(len(x), -1) @ _sums + _offsets).clip(0)),
    "filters": _read(_filters),
}
