"""Numbers that the sections on latent diffusion and on sparse features quote."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

import widgets.data
from latentbook.models import registry
from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.latent_diffusion import features, flat
from training.exports.network_features import summary, units_of
from widgets.data import load
from widgets.latent_diffusion import angle, drawn, generated, parts_of, probability_of, spread_of
from widgets.sae_features import ACTIVE, features_of

NAMES = ("conv_vae_mnist", "conv_vae_mnist_16")
ROOT = Path(__file__).parents[2]
DIFFUSION = (ROOT / "content/generative-stack/latent-diffusion.md").read_text(encoding="utf-8")
FEATURES = (ROOT / "content/generative-stack/sparse-features.md").read_text(encoding="utf-8")
RECORDED = (ROOT / "content/generative-stack/outputs.json").read_text(encoding="utf-8")
NUMBERS = json.loads(RECORDED)["numbers.py"]["numbers"]


def card(name):
    folder = Path(widgets.data.__file__).parent
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["metrics"]


def rows(text, label):
    """The cells of a table, without its head."""
    table = re.search(rf":label: {label}\n(.*?):::", text, flags=re.DOTALL)[1]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def spread(values, form):
    """Mean ± standard deviation, or the value alone."""
    values = np.atleast_1d(values)
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{values.mean():{form}} ± {values.std(ddof=1):{form}}"


def test_table_of_draws_says_what_the_cards_say():
    keys = (
        "prior",
        "one_gaussian_a_digit",
        "mixture",
        "exact",
        "exact_asked_for_digits",
        "network",
        "network_asked_for_digits",
        "training_codes",
    )
    cards = [card(f"{name}_diffusion")["drawings"] for name in NAMES]
    found = rows(DIFFUSION, "table-draws")
    assert len(found) == len(keys)
    for (_, *cells), key in zip(found, keys, strict=True):
        wanted = []
        for each in cards:
            values = np.atleast_2d(each[key])
            wanted += [spread(values[:, 0], ".1f"), spread(100 * values[:, 1], ".0f")]
        assert cells == wanted


def test_what_the_text_says_of_steps():
    drawings = card("conv_vae_mnist_16_diffusion")["drawings"]
    sure = {
        key: round(100 * float(np.atleast_2d(value)[:, 1].mean()))
        for key, value in drawings.items()
    }
    text = " ".join(DIFFUSION.split())
    assert f"{sure['network_asked_for_digits']} % against {sure['training_codes']}" in text
    assert f"does the same, {sure['exact_asked_for_digits']} %" in text
    for score in ("exact", "learned"):
        assert f"120 steps both are at {sure[f'{score}_in_more_steps']} %" in text
    assert f"of {sure['test_codes']} % of the decoded codes of test images" in text
    data, rng = load("conv_vae_mnist_16_diffusion"), np.random.default_rng(5)
    for steps, left in ((24, 0.9), (120, 0.97)):
        phis, spreads = np.linspace(np.pi / 2, 0, steps + 1), []
        for digit in map(str, range(10)):
            z = rng.normal(size=(300, 16))
            z = generated(z, phis, data, "exact", "ddpm", (0.0, digit), rng)[-1]
            own = np.sqrt(np.square(z - z.mean(0)).sum(1).mean())
            spreads.append(own / spread_of(parts_of(data, digit)))
        assert np.mean(spreads) == pytest.approx(left, abs=0.02)


def test_the_classifier_is_sure_of_real_images_as_the_text_says():
    try:
        test = load_dataset("mnist").test_images / 255
    except DataUnavailable as error:
        pytest.skip(str(error))
    share = round(100 * float((features(test)[1] > 0.9).mean()))
    assert f"more than 90 % sure of {share} % of the real test images" in DIFFUSION


@pytest.mark.parametrize("name", NAMES)
def test_draws_of_prior_and_mixture_judged_again(name):
    """Other draws, and the distance by scipy's root of a matrix."""
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


def test_table_of_features_says_what_the_card_says():
    metrics = card("mnist_network_features")
    wanted = []
    for name, told in (("trained", ACTIVE), ("untrained", (1, 4, 8))):
        units = metrics[name]["units"]
        keys = list(COLUMNS)[1:]
        wanted.append(["0.0", *(f"{100 * units[key]:{COLUMNS[key]}}" for key in keys), ""])
        for active in told:
            runs = metrics[name][str(active)]["by_seed"]
            cells = [
                spread(100 * np.array([run[key] for run in runs]), form)
                for key, form in COLUMNS.items()
            ]
            returned = 100 * np.array(metrics[name][str(active)]["return_under_another_seed"])
            wanted.append([*cells, spread(returned, ".0f")])
    assert [cells for _, *cells in rows(FEATURES, "table-features")] == wanted


COLUMNS = {
    "unexplained": ".1f",
    "accuracy": ".1f",
    "dead": ".0f",
    "mixed": ".0f",
    "purity_median": ".0f",
}


