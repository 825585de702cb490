"""Numbers of chapter 2."""

from math import erf

import numpy as np

from latentbook_decoders.models.cards import card
from latentbook_decoders.models.full_data import read_full_data
from widgets import (
    amortisation_gap,
    contractive,
    denoiser,
    draw_a_digit,
    elbo_balance,
    elbo_gap,
    score_field,
)
from widgets import morph as _morph
from widgets import train_vae as _train
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
    "pca": _pca["test_error"][30],
}


# Denoising: what projecting leaves of masking noise, in percent; the instrument's default walk
def _masked(p):
    runs = [
        denoiser.compute(k=16, corruption="masking", sigma=0.0, p=p, seed=seed)
        for seed in range(1500)
    ]
    before = np.sum([run["corrupted"] for run in runs])
    small = np.sum([np.mean(((1 - p) * run["x_hat"] - run["x"]) ** 2) for run in runs])
    return {
        "expected": 100 * 16 / denoiser.N / (1 - p),
        "left": 100 * np.sum([run["denoised"] for run in runs]) / before,
        "not_divided": 100 * small / before,
    }


def _ends(sigma):
    """How far from the ring a walk ends."""
    defaults = score_field.instrument.defaults()
    return score_field.compute(**defaults | {"sigma": sigma})["distance"][-1]


# Noise off a digit: mean squared errors of test digits, by way, and of networks trained otherwise
_cleaners = card("mnist_cleaners")
_controls = _cleaners["metrics"]["controls"]


def _cleaned(kind, strength):
    place = _cleaners[kind].index(strength)
    rows = dict(zip(_cleaners["rows"], _cleaners["metrics"]["errors"][kind][place], strict=True))
    if kind == "gaussian":
        rows |= {name: errors[place] for name, errors in _controls.items()}
    return rows


cleaners = {
    "tenth": _cleaned("gaussian", 0.1),
    "half": _cleaned("gaussian", 0.5),
    "one": _cleaned("gaussian", 1.0),
    "few_specks": _cleaned("pepper", 0.05),
    "specks": _cleaned("pepper", 0.2),
}
masked = {"three_tenths": _masked(0.3), "nine_tenths": _masked(0.9)}
walk_ends = {"low": _ends(0.3), "high": _ends(0.6)}

# A network in place of the best denoiser, on the ring: how far off it is, in sigma near and far,
# and in the plane at the far places under little and much noise; and where its walks end
_ring, _shown_points = score_field.ring()[0], score_field.points("ring")
_side = np.linspace(-score_field.REACH, score_field.REACH, 41)
_plane = np.stack(np.meshgrid(_side, _side), -1).reshape(-1, 2)
_away = np.sqrt(score_field.squared_distances(_plane, _ring).min(axis=1))


def _off(sigma, where):
    answer = score_field.learned(_plane[where], sigma, "ring")
    best = score_field.denoise(_plane[where], _shown_points, sigma)[0]
    return np.sqrt(np.sum((answer - best) ** 2, axis=1).mean())


def _walked(ask):
    """Distances of the ends of walks to the nearest data point and to the curve."""
    at = _ring[::7]
    for _ in range(200):
        at = ask(at)
    return [
        np.median(np.sqrt(score_field.squared_distances(at, each).min(axis=1)))
        for each in (_shown_points, _ring)
    ]


_far = _away > 4 * 0.1
_errors = card("plane_denoisers")["metrics"]["squared_error_by_noise_level"]["ring"]["0.1"]
network = {
    "near": _off(0.1, _away < 2 * 0.1) / 0.1,
    "far": _off(0.1, _far) / 0.1,
    "far_in_plane": _off(0.1, _far),
    "same_places": _off(1.0, _far),
    "excess": 100 * (_errors["learned"] / _errors["exact"] - 1),
    "by_heart": _walked(lambda at: score_field.denoise(at, _shown_points, 0.05)[0])[0],
    "halfway": np.linalg.norm(_shown_points[1] - _shown_points[0]) / 2,
}
network["between"], network["off_curve"] = _walked(lambda at: score_field.learned(at, 0.05, "ring"))

