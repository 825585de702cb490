"""Numbers of chapter 5: percent of digits named right, where nothing else is said."""

import numpy as np

from latentbook.models.cards import card
from latentbook.models.full_data import read_full_data
from widgets import confound, control_task, linear_probe, report_card
from widgets.data import load
from widgets.kit.benchmark_codes import (
    CHANGED,
    CHANGES,
    DIMMED,
    JUDGED,
    codes,
    images,
    labels,
    untrained,
)
from widgets.kit.metrics import best_sharpness, precision_at, softmax
from widgets.kit.network import layers_of
from widgets.kit.probe import fit, left_out, nearest_mean, over_draws, scores, share_right
from widgets.kit.transforms import dim

_codes = {name: codes(name) for name in JUDGED}
_known, _answers = labels()


def _here(code, **changed):
    """Of the page's 1,000 test digits, by least squares: ten draws of fifty labels of each."""
    asked = linear_probe.instrument.defaults() | {"code": code, "matrix": "squares"}
    asked |= {"per_class": 50} | changed
    return 100 * linear_probe.compute(**asked)["here"].mean()


# Probes of all images: mean, least and largest of ten draws, for 1, 2, 5, 10, 20, 50 labels
_squares, _means, _logistic = (
    {name: 100 * curve for name, curve in zip(JUDGED, curves, strict=True)}
    for curves in load("mnist_judged")["curves"].astype(float)
)
one_label = {code: curve[0, 0] for code, curve in _logistic.items()}
probe = {code: curve[-1, 0] for code, curve in _logistic.items()}
squares = {code: curve[-1, 0] for code, curve in _squares.items()}
means = {code: curve[-1, 0] for code, curve in _means.items()}
worse_by_means = sum(means[code] < squares[code] for code in JUDGED)
untrained_behind = squares["pixels"] - squares["random"]
masked_ahead = one_label["masked"] - one_label["deep"]
deep_ahead = probe["deep"] - probe["masked"]
deep_ahead_by_squares = squares["deep"] - squares["masked"]
five_labels = {
    "logistic": _logistic["contrastive"][2, 0],
    "squares": _squares["contrastive"][2, 0],
}

_spread = np.array([curve[:, 2] - curve[:, 1] for curve in _logistic.values()])
spread_one_label = {  # to the next ten
    "least": round(_spread[:, 0].min(), -1),
    "most": round(_spread[:, 0].max(), -1),
}
spread = {"most": _spread[:, -1].max()}

# What training computed on all images: the best of several ridges
_best = {
    code: 100 * max(card("mnist_judged")["by_ridge"][code].values()) for code in ("deep", "masked")
}
deep_ahead_at_best = _best["deep"] - _best["masked"]
by_probe = {
    code: {probe: 100 * share for probe, share in shares.items()}
    for code, shares in card("mnist_judged")["by_probe"].items()
}

# Labels and questions of the server and of the tab, the deep code
_stored, _labels = read_full_data("benchmark_deep"), read_full_data("benchmark_labels")
_shown = {"server": (_stored["shown"], _labels["shown"]), "tab": (_codes["deep"][0], _known)}
_asked = {"server": (_stored["test"], _labels["test"]), "tab": (_codes["deep"][1], _answers)}


def _named(pool, questions, places=slice(None)):
    h, known = (each[places] for each in _shown[pool])
    return 100 * over_draws(h, known, *_asked[questions], per_class=50, draws=10).mean()


_rng = np.random.default_rng(0)
_thousand = [_rng.permutation(10_000)[:1000] for _ in range(5)]
_even = [2 * _rng.permutation(5000)[:1000] for _ in range(5)]
pools = {
    "server": _named("server", "server"),
    "tab_asks": _named("server", "tab"),
    "tab_shows": _named("tab", "server"),
    "tab": _named("tab", "tab"),
    "few": np.mean([_named("server", "server", places) for places in _thousand]),
    "even": np.mean([_named("server", "server", places) for places in _even]),
}
standard_error = 100 * np.sqrt(0.8 * 0.2 / 1000)  # in points

# The thousand labels of the page
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


