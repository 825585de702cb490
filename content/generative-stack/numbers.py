"""Numbers of chapter 6."""

from itertools import pairwise
from math import erf

import numpy as np

from latentbook_decoders.models.cards import card
from latentbook_decoders.models.full_data import read_full_data
from widgets import by_contest as _by_contest
from widgets import flow_matching as _flows
from widgets import latent_diffusion as _walks
from widgets import rate_distortion as _plane
from widgets import vq_codebook as _table
from widgets.data import load
from widgets.morph import probabilities
from widgets.sae_features import ACTIVE as _ACTIVE
from widgets.sae_features import features_of as _features_of


def _over_seeds(values):
    """Percent, over the runs that differ in their seeds."""
    values = 100 * np.array(values)
    return {
        "mean": values.mean(),
        "sd": values.std(ddof=1),
        "least": values.min(),
        "most": values.max(),
    }


# Codes from a table: 64 codes after 60 steps of k-means from patches
def _learned(revive):
    settings = {"codes": 64, "rule": "means", "begin": "patches", "revive": revive}
    settings |= {"decay": 0.99, "seed": 0}
    state = _table.start(**settings)
    used_at_first = len(np.unique(state["which"]))
    for _ in range(60):
        state = _table.step(state, **settings)
    left = _table.compute(state, [], codes=64, steps=60, branch="off", at=0)
    return {
        "unused_at_first": 64 - used_at_first,
        "train": state["error"],
        "perplexity": state["perplexity"],
        "test": left["error"],
        "used_in_test": np.count_nonzero(left["share"]),
    }


means = {"as_is": _learned(False), "revived": _learned(True)}
_best = card("patch_codes")["metrics"]
best_means = _best["squared_error_by_codes"]["64"]


def _linear_vq(rule, decay, frozen=False):
    """Codes in use, perplexity and error after 300 steps from patches, ends over three seeds."""
    settings = {"codes": 64, "rule": rule, "begin": "patches", "revive": False, "decay": decay}
    ends = []
    for seed in range(3):
        state = first = _table.start(**settings, seed=seed)
        for _ in range(300):
            state = _table.step(state, **settings, seed=seed)
            if frozen:
                state |= {"W": first["W"], "b": first["b"]}
                state |= _table.measured(state, _table.patches()[0])
        used = len(np.unique(state["which"]))
        ends.append({"used": used, "perplexity": state["perplexity"], "error": state["error"]})
    return {
        key: {"least": min(end[key] for end in ends), "most": max(end[key] for end in ends)}
        for key in ends[0]
    }


linear_vq = {
    "loss": _linear_vq("vq", 0),
    "none": _linear_vq("ema", 0),
    "long": _linear_vq("ema", 0.99),
    "frozen_none": _linear_vq("ema", 0, frozen=True),
    "frozen_long": _linear_vq("ema", 0.99, frozen=True),
}


def _blank_drawn(size, seed):
    """Blank patches among those that a table starts from."""
    x = _table.patches()[0]
    drawn = np.random.default_rng(seed).choice(len(x), size, replace=False)
    return np.sum(x[drawn].max(axis=1) == 0)


_by_seed = [_blank_drawn(16, seed) for seed in range(1, 12)]
blank_drawn = {"least": min(_by_seed), "most": max(_by_seed), "of_64": _blank_drawn(64, 0)}

# VQ-VAEs of three epochs, and k-means on the patches of 1,500 digits
_rates = card("rate_distortion")["metrics"]
vq = {
    run.replace(", seed ", "_"): found
    for figures in card("rate_distortion")["by_seed"].values()
    for run, found in figures["vq_by_codes_and_seed"].items()
}  # 64_0 is vqvae_mnist


_mean_digit = card("shuffled_pixels")["metrics"]["squared_error_of_the_mean_image"]


def _vq_over_seeds(codes):
    """Ends over the runs that did not fail, which leave less than the mean digit would."""
    runs = [found for run, found in vq.items() if run.split("_")[0] == codes]
    failed = [run for run in runs if run["squared_error"] > _mean_digit]
    return {
        "seeds": len(runs),
        "failed": len(failed),
        "failed_error": failed[0]["squared_error"] if failed else 0,
        "failed_codes": failed[0]["codes_in_use"] if failed else 0,
    } | {
        key: {
            "least": min(run[key] for run in runs if run not in failed),
            "most": max(run[key] for run in runs if run not in failed),
            "mean": np.mean([run[key] for run in runs if run not in failed]),
        }
        for key in ("squared_error", "perplexity", "codes_in_use")
    }


