"""Frames of instruments that a server computes."""

import ast
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

import widgets
from latentbook_decoders.api import instruments
from latentbook_decoders.models import full_data
from latentbook_decoders.models.cards import read_card, sha256
from latentbook_decoders.models.full_data import read_full_data
from tests.patience import PATIENCE_S
from widgets import linear_probe
from widgets.engine.frames import frame_value
from widgets.kit.benchmark_codes import JUDGED, SHOWN, codes, images, labels
from widgets.kit.probe import drawn

PATH = "/api/instruments/linear_probe"
TOY = '''"""The mean of what is there."""

import numpy as np

from widgets.contract import Drawing, Frame, Instrument, Pad, Readout, Slider

instrument = Instrument(
    name="toy",
    title="A mean",
    challenge="How large is it?",
    controls=(
        Slider("power", "Power", default=1, min=1, max=3, step=1),
        Drawing("image", "Image", default="ZZZZZZZZZZZZZZZZZh", panel="pad"),
    ),
    readouts=(Readout("mean", "Mean", format=".4f"), Readout("of", "Of"),),
    computed_on_server=True,
)


def compute(*, power, image, full_data=None):
    numbers = np.arange(3) if full_data is None else full_data("numbers")["numbers"]
    return {"mean": np.mean(numbers**float(power)), "of": len(numbers)}


def frame(result):
    return Frame(dict(result), [Pad("pad", "A pad.")])
'''


def test_the_frame_is_the_instruments_own(client):
    answer = client.get(PATH, params={"code": "pca", "per_class": "5", "seed": "3", "others": "on"})
    assert answer.status_code == 200
    values = {
        **linear_probe.instrument.defaults(),
        "code": "pca",
        "per_class": 5,
        "seed": 3,
        "others": True,
    }
    frame = linear_probe.frame(linear_probe.compute(**values, full_data=read_full_data))
    wanted = frame_value(linear_probe.instrument, frame)
    assert answer.json() == json.loads(json.dumps(wanted, default=np.ndarray.tolist))
    assert client.get("/api/instruments").json() == {"instruments": ["linear_probe"]}


def test_an_answer_can_be_kept(client):
    first = client.get(PATH)
    again = client.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    other = client.get(PATH, params={"seed": "1"})
    assert other.headers["ETag"] != first.headers["ETag"]


def test_frames_do_not_take_the_threads_that_read_pages(client, monkeypatch):
    """When they did, forty-eight readers of the probe blocked every page for 21 seconds."""
    threads = set()

    def frame_of(*asked):
        threads.add(threading.current_thread().name)
        return b"{}"

    monkeypatch.setattr(instruments, "frame_of", frame_of)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda seed: client.get(PATH, params={"seed": seed}), range(8))
        assert {answer.status_code for answer in answers} == {200}
    assert threads == {"frames_0"}


def test_who_finds_too_many_waiting_is_told_to_come_back(client, monkeypatch):
    is_full = threading.Event()

    def frame_of(name, values):
        assert is_full.wait(PATIENCE_S)
        return b"{}"

    monkeypatch.setattr(instruments, "frame_of", frame_of)
    monkeypatch.setattr(instruments.FRAMES, "_most", 3)

    def asked(seed):
        answer = client.get(PATH, params={"seed": seed})
        if answer.status_code == 503:
            is_full.set()
        return answer

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(asked, range(4)), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 503]
    assert answers[-1].headers["retry-after"] == "1"
    assert "3 requests are waiting" in answers[-1].json()["detail"]


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
def test_what_is_not_accepted(client, query, field, words):
    answer = client.get(PATH, params=query)
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"] == field
    assert words in error["message"]


def test_no_other_instrument_is_served(client):
    answer = client.get("/api/instruments/confound")
    assert answer.status_code == 404
    assert "linear_probe" in answer.json()["detail"]


@pytest.fixture
def toy(monkeypatch, tmp_path: Path):
    """The data of an instrument that is only a file and a registered name."""
    (tmp_path / "toy.py").write_text(TOY)
    numbers = np.arange(1.0, 101.0)
    np.savez(tmp_path / "numbers.npz", numbers=numbers)
    monkeypatch.setattr(full_data, "FOLDER", tmp_path)
    monkeypatch.setattr(instruments, "WIDGETS", tmp_path)
    monkeypatch.setattr(widgets, "__path__", [*widgets.__path__, str(tmp_path)])
    monkeypatch.setattr(widgets, "names", lambda: (*widgets.WIDGETS, "toy"))
    instruments.served.cache_clear()
    yield numbers
    instruments.served.cache_clear()
    sys.modules.pop("widgets.toy", None)