# Sparse codes: numbers needed for a mean squared error, between the prices that were tried
_patches = load("digit_patches")
_sizes = (32, 64, 128, 256)


def _needed(atoms, error):
    errors = np.log(_patches[f"error_{atoms}"])  # grows with the price
    return np.interp(np.log(error), errors, _patches[f"active_{atoms}"])


needed = {str(atoms): _needed(atoms, 0.01) for atoms in _sizes[1:]}
needed_by_pca = np.argmax(_patches["pca_error"] <= 0.01)
_coarsely = [_needed(atoms, 0.03) for atoms in _sizes]
needed_coarsely = {"least": min(_coarsely), "most": max(_coarsely)}

# Contractive codes: by gamma
_wave = load("contractive_plane")
_tangents = _wave["tangents"].astype(float)
_seen = contractive.compute(**contractive.instrument.defaults())
_gammas = {"none": 0.0, "weak": 0.3, "one": 1.0, "three": 3.0, "ten": 10.0}


def _contracted(gamma):
    place = contractive.GAMMAS.index(gamma)
    W, b, _ = contractive.weights(_wave, place)
    jacobians = contractive.jacobian(_wave["x"].astype(float), W, b)
    longest = np.linalg.svd(jacobians)[2][:, 0]
    cosines = np.abs(np.sum(longest * _tangents, axis=1)).clip(0, 1)
    norms = np.sum(jacobians**2, axis=(1, 2))
    return {
        "ratio": _seen["ratios"][place],
        "error": _seen["errors"][place],
        "angle": np.median(np.degrees(np.arccos(cosines))),
        "length": np.linalg.norm(W),
        "norm_least": norms.min(),
        "norm_most": norms.max(),
    }


contracted = {name: _contracted(gamma) for name, gamma in _gammas.items()}
contracted_loss = {
    name: min(card("contractive_plane")["metrics"][gamma]["loss_of_every_seed"])
    for name, gamma in (("one", "1"), ("three", "3"))
}


# A folded decoder: what the best cloud leaves of the gap, and the best cloud over both peaks
def _folded(**changed):
    set_to = {"decoder": "folded", "x": 4.0} | changed
    return elbo_gap.compute(**elbo_gap.instrument.defaults() | set_to)


folded = {
    "least": _folded()["least"],
    "over_both": min(_folded(m=0.0, v=v)["gap"] for v in np.linspace(0.5, 2, 151)),
}


# Two gaps: the instrument's defaults, and the gains that its two inputs ask for
def _gaps(**changed):
    return amortisation_gap.compute(**amortisation_gap.instrument.defaults() | changed)


_own_a, _own_b = _gaps()["own"]
_shared = _gaps(gain=_gaps()["shared"])
amortised = {
    "approximation": _shared["approximation"],
    "own_a": _own_a,
    "own_b": _own_b,
    "shared": _shared["shared"],
    "b_pays": _shared["amortisation"][1],
    "both_a": (_own_a + _own_b) / 2,
    "both_b": (_own_b - _own_a) / 2,
}


# Two terms: the instrument's clouds, with noise of variance 1
def _balance(**changed):
    return elbo_balance.compute(**elbo_balance.instrument.defaults() | {"s2": 1.0} | changed)


_posterior_mu, _posterior_sigma = _balance()["posterior"]
_at_posterior = _balance(mu=_posterior_mu, sigma=_posterior_sigma)
_narrow = _balance(mu=_posterior_mu, sigma=0.1)
_price = {sigma: _balance(mu=0.0, sigma=sigma)["kl"] for sigma in (0.1, 1.0, 3.0)}
balance = {
    "price_narrow": _price[0.1] - _price[1.0],
    "price_wide": _price[3.0],
    "recon": _at_posterior["recon"],
    "kl": _at_posterior["kl"],
    "saved": _at_posterior["recon"] - _narrow["recon"],
    "paid": _narrow["kl"] - _at_posterior["kl"],
    "gap_at_four": _balance(beta=4.0)["optimum_gap"],
}

