"""The pipeline transforms a digit as the networks do, and describes each stage."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from tests.figures import check_figures
from widgets import pipeline
from widgets.data import load
from widgets.kit.network import dense, layers
from widgets.pipeline import STAGES, compute, frame, instrument

HOME = instrument.defaults()


def sigmoid(h):
    return 1 / (1 + np.exp(-h))


@pytest.mark.parametrize("model", pipeline.MODELS)
def test_each_layer_is_the_textbook_formula(model):
    result = compute(**{**HOME, "model": model, "digit": "7"})
    encoder, decoder = load(f"{model}_encoder"), load(f"{model}_decoder")
    for names, h, hidden, end in [
        (encoder, result["x"].ravel(), result["encoded"], result["z"]),
        (decoder, result["z"], result["decoded"], None),
        (decoder, result["drawn"], result["drawn_layers"], None),
    ]:
        put_out = []
        for i in range(3):
            h = h @ names[f"w{i}"].astype(float) + names[f"b{i}"]
            if i < 2:
                h = h * sigmoid(h)
                put_out.extend(h)
        np.testing.assert_allclose(hidden, put_out, atol=1e-9)
        if end is not None:
            np.testing.assert_allclose(end, h, atol=1e-9)
    image = np.clip(dense(result["z"][None], decoder), 0, 1).reshape(28, 28)
    np.testing.assert_allclose(result["x_hat"], image)
    assert result["error"] == pytest.approx(np.sum((result["x"] - image) ** 2))


def test_layers_end_in_what_dense_gives():
    decoder = load("mlp_vae_mnist_decoder")
    z = np.random.default_rng(0).normal(size=(5, 2))
    assert [h.shape for h in layers(z, decoder)] == [(5, 192), (5, 64), (5, 784)]
    np.testing.assert_array_equal(layers(z, decoder)[-1], dense(z, decoder))


@pytest.mark.parametrize(
    ("stage", "shape", "numbers"),
    [
        ("input", "28 × 28", 784),
        ("encoder", "64 and 64", 128),
        ("code", "2", 2),
        ("decoder", "192 and 64", 256),
        ("reconstruction", "28 × 28", 784),
        ("generation", "28 × 28", 784),
    ],
)
def test_every_stop_says_what_is_there(stage, shape, numbers):
    shown = frame(compute(**{**HOME, "stage": stage}))
    assert shown.readouts["shape"] == shape
    assert shown.readouts["numbers"] == numbers
    assert (shown.readouts["error"] is not None) == (stage == "reconstruction")
    assert STAGES[stage] in shown.panels[0].alt
    check_figures(shown)


def test_the_readers_of_the_pixels_are_those_of_chapter_five():
    stops, probes = load("pipeline_stops"), load("mnist_logistic_pixels")["right"]
    for arrays in (stops["trained"], stops["untrained"]):
        np.testing.assert_allclose(arrays[:, 1, 0], 100 * probes[-1].mean(), atol=0.1)


@pytest.mark.parametrize("model", pipeline.MODELS)
def test_a_neighbour_by_the_code_is_alike_as_often_in_the_gallery(model):
    gallery, row = load("mnist_gallery"), list(pipeline.MODELS).index(model)
    h = layers(gallery["images"].reshape(-1, 784) / 255, load(f"{model}_encoder"))[-1]
    nearest = KNeighborsClassifier(1).fit(h[::2], gallery["labels"][::2])
    share = 100 * nearest.score(h[1::2], gallery["labels"][1::2])
    assert share == pytest.approx(load("pipeline_stops")["trained"][row, 0, 3], abs=8)


def test_what_the_readers_found_is_shown_up_to_the_stop():
    shown = frame(compute(**{**HOME, "stage": "encoder"}))
    found = load("pipeline_stops")["trained"][0]
    assert (shown.readouts["near"], shown.readouts["probe"]) == tuple(found[:, 2])
    assert all(len(trace["x"]) == 3 for trace in shown.panels[1].figure["data"])
    assert frame(compute(**{**HOME, "stage": "generation"})).readouts["near"] is None


@pytest.mark.parametrize("model", pipeline.MODELS)
def test_every_code_is_in_the_picture(model):
    for digit in "0123456789":
        result = compute(**{**HOME, "model": model, "digit": digit})
        assert np.abs(pipeline.in_plane(result["z"], result)).max() < 0.5
        plane = pipeline.plane_figure(result, "z")
        for axis, spread in zip("xy", np.vstack([result["codes"], result["z"]]).T, strict=True):
            low, high = plane["layout"][f"{axis}axis"]["range"]
            assert low < spread.min() and spread.max() < high


def test_a_draw_is_one_from_the_prior():
    draws = np.array([compute(**{**HOME, "seed": seed})["drawn"] for seed in range(400)])
    assert np.abs(draws.mean(axis=0)).max() < 0.2
    assert np.abs(draws.std(axis=0) - 1).max() < 0.15
