"""Numbers of chapter 6."""

import numpy as np

from widgets import vq_codebook as _table
from widgets.data import load
from widgets.sae_features import features_of as _features_of

# Codes from a table: is what 60 digits taught theirs alone, or are the 40 test digits harder?
_patches = _table.cut(
    np.delete(load("mnist_gallery")["images"], load("mnist_images")["position"], axis=0)
)
_rng = np.random.default_rng(0)


def _left(x, codes):
    """Squared error of a digit whose patches are replaced by the nearest codes."""
    return _table.PLACES * np.square(x - codes[_table.nearest(x, codes)]).sum(axis=1).mean()


def _means(x, size=64, steps=60):
    """k-means; a code that is nearest to nothing is put on a patch drawn at random."""
    codes = x[_rng.choice(len(x), size, replace=False)]
    for _ in range(steps):
        which = _table.nearest(x, codes)
        count = np.bincount(which, minlength=size)[:, None]
        drawn = x[_rng.integers(len(x), size=size)]
        codes = np.where(count, _table.summed(x, which, size) / np.maximum(count, 1), drawn)
    return codes


_train, _test = _table.patches()
_others = _means(_patches)
table_of_others = {"train": _left(_train, _others), "test": _left(_test, _others)}

# Sparse features at k = 4: those that change answers, beside others that add as much to the units
_data, _gallery, _network = (
    load(name) for name in ("mnist_network_features", "mnist_gallery", "mnist_network")
)
_own = {
    name: _data[f"trained_{name}"][2].astype(float)
    for name in ("encoder", "bias", "decoder", "centre", "digits", "nearest")
}
_units, _labels = _gallery["network"].astype(float), _gallery["labels"]
_z = _features_of(_units, _own, 4)
_W, _b = _network["w3"].astype(float), _network["b3"]
_named = (_units @ _W + _b).argmax(axis=1)
_living = np.flatnonzero(np.sum(_z > 0, axis=0) >= 5)
_middles = np.array([_units[_labels == digit].mean(axis=0) for digit in range(10)])
_spread = np.linalg.cholesky(np.cov(_units.T) + 1e-9 * np.eye(len(_units.T)))


def _changed(on, parts):
    """Share of the answers that change without these parts of the units."""
    return np.mean(((_units[on] - parts) @ _W + _b).argmax(axis=1) != _named[on])


_features, _by_mean, _by_chance = [], [], []
for _j in _living:
    _on = _z[:, _j] > 0
    _part = _z[_on, _j, None] * _own["decoder"][_j]
    _long = np.linalg.norm(_part, axis=1, keepdims=True)
    _way = _middles[_own["digits"][_j].argmax()] - _units.mean(axis=0)
    _drawn = _rng.normal(size=(100, len(_spread))) @ _spread.T
    _features.append(_changed(_on, _part))
    _by_mean.append(_changed(_on, _long * _way / np.linalg.norm(_way)))
    _by_chance.append(
        np.mean([_changed(_on, _long * way / np.linalg.norm(way)) > 0.1 for way in _drawn])
    )

_strong = np.array(_features) > 0.1
_found = _own["nearest"][_living] >= 0.9
_energy = np.mean(_z[:, _living] ** 2 * np.square(_own["decoder"][_living]).sum(axis=1), axis=0)
_largest = np.argsort(-_energy)[:30]
_weak = _largest[~_strong[_largest]]
features = {
    "strong": _strong.sum(),
    "strong_by_mean": np.sum(np.array(_by_mean) > 0.1),
    "strong_by_chance": np.sum(_by_chance),
    "strong_found": np.sum(_found & _strong),
    "weak_found": 100 * _found[~_strong].mean(),
    "large": len(_weak),
    "large_found": 100 * _found[_weak].mean(),
}

# Feature 37, by the width of the strokes of its ones and of other ones, in px
_thin = (_z[:, 36] > 0) & (_labels == 1)
thin = {
    "its": _gallery["width"][_thin].mean(),
    "others": _gallery["width"][(_labels == 1) & ~_thin].mean(),
}

# At k = 1 without training: features with a near copy among their own
_living_untrained = _data["untrained_density"][0] > 0
_rows = _data["untrained_decoder"][0].astype(float)[_living_untrained]
_rows /= np.linalg.norm(_rows, axis=1, keepdims=True)
untrained_copies = 100 * np.mean((_rows @ _rows.T - 2 * np.eye(len(_rows))).max(axis=1) >= 0.9)
