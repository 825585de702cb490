"""Numbers of chapter 5: percent of digits named right, where nothing else is said."""

from itertools import combinations

import numpy as np

from latentbook_decoders.models.cards import card
from latentbook_decoders.models.full_data import read_full_data
from widgets import (
    code_map,
    confound,
    control_task,
    find_fast,
    linear_probe,
    report_card,
    transfer_curve,
)
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
from widgets.kit.description import bits as bits_of
from widgets.kit.description import code_length, predictor
from widgets.kit.encoders import encode_as
from widgets.kit.metrics import (
    best_sharpness,
    calibration_error,
    precision_at,
    softmax,
    squared_distances,
)
from widgets.kit.network import layers_of
from widgets.kit.probe import (
    fit,
    left_out,
    logistic,
    nearest_mean,
    over_draws,
    regress,
    scores,
    share_right,
)
from widgets.kit.similarity import alike as similarity
from widgets.kit.similarity import by_chance, directions, table
from widgets.kit.transforms import dim, shift

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

# Other codes: a probe of the digit and of random labels, mean of eight draws of these
_places = load("mnist_places")
_moved_digits = np.array(
    [
        shift(image / 255, *move)
        for image, moves in zip(_places["images"], _places["moves"], strict=True)
        for move in moves
    ]
)
_encoders = {
    "contrastive": lambda x: encode_as("contrastive", x),
    "network": lambda x: encode_as("network", x),
    "pca": lambda x: x.reshape(len(x), -1) @ load("mnist_pca")["components"][:32].T.astype(float),
} | {
    f"untrained_{seed}": lambda x, seed=seed: layers_of(x, untrained(seed))[3]
    for seed in range(1, 5)
}


def _selectivity(code):
    codes = _encoders[code](_moved_digits)
    codes = codes.reshape(*_places["moves"].shape[:2], -1)
    digits, found = _places["labels"].astype(int), []
    for seed in range(8):
        for width in (0, 256):
            shown, asked = control_task.features(codes, width, seed)
            for wanted in (digits, control_task.dealt(digits, seed)):
                known = np.repeat(wanted, control_task.SHOWN)
                right = share_right(asked, known, fit(shown, known, 0.1))
                found.append(100 * right)
    digit, lots = np.reshape(found, (8, 2, 2)).mean(axis=0).T  # each by matrix, by 256 units
    return {"by_matrix": digit[0] - lots[0], "by_256": digit[1] - lots[1], "digit": digit[0]}


selectivity = {code: _selectivity(code) for code in _encoders}
_rises = [found for code, found in selectivity.items() if code not in ("contrastive", "network")]
_gains = [found["by_256"] - found["by_matrix"] for found in _rises]
selectivity_gained = {"least": min(_gains), "most": max(_gains)}
digit_read = {
    "least": min(found["digit"] for found in _rises),
    "most": max(found["digit"] for found in _rises),
}


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


def _by_logistic(code):
    """Of all labels here, with next to no ridge: percent right, its mean confidence, its ECE."""
    shown, asked = _codes[code][:2]
    chances = softmax(scores(asked, logistic(shown, _known, 1e-4)[0]))
    return {
        "right": 100 * np.mean(chances.argmax(axis=1) == _answers),
        "sure": 100 * chances.max(axis=1).mean(),
        "ece": 100 * calibration_error(chances, _answers),
    }


by_logistic = {code: _by_logistic(code) for code in ("autoencoder", "vae")}
_others = [code for code in JUDGED if code not in ("autoencoder", "vae")]
calibrated = {
    "least": min(report[code]["ece"] for code in _others),
    "most": max(report[code]["ece"] for code in _others),
    "floor_least": min(report[code]["floor"] for code in _others),
    "floor_most": max(report[code]["floor"] for code in _others),
}

# Two lines of the card added with weights: who can come first, the network with labels apart
_competing = [code for code in JUDGED if code != report_card.WITH_LABELS]


def _first(across, up, weight):
    sums = {
        code: report_card.weighed(_cards[code]["shares"], weight, across, up) for code in _competing
    }
    return max(sums, key=sums.__getitem__)