between = {code: _between(_codes[code][0]) for code in ("masked", "deep", "pixels", "autoencoder")}
vae_16_ahead = by_probe["vae_16"]["logistic"] - by_probe["masked"]["logistic"]

# The ten draws are the same for both codes.
_lead = 100 * np.subtract(*(load(f"mnist_logistic_{n}")["right"][-1] for n in ("vae_16", "deep")))
vae_16_over_deep = {"mean": _lead.mean(), "error": _lead.std(ddof=1) / np.sqrt(len(_lead))}


def _one_label(shown, test):
    return 100 * over_draws(shown, _known, test, _answers, per_class=1, draws=10).mean()


# The deep code with each principal direction as much wider as it is wide
_h, _asked_about = (each.astype(float) for each in _codes["deep"][:2])
_values, _axes = np.linalg.eigh(np.cov(_h.T))
_wider = _axes * np.sqrt(_values.clip(0)) @ _axes.T
stretched_deep = {
    "between": _between(_h @ _wider),
    "one_label_before": _one_label(_h, _asked_about),
    "one_label": _one_label(_h @ _wider, _asked_about),
}

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
_sums = []  # of the pixels, as many as the features, with weights drawn at random
_x = images().reshape(2000, -1)
for _seed in range(5):
    _h = _x @ np.random.default_rng(_seed).normal(size=(784, 32))
    _right = over_draws(_h[:1000], _known, _h[1000:], _answers, per_class=50, draws=10)
    _sums.append(100 * _right.mean())
sums_here = {"least": min(_sums), "most": max(_sums)}
maps_here = {"least": min(_untrained[2]), "most": max(_untrained[2])}
features_here = {
    "ours": _untrained[3][0],
    "least": min(_untrained[3][1:]),
    "most": max(_untrained[3][1:]),
}

# A control task: the means of eight draws of the random labels
_tasks = {}
for _network, _ridge in (("trained", 0.1), ("untrained", 0.1), ("untrained", 0.001)):
    _tasks[_network, _ridge] = 100 * np.array(
        [
            control_task.compute(width=256, network=_network, ridge=_ridge, seed=seed)["right"]
            for seed in range(8)
        ]
    )


def _control(network, ridge):
    right = _tasks[network, ridge]
    (digit, lots), (digit_widest, lots_widest) = right.mean(axis=0)[:, [0, -1]].T
    return {
        "digit": digit,
        "lots": lots,
        "digit_widest": digit_widest,
        "lots_widest": lots_widest,
        "lots_deviation": right[:, 1, -1].std(ddof=1),
        "digit_gained": digit_widest - digit,
        "lots_gained": lots_widest - lots,
        "selectivity": digit - lots,
        "selectivity_widest": digit_widest - lots_widest,
    }


control = {network: _control(network, 0.1) for network in ("trained", "untrained")}
control_weak = _control("untrained", 0.001)
floor = control_task.FLOOR

# The place erased from two layers: percent of 500 digits that the network then names
_curved = card("mnist_confound")["curved"]


def _erased(layer, erased="place"):
    found = [confound.compute(strength=s, layer=layer, erased=erased) for s in (0.0, 1.0, 2.0)]
    before, gone, mirrored = found
    one, two = (int(np.argmin(np.abs(confound.STRENGTHS - s))) for s in (1, 2))
    random = 100 * gone["random"]
    return {
        "read": 100 * before["share"],
        "before": 100 * before["now"][0],
        "right": 100 * gone["now"][0],
        "mirrored": 100 * mirrored["now"][0],
        "moved": 100 * gone["moved"],
        "few": 100 * gone["few"][0].mean(),
        "few_moved": 100 * gone["few"][1].mean(),
        "random_least": random[:, one].min(),
        "random_most": random[:, one].max(),
        "random": random[:, one].mean(),
        "random_mirrored_least": random[:, two].min(),
        "random_mirrored_most": random[:, two].max(),
        "count_least": gone["count"].min(),
        "count_most": gone["count"].max(),
        "curved": 100 * _curved[layer],
    }


erased = {layer: _erased(layer) for layer in confound.LAYERS}
digit_erased = _erased("features", "digit")

