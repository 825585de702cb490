"""Numbers of the appendix: figures repeated, and what another seed changes."""

import json
from pathlib import Path

import numpy as np

import widgets as _widgets
from latentbook_decoders.models.cards import card
from widgets.data import load
from widgets.morph import probabilities

pca_30 = load("mnist_pca")["test_error"][30]
nearest_wrong = 10_000 * card("mnist_distances")["metrics"]["wrong"]["60000"]

# The table of `latentbook reproduce --record`: times of 100 s and more in minutes
_rows = card("published")


def _time(seconds):
    return seconds if seconds is None or seconds < 100 else seconds / 60


published = {
    name.replace("-", "_"): {
        key: _time(row[key]) if key in ("seconds", "trained") else row[key]
        for key in ("mean", "standard_error", "seconds", "trained")
        if row[key] is not None
    }
    for name, row in _rows.items()
}
_logistic = {"digits": _rows["logistic-mnist"], "fashion": _rows["logistic-fashion-mnist"]}
logistic_ahead = {
    name: 10_000 * (row["mean"] - float(row["theirs"])) for name, row in _logistic.items()
}
log_128 = np.log(128)

_deep = card("deep_autoencoder_mnist")["metrics"]["squared_error"]["mean"]
deep_ahead = 3.00 - _deep  # the figure of Hinton & Salakhutdinov 2006

_bounds = [run["negative_elbo"] for run in card("reference_vae_mnist")["by_seed"].values()]
reference = {"seeds": len(_bounds), "least": min(_bounds), "most": max(_bounds)}

linear_vae_off = card("controls")["metrics"]["linear_vae"]["above_closed_form"]

# Corrections: the best linear VAE, cut, beside a VAE at its rate and the Gaussian bound there
_rates = card("rate_distortion")["metrics"]
_vae = _rates["vae_by_beta"]["0.1"]
cut = {
    "bits": _vae["bits"],
    "bound": np.interp(_vae["bits"], *load("rate_distortion")["bound"].T),
    "linear": card("controls")["metrics"]["best_linear_vae"]["0.1"]["squared_error"],
    "vae": _vae["squared_error"],
}
prior_bits = _rates["vq_by_codes_and_seed"]["64, seed 0"]["bits_by_the_places_before"]

# What holds nine tenths of the variance of digits, and how sure the page's classifier is of noise
_gallery = load("mnist_gallery")["images"].reshape(625, -1) / 255


def _needed(variances):
    return np.argmax(np.cumsum(variances) >= 0.9 * np.sum(variances)) + 1


nine_tenths = {
    "directions": _needed(load("mnist_pca")["eigenvalues"]),
    "pixels": _needed(np.sort(_gallery.var(axis=0))[::-1]),
}
_rng = np.random.default_rng(0)
_rng.integers(10_000, size=(1000, 4, 4))  # chapter 3 draws its collages first
_noise = _rng.random((1000, 784))
certain_of_noise = 100 * probabilities(_noise, load("mnist_classifier")).max(axis=1).mean()
_beside = _gallery.reshape(-1, 28, 28) - _gallery.mean(axis=0).reshape(28, 28)
_deviation = _beside.std(axis=0)
_across = (_beside[:, :, :-1] * _beside[:, :, 1:]).mean(axis=0).sum()
_down = (_beside[:, :-1] * _beside[:, 1:]).mean(axis=0).sum()
_at_most = (_deviation[:, :-1] * _deviation[:, 1:]).sum() + (_deviation[:-1] * _deviation[1:]).sum()
neighbours_correlate = (_across + _down) / _at_most

# Corrections: what the chapters have now, as they have recorded it: record twice to see a change
_CHAPTERS = Path(_widgets.__file__).parents[1] / "content"


def _now_in(chapter):
    recorded = json.loads((_CHAPTERS / chapter / "outputs.json").read_text(encoding="utf-8"))
    return recorded["numbers.py"]["numbers"]


_chapter_2, _chapter_3, _chapter_4, _chapter_5, _chapter_6 = map(
    _now_in, ("autoencoders", "convolutional", "self-supervision", "judging", "generative-stack")
)
draws_cover = card("draws")["judged"]["test_digits"]["covered"]
greyness = {"apart": _chapter_2["grey.apart"], "alike": _chapter_2["grey.alike_elsewhere_equal"]}
new_weights = {
    name: _chapter_3[f"new_weights.{name}.mean"] for name in ("transposed", "transposed_even")
}
confused = _chapter_4["confused_with_labels.0"]
few_labels = {
    "alone": _chapter_4["trained_with_few.views.mean"],
    "contrastive": _chapter_4["few_labels.contrastive.mean"],
}
analogies = {name: _chapter_4[f"analogy.plain.{name}"] for name in ("as_is", "evened")}
longer_prior = _chapter_6["longer_prior.bits"]
found_again = {name: _chapter_6[f"features.{name}_found"] for name in ("weak", "large")}
two_numbers = {
    probe: {code: _chapter_5[f"by_probe.{code}.{probe}"] for code in ("vae", "autoencoder")}
    for probe in ("fixed", "logistic")
}
by_lot = _chapter_5["floor"]
early_weight = {
    name: _chapter_2[f"early_weight.{name}"] for name in ("never", "never_turned", "early")
}
units_on = load("digit_patches")["active_256"][0]  # at the lowest price, on average
lead = {digits: _chapter_3[f"lead.{digits}.better_rate"] for digits in ("1000", "10000", "55000")}

_codes = card("spatial_codes")["metrics"]
codes = {name: _codes[name]["squared_error"]["digits"] for name in ("spatial", "flat", "deeper")}
