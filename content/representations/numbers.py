"""Numbers of chapter 1: percent, where nothing else is said."""

from math import comb

import numpy as np

from latentbook_decoders.models.cards import card
from latentbook_decoders.models.full_data import read_full_data
from widgets.data import load
from widgets.kit.benchmark_codes import untrained
from widgets.kit.encoders import ENCODERS, NETWORKS, encode_as
from widgets.kit.metrics import k_means, squared_distances
from widgets.kit.network import convolution, layers_of, pool
from widgets.kit.probe import regress, scores
from widgets.kit.transforms import dim, shift, turn

_gallery = load("mnist_gallery")
_x, _labels = _gallery["images"] / 255, _gallery["labels"]


# Both networks from several seeds: what a matrix reads off their features, and changed digits that
# they name
def _from_seeds(network):
    runs = card(NETWORKS[network])["by_seed"].values()
    found = {
        "place": "place_read_off_features",
        "width": "width_read_off_features",
        "turned": "accuracy_turned",
        "pale": "accuracy_pale",
    }
    values = {name: [100 * run[key] for run in runs] for name, key in found.items()}
    ends = {name: {"least": min(each), "most": max(each)} for name, each in values.items()}
    return {"count": len(runs)} | ends


shown_shifts, not_shown = _from_seeds("shifts"), _from_seeds("network")

# Nearest neighbours among all 10,000 test images, and among all training images by pixels
_distances = card("mnist_distances")["metrics"]
same_nearest = {code: 100 * share for code, share in _distances["same_nearest"].items()}
pixels_wrong = 100 * _distances["wrong"]["60000"]


def _same_nearest(codes, labels):
    """Percent of codes whose nearest other one is of the same digit."""
    same = []
    for start in range(0, len(codes), 1000):
        apart = squared_distances(codes[start : start + 1000], codes)
        apart[np.arange(len(apart)), start + np.arange(len(apart))] = np.inf
        same.append(labels[apart.argmin(axis=1)] == labels[start : start + 1000])
    return 100 * np.mean(same)


same_nearest["full_vae"] = _same_nearest(
    read_full_data("benchmark_vae")["test"].astype(float),
    read_full_data("benchmark_labels")["test"],
)

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

# Two networks, changed digits, and biases that are multiplied
_changed = {
    "unchanged": _x,
    "right_2": shift(_x, 2),
    "right_4": shift(_x, 4),
    "up_4": shift(_x, 0, -4),
    "turned": turn(_x, 30),
    "pale": dim(_x, 0.2),
}


def _right(network, change, factors=(1, 1, 1, 1)):
    """Of 625 digits, with the biases of each layer multiplied by its factor."""
    weights = dict(load(NETWORKS[network]))
    for layer, factor in enumerate(factors):
        weights[f"b{layer}"] = factor * weights[f"b{layer}"]
    answers = layers_of(_changed[change], weights)[4].argmax(axis=1)
    return 100 * np.mean(answers == _labels)


right = {network: {change: _right(network, change) for change in _changed} for network in NETWORKS}
pale_biases = {network: _right(network, "pale", (0.2, 0.2, 0.2, 0.2)) for network in NETWORKS}
first_biases = _right("shifts", "pale", (1, 0.2, 0.2, 0.2))
without_biases = _right("shifts", "unchanged", (0, 0, 0, 0))

# How far a digit moves, as a share of the distance to another digit
_units = dict(zip(ENCODERS, load("mnist_distances")["scale"], strict=True))


def _moved_by(change, code):
    moves = encode_as(code, _changed[change]) - encode_as(code, _x)
    return np.linalg.norm(moves, axis=1).mean() / _units[code]


turned_by = {code: _moved_by("turned", code) for code in ("pixels", "fourier")}
shifted_by = {"pixels": _moved_by("right_2", "pixels")}

# Digits shifted by one pixel: their pooled maps against those of the digits in place, and halfway
_padded = np.pad(_x[:50], ((0, 0), (8, 8), (8, 8)))[:, None]
_kernels = load(NETWORKS["shifts"])["w0"]
_pooled = pool(convolution(_padded, _kernels))
_pooled_moved = pool(convolution(np.roll(_padded, 1, axis=3), _kernels))