# Report cards: percent
_cards = {code: report_card.card_of(code) for code in JUDGED}
report = {
    code: dict(zip(report_card.MEASURES, 100 * found["shares"], strict=True))
    | {key: 100 * found[key] for key in ("ece", "floor", "ece_changed")}
    | dict(zip(("clean", *CHANGES), 100 * found["by_change"], strict=True))
    for code, found in _cards.items()
}
own_error = {code: _cards[code]["own"] for code in ("deep", "pca")}
_others = [code for code in JUDGED if code not in ("autoencoder", "vae")]
calibrated = {
    "least": min(report[code]["ece"] for code in _others),
    "most": max(report[code]["ece"] for code in _others),
    "floor_least": min(report[code]["floor"] for code in _others),
    "floor_most": max(report[code]["floor"] for code in _others),
}


def _sure(code, how):
    """How sure the probe of a code is of changed digits."""
    shown, _, changed = _codes[code]
    ridge = float(_cards[code]["ridge"])
    sharpness = best_sharpness(left_out(shown, _known, ridge), _known)
    seen = scores(changed[list(CHANGES).index(how)], fit(shown, _known, ridge))
    return 100 * softmax(seen, sharpness).max(axis=1).mean()


sure = {how: _sure("contrastive", how) for how in ("noise", "dim")}
means_untrained = 100 * share_right(
    _codes["random"][1], _answers, nearest_mean(_codes["random"][0], _known)
)


# Retrieval: percent of the ten nearest alike, by distance and by angle
def _turned(h):
    return h / np.maximum(np.linalg.norm(h, axis=-1, keepdims=True), 1e-9)


def _alike(code, how, by=np.asarray):
    shown, test, changed = (by(each.astype(float)) for each in _codes[code])
    if how == "clean":
        return 100 * precision_at(10, test, _answers, shown, _known)
    asked = changed[list(CHANGES).index(how)]
    return 100 * precision_at(10, asked, _answers[::CHANGED], shown, _known)


def _by_friends(code):
    """Percent alike among the ten of the gallery that share most neighbours with an image."""
    near, digits = load("code_map")[f"{code}_near"].astype(int), load("mnist_gallery")["labels"]
    friends = np.zeros((len(near), len(near)))
    friends[np.arange(len(near))[:, None], near] = 1
    friends += friends.T
    shared = friends @ friends
    np.fill_diagonal(shared, -1)
    first = np.argsort(-shared, axis=1, kind="stable")[:, :10]
    return 100 * np.mean(digits[first] == digits[:, None])


by_friends = {code: _by_friends(code) for code in ("pixels", "contrastive")}
_ways = ("clean", *CHANGES)
alike = {code: {how: _alike(code, how) for how in _ways} for code in ("deep", "contrastive")}
by_angle = {
    code: {how: _alike(code, how, _turned) for how in _ways} for code in ("pixels", "contrastive")
}
_dark = dim(images()[1000:], DIMMED) + np.random.default_rng(0).normal(0, 0.1, (1000, 28, 28))
both = {
    "pixels": 100
    * precision_at(
        10,
        _turned(_dark.clip(0, 1).reshape(1000, -1)),
        _answers,
        _turned(_codes["pixels"][0]),
        _known,
    )
}
nmi = {code: report[code]["clustered"] / 100 for code in ("contrastive", "autoencoder")}
lost = {how: report["pixels"]["clean"] - report["pixels"][how] for how in ("noise", "shift")}
lost_to_shift = {
    code: report[code]["clean"] - report[code]["shift"] for code in ("network", "contrastive")
}
most_lost_to_blur = max(
    report[code]["clean"] - report[code]["blur"] for code in JUDGED if code != "random"
)

# One number of the deep code stretched
_shown, _test, _ = (each.astype(float) for each in _codes["deep"])


def _stretched(times):
    far, near = _shown.copy(), _test.copy()
    far[:, 0] *= times
    near[:, 0] *= times
    return {
        "probe": 100 * share_right(near, _answers, fit(far, _known)),
        "alike": 100 * precision_at(10, near, _answers, far, _known),
    }


stretched = {"none": _stretched(1), "hundred": _stretched(100), "thousand": _stretched(1000)}