vq_of = {codes: _vq_over_seeds(codes) for codes in ("4", "16", "64", "256")}
_of_seeds = [run["squared_error"] for run in card("vqvae_mnist")["by_seed"].values()]
vq_over_seeds = {
    "count": len(_of_seeds),
    "mean": np.mean(_of_seeds),
    "sd": np.std(_of_seeds, ddof=1),
    "least": min(_of_seeds),
    "most": max(_of_seeds),
}
more_digits = _best["from_more_digits"]
dead = {run: int(run.split("_")[0]) - found["codes_in_use"] for run, found in vq.items()}
sure_of = {way: 100 * share for way, share in _rates["sure"].items()}

# Is what 60 digits taught theirs alone, or are the 40 test digits harder?
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

# Bits against error
_measured = load("rate_distortion")
_curves = _plane.compute(**_plane.instrument.defaults())["curves"]


def _left_at(kind, bits):
    return _plane.left_at(_curves[kind], bits)


def _points(kind):
    return [{"bits": bits, "error": error} for bits, error in _curves[kind].tolist()]


_autoencoder = _points("autoencoder")
autoencoder = {
    "at_37": _autoencoder[2],
    "at_91": _autoencoder[6] | {"bound": _left_at("bound", _autoencoder[6]["bits"])},
    "passes": next(
        bits
        for bits in np.arange(30, 60, 0.1)
        if _left_at("autoencoder", bits) < _left_at("bound", bits)
    ),
}
vae = {  # by the price of a nat
    name: point
    | {
        "bound": _left_at("bound", point["bits"]),
        "loss_at_003": point["error"] + 0.03 * point["bits"] * np.log(2),
        "sent_alone": np.log2(point["bits"] + 1) + 5,
    }
    for name, point in zip(("3", "1", "03", "01", "003"), _points("vae"), strict=True)
}
components_at_294 = _left_at("pca", 294)
prices = {  # of 64 codes
    way: _measured["prices"][list(_measured["codes"]).index(64), column]
    for way, column in _plane.PRICES.items()
}
_variances = load("mnist_pca")["eigenvalues"].astype(float)
water = {  # at the level 0.5
    "directions": np.sum(_variances > 0.5),
    "bits": 0.5 * np.log2(np.maximum(_variances / 0.5, 1)).sum(),
    "error": np.minimum(_variances, 0.5).sum(),
}


def _bits_at_price(price):
    """Bits that the bound spends if a nat costs so much: the water is at half of the price."""
    return 0.5 * np.log2(np.maximum(2 * _variances / price, 1)).sum()


bits_at = {"03": _bits_at_price(0.3), "003": _bits_at_price(0.03)}


def _bound(bits):
    """The least error of a Gaussian at a rate; the level of the water is found by bisection."""
    low, high = 1e-6, _variances.max()
    for _ in range(60):
        level = np.sqrt(low * high)
        spent = 0.5 * np.log2(np.maximum(_variances / level, 1)).sum()
        low, high = (level, high) if spent > bits else (low, level)
    return np.minimum(_variances, level).sum()


def _rounded(step):
    """Bits and error of the same Gaussian, each coordinate rounded to a grid."""
    bits = error = 0.0
    for std in np.sqrt(_variances.clip(1e-12)):
        k = np.arange(-int(9 * std / step) - 1, int(9 * std / step) + 2)
        edges = (np.append(k, k[-1] + 1) - 0.5) * step / std
        below = np.array([0.5 * (1 + erf(edge / np.sqrt(2))) for edge in edges])
        share = np.diff(below)
        first = -std * np.diff(np.exp(-(edges**2) / 2)) / np.sqrt(2 * np.pi)  # E[x; cell]
        error += std**2 + np.sum((k * step) ** 2 * share - 2 * k * step * first)
        bits -= np.sum(share[share > 0] * np.log2(share[share > 0]))
    return {"bits": bits, "error": error, "bound": _bound(bits)}


rounded = _rounded(0.5)
_more = [_rounded(step) for step in _measured["steps"] if step <= 2]
_ratios = [100 * (each["error"] / each["bound"] - 1) for each in _more]
rounded_more = {"least": min(_ratios), "most": max(_ratios)}