# Holes: places of the square, by how far the nearest code is
_places = np.random.default_rng(0).uniform(-2, 2, (5000, 2))


def _holes(model):
    """Percent of places that change more than 95 % of digits: all, near a code, far from all."""
    decoder, encoder = load(f"{model}_decoder"), load(f"{model}_encoder")
    images = decode(decoder["centre"] + decoder["scale"] * _places, decoder)
    change = np.square(decode(encode(images, encoder), decoder) - images).sum(axis=(1, 2))
    hole = change > np.quantile(encoder["round_trip_quantiles"], 0.95)
    codes = (decoder["codes"] - decoder["centre"]) / decoder["scale"]
    gap = np.min([np.hypot(*(_places - code).T) for code in codes], axis=0)
    return {
        "all": 100 * hole.mean(),
        "near": 100 * hole[gap < 0.1].mean(),
        "far": 100 * hole[gap > 0.3].mean(),
    }


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


def _chances(images):
    return _morph.probabilities(images, load("mnist_classifier"))


def _certainty(codes):
    return 100 * _chances(decode(codes, _model)).max(axis=1).mean()


_middle = np.array([0.5])
_pixels = _shown["images"] / 255
_x_a, _x_b = _pixels[_first[_differ]], _pixels[_second[_differ]]
_mixed = _chances((_x_a + _x_b) / 2).max(axis=1)
_on_line = _chances(decode(_line, _model)).max(axis=1)
_rebuilt_as = _chances(decode(_codes, _model)).argmax(axis=1)
middle = {
    "ends": _certainty(np.concatenate([_a, _b])),
    "digits": 100 * _chances(np.concatenate([_x_a, _x_b])).max(axis=1).mean(),
    "pixels": 100 * _mixed.mean(),
    "more_doubt": 100 * np.mean(_on_line < _mixed),
    "line": _certainty(_line),
    "line_moved_out": _certainty(_outward),
    "arc": _certainty(
        np.concatenate([_morph.slerp(a, b, _middle) for a, b in zip(_a, _b, strict=True)])
    ),
}
rebuilt_own = np.sum(_rebuilt_as == _shown["labels"])
certainty = {
    name: 100 * share
    for name, share in card("mnist_classifier")["metrics"]["certainty_mean"].items()
}
to_test_images = card("mlp_vae_mnist_encoder")["metrics"]["squared_error_to_test_images"]

# Beta: strokes, five seeds each
_grid = load("strokes")
_betas = {
    name: int(np.argmin(np.abs(_grid["betas"] - beta)))
    for name, beta in (
        ("tenth", 0.1),
        ("half", 0.5),
        ("one", 1),
        ("two", 2),
        ("four", 4),
        ("eight", 8),
    )
}
_low = slice(0, _betas["two"] + 1)
_doublings = -np.diff(_grid["kl"][_betas["one"] : _betas["eight"] + 1], axis=0)
_apart = np.ptp(_grid["mig"], axis=1)[_low]
_means = _grid["mig"].mean(axis=1)
mig = {
    "constant": {name: _grid["mig_cold"][at].mean() for name, at in _betas.items()},
    "falling": {name: _means[at] for name, at in _betas.items()},
    "apart_least": _apart.min(),
    "apart_most": _apart.max(),
    "means_apart": np.ptp(_means[: _betas["one"] + 1]),
}
doubling = {"least": _doublings.min(), "most": _doublings.max()}
most_kl_at_eight = _grid["kl"][_betas["eight"]].max()

# Train one: runs of the instrument
_settings = {"width": 64, "seed": 0, "beta": 1.0, "rate": 0.003}
_strokes = _train.strokes()[0]
_learned, _unseen = _strokes[: _train.TRAIN], _strokes[_train.TRAIN :]
_average = _learned.mean(axis=0).clip(1e-4, 1 - 1e-4)