def test_another_instrument_is_served_by_its_declaration_alone(client, toy):
    assert client.get("/api/instruments").json() == {"instruments": ["toy"]}
    for power in (1, 2):
        answer = client.get("/api/instruments/toy", params={"power": power})
        mean = f"{np.mean(toy**power):.4f}"
        assert answer.json()["readouts"] == {"mean": mean, "of": "100.00"}
    drawn_on = client.get("/api/instruments/toy", params={"image": "f" * 784})
    assert drawn_on.status_code == 200
    assert drawn_on.headers["ETag"] != client.get("/api/instruments/toy").headers["ETag"]


def test_the_route_names_no_control_of_an_instrument():
    plates = [widgets.get(name).instrument for name in widgets.WIDGETS]
    names = {control.name for plate in plates for control in plate.controls}
    tree = ast.parse(Path(instruments.__file__).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert "code" in names and names.isdisjoint(texts)


@pytest.mark.parametrize("code", JUDGED)
def test_a_server_has_the_codes_of_the_page_and_more(code):
    """The page has 1,000 training images, drawn at random, and every tenth test image."""
    stored = read_full_data(f"benchmark_{code}")
    known = read_full_data("benchmark_labels")
    assert (len(stored["shown"]), len(stored["test"])) == (10_000, 10_000)
    if code == "pixels":
        grey = np.rint(255 * images()).reshape(2 * SHOWN, -1)
        shown, test = grey[:SHOWN], grey[SHOWN:]
    else:
        shown, test, _ = codes(code)
    drawn = np.sort(np.random.default_rng(0).permutation(60_000)[:SHOWN])
    held = drawn[drawn < 10_000]
    same = {"rtol": 2e-3, "atol": 2e-3 * float(np.abs(shown).max())}  # float16, different batches
    np.testing.assert_allclose(stored["shown"][held].astype(float), shown[: len(held)], **same)
    np.testing.assert_allclose(stored["test"][::10].astype(float), test, **same)
    assert (known["shown"][held] == labels()[0][: len(held)]).all()
    assert (known["test"][::10] == labels()[1]).all()


@pytest.mark.parametrize("name", [f"benchmark_{code}" for code in (*JUDGED, "labels")])
def test_a_card_describes_each_file(name):
    card = read_card(full_data.FOLDER / f"{name}.json")
    assert card["command"] == f"latentbook train {name}"
    assert card["file"]["sha256"] == sha256((full_data.FOLDER / f"{name}.npz").read_bytes())
    if (code := name.removeprefix("benchmark_")) in JUDGED and code != "pixels":
        page = Path(widgets.data.__file__).parent / f"mnist_as_{code}.npz"
        assert card["page"]["sha256"] == sha256(page.read_bytes()), "made with another encoder"


@pytest.mark.parametrize("code", ["pca", "pixels"])
def test_a_frame_is_what_scikit_learn_finds(client, code):
    """The same ten draws of labels from 10,000 images, tested on 10,000."""
    query = {"code": code, "per_class": "10", "matrix": "squares", "ridge": "0.1", "seed": "2"}
    answer = client.get(PATH, params=query).json()["readouts"]
    stored, known = read_full_data(f"benchmark_{code}"), read_full_data("benchmark_labels")
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(10):
        places = drawn(known["shown"], 10, rng)
        h, wanted = stored["shown"][places].astype(float), np.eye(10)[known["shown"][places]]
        size = np.mean(np.sum((h - h.mean(axis=0)) ** 2, axis=1))
        probe = Ridge(alpha=0.1 * size).fit(h, wanted)
        shares.append(np.mean(probe.predict(stored["test"]).argmax(axis=1) == known["test"]))
    assert float(answer["everywhere"]) == pytest.approx(100 * np.mean(shares), abs=0.06)
    apart = float(answer["here"]) - float(answer["everywhere"])
    assert float(answer["apart"].replace("\u2212", "-")) == pytest.approx(apart, abs=0.11)


@pytest.mark.long
def test_the_pool_of_labels_is_large_enough(mnist):
    """Labels drawn from 60,000 images are as good, within three standard errors of ten draws."""
    pca = PCA(30, svd_solver="covariance_eigh").fit(mnist.train_images.reshape(60_000, -1) / 255)
    shown, test = (
        pca.transform(x.reshape(len(x), -1) / 255) for x in (mnist.train_images, mnist.test_images)
    )
    asked = linear_probe.instrument.defaults() | {"code": "pca", "matrix": "squares"}
    asked |= {"per_class": 50}
    ours = linear_probe.compute(**asked, full_data=read_full_data)["everywhere"]
    all_of_them = {
        "benchmark_pca": {"shown": shown, "test": test},
        "benchmark_labels": {"shown": mnist.train_labels, "test": mnist.test_labels},
    }
    theirs = linear_probe.compute(**asked, full_data=all_of_them.__getitem__)["everywhere"]
    error = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / len(ours))
    assert abs(ours.mean() - theirs.mean()) < 3 * error
