"""The probe's instrument: its draws against scikit-learn, and the server's part in it."""

import base64
import io

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from latentbook_decoders.models.cards import card
from latentbook_decoders.models.full_data import read_full_data
from training.benchmark_codes import encode_benchmark
from training.data import load_dataset
from training.errors import DataUnavailable
from widgets import data, linear_probe, train_vae
from widgets.kit.benchmark_codes import JUDGED, codes, labels
from widgets.kit.probe import drawn, scores
from widgets.linear_probe import DRAWS, LOGISTIC, PER_CLASS, compute, frame

REST = linear_probe.instrument.defaults()
SQUARES = REST | {"matrix": "squares"}


@pytest.mark.parametrize(("code", "per_class", "ridge"), [("pca", 2, 0.1), ("pixels", 5, 1.0)])
def test_each_draw_is_a_ridge_of_scikit_learn(code, per_class, ridge):
    shown, test, _ = codes(code)
    shown_labels, test_labels = labels()
    rng = np.random.default_rng(4)
    wanted = []
    for _ in range(DRAWS):
        places = drawn(shown_labels, per_class, rng)
        h = shown[places].astype(float)
        size = np.mean(np.sum((h - h.mean(axis=0)) ** 2, axis=1))
        model = Ridge(alpha=ridge * size).fit(h, np.eye(10)[shown_labels[places]])
        wanted.append(np.mean(model.predict(test).argmax(axis=1) == test_labels))
    asked = {"code": code, "per_class": per_class, "ridge": ridge, "seed": 4}
    result = compute(**SQUARES | asked)
    np.testing.assert_allclose(result["here"], wanted, atol=0.0015)  # rounding makes ties


@pytest.mark.parametrize(("code", "draw"), [("vae_16", 3), ("pixels", 7)])
def test_a_stored_probe_is_a_logistic_regression_of_scikit_learn(code, draw):
    """Refitted by a different method, with the labels and the ridge that the card states."""
    try:
        mnist = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    row = PER_CLASS.index(5)
    rng = np.random.default_rng(card(LOGISTIC[code])["seed"])
    for _ in range(draw + 1):
        places = drawn(mnist.train_labels, 5, rng)
    h = encode_benchmark(code, mnist.train_images[places] / 255).astype(float)
    centred = h - h.mean(axis=0)
    unit = np.sqrt(np.mean(np.sum(centred**2, axis=1)))
    stored = data.load(LOGISTIC[code])
    model = LogisticRegression(
        C=1 / stored["ridge"][row, draw], solver="newton-cg", tol=1e-7, max_iter=1000
    )
    model.fit(centred / unit, mnist.train_labels[places])

    _, test, _ = codes(code)
    theirs = model.predict((test - h.mean(axis=0)) / unit)
    ours = scores(test, (stored["matrix"][row, draw], stored["intercept"][row, draw]))
    assert np.mean(ours.argmax(axis=1) == theirs) > 0.985  # stored as float16
    here = compute(**REST | {"code": code, "per_class": 5})["here"][draw]
    assert here == pytest.approx(np.mean(theirs == labels()[1]), abs=0.005)


@pytest.mark.parametrize("code", JUDGED)
def test_the_server_finds_the_accuracy_that_is_stored(code):
    stored = data.load(LOGISTIC[code])["right"]
    for row, per_class in enumerate(PER_CLASS):
        result = compute(**REST | {"code": code, "per_class": per_class}, full_data=read_full_data)
        np.testing.assert_allclose(result["everywhere"], stored[row], atol=1.5e-4)
        np.testing.assert_allclose(
            result["curves"][list(JUDGED).index(code), row],
            [stored[row].mean(), stored[row].min(), stored[row].max()],
            rtol=1e-6,
        )


@pytest.mark.parametrize("matrix", linear_probe.PROBES)
def test_all_data_are_asked_the_same_way(matrix):
    """With the page's data, the server's part gives the page's results."""
    shown, test, _ = codes("deep")
    shown_labels, test_labels = labels()
    files = {
        "benchmark_deep": {"shown": shown, "test": test},
        "benchmark_labels": {"shown": shown_labels, "test": test_labels},
    }
    result = compute(**REST | {"matrix": matrix}, full_data=files.__getitem__)
    assert (result["here"] == result["everywhere"]).all()
    shown_frame = frame(result)
    assert shown_frame.readouts["apart"] == 0
    assert frame(compute(**REST)).readouts["everywhere"] is None


@pytest.mark.parametrize("code", ["pixels", "deep", "vae"])
def test_with_one_label_each_the_nearest_mean_is_the_nearest_neighbour(code):
    shown, test, _ = codes(code)
    shown_labels, test_labels = labels()
    rng = np.random.default_rng(2)
    wanted = []
    for _ in range(DRAWS):
        places = drawn(shown_labels, 1, rng)
        near = KNeighborsClassifier(1).fit(shown[places].astype(float), shown_labels[places])
        wanted.append(near.score(test.astype(float), test_labels))
    result = compute(**REST | {"code": code, "per_class": 1, "matrix": "means", "seed": 2})
    np.testing.assert_allclose(result["here"], wanted, atol=1e-12)


def test_the_curves_are_of_all_images():
    """The page has 1,000 of 10,000 images: the two may differ by three standard errors."""
    result = compute(**{**REST, "code": "network", "per_class": 50})
    of_all = result["curves"][list(JUDGED).index("network"), PER_CLASS.index(50), 0]
    assert abs(result["here"].mean() - of_all) < 3 * np.sqrt(0.98 * 0.02 / 1000)
    assert result["curves"].shape == (len(JUDGED), len(PER_CLASS), 3)


def test_the_readers_own_encoder_is_probed():
    state = train_vae.start(beta=1.0, rate=0.003, width=8, seed=0)
    arrays = train_vae.keep(state, width=8, beta=1.0, rate=0.003, seed=0)
    file = io.BytesIO()
    np.savez(file, **arrays)
    with data.kept(base64.b64encode(file.getvalue()).decode()):
        asked = REST | {"code": "yours", "per_class": 20}
        result, by_squares = compute(**asked), compute(**asked | {"matrix": "squares"})
        assert frame(result).readouts["everywhere"] is None
    assert 0.1 < by_squares["here"].mean() < result["here"].mean() < 0.6


def test_another_ridge_than_that_of_the_curves_is_noted():
    assert frame(compute(**SQUARES)).note == ""
    assert "ridge of 1" in frame(compute(**SQUARES | {"ridge": 0.1})).note
    for matrix in ("means", "logistic"):
        assert frame(compute(**REST | {"ridge": 0.1, "matrix": matrix})).note == ""


def test_the_picture_names_its_probe():
    for matrix, name in linear_probe.PROBES.items():
        (plot,) = frame(compute(**REST | {"matrix": matrix})).panels
        assert name in plot.figure["layout"]["yaxis"]["title"]["text"]
        assert plot.alt.startswith(name)