def test_features_measured_again():
    """The page's own autoencoders on all test images, in float16 as the page has them."""
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
    assert metrics["trained"]["units"]["purity_median"] == pytest.approx(0.22, abs=0.005)
    assert round(100 * metrics["trained"]["units"]["accuracy"], 1) == 99.2
    returned = 100 * np.array(metrics["trained"]["4"]["return_under_another_seed"])
    assert (round(returned.mean()), round(returned.min()), round(returned.max())) == (22, 20, 24)
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
    assert (len(often), int(np.sum(np.array(changed) > 0.1))) == (97, 11)
    text = " ".join(FEATURES.split())
    nearest, living = data["trained_nearest"][at], data["trained_density"][at] > 0
    matter, close = np.array(changed) > 0.1, nearest[often] >= 0.9
    assert len(often) - matter.sum() == 86 and "of the other 86" in text
    size = [np.square(z[:, [j]] * own["decoder"][j]).sum() for j in often]
    large = np.argsort(size)[-30:]
    weak = large[~matter[large]]
    found = {
        "features.strong_found": close[matter].sum(),
        "features.weak_found": 100 * close[~matter].mean(),
        "features.large": len(weak),
        "features.large_found": 100 * close[weak].mean(),
    }
    assert {name: NUMBERS[name] for name in found} == pytest.approx(found, rel=1e-4)
    cosines = [
        f"{data['trained_nearest'][i][data['trained_density'][i] > 0].mean():.2f}" for i in range(4)
    ]
    said = "falls from {} at $k = 1$ over {} and {} to {}, on average"
    assert said.format(*cosines) in text
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
    assert thin.sum() == 29 and data["trained_digits"][at][36].argmax() == 1
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
            assert changed(step)[six].mean() == pytest.approx(19 / 20, abs=0.005)
    assert (round(100 * min(by_feature)), round(100 * max(by_feature))) == (40, 76)
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
        rng = np.random.default_rng(17)  # another seed than the figure's
        z = rng.normal(size=(1000, data["means"].shape[-1]))
        z = generated(z, phis, data, "exact", sampler, (w, digit), rng)[-1]
        spread = np.sqrt(np.square(z - z.mean(0)).sum(1).mean())
        found = (
            spread / spread_of(parts_of(data, digit)),
            probability_of(z, data, int(digit)).mean(),
        )
        np.testing.assert_allclose(found, wanted, atol=0.05)


def test_what_the_text_says_of_denoising_and_likelihood():
    for name, gain, last in (("conv_vae_mnist", 0.40, 0.03), ("conv_vae_mnist_16", 1.54, 0.17)):
        held = card(f"{name}_diffusion")["held_out"]
        assert held["4"] - held["prior"] == pytest.approx(gain, abs=0.005)
        assert held["4"] - held["2"] == pytest.approx(last, abs=0.005)
    assert load("conv_vae_mnist_16_planes")["kl"].sum() == pytest.approx(19, abs=0.5)
    data = load("conv_vae_mnist_16_diffusion")
    share = data["errors"] / data["errors"][0]
    at = int(np.argmin(np.abs(data["angles"] - np.radians(27))))
    assert share[1, at] == pytest.approx(0.936, abs=5e-4)
    np.testing.assert_allclose(share[2:, at], 0.984, atol=5e-4)


def test_how_near_features_are_to_each_other_and_to_chance():
    text = " ".join(FEATURES.split())
    assert "86 % of the features have *another feature of the same run*" in text
    assert "find a feature at 0.50, 0.61, 0.63 and 0.60 on average" in text
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
    assert alike[0] == pytest.approx(0.86, abs=0.05) and alike[1:] == [0, 0, 0]
    np.testing.assert_allclose(by_chance, [0.50, 0.61, 0.63, 0.60], atol=0.02)


def test_features_that_change_answers_are_nearly_class_means():
    """A step of the same length along the mean of the feature's digit changes as many."""
    text = " ".join(FEATURES.split())
    assert "is 0.85 to 0.94, and a step of the same length along *that* changes 37 to 79 %" in text
    data, gallery = load("mnist_network_features"), load("mnist_gallery")
    head = load("mnist_network")
    own = {
        name: data[f"trained_{name}"][ACTIVE.index(4)].astype(float)
        for name in ("encoder", "bias", "decoder", "centre")
    }
    h = gallery["network"].astype(float)
    z = features_of(h, own, 4)

    def answers(units):
        return (units @ head["w3"].astype(float) + head["b3"]).argmax(1)

    cosines, changed = [], []
    for j in (0, 1, 7, 9):
        digit = data["trained_digits"][ACTIVE.index(4)][j].argmax()
        mean = h[gallery["labels"] == digit].mean(0) - h.mean(0)
        row, on = own["decoder"][j], z[:, j] > 0
        mean /= np.linalg.norm(mean)
        length = z[on, j, None] * np.linalg.norm(row)
        cosines.append(row @ mean / np.linalg.norm(row))
        changed.append(100 * np.mean(answers(h[on] - length * mean) != answers(h[on])))
    np.testing.assert_allclose([min(cosines), max(cosines)], [0.85, 0.94], atol=0.006)
    np.testing.assert_allclose([min(changed), max(changed)], [37, 79], atol=0.6)
