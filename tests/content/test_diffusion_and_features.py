"""Numbers that the sections on latent diffusion and on sparse features quote."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

import widgets.data
from latentbook_decoders.models import registry
from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.latent_diffusion import features, flat
from training.exports.network_features import summary, units_of
from widgets.data import load
from widgets.latent_diffusion import angle, drawn, generated, parts_of, probability_of, spread_of
from widgets.sae_features import ACTIVE, features_of

NAMES = ("conv_vae_mnist", "conv_vae_mnist_16")
ROOT = Path(__file__).parents[2]
RECORDED = (ROOT / "content/generative-stack/outputs.json").read_text(encoding="utf-8")
NUMBERS = json.loads(RECORDED)["numbers.py"]["numbers"]


def card(name):
    folder = Path(widgets.data.__file__).parent
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["metrics"]


def test_the_classifier_is_sure_of_real_images_as_the_text_says():
    try:
        test = load_dataset("mnist").test_images / 255
    except DataUnavailable as error:
        pytest.skip(str(error))
    share = 100 * float((features(test)[1] > 0.9).mean())
    assert share == pytest.approx(NUMBERS["sure_of.digits"], abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_draws_of_prior_and_mixture_judged_again(name):
    """Uses new draws, and computes the distance by scipy's matrix square root."""
    try:
        test = load_dataset("mnist").test_images / 255
    except DataUnavailable as error:
        pytest.skip(str(error))
    vae, n = registry.load(name), 10_000
    real, _ = features(test)
    rng = np.random.default_rng(99)
    stored = {key: load(f"{name}_diffusion")[key].astype(float) for key in KEYS}
    pi = np.exp(stored["log_weights"])
    stored["log_weights"] = np.log(pi / pi.sum())
    draws = {
        "prior": rng.normal(size=(n, vae.latent_dim)),
        "mixture": drawn(flat(stored), n, rng),
    }
    for key, z in draws.items():
        with torch.no_grad():
            parts = torch.from_numpy(z).float().split(1000)
            x = torch.cat([vae.decode(part).flatten(1) for part in parts]).numpy()
        hidden, certainty = features(x)
        first, second = np.cov(hidden.T), np.cov(real.T)
        root = sqrtm(first @ second).real
        distance = np.square(hidden.mean(0) - real.mean(0)).sum() + np.trace(
            first + second - 2 * root
        )
        stated = card(f"{name}_diffusion")["drawings"][key]
        assert distance == pytest.approx(stated[0], rel=0.05, abs=0.12)
        assert (certainty > 0.9).mean() == pytest.approx(stated[1], abs=0.03)


KEYS = ("log_weights", "means", "axes", "variances")


def test_features_measured_again():
    """Runs the page's own autoencoders, stored in float16, on all test images."""
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    head = load("mnist_network")
    h = units_of(dataset.test_images, dict(head))
    data = load("mnist_network_features")
    for i, active in enumerate(ACTIVE):
        own = {
            key: data[f"trained_{key}"][i].astype(float)
            for key in ("encoder", "bias", "decoder", "centre")
        }
        z = features_of(h, own, active)
        rebuilt = z @ own["decoder"] + own["centre"]
        found = summary(z, rebuilt, (head["w3"], head["b3"]), dataset.test_labels, h)
        np.testing.assert_allclose((z > 0).mean(0), data["trained_density"][i], atol=1e-3)
        stated = card("mnist_network_features")["trained"][str(active)]["by_seed"]
        gap = [abs(run["unexplained"] - found["unexplained"]) for run in stated]
        assert min(gap) < 1e-3


def test_what_the_text_says_of_features():
    data, gallery, head = (
        load(name) for name in ("mnist_network_features", "mnist_gallery", "mnist_network")
    )
    metrics = card("mnist_network_features")
    at = ACTIVE.index(4)
    own = {
        key: data[f"trained_{key}"][at].astype(float)
        for key in ("encoder", "bias", "decoder", "centre")
    }
    h = gallery["network"].astype(float)
    z = features_of(h, own, 4)
    log_odds = h @ head["w3"] + head["b3"]
    often = [j for j in range(z.shape[1]) if (z[:, j] > 0).sum() >= 5]
    changed = []
    for j in often:
        on = z[:, j] > 0
        after = (h[on] - z[on, j, None] * own["decoder"][j]) @ head["w3"] + head["b3"]
        changed.append(np.mean(after.argmax(1) != log_odds[on].argmax(1)))
    nearest, living = data["trained_nearest"][at], data["trained_density"][at] > 0
    matter, close = np.array(changed) > 0.1, nearest[often] >= 0.9
    size = [np.square(z[:, [j]] * own["decoder"][j]).sum() for j in often]
    large = np.argsort(size)[-30:]
    weak = large[~matter[large]]
    found = {
        "features.often": len(often),
        "features.strong": matter.sum(),
        "features.strong_found": close[matter].sum(),
        "features.weak_found": 100 * close[~matter].mean(),
        "features.large": len(weak),
        "features.large_found": 100 * close[weak].mean(),
    }
    assert {name: NUMBERS[name] for name in found} == pytest.approx(found, rel=1e-4)
    dense = (data["trained_density"] > 0.3).sum(axis=1)
    assert list(dense) == [0, 0, 0, 2]
    accuracy = [
        np.mean([run["accuracy"] for run in metrics["trained"][str(active)]["by_seed"]])
        for active in ACTIVE
    ]
    assert ACTIVE[int(np.argmin(accuracy))] == 2
    assert np.mean(nearest[:20] >= 0.9) == 0.5
    assert np.mean(nearest[20:][living[20:]] >= 0.9) == pytest.approx(0.1, abs=0.005)
    thin = z[:, 36] > 0
    assert data["trained_digits"][at][36].argmax() == 1
    ones = gallery["labels"] == 1
    assert gallery["width"][thin & ones].mean() == pytest.approx(NUMBERS["thin.its"], rel=1e-4)
    others = gallery["width"][~thin & ones].mean()
    assert others == pytest.approx(NUMBERS["thin.others"], rel=1e-4)


