"""The holes of the latent plane against scipy's search and the models themselves, in torch."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree
from scipy.stats import percentileofscore

from latentbook_decoders.models import registry
from widgets import latent_holes
from widgets.data import load
from widgets.latent_holes import PLAIN, REACH

MODELS = {"plain": PLAIN, "vae": "mlp_vae_mnist"}


def compute(plain=(0.5, -1.0), vae=(0.5, -1.0)):
    return latent_holes.compute(plain=plain, vae=vae, model=MODELS["vae"])


def change_of_teacher(model, z):
    """|g(f(g(z))) - g(z)|^2 of the trained model, for places z of its plane, (m, 2)."""
    teacher, data = registry.load(model), load(f"{model}_decoder")
    codes = torch.tensor(data["centre"] + data["scale"] * np.array(z), dtype=torch.float32)
    x_hat = teacher.decode(codes).flatten(1)
    again = teacher.decode(teacher.encode(x_hat)[0]).flatten(1)
    return (again - x_hat).square().sum(1).numpy()


@pytest.mark.parametrize("name", MODELS)
def test_nearest_code_is_the_one_that_a_tree_finds(name):
    codes = compute()[name]["codes"]
    tree = cKDTree(codes)
    for z in np.random.default_rng(1).uniform(-REACH, REACH, (20, 2)):
        place = compute(**{name: tuple(z)})[name]
        gap, nearest = tree.query(z)
        assert place["gap"] == pytest.approx(gap, rel=1e-5)
        assert place["nearest"] == nearest


@pytest.mark.parametrize("name", MODELS)
def test_at_a_code_there_is_no_gap_and_the_image_is_that_of_the_code(name):
    codes = compute()[name]["codes"]
    inside = np.flatnonzero(np.abs(codes).max(axis=1) < REACH)[7]
    place = compute(**{name: tuple(codes[inside].tolist())})[name]
    assert place["gap"] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(place["images"][0], place["images"][2], atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_change_follows_that_of_the_trained_model(name):
    """The page has small copies of encoder and decoder, which must follow the originals."""
    z = np.random.default_rng(2).uniform(-2.5, 2.5, (150, 2))
    small = [compute(**{name: tuple(place)})[name]["change"] for place in z]
    logs = np.log(np.stack([small, change_of_teacher(MODELS[name], z)]) + 0.1)
    assert np.corrcoef(logs)[0, 1] > 0.75


def test_only_the_plain_autoencoder_has_holes():
    """Checked over the same square, in the trained models and in the page's copies."""
    axis = np.linspace(-2, 2, 9)
    z = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    of_teacher = {name: change_of_teacher(model, z) for name, model in MODELS.items()}
    assert np.quantile(of_teacher["plain"], 0.9) > 10 * np.quantile(of_teacher["vae"], 0.9)
    shown = {name: [compute(**{name: tuple(p)})[name]["change"] for p in z] for name in MODELS}
    assert np.quantile(shown["plain"], 0.9) > 10 * np.quantile(shown["vae"], 0.9)


def test_rank_is_the_share_of_test_digits_that_change_less():
    place = compute()["vae"]
    quantiles = load("mlp_vae_mnist_encoder")["round_trip_quantiles"]
    assert place["rank"] == pytest.approx(percentileofscore(quantiles, place["change"]), abs=0.2)


def test_note_speaks_of_unusual_changes_only():
    note = latent_holes.frame(compute(plain=(1.8, 2.0), vae=(0.0, 0.0))).note
    assert "plain autoencoder changes more" in note
    assert "VAE" not in note


def test_image_in_the_plane_stands_upright_at_its_place():
    figure = latent_holes.frame(compute(plain=(1.0, -2.0))).panels[0].figure
    heatmap = figure["data"][1]
    assert heatmap["y"][0] > heatmap["y"][-1]
    assert (np.mean(heatmap["x"]), np.mean(heatmap["y"])) == pytest.approx((1.0, -2.0))