def _off(maps):
    return np.linalg.norm(_pooled_moved - maps) / np.linalg.norm(_pooled_moved)


_one_over = np.roll(_pooled, 1, axis=3)
pooled = {
    "whole": min(_off(_pooled), _off(_one_over)),
    "halfway": _off((_pooled + _one_over) / 2),
}


# The way of a digit's code as it turns, by the direct distance: mean over the gallery
def _mean_way(code):
    path = np.stack([encode_as(code, turn(_x, angle)) for angle in range(-20, 21, 5)])
    steps = np.linalg.norm(np.diff(path, axis=0), axis=2).sum(axis=0)
    return np.mean(steps / np.linalg.norm(path[-1] - path[0], axis=1))


mean_way = {code: _mean_way(code) for code in ("vae", "blurred")}


# Codes of shifted digits, predicted as in the table but with a ridge a thousand times smaller
def _predicted(code):
    h, moved = encode_as(code, _x[:300]), encode_as(code, _changed["right_2"][:300])
    gram = (h - h.mean(axis=0)) @ (h - h.mean(axis=0)).T
    size = np.trace(gram) / len(h)
    inverse = np.linalg.inv(gram + 0.0001 * size * np.eye(len(h)) + size)
    off = inverse @ moved / np.diag(inverse)[:, None]  # of what all other digits predict
    return 100 - 100 * np.sum(off**2) / np.sum((moved - moved.mean(axis=0)) ** 2)


predicted = {code: _predicted(code) for code in ("pixels", "fourier")}

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
_drawn = untrained(0)


def _filters(x):
    """The first convolution of an untrained network, pooled."""
    parts = [
        pool((convolution(part[:, None], _drawn["w0"]) + _drawn["b0"][:, None, None]).clip(0))
        for part in np.array_split(x, 16)
    ]
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


# The first 2,000 of these, in place: a matrix, and regression with a Gaussian kernel, half the mean
# squared distance wide
def _codes_of(code, part, count):
    return encode_as(code, _pixels[part][_seen[part][:count]].reshape(-1, 28, 28) / 255)


def _from_2000(code):
    shown, test = _codes_of(code, "shown", 2000), _codes_of(code, "test", 4000)
    known, named = np.eye(10)[_named["shown"][:2000]], _named["test"]
    apart = squared_distances(shown, shown)
    width = apart.mean() / 2
    weights = np.linalg.solve(np.exp(-apart / width) + 0.01 * np.eye(len(shown)), known)
    by_matrix = scores(test, regress(shown, known, 1.0))
    by_kernel = np.exp(-squared_distances(test, shown) / width) @ weights
    return {
        "matrix": 100 * np.mean(by_matrix.argmax(axis=1) == named),
        "kernel": 100 * np.mean(by_kernel.argmax(axis=1) == named),
    }


from_2000 = {code: _from_2000(code) for code in ("pixels", "fourier")}

# A classifier on features that stay as they were drawn, by steps: percent right of the 500 digits
# shown and of 125 new ones, mean of five draws
_flat, _wanted = _x.reshape(625, -1), np.eye(10)[_labels[:500]]


def _fixed(width, steps):
    found = []
    for seed in range(5):
        features = np.random.default_rng(seed).normal(size=(784, width)) / 28
        h = np.maximum(_flat @ features, 0)
        classifier = np.zeros((width, 10))
        for _ in range(steps):
            odds = np.exp(h[:500] @ classifier)
            chances = odds / odds.sum(axis=1, keepdims=True)
            classifier -= 0.5 * h[:500].T @ (chances - _wanted) / 500
        right = (h @ classifier).argmax(axis=1) == _labels
        found.append((100 * right[:500].mean(), 100 * right[500:].mean()))
    shown, new = np.mean(found, axis=0)
    return {"new": new, "gap": shown - new}


fixed = {"at_100": _fixed(32, 100), "at_5000": _fixed(32, 5000), "wide": _fixed(784, 100)}