def test_features_matter_more_than_directions_like_the_units():
    data, gallery, head = (
        load(name) for name in ("mnist_network_features", "mnist_gallery", "mnist_network")
    )
    at = ACTIVE.index(4)
    keys = ("encoder", "bias", "decoder", "centre")
    own = {key: data[f"trained_{key}"][at].astype(float) for key in keys}
    h = gallery["network"].astype(float)
    z = features_of(h, own, 4)
    rng, by_feature, by_chance = np.random.default_rng(7), [], []
    for j in (0, 1, 7, 9):
        on = z[:, j] > 0
        before = (h[on] @ head["w3"] + head["b3"]).argmax(1)

        def changed(part, on=on, before=before):
            after = (h[on] - part) @ head["w3"] + head["b3"]
            return after.argmax(-1) != before

        step = z[on, j, None] * own["decoder"][j]
        other = rng.multivariate_normal(np.zeros(32), np.cov(h.T), (100, len(step)))
        other *= (np.linalg.norm(step, axis=1) / np.linalg.norm(other, axis=2))[..., None]
        by_feature.append(changed(step).mean())
        by_chance.append(changed(other).mean())
        if j == 1:
            six = before == 6
            lost = 100 * changed(step)[six].mean()
            assert lost == pytest.approx(NUMBERS["clear.sixes_lost"], rel=1e-4)
    assert min(by_feature) > 1.5 * max(by_chance)
    assert min(by_chance) == pytest.approx(0.045, abs=0.01)
    assert max(by_chance) == pytest.approx(0.22, abs=0.015)


def test_what_the_text_says_of_guidance():
    phis = angle(np.linspace(1, 0, 33), "cosine")
    stated = {  # spread and probability
        ("conv_vae_mnist", "3", 0.0, "ddpm"): (0.83, 0.63),
        ("conv_vae_mnist", "3", 3.0, "ddpm"): (0.30, 0.79),
        ("conv_vae_mnist", "3", 3.0, "ddim"): (0.05, 0.82),
        ("conv_vae_mnist", "0", 0.0, "ddpm"): (0.92, 0.96),
        ("conv_vae_mnist", "0", 3.0, "ddpm"): (1.33, 1.00),
        ("conv_vae_mnist_16", "3", 0.0, "ddpm"): (0.93, 0.93),
        ("conv_vae_mnist_16", "3", 3.0, "ddpm"): (0.93, 1.00),
    }
    for (name, digit, w, sampler), wanted in stated.items():
        data = load(f"{name}_diffusion")
        rng = np.random.default_rng(17)  # a different seed from the figure's
        z = rng.normal(size=(1000, data["means"].shape[-1]))
        z = generated(z, phis, data, "exact", sampler, (w, digit), rng)[-1]
        spread = np.sqrt(np.square(z - z.mean(0)).sum(1).mean())
        found = (
            spread / spread_of(parts_of(data, digit)),
            probability_of(z, data, int(digit)).mean(),
        )
        np.testing.assert_allclose(found, wanted, atol=0.05)


def test_how_near_features_are_to_each_other_and_to_chance():
    data, rng = load("mnist_network_features"), np.random.default_rng(3)
    units = load("mnist_gallery")["network"].astype(float)
    drawn = rng.multivariate_normal(np.zeros(32), np.cov(units.T), 2000)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    alike, by_chance = [], []
    for decoder, density in zip(data["trained_decoder"], data["trained_density"], strict=True):
        living = decoder[density > 0].astype(float)
        living /= np.linalg.norm(living, axis=1, keepdims=True)
        alike.append(np.mean((living @ living.T - 2 * np.eye(len(living))).max(1) >= 0.9))
        by_chance.append((drawn @ living.T).max(1).mean())
    assert alike[0] == pytest.approx(NUMBERS["near.k1.copies"] / 100) and alike[1:] == [0, 0, 0]
    stated = [NUMBERS[f"near.k{active}.chance"] for active in ACTIVE]
    np.testing.assert_allclose(by_chance, stated, atol=0.02)