# Diffusion: draws by the cards, and the likelihood that the mixture gains
_stored = {latents: load(f"{name}_diffusion") for latents, name in _walks.CODES.items()}
_cards = {latents: card(f"{name}_diffusion")["metrics"] for latents, name in _walks.CODES.items()}


def _judged(pairs):
    """Distance and percent sure, over the seeds if there are several."""
    distance, share = np.atleast_2d(pairs).T
    found = {"distance": distance.mean(), "sure": 100 * share.mean()}
    if len(distance) > 1:
        found |= {"distance_sd": distance.std(ddof=1), "sure_sd": 100 * share.std(ddof=1)}
    return found


draws = {
    latents: {kind: _judged(pairs) for kind, pairs in found["drawings"].items()}
    for latents, found in _cards.items()
}
gained = {  # nats
    latents: {
        "by_four": found["held_out"]["4"] - found["held_out"]["prior"],
        "four_by_two": found["held_out"]["4"] - found["held_out"]["2"],
    }
    for latents, found in _cards.items()
}
kl_16 = load("conv_vae_mnist_16_planes")["kl"].sum()
_left = 100 * _stored["16"]["errors"] / _stored["16"]["errors"][0]  # of the prior's, in percent
_most_gained = _left[1].argmin()
denoised = {
    "angle": np.degrees(_stored["16"]["angles"][_most_gained]),
    "mixture": _left[1, _most_gained],
    "network": _left[2:, _most_gained].mean(),
}


# The codes of `snippet-diffusion`: N(-1, 1/4) or N(1, 1/4)
spread_of_codes = np.sqrt(1 + 0.25)


# What rounding one by one costs, and what the lattice E8 gains, by its second moment
rounding_factor = np.pi * np.e / 6
rounding_decibels = 10 * np.log10(rounding_factor)
lattice_decibels = 10 * np.log10((1 / 12) / (929 / 12960))


# Flow matching beside diffusion: groups of the instrument, and the spread of the 40 Gaussians
def _paths(data, scale=1.0):
    settings = _flows.instrument.defaults() | {"data": data, "steps": 4, "scale": scale}
    found = _flows.compute(**settings)
    by_ddim = _flows.compute(**settings | {"sampler": "ddim"})
    return found["way"] | {
        "flow_off": found["off"]["flow"],
        "diffusion_off": found["off"]["diffusion"],
        "ddim_off": by_ddim["off"]["diffusion"],
    }


paths = {
    "one": _paths("one"),
    "ring": _paths("ring"),
    "ring_twice": _paths("ring", 2.0),
    "draws": _flows.DRAWS,
}
_share, _centres, _turned, _wide = _walks.parts_of(_stored["2"], "any")
_share = np.exp(_share)[:, None]
_squares = (_turned**2 * _wide[:, None]).sum(axis=2) + _centres**2
spread_of_mixture = list(
    np.sqrt((_share * _squares).sum(axis=0) - (_share * _centres).sum(axis=0) ** 2)
)


# Guidance, with the exact score
def _guided(latents, digit, w, sampler="ddpm", steps=32, draws=1000):
    """Spread of draws by that of the digit's codes, and how probable the digit is, in percent."""
    data, rng = _stored[latents], np.random.default_rng(0)
    z = rng.normal(size=(draws, data["means"].shape[-1]))
    phis = _walks.angle(np.linspace(1, 0, steps + 1), "cosine")
    ends = _walks.generated(z, phis, data, "exact", sampler, (w, digit), rng)[-1]
    return {
        "spread": np.sqrt(np.square(ends - ends.mean(axis=0)).sum(axis=1).mean())
        / _walks.spread_of(_walks.parts_of(data, digit)),
        "probable": 100 * _walks.probability_of(ends, data, int(digit)).mean(),
    }


guidance = {
    "three": {
        "none": _guided("2", "3", 0.0),
        "ddpm": _guided("2", "3", 3.0),
        "ddim": _guided("2", "3", 3.0, "ddim"),
    },
    "zero": {
        "none": _guided("2", "0", 0.0),
        "ddpm": _guided("2", "0", 3.0),
        "ddim": _guided("2", "0", 3.0, "ddim"),
    },
    "three_of_16": {"none": _guided("16", "3", 0.0), "ddpm": _guided("16", "3", 3.0)},
}


