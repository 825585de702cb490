"""Numbers of chapter 2."""

import numpy as np

from widgets import morph as _morph
from widgets.data import load
from widgets.kit.network import decode, encode

# Compress: 625 test digits, and the same moved one pixel to the left
_digits = load("mnist_gallery")["images"] / 255
_labels = load("mnist_gallery")["labels"]
_moved = np.pad(_digits[:, :, 1:], ((0, 0), (0, 0), (0, 1)))
_variances = np.sort(_digits.reshape(len(_digits), -1).var(axis=0))[::-1]
_pca = load("mnist_pca")
_axes = _pca["components"][:30].astype(float)
_off = _digits.reshape(len(_digits), -1) - _pca["mean"]
_rebuilt = _off @ _axes.T @ _axes + _pca["mean"]


def _read(images):
    """Percent of the 625 digits that a classifier names right."""
    chances = _morph.probabilities(images, load("mnist_classifier"))
    return 100 * np.mean(chances.argmax(axis=1) == _labels)


compress = {
    "pixels": np.argmax(np.cumsum(_variances) >= 0.9 * _variances.sum()) + 1,
    "moved": np.square(_moved - _digits).sum(axis=(1, 2)).mean(),
    "rebuilt": np.square(_off - _off @ _axes.T @ _axes).sum(axis=1).mean(),
    "read": _read(_digits),
    "read_moved": _read(_moved),
    "read_rebuilt": _read(_rebuilt),
}

# Holes: places of the square, by how far the nearest code is
_places = np.random.default_rng(0).uniform(-2, 2, (5000, 2))


def _holes(model):
    """Percent of the places near a code, and far from all, that change more than 95 % of digits."""
    decoder, encoder = load(f"{model}_decoder"), load(f"{model}_encoder")
    images = decode(decoder["centre"] + decoder["scale"] * _places, decoder)
    change = np.square(decode(encode(images, encoder), decoder) - images).sum(axis=(1, 2))
    hole = change > np.quantile(encoder["round_trip_quantiles"], 0.95)
    codes = (decoder["codes"] - decoder["centre"]) / decoder["scale"]
    gap = np.min([np.hypot(*(_places - code).T) for code in codes], axis=0)
    return {"near": 100 * hole[gap < 0.1].mean(), "far": 100 * hole[gap > 0.3].mean()}


holes = {"plain": _holes("autoencoder_mnist"), "vae": _holes("mlp_vae_mnist")}

# Atlas: how far out the codes of test digits are drawn, and where their images are grey
_atlas = {name: load(f"{name}_vae_mnist_decoder") for name in ("mlp", "conv")}


def _beyond(stored):
    """Percent of draws beyond 2 and 3, over 400 draws of each code."""
    noise = np.random.default_rng(0).normal(size=(400, *stored["codes"].shape))
    length = np.linalg.norm(
        stored["codes"] + np.exp(stored["log_variances"].astype(float) / 2) * noise, axis=2
    )
    return {"two": 100 * np.mean(length > 2), "three": 100 * np.mean(length > 3)}


def _ranks(values):
    return np.argsort(np.argsort(values, kind="stable")).astype(float)


def _without(values, *others):
    """What is left of ranks after a linear fit on those of others."""
    known = np.stack([*map(_ranks, others), np.ones(len(values))], axis=1)
    ranks = _ranks(values)
    return ranks - known @ np.linalg.lstsq(known, ranks, rcond=None)[0]


def _grey(stored):
    """Rank correlations of the share of inked pixels between 0.2 and 0.8 at each code."""
    codes, labels = stored["codes"].astype(float), stored["labels"]
    images = decode(codes, stored)
    inked = images > 0.2
    grey = np.sum(inked & (images < 0.8), axis=(1, 2)) / inked.sum(axis=(1, 2))
    away = np.linalg.norm(codes[:, None] - codes, axis=2)
    np.fill_diagonal(away, np.inf)
    nearest = np.argsort(away, axis=1, kind="stable")[:, :10]
    alike = np.mean(labels[nearest] == labels[:, None], axis=1)
    tenth = np.take_along_axis(away, nearest[:, -1:], axis=1)[:, 0]
    length = np.linalg.norm(codes, axis=1)
    parts = _without(grey, tenth, length), _without(alike, tenth, length)
    return {
        "apart": np.corrcoef(_ranks(grey), _ranks(tenth))[0, 1],
        "alike": np.corrcoef(_ranks(grey), _ranks(alike))[0, 1],
        "alike_elsewhere_equal": np.corrcoef(*parts)[0, 1],
    }


beyond = {name: _beyond(stored) for name, stored in _atlas.items()}
grey = _grey(_atlas["conv"])

# Paths: certainty in the middle of all pairs of different digits, in percent
_shown, _model = load("mnist_images"), load(f"{_morph.MODELS['mnist']}_decoder")
_codes = _model["codes"][_shown["position"]].astype(float)
_first, _second = np.triu_indices(len(_codes), 1)
_differ = _shown["labels"][_first] != _shown["labels"][_second]
_a, _b = _codes[_first[_differ]], _codes[_second[_differ]]
_line = (_a + _b) / 2
_mean_length = (np.linalg.norm(_a, axis=1) + np.linalg.norm(_b, axis=1)) / 2
_outward = _line * (_mean_length / np.linalg.norm(_line, axis=1))[:, None]


def _certainty(codes):
    chances = _morph.probabilities(decode(codes, _model), load("mnist_classifier"))
    return 100 * chances.max(axis=1).mean()


_middle = np.array([0.5])
middle = {
    "line": _certainty(_line),
    "line_moved_out": _certainty(_outward),
    "arc": _certainty(
        np.concatenate([_morph.slerp(a, b, _middle) for a, b in zip(_a, _b, strict=True)])
    ),
}