def _run(*steps, state=None, **changed):
    """The states of a run at these steps."""
    settings = _settings | changed
    state = state or _train.start(**settings)
    states = {state["t"]: state}
    for t in range(state["t"] + 1, max(steps) + 1):
        state = _train.step(state, **settings)
        states[t] = state
    return {t: states[t] for t in steps}


def _terms(state):
    """Both terms on test strokes, and what of the KL is information and what a common offset."""
    found = _train.compute(state, [], **_settings, steps=state["t"], branch="off", at=0)
    mu = _train.encoded(_train.unpack(state["theta"], _settings["width"]), _unseen)[0]
    return {
        "recon": found["recon"],
        "kl": found["kl"].sum(),
        "of_one": found["kl"].max(),
        "information": found["information"],
        "offset": np.sum(mu.mean(axis=0) ** 2) / 2,
    }


def _by_step(states):
    return {f"at_{t}": _terms(state) for t, state in states.items()}


def _cost(x_hat):
    return -np.mean(np.sum(_unseen * np.log(x_hat) + (1 - _unseen) * np.log(1 - x_hat), axis=1))


_states = _run(*range(100, 1500, 10), 0, 20, 27, 1500)
_flat = [_terms(_states[t])["kl"] for t in range(100, 1500, 10)]
_lost = _run(500, beta=16.0)[500]
run = _by_step({t: _states[t] for t in (0, 20, 27, 100, 200, 500, 1500)}) | {
    "weights": len(_states[0]["theta"]),
    "kl_least": min(_flat),
    "kl_most": max(_flat),
}
cost = {"average": _cost(_average), "copy": _cost(_unseen.clip(1e-7, 1 - 1e-7))}
branch = {
    "to_16": _by_step(_run(600, state=_states[500], beta=16.0)),
    "back": _by_step(_run(600, 1500, state=_lost)),
    "to_0": _by_step(_run(510, 1500, state=_states[500], beta=0.0)),
}
_again = [_run(500, seed=seed, beta=16.0)[500] for seed in range(1, 5)]
_woken = [_terms(_run(1500, state=state, seed=seed)[1500]) for seed, state in enumerate(_again, 1)]
branch["others_back"] = {
    "least": min(terms["recon"] for terms in _woken),
    "most": max(terms["recon"] for terms in _woken),
    "kl_least": min(terms["kl"] for terms in _woken),
    "kl_most": max(terms["kl"] for terms in _woken),
}
branch["worse"] = branch["to_16"]["at_600"]["recon"] - run["at_500"]["recon"]
branch["better"] = run["at_500"]["kl"] - branch["to_16"]["at_600"]["kl"]


def _overshoot(seed, steps, begins=None):
    """KL and common offset after each step; `begins` is what the decoder draws to begin with."""
    state = _train.start(**_settings | {"seed": seed})
    if begins is not None:
        biases = _train.unpack(state["theta"], _settings["width"])["c1"]
        biases[:] = np.log(begins / (1 - begins))
    found = []
    for _ in range(steps):
        state = _train.step(state, **_settings | {"seed": seed})
        mu, logvar = _train.encoded(_train.unpack(state["theta"], _settings["width"]), _unseen)
        kl = np.mean(np.sum(mu**2 + np.exp(logvar) - 1 - logvar, axis=1)) / 2
        found.append((kl, np.sum(mu.mean(axis=0) ** 2) / 2))
    return np.array(found)