def _guided_to(guides):
    """Mean of the draws of `snippet-guidance` by DDIM, guided at the angles that `guides` takes."""
    means, variance, weight = np.array([-1.0, 1.0]), 0.25, 3.0
    z = np.random.default_rng(0).normal(size=20_000)
    for now, after in pairwise(np.linspace(90, 0, 301)):
        a, s = np.cos(np.radians(now)), np.sin(np.radians(now))
        total = a**2 * variance + s**2
        gap = z[:, None] - a * means
        each = means + a * variance / total * gap
        share = np.exp(-(gap**2) / (2 * total))
        best = (share * each).sum(axis=1) / share.sum(axis=1)
        z_0 = (1 + weight) * each[:, 1] - weight * best if guides(now) else each[:, 1]
        noise = (z - a * z_0) / s
        z = np.cos(np.radians(after)) * z_0 + np.sin(np.radians(after)) * noise
    return z.mean()


guided_where = {
    "high": _guided_to(lambda angle: angle > 45),
    "low": _guided_to(lambda angle: angle <= 45),
}
spread_in_24 = np.mean(
    [_guided("16", str(digit), 0.0, steps=24, draws=300)["spread"] for digit in range(10)]
)

# Sparse features: tables, by network and k
_features_card = card("mnist_network_features")
_columns = "unexplained", "accuracy", "dead", "mixed", "purity_median"


def _of_features(network, active):
    found = _features_card["metrics"][network][str(active)]
    runs = {key: _over_seeds([run[key] for run in found["by_seed"]]) for key in _columns}
    return runs | {"returned": _over_seeds(found["return_under_another_seed"])}


sparse = {
    network: {f"k{active}": _of_features(network, active) for active in _ACTIVE}
    | {"units": {key: 100 * found["units"][key] for key in _columns[1:]}}
    for network, found in _features_card["metrics"].items()
    if network in ("trained", "untrained")
}
steps_of_features = _features_card["features"]["steps"]

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


_features, _by_mean, _by_chance, _along_mean = [], [], [], []
for _j in _living:
    _on = _z[:, _j] > 0
    _part = _z[_on, _j, None] * _own["decoder"][_j]
    _long = np.linalg.norm(_part, axis=1, keepdims=True)
    _way = _middles[_own["digits"][_j].argmax()] - _units.mean(axis=0)
    _drawn = _rng.normal(size=(100, len(_spread))) @ _spread.T
    _way /= np.linalg.norm(_way)
    _features.append(_changed(_on, _part))
    _by_mean.append(_changed(_on, _long * _way))
    _along_mean.append(_own["decoder"][_j] @ _way / np.linalg.norm(_own["decoder"][_j]))
    _by_chance.append([_changed(_on, _long * way / np.linalg.norm(way)) for way in _drawn])

_strong = np.array(_features) > 0.1
_found = _own["nearest"][_living] >= 0.9
_energy = np.mean(_z[:, _living] ** 2 * np.square(_own["decoder"][_living]).sum(axis=1), axis=0)
_largest = np.argsort(-_energy)[:30]
_weak = _largest[~_strong[_largest]]
features = {
    "often": len(_living),
    "strong": _strong.sum(),
    "strong_by_mean": np.sum(np.array(_by_mean) > 0.1),
    "strong_by_chance": np.sum(np.mean(np.array(_by_chance) > 0.1, axis=1)),
    "strong_found": np.sum(_found & _strong),
    "weak": np.sum(~_strong),
    "weak_found": 100 * _found[~_strong].mean(),
    "large": len(_weak),
    "large_found": 100 * _found[_weak].mean(),
}

# Features 1, 2, 8 and 10, which are nearly class means
_four = [list(_living).index(number - 1) for number in (1, 2, 8, 10)]


def _range_of_four(values):
    values = np.array(values)[_four]
    return {"least": values.min(), "most": values.max()}


_on = (_z[:, 1] > 0) & (_named == 6)
clear = {
    "changed": _range_of_four(100 * np.array(_features)),
    "by_chance": _range_of_four(100 * np.mean(_by_chance, axis=1)),
    "by_mean": _range_of_four(100 * np.array(_by_mean)),
    "cosine": _range_of_four(_along_mean),
    "sixes_lost": 100 * _changed(_on, _z[_on, 1, None] * _own["decoder"][1]),
}

# Features of one run: how near the nearest of another seed is, of the same run, and of chance
_chance = _rng.normal(size=(2000, len(_spread))) @ _spread.T
_chance /= np.linalg.norm(_chance, axis=1, keepdims=True)


