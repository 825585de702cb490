"""Frames of instruments that a server computes."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from latentbook.api import instruments
from latentbook.models import full_data
from latentbook.models.cards import read_card
from latentbook.models.errors import FullDataMissing
from training.full_data import write_full_data
from widgets import linear_probe
from widgets.engine.frames import frame_value
from widgets.kit.benchmark_codes import codes, labels
from widgets.kit.probe import drawn

PATH = "/api/instruments/linear_probe"


@pytest.fixture
def few(monkeypatch):
    """A server whose MNIST is the 2,000 images of the page."""

    def read(folder, code):
        shown, test, _ = codes(code)
        shown_labels, test_labels = labels()
        return shown, shown_labels, test, test_labels

    monkeypatch.setattr(instruments, "read_full_data", read)
    return read("", "pca")


def test_the_frame_is_the_instruments_own(client, few):
    answer = client.get(PATH, params={"code": "pca", "per_class": "5", "seed": "3", "others": "on"})
    assert answer.status_code == 200
    values = {
        **linear_probe.instrument.defaults(),
        "code": "pca",
        "per_class": 5,
        "seed": 3,
        "others": True,
    }
    frame = linear_probe.frame(linear_probe.compute(**values, everything=few))
    wanted = frame_value(linear_probe.instrument, frame)
    assert answer.json() == json.loads(json.dumps(wanted, default=np.ndarray.tolist))
    assert answer.json()["readouts"]["apart"] == "0.0"


def test_an_answer_can_be_kept(client, few):
    first = client.get(PATH)
    again = client.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    other = client.get(PATH, params={"seed": "1"})
    assert other.headers["ETag"] != first.headers["ETag"]


def test_frames_do_not_take_the_threads_that_read_pages(client, few, monkeypatch):
    """Forty-eight readers of the probe stopped every page for 21 seconds."""
    threads = set()

    def frame_of(*asked):
        threads.add(threading.current_thread().name)
        return b"{}"

    monkeypatch.setattr(instruments, "frame_of", frame_of)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda seed: client.get(PATH, params={"seed": seed}), range(8))
        assert {answer.status_code for answer in answers} == {200}
    assert threads == {"frames_0"}


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"per_class": "3"}, "per_class", "50"),
        ({"per_class": "many"}, "per_class", "many"),
        ({"others": "true"}, "others", "others=true must be on or off"),
        ({"seed": "-1"}, "seed", "999"),
        ({"seed": "9" * 400}, "seed", "must be a number"),
        ({"ridge": "nan"}, "ridge", "nan"),
        ({"code": "yours"}, "code", "Accepted: pixels, pca"),
        ({"code": "mae"}, "code", "pixels"),
        ({"colour": "red"}, "colour", "colour"),
    ],
)
def test_what_is_not_accepted(client, few, query, field, words):
    answer = client.get(PATH, params=query)
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"] == field
    assert words in error["message"]


def test_no_other_instrument_is_served(client):
    answer = client.get("/api/instruments/confound")
    assert answer.status_code == 404
    assert "linear_probe" in answer.json()["detail"]


def test_a_server_without_the_codes_says_what_makes_them(client):
    answer = client.get(PATH)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "`latentbook train full_data` makes them" in answer.json()["detail"]


def test_codes_of_other_weights_are_not_used(monkeypatch, tmp_path):
    monkeypatch.setattr(full_data, "TRAINING", 3)
    np.save(full_data.labels_file(tmp_path), np.arange(5))
    path = full_data.codes_file(tmp_path, "deep")
    np.save(path, np.arange(10.0).reshape(5, 2))
    shown, shown_labels, test, test_labels = full_data.read_full_data(tmp_path, "deep")
    assert shown.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert test.tolist() == [[6, 7], [8, 9]]
    assert (shown_labels.tolist(), test_labels.tolist()) == ([0, 1, 2], [3, 4])
    card = read_card(full_data.WIDGETS / "data" / "mnist_as_deep.json")
    card["file"]["sha256"] = "0" * 64
    monkeypatch.setattr(full_data, "read_card", lambda path: card)
    with pytest.raises(FullDataMissing):
        full_data.read_full_data(tmp_path, "deep")


@pytest.fixture
def whole(settings, mnist):
    """A server that has all codes by PCA."""
    write_full_data(settings.full_data, lambda done, total, loss: None, ["pca"])
    return mnist


@pytest.mark.long
def test_all_images_give_what_scikit_learn_finds(client, whole):
    """The same ten draws of labels out of 60,000, asked about 10,000."""
    query = {"code": "pca", "per_class": "10", "ridge": "0.1", "seed": "2"}
    answer = client.get(PATH, params=query).json()["readouts"]
    pca = PCA(30, svd_solver="covariance_eigh").fit(whole.train_images.reshape(60_000, -1) / 255)
    shown, test = (
        pca.transform(images.reshape(len(images), -1) / 255)
        for images in (whole.train_images, whole.test_images)
    )
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(10):
        places = drawn(whole.train_labels, 10, rng)
        h, wanted = shown[places], np.eye(10)[whole.train_labels[places]]
        size = np.mean(np.sum((h - h.mean(axis=0)) ** 2, axis=1))
        probe = Ridge(alpha=0.1 * size).fit(h, wanted)
        shares.append(np.mean(probe.predict(test).argmax(axis=1) == whole.test_labels))
    assert float(answer["everywhere"]) == pytest.approx(100 * np.mean(shares), abs=0.1)
    apart = float(answer["here"]) - float(answer["everywhere"])
    assert float(answer["apart"].replace("\u2212", "-")) == pytest.approx(apart, abs=0.11)