_peaks = np.array([max(_overshoot(seed, 40), key=lambda each: each[0]) for seed in range(8)])
_from_average = np.array([_overshoot(seed, 150, _average)[:, 0] for seed in range(8)])
_mixed_up = [np.random.default_rng(seed).permutation(_average) for seed in range(3)]
_even = np.full_like(_average, _average.mean())
_shuffled = [_overshoot(seed, 100, begins)[:, 0].max() for seed, begins in enumerate(_mixed_up)]
_grey_start = [_overshoot(seed, 100, _even)[:, 0].max() for seed in range(3)]
overshoot = {
    "least": _peaks[:, 0].min(),
    "most": _peaks[:, 0].max(),
    "offset": _peaks[:, 1].min(),
    "average_least": _from_average[:, 26].min(),
    "average_most": _from_average[:, 26].max(),
    "average_ever": _from_average.max(),
    "shuffled_least": min(_shuffled),
    "shuffled_most": max(_shuffled),
    "even_least": min(_grey_start),
    "even_most": max(_grey_start),
}

# Uses: for how many clothes, and percent of test digits, an alarm above the 99th percentile rings;
# and how much ink is grey
_test = read_full_data("benchmark_pixels")["test"].reshape(-1, 28, 28) / 255
_clothes = load("fashion_mnist_images")["images"] / 255


def _ring(images):
    """For which of these images, by the small copy of the dense VAE of digits."""
    encoder, decoder = load("mlp_vae_mnist_encoder"), load("mlp_vae_mnist_decoder")
    errors = np.square(decode(encode(images, encoder), decoder) - images).sum(axis=(1, 2))
    return errors > np.quantile(encoder["error_quantiles"], 0.99)


rings = {
    "clothes": _ring(_clothes).sum(),
    "clothes_fitted": _ring(np.stack([draw_a_digit.as_in_mnist(x) for x in _clothes])).sum(),
    "digits": 100 * _ring(_test).mean(),
    "upside_down": 100 * _ring(_test[:, ::-1, ::-1]).mean(),
    "quarter_turn": 100 * _ring(np.rot90(_test, axes=(1, 2))).mean(),
    "moved": 100 * _ring(np.pad(_test[:, :, :-5], ((0, 0), (0, 0), (5, 0)))).mean(),
    "exchanged": 100 * _ring(1 - _test).mean(),
}
_inked = _test > 0.2
grey_ink = 100 * np.sum(_inked & (_test < 0.8)) / _inked.sum()

# What a perfect copy of a test digit costs in binary cross-entropy, in nats
_grey_pixels = _test[(_test > 0) & (_test < 1)]
_entropies = _grey_pixels * np.log(_grey_pixels) + (1 - _grey_pixels) * np.log(1 - _grey_pixels)
perfect_copy = -_entropies.sum() / len(_test)

# The parabola of the bent plane: what a straight line leaves, and the noise across the curve
_rng = np.random.default_rng(4)
_t = np.linspace(-1, 1, 200)
_parabola = np.stack([_t, _t**2], axis=1) + 0.02 * _rng.normal(size=(200, 2))
_parabola -= _parabola.mean(axis=0)
bend = {
    "straight": np.linalg.svd(_parabola, compute_uv=False)[1] ** 2 / 200,
    "noise": 0.02**2,
}

# Variances of the two estimates of a gradient, at mu = 1 and log sigma^2 = -4
_variance = np.exp(-4.0)
estimates = {"slope": 4 * _variance, "score": 1 / _variance + 14 + 15 * _variance}

# Of the prior, in percent, in a square that reaches to 3; a sharp edge at one of 16 places
within_three = 100 * erf(3 / np.sqrt(2)) ** 2
_places = np.arange(16)
sharp_edge = np.abs(np.subtract.outer(_places, _places)).mean()

# Measured in training: what the clouds of the dense VAE consist of, and how grey models draw
_controls = card("controls")["metrics"]
clouds = _controls["clouds"]
other_seeds = list(_controls["other_draws"]["autoencoder"].values())
other_judge = _controls["other_draws"]["judge"]
_grey_of = _controls["grey_ink"]
_of_two = [_grey_of[f"{name}_mnist"] for name in ("conv_vae", "mlp_vae", "autoencoder")]
grey_rebuilt = {
    "two_least": min(_of_two),
    "two_most": max(_of_two),
    "sixteen": _grey_of["conv_vae_mnist_16"],
    "thirty": _grey_of["deep_autoencoder_mnist"],
}