def _near(at, network="trained"):
    living = _data[f"{network}_density"][at] > 0
    rows = _data[f"{network}_decoder"][at][living].astype(float)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    copies = rows @ rows.T >= 0.9
    linked = np.linalg.matrix_power(copies.astype(float), 16) > 0  # by way of others
    return {
        "another": _data[f"{network}_nearest"][at][living].mean(),
        "chance": (_chance @ rows.T).max(axis=1).mean(),
        "copies": 100 * np.mean(copies.sum(axis=1) > 1),
        "living": len(rows),
        "groups": len(np.unique(linked, axis=0)),
    }


near = {f"k{active}": _near(at) for at, active in enumerate(_ACTIVE)}

# Feature 37, by the width of the strokes of its ones and of other ones, in px
_thin = (_z[:, 36] > 0) & (_labels == 1)
thin = {
    "images": np.sum(_z[:, 36] > 0),
    "its": _gallery["width"][_thin].mean(),
    "others": _gallery["width"][(_labels == 1) & ~_thin].mean(),
}

# At k = 1 without training: features with a near copy among their own
untrained_copies = _near(0, "untrained")["copies"]

# What the page's classifier makes of real test digits, and the most frequent digit, in percent
_images, _known = read_full_data("benchmark_pixels")["test"], read_full_data("benchmark_labels")
_chances = probabilities(_images / 255, load("mnist_classifier")).max(axis=1)
sure_of["digits"] = 100 * np.mean(_chances > 0.9)
_counts = np.bincount(_known["test"])
blank_page = np.square(_images / 255).sum(axis=1).mean()
most_frequent = 100 * _counts.max() / _counts.sum()

# A table of codes for each place, by k-means from patches of 5,000 training digits: squared error,
# and bits by the frequencies of each place
_by_place = [
    x.reshape(-1, 7, 4, 7, 4).swapaxes(2, 3).reshape(len(x), 49, 16) / 255
    for x in (read_full_data("benchmark_pixels")["shown"][:5000], _images)
]


def _place_tables(size):
    error, bits = 0.0, 0.0
    for place in range(49):
        seen, sent = (x[:, place] for x in _by_place)
        codes = _means(seen, size, 20)
        which, asked = _table.nearest(seen, codes), _table.nearest(sent, codes)
        error += np.square(sent - codes[asked]).sum(axis=1).mean()
        counts = np.bincount(which, minlength=size) + 1
        bits -= np.log2(counts / counts.sum())[asked].mean()
    return {"error": error, "bits": bits}


place_tables = {str(size): _place_tables(size) for size in (16, 64)}
deep_minutes = card("deep_autoencoder_mnist")["wall_seconds"] / 60

# Controls that were trained, or take all training digits
_controls = card("controls")["metrics"]
taught_decoder = _controls["rounded_decoder"] | _controls["rounded_decoder"]["squared_error"]
del taught_decoder["squared_error"]
linear_vae = _controls["linear_vae"] | {
    f"cut_{name}": _controls["best_linear_vae"][beta]["squared_error"]
    for name, beta in (("1", "1"), ("01", "0.1"))
}

longer_table = {codes: _controls[f"longer_table_{codes}"] for codes in ("64", "256")}
for _size, _found in longer_table.items():
    _found["dead"] = int(_size) - _found["codes_in_use"]
_never_told = np.array(list(_controls["untold_denoiser"].values()))  # distance and share sure of
untold = {
    "seeds": len(_never_told),
    "distance": {"least": _never_told[:, 0].min(), "most": _never_told[:, 0].max()},
    "sure": {"least": 100 * _never_told[:, 1].min(), "most": 100 * _never_told[:, 1].max()},
}
_longer = _controls["longer_prior"]
longer_prior = {"bits": _longer["bits"]} | _longer["sure"]
_others = _controls["other_gaussians"]
other_gaussians = {
    "distance": _others["one_for_all"][0],
    "sure": 100 * _others["one_for_all"][1],
    "narrowed": 100 * _others["narrowed"][1],
    "eight_gain": _others["nats_above_four"]["8"],
    "sixteen_lose": -_others["nats_above_four"]["16"],
}
_more_steps = _controls["longer_features"]
longer_features = _more_steps | {"unexplained": np.mean(_more_steps["unexplained"])}

# By contest: five seeds for each loss and each rate of the discriminator
_contest = card("contest")["metrics"]


def _ends(values):
    return {"least": min(values), "most": max(values)}


