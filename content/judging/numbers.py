"""Numbers of chapter 5: percent of digits named right, where nothing else is said."""

import numpy as np

from latentbook.models.cards import card
from latentbook.models.full_data import read_full_data
from widgets import linear_probe
from widgets.data import load
from widgets.kit.benchmark_codes import JUDGED, codes, images, labels, untrained
from widgets.kit.network import layers_of
from widgets.kit.probe import fit, nearest_mean, over_draws, scores, share_right

_codes = {name: codes(name) for name in JUDGED}
_known, _answers = labels()


def _here(code, **changed):
    """Of the page's 1,000 test digits, the mean over ten draws of fifty labels of each."""
    asked = linear_probe.instrument.defaults() | {"code": code, "per_class": 50} | changed
    return 100 * linear_probe.compute(**asked)["here"].mean()


# Probes of all images: mean, least and largest of ten draws, for 1, 2, 5, 10, 20, 50 labels
_squares, _means = (
    {name: 100 * curve for name, curve in zip(JUDGED, curves, strict=True)}
    for curves in load("mnist_judged")["curves"].astype(float)
)
one_label = {code: curve[0, 0] for code, curve in _squares.items()}
probe = {code: curve[-1, 0] for code, curve in _squares.items()}
means = {code: curve[-1, 0] for code, curve in _means.items()}
worse_by_means = sum(means[code] < probe[code] for code in JUDGED)
untrained_behind = probe["pixels"] - probe["random"]
masked_ahead = one_label["masked"] - one_label["deep"]
deep_ahead = probe["deep"] - probe["masked"]

_spread = np.array([curve[:, 2] - curve[:, 1] for curve in _squares.values()])
spread_one_label = {  # to the next ten
    "least": round(_spread[:, 0].min(), -1),
    "most": round(_spread[:, 0].max(), -1),
}
spread = {"most": _spread[:, -1].max(), "codes_within_one": np.sum(_spread[:, -1] < 1)}

# What training computed on all images: the best of several ridges
_best = {
    code: 100 * max(card("mnist_judged")["by_ridge"][code].values()) for code in ("deep", "masked")
}
deep_ahead_at_best = _best["deep"] - _best["masked"]

# Labels and questions of the server and of the tab, the deep code
_stored, _labels = read_full_data("benchmark_deep"), read_full_data("benchmark_labels")
_shown = {"server": (_stored["shown"], _labels["shown"]), "tab": (_codes["deep"][0], _known)}
_asked = {"server": (_stored["test"], _labels["test"]), "tab": (_codes["deep"][1], _answers)}


def _named(pool, questions, places=slice(None)):
    h, known = (each[places] for each in _shown[pool])
    return 100 * over_draws(h, known, *_asked[questions], per_class=50, draws=10).mean()


_rng = np.random.default_rng(0)
pools = {
    "server": _named("server", "server"),
    "tab_asks": _named("server", "tab"),
    "tab_shows": _named("tab", "server"),
    "tab": _named("tab", "tab"),
    "few": np.mean([_named("server", "server", _rng.permutation(10_000)[:1000]) for _ in "abcde"]),
}
standard_error = 100 * np.sqrt(0.8 * 0.2 / 1000)  # in points

# The thousand labels of the page
_pixels = [each.astype(float) for each in _codes["pixels"][:2]]


def _logistic(h, known, test, steps=2000):
    """Multinomial logistic regression with |W|^2 / 2 added to the loss: classes of test images."""
    h, test = (np.c_[x, np.ones(len(x))] for x in (h, test))
    decay = np.r_[np.ones(h.shape[1] - 1), 0][:, None]  # none on the intercept
    rate = 1 / (0.5 * np.linalg.norm(h, 2) ** 2 + 1)
    W = ahead = np.zeros((h.shape[1], 10))
    for step in range(steps):
        chance = np.exp(h @ ahead - (h @ ahead).max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        before, W = W, ahead - rate * (h.T @ (chance - np.eye(10)[known]) + decay * ahead)
        ahead = W + step / (step + 3) * (W - before)
    return (test @ W).argmax(axis=1)


logistic = 100 * np.mean(_logistic(_pixels[0], _known, _pixels[1]) == _answers)
ridge = 100 * share_right(_pixels[1], _answers, fit(_pixels[0], _known))

_two, _test, _ = _codes["autoencoder"]
_fitted = fit(_two, _known)
two_numbers = {
    "squares": 100 * share_right(_test, _answers, _fitted),
    "means": 100 * share_right(_test, _answers, nearest_mean(_two, _known)),
}
never_named = sorted(set(range(10)) - set(scores(_test, _fitted).argmax(axis=1).tolist()))


def _between(h):
    """Share of the variance of a code that lies between the classes."""
    h = h.astype(float)
    centres = np.stack([h[_known == c].mean(axis=0) for c in range(10)])
    within = np.mean(np.sum((h - centres[_known]) ** 2, axis=1))
    return 100 * (1 - within / h.var(axis=0).sum())


between = {code: _between(_codes[code][0]) for code in ("masked", "deep", "pixels")}

# The page's probes at other ridges
pixels_here = _here("pixels")
weak_ridge = {
    "pixels": _here("pixels", per_class=20),
    "pixels_weak": _here("pixels", per_class=20, ridge=0.001),
    "deep": _here("deep"),
    "masked": _here("masked"),
    "deep_weak": _here("deep", ridge=0.01),
    "masked_weak": _here("masked", ridge=0.01),
}

# Other draws of untrained weights: the maps before the dense layer, and its 32 features
_untrained = {2: [], 3: []}
for _seed in range(6):
    _parts = [layers_of(x, untrained(_seed)) for x in np.array_split(images(), 8)]
    for _layer, _found in _untrained.items():
        _h = np.concatenate([part[_layer].reshape(len(part[_layer]), -1) for part in _parts])
        _right = over_draws(_h[:1000], _known, _h[1000:], _answers, per_class=50, draws=10)
        _found.append(100 * _right.mean())
maps_here = {"least": min(_untrained[2]), "most": max(_untrained[2])}
features_here = {
    "ours": _untrained[3][0],
    "least": min(_untrained[3][1:]),
    "most": max(_untrained[3][1:]),
}