_pairs = list(combinations(report_card.MEASURES, 2))
_winners = {pair: [_first(*pair, weight) for weight in range(1, 100)] for pair in _pairs}
_without_pixels = [winners for pair, winners in _winners.items() if "rebuilt" not in pair]
_calibrated = [winners for pair, winners in _winners.items() if pair[1] == "calibrated"]
ranking = {
    "pairs": len(_pairs),
    "competing": len(_competing),
    "winners": len(set().union(*_winners.values())),
    "others": len(_without_pixels),
    "pixels_until": _winners["rebuilt", "probed"].count("pixels"),
    "contrastive_always": sum(set(winners) == {"contrastive"} for winners in _without_pixels),
    "vicreg_from": 1 + min(w.index("vicreg") for w in _calibrated if "vicreg" in w),
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

# Transfer, by task: images as they are and shifted, method, number of labels; mean of four seeds
_transfer = 100 * load("transfer")["accuracy"].astype(float)


def _of_seeds(task, method, labels, test="centred"):
    """Percent right, by seed."""
    target, shown = ("clothes", "digits").index(task), ("centred", "shifted").index(test)
    place = transfer_curve.SIZES.index(labels)
    return _transfer[target, list(transfer_curve.METHODS).index(method), place, :, shown]


def _means_of(task, test="centred"):
    return {
        method: {
            f"at_{labels}": _of_seeds(task, method, labels, test).mean()
            for labels in transfer_curve.SIZES
        }
        for method in transfer_curve.METHODS
    }


clothes, clothes_shifted = _means_of("clothes"), _means_of("clothes", "shifted")
digits, digits_shifted = _means_of("digits"), _means_of("digits", "shifted")


def _lead(of, over, labels, task="clothes", test="centred"):
    lead = _of_seeds(task, of, labels, test) - _of_seeds(task, over, labels, test)
    return {"mean": lead.mean(), "least": lead.min(), "most": lead.max(), "by_seed": lead.tolist()}


learned_maps = {f"at_{labels}": _lead("maps", "untrained", labels) for labels in (1, 100, 1000)}
over_features = {f"at_{labels}": _lead("fine_tuned", "features", labels) for labels in (1, 1000)}
scratch_over_tuned = _lead("scratch", "fine_tuned", 1000, "digits")
features_shifted = _lead("features", "fine_tuned", 1000, "clothes", "shifted")
head_first = {
    "clothes": _lead("head_first", "fine_tuned", 1000)["mean"],
    "digits": _lead("head_first", "fine_tuned", 1000, "digits")["mean"],
    "clothes_shifted": _lead("head_first", "fine_tuned", 1000, "clothes", "shifted")["mean"],
    "digits_shifted": _lead("head_first", "fine_tuned", 1000, "digits", "shifted")["mean"],
}

# Thirty draws of labels: a head, and the nearest mean of units as they are and as the head has them
_seen = transfer_curve.layers_of("fashion_mnist")["maps"]
_kinds = load("transfer")["fashion_mnist_labels"]


def _draws(per_class):
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rows = np.concatenate([50 * k + rng.permutation(50)[:per_class] for k in range(10)])
        shown, kinds = _seen[rows], _kinds[rows]
        unit = shown.std(axis=0) + 0.1 * shown.std()
        probes = (
            (_seen, transfer_curve.fit_head(shown, kinds, 30)),
            (_seen, nearest_mean(shown, kinds)),
            (_seen / unit, nearest_mean(shown / unit, kinds)),
        )
        found.append([100 * share_right(h[500:], _kinds[500:], probe) for h, probe in probes])
    head, as_is, scaled = np.transpose(found)
    return {
        "worst": head.min(),
        "best": head.max(),
        "apart": head.max() - head.min(),
        "mean": head.mean(),
        "by_means": as_is.mean(),
        "by_scaled_means": scaled.mean(),
        "ahead": head.mean() - as_is.mean(),
    }


draws = {"one": _draws(1), "ten": _draws(10)}

# Maps: trustworthiness, neighbours alike, and correlations with the code
_maps, _digit = load("code_map"), load("mnist_gallery")["labels"]
_PERPLEXITIES = {"5": 1, "30": 2, "100": 3}  # places of the first seed's maps
trust = {"pca": _maps["network_scores"][0, 0], "tsne": _maps["network_scores"][[2, 5], 0].min()}


def _alike_on_maps(code):
    """Percent of the ten nearest that show the same digit: in the code, and on its maps."""
    same = _digit == _digit[:, None]
    near = _maps[f"{code}_near"].astype(int)
    found = {"code": 100 * np.take_along_axis(same, near, axis=1).mean()}
    for perplexity, place in _PERPLEXITIES.items():
        gap = squared_distances(*[_maps[f"{code}_maps"][place]] * 2)
        np.fill_diagonal(gap, np.inf)
        near = gap.argsort(axis=1, kind="stable")[:, :10]
        found[f"at_{perplexity}"] = 100 * np.take_along_axis(same, near, axis=1).mean()
    return found


on_maps = {code: _alike_on_maps(code) for code in ("pixels", "contrastive")}


def _correlation(what, code, start, perplexity=30.0):
    """Of distances between classes, or of their widths, in the code and on a map."""
    settings = {"code": code, "start": start, "perplexity": perplexity}
    found = code_map.compute(**code_map.instrument.defaults() | settings)
    return code_map.correlation(found[what])


def _over_seeds(what, codes, perplexity=30.0):
    found = [_correlation(what, code, seed, perplexity) for code in codes for seed in "012"]
    return {"least": min(found), "most": max(found)}


_mapped = [code for code in code_map.CODES if code != "shuffled"]
apart = {
    "all": _over_seeds("apart", _mapped),
    "network": _over_seeds("apart", ["network"], 5.0)
    | {"pca": _correlation("apart", "network", "pca", 5.0)},
    "contrastive": _over_seeds("apart", ["contrastive"], 5.0)
    | {"pca": _correlation("apart", "contrastive", "pca", 5.0)},
}
widths = {
    "contrastive": _over_seeds("spread", ["contrastive"]),
    "contrastive_at_5": _over_seeds("spread", ["contrastive"], 5.0),
    "masked": _over_seeds("spread", ["masked"]),
}
_contrastive = {"code": "contrastive"}
_on_maps = [
    code_map.compute(**code_map.instrument.defaults() | _contrastive | {"start": seed})["spread"][1]
    for seed in "012"
]
width_of = {
    "ones": _maps["contrastive_spread"][1],
    "threes": _maps["contrastive_spread"][3],
    "differ": max(100 * abs(spread[3] / spread[1] - 1) for spread in _on_maps),
}


def _widest(code):
    """How many times as wide as the narrowest: in the code, on a map, and there by medians."""
    in_code, on_map = code_map.compute(**code_map.instrument.defaults() | {"code": code})["spread"]
    places = _maps[f"{code}_maps"][2].astype(float)
    medians = []
    for digit in range(10):
        own = places[_digit == digit]
        medians.append(np.median(np.linalg.norm(own - np.median(own, axis=0), axis=1)))
    return {
        "code": in_code.max() / in_code.min(),
        "map": on_map.max() / on_map.min(),
        "medians": max(medians) / min(medians),
    }


widest = {code: _widest(code) for code in ("contrastive", "masked")}


# Codes compared, on all 1,000 test images
_compared = {name: _codes[name][1].astype(float) for name in JUDGED}
_of_class = np.eye(10)[_answers]
_PAIRS = (
    ("pixels", "pca"),
    ("network", "random"),
    ("random", "pixels"),
    ("network", "contrastive"),
    ("network", "pixels"),
    ("masked", "pixels"),
    ("contrastive", "vicreg"),
)


def _within(h):
    """A code without the means of its classes."""
    means = _of_class.T @ h / _of_class.sum(axis=0)[:, None]
    return h - _of_class @ means


def _similarities(measure, seen=np.asarray):
    return {
        f"{a}_{b}": similarity(seen(_compared[a]), seen(_compared[b]), measure) for a, b in _PAIRS
    }


cka_of, rsa_of = _similarities("cka"), _similarities("rsa")
within, within_rsa = _similarities("cka", _within), _similarities("rsa", _within)
shared = {pair: 100 * share for pair, share in _similarities("neighbours").items()}


def _of_length_1(h):
    h = h - h.mean(axis=0)
    return h / np.linalg.norm(h, axis=1, keepdims=True)


same_length = {
    measure: similarity(*(_of_length_1(_compared[code]) for code in ("masked", "pixels")), measure)
    for measure in ("cka", "rsa")
}
chance_of = {
    "random_pixels": by_chance(_compared["random"], _compared["pixels"], "cka"),
    # k / (n - 1) with the mean of the effective number of directions over draws
    "gaussians_784": np.mean(
        [directions(np.random.default_rng(seed).normal(size=(25, 784))) for seed in range(20)]
    )
    / 24,
}
_drawn = []
for _seed in range(6):
    _parts = [layers_of(x, untrained(_seed))[3] for x in np.array_split(images()[1000:], 5)]
    _drawn.append(np.concatenate(_parts))
_to_pixels = [similarity(h, _compared["pixels"]) for h in _drawn[1:]]
_sums_of_pixels = [
    similarity(
        _compared["pixels"] @ np.random.default_rng(_seed).normal(size=(784, 32)),
        _compared["pixels"],
    )
    for _seed in range(5)
]
_each_other = [similarity(_drawn[i], _drawn[j]) for i in range(6) for j in range(i)]
untrained_alike = {
    "pixels": {"least": min(_to_pixels), "most": max(_to_pixels)},
    "each_other": {"least": min(_each_other), "most": max(_each_other)},
    "sums": {"least": min(_sums_of_pixels), "most": max(_sums_of_pixels)},
}

# The mean change of all pairs of codes from 400 images to 25, over twenty draws of these
_pairs_of_codes = list(combinations(JUDGED, 2))


def _of_all_pairs(measure, places):
    tables = {name: table(h[places], measure) for name, h in _compared.items()}
    return np.mean([tables[a] @ tables[b] for a, b in _pairs_of_codes])


_drawn_images = [np.random.default_rng(_seed).permutation(1000) for _seed in range(20)]
few_images = {
    measure: np.mean(
        [_of_all_pairs(measure, d[:25]) - _of_all_pairs(measure, d[:400]) for d in _drawn_images]
    )
    for measure in ("cka", "debiased")
}

# The contrastive code cut and stretched, as in the snippet
_shown, _test, _ = (each.astype(float) for each in _codes["contrastive"])
_values, _axes = np.linalg.eigh(np.cov(_test.T))
_order = np.flatnonzero(_values > 1e-6 * _values.max())[::-1]
_values, _axes = _values[_order], _axes[:, _order]


def _cut(directions):
    far, near = (each @ directions for each in (_shown, _test))
    return {
        "cka": similarity(_test, near),
        "rsa": similarity(_test, near, "rsa"),
        "right": 100 * share_right(near, _answers, fit(far, _known, 0.01)),
    }


cut = {
    "directions": len(_order),
    "whole": _cut(_axes),
    "five": _cut(_axes[:, :5]),
    "without": _cut(_axes[:, 1:]),
    "white": _cut(_axes / np.sqrt(_values)),
}


def _layers(weights):
    """The convolutions and the features, of 200 test digits."""
    rows = layers_of(images()[1000:1200], weights)[1:4]
    return [h.reshape(len(h), -1) for h in rows]


_LAYERS = ("conv_1", "conv_2", "features")
_one, _again = (_layers(load(name)) for name in ("mnist_network", "mnist_network_again"))
_alike_untrained = np.array(
    [
        [similarity(*pair) for pair in zip(_one, _layers(untrained(seed)), strict=True)]
        for seed in range(5)
    ]
)
_both_seeds = [
    np.concatenate([layers_of(x, load(name))[3] for x in np.array_split(images()[1000:], 5)])
    for name in ("mnist_network", "mnist_network_again")
]
two_seeds = {
    "again": dict(
        zip(_LAYERS, (similarity(*p) for p in zip(_one, _again, strict=True)), strict=True)
    ),
    "untrained": {
        layer: {"least": values.min(), "most": values.max()}
        for layer, values in zip(_LAYERS, _alike_untrained.T, strict=True)
    },
    "pixels": similarity(_one[0], images()[1000:1200].reshape(200, -1)),
    "within": similarity(*map(_within, _both_seeds)),
}


# Usable information, and the bill for 512 labels
def _scrambled(x):
    """Each image's pixels, permuted by a seed that the permutation does not change."""
    grey = np.rint(255 * x).astype(int).reshape(len(x), -1)
    return np.stack([np.random.default_rng(row.sum()).permutation(row) for row in grey]) / 255


_read = {name: _codes[name][:2] for name in JUDGED}
_read["scrambled"] = _scrambled(images()[:1000]), _scrambled(images()[1000:])
_read["ink"] = tuple(x.sum(axis=(1, 2))[:, None] for x in np.split(images(), 2))
_mixed = [np.random.default_rng(seed).permutation(y) for seed, y in enumerate((_known, _answers))]


def _usable(name, known=_known, answers=_answers):
    """Bits per test digit that are left to say, and what of log2 10 is saved."""
    shown, test = _read[name]
    left = bits_of(predictor(shown, known)(test), answers).mean()
    return {"left": left, "used": round(np.log2(10) - left, 3) + 0.0}


usable = {
    name: _usable(name)
    for name in ("pixels", "scrambled", "ink", "pca", "random", "masked", "contrastive", "network")
}
usable |= {f"{name}_shuffled": _usable(name, *_mixed) for name in ("pixels", "contrastive")}


def _bill(name, places=slice(512)):
    return code_length(_read[name][0][places], _known[places]).sum()


bits = {"as_they_are": 512 * np.log2(10)}
bits |= {name: _bill(name) for name in ("pixels", "scrambled", "masked", "random", "autoencoder")}
bits["random_over_pixels"] = bits["random"] - bits["pixels"]
bits["scrambled_saves"] = bits["as_they_are"] - bits["scrambled"]
bits["pixels_save"] = bits["as_they_are"] - bits["pixels"]
_orders = [np.random.default_rng(seed).permutation(1000)[:512] for seed in range(8)]
_by_order = {name: np.array([_bill(name, o) for o in _orders]) for name in ("pixels", "masked")}
_by_order["saved"] = _by_order["pixels"] - _by_order["masked"]
orders = {name: {"least": b.min(), "most": b.max()} for name, b in _by_order.items()}


# The place erased and read again, and exchanged between images
_order = np.random.default_rng(0).permutation(500)
_learning, _asking = _order[:350], _order[350:]


def _share(read, true):
    return 1 - np.sum((read - true) ** 2) / np.sum((true - true.mean(axis=0)) ** 2)


def _by_units(h, true, learning=_learning, asking=_asking, seed=1):
    """Percent of the variance that 2,000 random units read of digits not fitted to."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(h.shape[1], 2000)), 0.5 * rng.normal(size=2000)
    centred = h - h[learning].mean(axis=0)
    seen = np.maximum(centred / np.sqrt(centred.var(axis=0).sum()) @ a + b, 0)
    read = scores(seen[asking], regress(seen[learning], true[learning], 0.01))
    return 100 * _share(read, true[asking])


def _by_kernel(h, true, learning=_learning, asking=_asking):
    """Percent that ridge regression with a Gaussian kernel reads of digits not fitted to."""
    gap = squared_distances(h, h[learning]) / h.var(axis=0).sum()
    kernel = np.exp(-gap)
    middle = true[learning].mean(axis=0)
    eased = kernel[learning] + 0.01 * np.eye(len(learning))
    read = kernel[asking] @ np.linalg.solve(eased, true[learning] - middle) + middle
    return 100 * _share(read, true[asking])


def _split(seed):
    order = np.random.default_rng(seed).permutation(500)
    return order[:350], order[350:]


def _as_far(layer, moved, partner):
    """For each draw, an exchange with partners along random directions that moves codes as far."""
    for seed in range(confound.SEEDS):
        turned, basis = confound.at_random(layer, seed)
        exchanged = turned - turned[partner]
        lengths = np.sqrt(np.cumsum(np.sum(exchanged**2, axis=0)))
        many = int(np.argmin(np.abs(lengths - np.linalg.norm(moved)))) + 1
        yield exchanged[:, :many] @ basis[:, :many].T


def _again(layer):
    data = load("mnist_confound")
    h, place = data[f"{layer}_codes"].astype(float), data["place"].astype(float)
    a, b = (data[f"{layer}_place_{end}"].astype(float) for end in "ab")
    part = (h - data[f"{layer}_mean"]) @ b.T @ a.T
    others = []
    for seed in range(confound.SEEDS):
        turned, basis = confound.at_random(layer, seed)
        lengths = np.sqrt(np.cumsum(np.sum(turned**2, axis=0)))
        many = int(np.argmin(np.abs(lengths - np.linalg.norm(part)))) + 1
        others.append(turned[:, :many] @ basis[:, :many].T)
    read = [_by_units(h - other, place) for other in others]
    splits = [(*_split(seed), seed) for seed in range(1, 11)]
    rest = [_by_units(h - part, place, *split) for split in splits]
    gone = [
        100 * (1 - left / _by_units(h, place, *split))
        for left, split in zip(rest, splits, strict=True)
    ]
    by_kernel = [
        (_by_kernel(h, place, *split[:2]), _by_kernel(h - part, place, *split[:2]))
        for split in splits
    ]
    kernel_before, kernel_erased = np.mean(by_kernel, axis=0)
    partner = np.random.default_rng(3).permutation(500)
    # Partners that show the same digit: what is exchanged then says nothing about it
    same = np.arange(500)
    for digit in range(10):
        own = np.flatnonzero(data["labels"] == digit)
        same[own] = np.random.default_rng(3).permutation(own)

    def named(moved):
        return 100 * confound.right_along(layer, moved, np.ones(1))[0]

    probe = data[f"{layer}_place_w"], data[f"{layer}_place_c"]
    exchanged = part - part[partner]
    right = [named(other - other[partner]) for other in others]
    right_same = [named(other) for other in _as_far(layer, part - part[same], same)]
    return {
        "before": _by_units(h, place),
        "erased": _by_units(h - part, place),
        "other_least": min(read),
        "other_most": max(read),
        "erased_least": min(rest),
        "erased_most": max(rest),
        "gone_least": min(gone),
        "gone_most": max(gone),
        "kernel_before": kernel_before,
        "kernel_erased": kernel_erased,
    }, {
        "read": 100 * _share(scores(h - exchanged, probe), place[partner]),
        "before": named(0 * part),
        "right": named(exchanged),
        "other_least": min(right),
        "other_most": max(right),
        "same_right": named(part - part[same]),
        "same_other_least": min(right_same),
        "same_other_most": max(right_same),
    }


_found = {layer: _again(layer) for layer in confound.LAYERS}
again = {layer: read for layer, (read, _) in _found.items()}
exchanged = {layer: named for layer, (_, named) in _found.items()}

# Codes of networks that were never trained, with 1,000 labels of each kind of clothing
_never_trained = card("controls")["metrics"]["untrained_features"]


def _of_clothes(code):
    found = [by_labels[-1] for by_labels in _never_trained[code]["fashion_mnist"].values()]
    return {"least": min(found), "most": max(found)}


untrained_features = _of_clothes("features")
untrained_components = _of_clothes("components_of_maps")

# A map of cells: percent of neighbours of the same kind, and of kinds read
_cells = card("cells")["metrics"]
_uneven = _cells["uneven"]["same_kind"]


def _read(of):
    near, read = ([100 * x for x in np.atleast_1d(of[key])] for key in ("same_kind", "read"))
    return {"near": [min(near), max(near)], "read": [min(read), max(read)]}


_coded = _cells["codes"]
cells = {
    "zeros": 100 * _cells["genes"]["zeros"],
    "by_kind": 100 * _cells["genes"]["by_kind"],
    "kept": {
        name: [100 * _cells["components"][count][name] for count in ("20", "400")]
        for name in ("same_kind", "read")
    },
    "bare": {name: 100 * np.mean(values) for name, values in _cells["bare"].items()},
    "error": {
        name: 100 * np.mean(_coded[f"{name}_none"]["squared_error"])
        for name in ("pca", "autoencoder")
    },
    "genes": _read(_cells["genes"]),
    "pca": _read(_coded["pca_none"]),
    "autoencoder": _read(_coded["autoencoder_none"]),
    "sums": _read(_cells["sums"]),
    "chance": {
        "near": 100 * _cells["chance"]["same_kind"],
        "read": 100 * _cells["chance"]["most_common"],
    },
    "two": {
        "batch": 100 * _coded["pca_put_in"]["same_batch"][0],
        "kind": 100 * _coded["pca_put_in"]["same_kind"][0],
    },
    "off": {
        "batch": 100 * _coded["pca_taken_off"]["same_batch"][0],
        "kind": 100 * _coded["pca_taken_off"]["same_kind"][0],
    },
    "uneven": {name: 100 * np.mean(shares) for name, shares in _uneven.items()},
    "shuffled": {
        "trust": _coded["shuffled_none"]["trustworthiness"][0],
        "near": 100 * _coded["shuffled_none"]["same_kind"][0],
    },
}

# Find it fast: recall in percent, and multiplications, of four clusters and of 25 codewords
_x = find_fast.vectors("cosine")
_asked = range(0, len(_x), find_fast.ASKED_EVERY)
_random = np.random.default_rng(0)


def _found(index):
    recall, products = find_fast.recalled(index, 4, 25)
    return {"recall": 100 * recall, "products": round(products)}


def _shared(find):
    """Of the ten nearest, in percent, how many FIND returns, too."""
    return 10 * np.mean([len(np.intersect1d(find_fast.exactly(at), find(at))) for at in _asked])


def _nearest_by(stored, asking):
    """A search by the products of what is stored of each word with a question."""

    def find(at):
        scores = stored @ asking[at]
        scores[at] = -np.inf
        return np.argsort(-scores)[: find_fast.NEAREST]

    return find


def _rounded(levels):
    """Each number as the nearest of as many values as LEVELS, which k-means chose for its place."""
    rounded = np.empty_like(_x)
    for column, x in enumerate(_x.T):
        values = np.quantile(x, (np.arange(levels) + 0.5) / levels)
        for _ in range(80):
            which = np.searchsorted((values[1:] + values[:-1]) / 2, x)
            members = np.bincount(which, minlength=levels)
            means = np.bincount(which, x, levels) / np.maximum(members, 1)
            values = np.where(members, means, values)
        rounded[:, column] = values[which]
    return rounded


def _in_piles(_):
    """All words of four random piles of 64."""
    return np.flatnonzero(_random.integers(0, find_fast.LISTS, len(_x)) < 4)


_twelve = _x @ np.linalg.svd(_x, full_matrices=False)[2][:12].T
_twelve /= np.linalg.norm(_twelve, axis=1, keepdims=True)


fast = {
    "exact": {"products": _x.size},
    "lists": _found("lists"),
    "codes": _found("codes"),
    "both": _found("both"),
    "ten": 100 * find_fast.recalled("codes", 4, 10)[0],
    "twelve": {
        "recall": _shared(_nearest_by(_twelve, _twelve)),
        "products": 12 * (len(_x) + _x.shape[1]),
    },
    "sixteen": {"recall": _shared(_nearest_by(_rounded(16), _x)), "products": 16 * _x.shape[1]},
    "four": _shared(_nearest_by(_rounded(4), _x)),
    "piles": _shared(_in_piles),
}