def _by_rate(name, of):
    """A figure of the runs with each loss and each rate, named without its point."""
    return {
        loss: {
            rate.replace(".", ""): of([run[name] for run in same]) for rate, same in runs.items()
        }
        for loss, runs in _contest["runs"].items()
    }


contest = {
    "groups": _by_rate("groups", _ends),
    "all_at": _by_rate("all_at", _ends),
    "near": _by_rate("near", lambda shares: 100 * np.mean(shares)),
}
contest["near"]["likely"] = 100 * _contest["likely_near"]
contest |= {
    name: _ends([run["groups"] for run in _contest[name]])
    for name in ("branch_penalty", "back_penalty", "back_even")
} | {
    "likely_least": _contest["likely_groups_least"],
    "rarest": min(run["rarest"] for run in _contest["lost"]),
    "fair": _by_contest.DRAWS / 8,
    "longer": {
        "steps": 6000,
        "groups": _ends([run["groups"] for run in _contest["longer"]]),
        "near": 100 * np.mean([run["near"] for run in _contest["longer"]]),
    },
}


# DDPM on the data of snippet-ddpm, with the exact denoiser in place of the network
def _exact_ddpm(fresh, n=50_000):
    beta = np.linspace(0.001, 0.1, 100)
    alpha_bar = np.cumprod(1 - beta)
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    for t in range(99, -1, -1):
        a, left = np.sqrt(alpha_bar[t]), 1 - alpha_bar[t]
        v = a**2 * 0.3**2 + left  # of each group, with noise
        up = 1 / (1 + np.exp(-2 * a * x / v))  # probability of the group at 1
        x_0 = 2 * up - 1 + a * 0.3**2 / v * (x - a * (2 * up - 1))
        x = (x - beta[t] / left * (x - a * x_0)) / np.sqrt(1 - beta[t])
        if t:
            x += fresh * np.sqrt(beta[t]) * rng.normal(size=n)
    return {"std": x.std(), "middle": 100 * np.mean(np.abs(x) < 0.3)}


def _below(x):
    """The share of N(1, 0.3^2) below x."""
    return 0.5 * (1 + erf((x - 1) / (0.3 * np.sqrt(2))))


exact_ddpm = {
    "fresh": _exact_ddpm(1),
    "none": _exact_ddpm(0),
    "data": {
        "std": np.sqrt(1 + 0.3**2),
        "middle": 100 * (_below(0.3) - _below(-0.3)),
    },
}


# Tokens one by one: bits of a test digit, and what draws are like, by temperature
_chain = card("mnist_tokens")["metrics"]


def _drawn(found):
    """Percent, over the seeds if there are several; the distance as it is."""
    runs = found if isinstance(found, list) else [found]
    means = {key: np.mean([run[key] for run in runs]) for key in runs[0]}
    return {key: mean if key == "distance" else 100 * mean for key, mean in means.items()}


tokens = {key: np.mean(bits) for key, bits in _chain["bits"].items()}
tokens |= {
    "gain": tokens["untold"] - tokens["told"],
    "alone_gain": tokens["alone_untold"] - tokens["alone_told"],
    "test": _drawn(_chain["test_images"]),
    "differs": _chain["differs"],
}
tokens_at = {
    way: {
        temperature.replace(".", ""): _drawn(found[way])
        for temperature, found in _chain["by_temperature"].items()
    }
    for way in ("before", "alone")
}

# Faces out of noise: Fréchet distances, and shares in percent
_noise = card("face_diffusion")["metrics"]
_kl = {
    name: card(f"conv_vae_faces{end}")["metrics"]
    for name, end in (("flat", ""), ("spatial", "_spatial"))
}
_GUIDED = ("0", "1", "3", "7")
face_noise = {
    "nats": {name: found["kl"]["mean"] for name, found in _kl.items()},
    "error": {name: found["squared_error"]["mean"] for name, found in _kl.items()},
    "distance": _noise["distance"],
    "copied": {name: 100 * share for name, share in _noise["copied"].items()},
    "heard": {name: 100 * share for name, share in _noise["heard"].items()},
    "asked": {
        word.replace(" ", "_"): {
            "of_all": 100 * found["of_all"],
            "decoded": 100 * found["decoded"],
            **{
                key: {w: 100 * share for w, share in zip(_GUIDED, found[key], strict=True)}
                for key in ("seen", "variance")
            },
        }
        for word, found in _noise["asked"].items()
    },
}
