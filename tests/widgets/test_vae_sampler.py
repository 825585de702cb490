"""The latent sampler against torch, scipy and the files that it reads."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from widgets import vae_sampler
from widgets.data import load


def compute(**changed):
    values = {**vae_sampler.instrument.defaults(), **changed}
    return vae_sampler.compute(**values)


def decoded(weights, z):
    """Decode in torch, in float64."""
    layers = [
        (torch.tensor(weights[f"w{i}"]).double(), torch.tensor(weights[f"b{i}"])) for i in range(3)
    ]
    h = torch.as_tensor(np.array(z), dtype=torch.float64)
    for w, b in layers[:-1]:
        h = torch.nn.functional.silu(h @ w + b)
    w, b = layers[-1]
    return 255 * (h @ w + b).clamp(0, 1).reshape(*h.shape[:-1], 28, 28).numpy()


@pytest.mark.parametrize(("r", "percent"), [(1.0, 46.6), (2.0, 91.1), (3.0, 99.5)])
def test_mass_of_the_square(r, percent):
    mass = compute(r=r)["mass"]
    assert mass == pytest.approx((norm.cdf(r) - norm.cdf(-r)) ** 2)
    assert vae_sampler.frame(compute(r=r)).readouts["mass"] == pytest.approx(percent, abs=0.05)


@pytest.mark.parametrize(
    ("model", "beta"),
    [
        ("conv_vae_mnist", 1.0),
        ("mlp_vae_mnist", 1.0),
        ("autoencoder_mnist", 1.0),
        ("conv_vae_fashion", 1.0),
        ("strokes", 0.1),
        ("strokes", 1.0),
        ("strokes", 32.0),
    ],
)
def test_decoding_equals_torch(model, beta):
    result = compute(model=model, beta=beta, n=3, r=1.5, z=(0.4, -0.9))
    centre, scale = np.zeros(2), 1.0
    if model != "strokes":
        weights = load(f"{model}_decoder")
        centre, scale = weights["centre"], weights["scale"]
    else:
        data = load("strokes")
        i = list(data["betas"]).index(beta)
        weights = {name: data[name][i] for name in ("w0", "b0", "w1", "b1", "w2", "b2")}
    codes = {(0, 0): (-1.5, 1.5), (0, 2): (1.5, 1.5), (1, 1): (0, 0), (2, 0): (-1.5, -1.5)}
    for (row, column), z in codes.items():  # the top row has the largest z_2
        wanted = decoded(weights, centre + scale * np.array(z))
        assert np.abs(result["tiles"][row, column] - wanted).max() < 0.51
    wanted = decoded(weights, centre + scale * np.array((0.4, -0.9)))
    assert np.abs(result["tile"] - wanted).max() < 0.51


def test_plane_and_grid_agree():
    """The image in the plane is upright: its first row of pixels is on top."""
    panels = vae_sampler.frame(compute(z=(1.0, -2.0))).panels
    heatmap = panels[1].figure["data"][1]
    assert heatmap["y"][0] > heatmap["y"][-1]
    assert np.mean(heatmap["x"]) == pytest.approx(1.0)
    assert np.mean(heatmap["y"]) == pytest.approx(-2.0)


@pytest.mark.parametrize("model", ["conv_vae_mnist", "mlp_vae_mnist", "conv_vae_fashion"])
def test_kl_of_the_latents_equals_torch(model):
    data = load(f"{model}_decoder")
    mu = torch.tensor(data["codes"])
    sigma = torch.tensor(data["log_variances"]).mul(0.5).exp()
    kl = kl_divergence(Normal(mu, sigma), Normal(torch.zeros(2), torch.ones(2))).mean(0)
    np.testing.assert_allclose(compute(model=model)["kl"], kl.numpy(), rtol=1e-4)


def test_without_a_prior_nothing_is_said_of_it():
    frame = vae_sampler.frame(compute(model="autoencoder_mnist", finer="64", r=2.0))
    assert {frame.readouts[key] for key in ("mass", "kl", "mig")} == {None}
    data, server = load("autoencoder_mnist_decoder"), frame.panels[0].server
    assert server.at == pytest.approx(tuple(data["centre"]))
    assert server.span == pytest.approx(2 * data["scale"])
    assert "No prior" in frame.note
    codes = compute(model="autoencoder_mnist")["codes"]
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.1)
    assert np.sqrt(codes.var(axis=0).mean()) == pytest.approx(1, abs=0.1)


def test_every_trained_beta_can_be_chosen():
    slider = next(c for c in vae_sampler.instrument.controls if c.name == "beta")
    np.testing.assert_array_equal(slider.values, load("strokes")["betas"])


def test_collapse_is_told_from_the_numbers():
    assert "Both latents have collapsed" in vae_sampler.frame(compute(beta=32.0)).note
    assert (compute(beta=32.0)["kl"] < 0.05).all()
    assert "collapsed" not in vae_sampler.frame(compute(beta=1.0)).note


def test_mig_is_measured_over_seeds_and_only_with_factors():
    data = load("strokes")
    mig = data["mig"][list(data["betas"]).index(4.0)]
    text = vae_sampler.frame(compute(beta=4.0)).readouts["mig"]
    assert text == f"{np.mean(mig):.2f} ± {np.std(mig, ddof=1):.2f}"
    assert vae_sampler.frame(compute(model="conv_vae_mnist")).readouts["mig"] is None


@pytest.mark.parametrize("model", ["conv_vae_mnist", "mlp_vae_mnist", "conv_vae_fashion"])
def test_server_draws_the_same_square_of_the_same_model(model):
    grid = vae_sampler.frame(compute(model=model, finer="64", r=2.5)).panels[0]
    assert (grid.server.model, grid.server.n, grid.server.span) == (model, 64, 2.5)
    assert vae_sampler.frame(compute(model=model)).panels[0].server is None


def test_no_server_has_the_strokes():
    assert vae_sampler.frame(compute(model="strokes", finer="64")).panels[0].server is None


def test_note_tells_what_training_from_a_low_beta_gives():
    """At beta 0.1 a direct start scores far lower than the annealed runs, in every seed."""
    data = load("strokes")
    cold, annealed = data["mig_cold"][0], data["mig"][0]
    assert (cold < annealed).all()
    note = vae_sampler.frame(compute(beta=0.1)).note
    assert f"MIG is {np.mean(cold):.2f} ± {np.std(cold, ddof=1):.2f}" in note


def test_names_of_classes_stay_apart():
    """The boxes around names, sized by letter width and line height, do not overlap."""
    names, places = ["coat", "shirt", "bag", "pullover"], [(0, 0), (0.2, 0.1), (3, 0), (0.1, 0.2)]
    moved = vae_sampler.apart(places, names)
    width, height = vae_sampler.LETTER, vae_sampler.LINE
    for i, (x, y) in enumerate(moved):
        assert (x, y) == places[i] or y > places[i][1]
        for j, (other_x, other_y) in enumerate(moved[:i]):
            beside = abs(x - other_x) >= width * (len(names[i]) + len(names[j])) / 2
            assert beside or abs(y - other_y) >= height - 1e-9