# What is read off each layer: percent of digits, and of the variance of place and of width
_layers = ("image", "first", "second", "features", "classes")
_asked = ("digit", "place", "width")
layer = {
    network: {
        name: dict(zip(_asked, (100 * shares).tolist(), strict=True))
        for name, shares in zip(_layers, found, strict=True)
    }
    for network, found in zip(NETWORKS, load("mnist_probes")["scores"][[1, 0]], strict=True)
}

# Nearest neighbours in the gallery that show another digit, without and with numbers of noise
_flat = _x.reshape(len(_x), -1)


def _other_digit(h):
    gap = squared_distances(h, h)
    np.fill_diagonal(gap, np.inf)
    return 100 * np.mean(_labels[gap.argmin(axis=1)] != _labels)


appended = {
    "without": _other_digit(_flat),
    "noise": _other_digit(np.hstack([_flat, np.random.default_rng(0).normal(size=(len(_x), 200))])),
}


# The table's measures of five untrained copies of the network, and standard errors of shares
def _left_out(h, wanted):
    """What the table's ridge regression on all other rows leaves of each row."""
    h = h - h.mean(axis=0)
    gram = h @ h.T
    size = np.trace(gram) / len(h)
    inverse = np.linalg.inv(gram + 0.1 * size * np.eye(len(h)) + size)
    return inverse @ wanted / np.diag(inverse)[:, None]


def _of_untrained(seed):
    weights, one_hot = untrained(seed), np.eye(10)[_labels[:300]]
    h, shifted = (layers_of(_changed[name][:300], weights)[3] for name in ("unchanged", "right_2"))
    apart = squared_distances(h, h)[_labels[:300, None] != _labels[:300]]
    path = np.stack([layers_of(turn(_x[:60], a), weights)[3] for a in range(-20, 21, 5)])
    steps = np.linalg.norm(np.diff(path, axis=0), axis=2).sum(axis=0)
    off = np.sum(_left_out(h, shifted) ** 2)
    named = (one_hot - _left_out(h, one_hot)).argmax(axis=1)
    return {
        "moved": np.linalg.norm(shifted - h, axis=1).mean() / np.sqrt(apart).mean(),
        "predicted": 100 - 100 * off / np.sum((shifted - shifted.mean(axis=0)) ** 2),
        "right": 100 * np.mean(named == _labels[:300]),
        "way": np.median(steps / np.linalg.norm(path[-1] - path[0], axis=1)),
    }


_copies = [_of_untrained(seed) for seed in range(5)]
untrained_copies = {
    key: {"least": min(copy[key] for copy in _copies), "most": max(copy[key] for copy in _copies)}
    for key in _copies[0]
}
_shares = np.array([0.54, 0.97])  # of 300 digits: those of the largest and the least error
standard_error = dict(
    zip(("most", "least"), 100 * np.sqrt(_shares * (1 - _shares) / 300), strict=True)
)

# Percent of the variance that a matrix reads off the features of six networks before any training
_new_features = card("controls")["metrics"]["untrained_networks"]
new_features = {
    name: {"least": min(shares), "most": max(shares)} for name, shares in _new_features.items()
}


# Regions into which hyperplanes in general position cut a space
regions = {"units_32_inputs_3": sum(comb(32, j) for j in range(4))}

# Two numbers of a classifier, from two seeds
two_numbers = card("controls")["metrics"]["two_numbers"]


def _place_by_clusters(count):
    """Percent of the place's variance, as in `snippet-distributed`."""
    data = load("mnist_places")
    moves = data["moves"].reshape(960, 2).astype(float)
    h = data["trained"].reshape(960, 32).astype(float)
    known = np.repeat(np.arange(120) % 3 > 0, 8)
    member = k_means(h[known], count)
    centres = np.array([h[known][member == c].mean(axis=0) for c in range(count)])
    kinds = np.eye(count)[squared_distances(h, centres).argmin(axis=1)]
    read = scores(kinds[~known], regress(kinds[known], moves[known], 0.01))
    off = np.sum((read - moves[~known]) ** 2)
    return 100 * (1 - off / np.sum((moves[~known] - moves[known].mean(axis=0)) ** 2))


place_of_256 = _place_by_clusters(256)
