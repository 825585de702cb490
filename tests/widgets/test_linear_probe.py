"""The probe's plate: its draws against scikit-learn, and the server's part in it."""

import base64
import io

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from widgets import data, linear_probe, train_vae
from widgets.kit.benchmark_codes import JUDGED, codes, labels
from widgets.kit.probe import drawn
from widgets.linear_probe import DRAWS, PER_CLASS, compute, frame

REST = linear_probe.instrument.defaults()


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
    result = compute(**REST | {"code": code, "per_class": per_class, "ridge": ridge, "seed": 4})
    np.testing.assert_allclose(result["here"], wanted, atol=0.0015)  # ties by rounding


def test_all_data_are_asked_the_same_way():
    """Handed what the page has, the server's part gives what the page gives."""
    shown, test, _ = codes("deep")
    shown_labels, test_labels = labels()
    files = {
        "benchmark_deep": {"shown": shown, "test": test},
        "benchmark_labels": {"shown": shown_labels, "test": test_labels},
    }
    result = compute(**REST, full_data=files.__getitem__)
    assert (result["here"] == result["everywhere"]).all()
    shown_frame = frame(result)
    assert shown_frame.readouts["apart"] == 0
    assert frame(compute(**REST)).readouts["everywhere"] is None


def test_the_curves_are_of_all_images():
    """1,000 images of 10,000: the two may differ by three standard errors of a share."""
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
        result = compute(**{**REST, "code": "yours", "per_class": 20})
        assert frame(result).readouts["everywhere"] is None
    assert 0.1 < result["here"].mean() < 0.5


def test_another_ridge_than_that_of_the_curves_is_noted():
    assert frame(compute(**REST)).note == ""
    assert "ridge of 1" in frame(compute(**REST | {"ridge": 0.1})).note
    assert frame(compute(**REST | {"ridge": 0.1, "matrix": "means"})).note == ""