# What autoencoders and VAEs of 2 and 16 latents draw, by a judge: percent sure, and covered
_draws = card("draws")


def _shares(report):
    return {"sure": report["sure"], "covered": report["covered"]}


drawn = {
    latents: {name: _shares(report) for name, report in _draws["metrics"][latents].items()}
    for latents in ("2", "16")
}
judged = {name: _shares(report) for name, report in _draws["judged"].items()}
beyond_picture = _draws["metrics"]["percent_beyond_the_picture"]
by_judge = _draws["metrics"]["certainty"]
early_weight = _controls["early_weight"]  # MIG of a small network at beta 0.1, by when it was 12
refitted = _controls["refitted_patches"]
_missed = {name: np.array(nats) for name, nats in _controls["missed_by_the_bound"].items()}
_found = {**_missed, "taken_back": _missed["encoder"] - _missed["searched"]}
missed = {name: {"least": nats.min(), "most": nats.max()} for name, nats in _found.items()}

# Contractive: other beginnings, and as many steps again; of each run loss, ratio, steepest slope
_steep = _controls["steep_units"]
_of_small = [ratio for _, ratio, _ in _steep["small"]]
_lower = [ratio for _, ratio, _ in _steep["at_1"]["lower"]]
contracted_again = {
    "small_least": min(_of_small),
    "small_most": max(_of_small),
    "steep_lower": len(_lower),
    "steep_least": min(_lower),
    "steep_most": max(_lower),
}
contracted_on = {
    name: dict(zip(("loss", "ratio"), _steep[at]["trained_on"][:2], strict=True))
    for name, at in (("one", "at_1"), ("three", "at_3"))
}

# Nats by which a mixture makes held-out codes of 16 latents more probable than the prior does
_held_out = card("conv_vae_mnist_16_diffusion")["metrics"]["held_out"]
mixture_gain = _held_out["4"] - _held_out["prior"]

# Make it smile: what two judges say of held-out faces, in %, by how often a direction is added
_of_faces = card("faces")


def _by_amount(shares):
    """Nested lists of shares as {"1": …, "2": …, "3": …, "most": …} in %."""
    if isinstance(shares, dict):
        return {name: _by_amount(inner) for name, inner in shares.items()}
    at = dict(zip(_of_faces["metrics"]["amounts"], shares, strict=True))
    return {str(t): 100 * at[t] for t in (0, 1, 2, 3)} | {"most": 100 * max(shares)}


faces = _by_amount(_of_faces["metrics"]["verdicts"])
faces_company = _by_amount(_of_faces["metrics"]["smile_in_company"])
faces_still = _by_amount(_of_faces["metrics"]["if_nothing_moved"])
faces_strangers = {
    name: {
        "rebuilt": found["rebuilt"],
        "made": _by_amount(found["made"]),
        "encoded": 100 * found["encoded"],
    }
    for name, found in _of_faces["metrics"]["strangers"].items()
}
faces_judge = {name: 100 * right for name, right in _of_faces["judge"]["right"].items()}
faces_error = _of_faces["metrics"]["squared_error"]
faces_read = {
    name: {way: 100 * right for way, right in found.items()}
    for name, found in _of_faces["metrics"]["probes"].items()
}

# An alarm for a heart: counts, then percent and false alarms an hour at the 99th percentile
_heart = card("heart")
_at_99 = _heart["percentiles"].index(99)
_beats = _heart["metrics"]["beats"]
_an_hour = _beats["judged_other"] * 30  # of two minutes


def _range_of(runs: list[dict], key: str, scale: float) -> list[float]:
    values = [scale * (run[key] if key == "area" else run[key][_at_99]) for run in runs]
    return [min(values), max(values)]


_normal, _all = _heart["metrics"]["normal"], _heart["metrics"]["all"]
heart = {
    "fitted": _normal["beats"],
    "between": _beats["between"],
    "wide": _beats["judged_wide"],
    "other": _beats["judged_other"],
    "caught": round(_normal["autoencoder"][0]["caught"][_at_99] * _beats["judged_wide"]),
    "false": round(_normal["autoencoder"][0]["false"][_at_99] * _beats["judged_other"]),
}
heart_table = {
    name: {
        "area": _range_of(runs, "area", 1),
        "caught": _range_of(runs, "caught", 100),
        "hour": _range_of(runs, "false", _an_hour),
    }
    for name, runs in {
        "autoencoder": _normal["autoencoder"],
        "components": [_normal["components"]],
        "mean": [_normal["mean"]],
        "nearest": [_normal["nearest"]],
        "gap": [_heart["metrics"]["gap"]],
    }.items()
}
_faint = _normal["faint"]
heart_faint = {**_faint, "autoencoder": [min(_faint["autoencoder"]), max(_faint["autoencoder"])]}
_tried = _heart["metrics"]["controls"]
_missed = [run["missed"] for run in _tried["left_out"]["others"]]
_rung = [run["false"] * 30 for run in _tried["left_out"]["broad"]]
heart_controls = {
    "unseen": [100 * min(_tried["unseen"]), 100 * max(_tried["unseen"])],
    "ms": _tried["beside"]["ms"],
    "beside": [min(_tried["beside"]["mean"]), max(_tried["beside"]["mean"])],
    "first_minute": max(_tried["first_minute"]),
    "odd": _tried["odd"]["beats"],
    "centres": _tried["centres"],
    "most_components": max(_tried["components"].values()),
    "best_components": int(max(_tried["components"], key=_tried["components"].get)),
    "broad": _tried["left_out"]["beats"],
    "missed": [min(_missed), max(_missed)],
    "false": [min(_rung), max(_rung)],
}
heart_odd = {
    name: {score: [min(areas), max(areas)] for score, areas in _tried["odd"][name].items()}
    for name in ("nowhere", "not_fitted", "others")
}
heart_all = {
    "autoencoder": _range_of(_all["autoencoder"], "area", 1),
    "components": _all["components"]["area"],
    "mean": _all["mean"]["area"],
}

# Faces at six betas: means of three seeds and over ten factors, shares in percent
_by_beta = card("face_betas")["metrics"]


def _over_factors(found, *ways):
    """Mean over factors of the first way, less that of the second if there is one."""
    means = [100 * np.mean(list(found[way].values())) for way in ways]
    return means[0] - sum(means[1:])


def _knows(runs):
    return {
        "error": np.mean([run["squared_error"] for run in runs]),
        "read": np.mean([_over_factors(run, "read") for run in runs]),
        "best": np.mean([_over_factors(run, "best") for run in runs]),
        "turned": np.mean([_over_factors(run, "turned") for run in runs]),
        "lead": np.mean([_over_factors(run, "best", "second") for run in runs]),
        "leads": [_over_factors(run, "best", "second") for run in runs],
        **{
            way + "_of": {
                name: 100 * np.mean([run[way][name] for run in runs]) for name in runs[0][way]
            }
            for way in ("read", "best")
        },
    }


face_betas = {"pca": _knows([_by_beta["pca"]])}
for _beta, _runs in _by_beta["by_beta"].items():
    _three = list(_runs.values())
    face_betas[f"at_{_beta}"] = _knows(_three) | {
        "nats": np.mean([run["nats"] for run in _three]),
        "silent": np.mean([run["silent"] for run in _three]),
    }
for _found in face_betas.values():
    _found["least_lead"], _found["most_lead"] = min(_found["leads"]), max(_found["leads"])
    del _found["leads"]
face_betas["chance"] = {
    "read": _over_factors(_by_beta["chance"], "read"),
    "best": _over_factors(_by_beta["chance"], "best"),
    "read_of": {name: 100 * share for name, share in _by_beta["chance"]["read"].items()},
}
