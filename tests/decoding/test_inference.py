"""The thread that owns torch: batches, limits, and work that no client waits for any more."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import ClassVar

import httpx
import numpy as np
import pytest
import torch

from latentbook.settings import Settings
from latentbook_decoders.decoding import served_model
from latentbook_decoders.decoding.decoders import FEW
from latentbook_decoders.decoding.served_model import MAX_GREY_DIFFERENCE, Dropped, ServedModel
from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.settings import DecoderSettings
from tests.patience import SERVER_S, until
from tests.small_server import TestRegistry, app_with, random_model
from tools.bench.serving import served

PATH = "/api/models/plane/decode"
RAW = {"Accept": "application/octet-stream"}


class GatedModel:
    """Stub for a served model; the grey level of a tile is 10 times its first coordinate."""

    latent_dim = 2
    image_shape = (28, 28)
    device = torch.device("cpu")
    dtype = "bfloat16"
    max_grey_difference = 0
    fingerprint = "test"

    gate = threading.Event()
    started = threading.Event()
    batches: ClassVar[list[int]] = []
    stopped: ClassVar[list[bool]] = []
    threads: ClassVar[set[str]] = set()

    def __init__(self, model, device, dtype, workers):
        type(self).threads.add(threading.current_thread().name)

    def decode(self, z, exact, stop=lambda: False):
        self.batches.append(len(z))
        self.threads.add(threading.current_thread().name)
        self.started.set()
        while not self.gate.wait(0.01):
            if stop():
                self.stopped.append(True)
                raise Dropped
        return np.tile((10 * z[:, :1, None]).astype(np.uint8), (1, 28, 28))


@pytest.fixture
def gated(monkeypatch):
    GatedModel.gate = threading.Event()
    GatedModel.started = threading.Event()
    GatedModel.batches, GatedModel.stopped, GatedModel.threads = [], [], set()
    monkeypatch.setattr("latentbook_decoders.decoding.served_model.ServedModel", GatedModel)
    yield GatedModel
    GatedModel.gate.set()


def ask(url, level, count=1):
    return httpx.post(f"{url}{PATH}", json={"codes": [[level, 0]] * count})


def begin(url, method, path, body):
    """Open a connection, send a request, and read nothing yet."""
    connection = HTTPConnection(url.removeprefix("http://"))
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": "application/json"})
    return connection


def waiting(app):
    return len(app.state.inference.queue.waiting)


def app_in(tmp_path, registry=None, **given):
    settings = Settings(build=tmp_path).extended(DecoderSettings(device="cpu", **given))
    return app_with(settings, registry)


def test_waiting_requests_are_decoded_together_and_each_gets_its_own(tmp_path, gated):
    app = app_in(tmp_path)
    with served(app) as url, ThreadPoolExecutor(8) as pool:
        first = pool.submit(ask, url, 0.0)
        assert gated.started.wait(SERVER_S)
        others = [pool.submit(ask, url, level / 4, level) for level in range(1, 7)]
        until(lambda: waiting(app) == 6)
        gated.gate.set()
        assert first.result().status_code == 200
        for level, other in enumerate(others, 1):
            images = np.array(other.result().json()["images"])
            assert images.shape == (level, 28, 28)
            assert (images == int(10 * level / 4)).all()
    assert gated.batches == [1, 1 + 2 + 3 + 4 + 5 + 6]
    assert gated.threads == {"inference"}


def test_codes_far_out_are_not_mixed_with_others(tmp_path, gated):
    app = app_in(tmp_path)
    with served(app) as url, ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask, url, 0.0)]
        assert gated.started.wait(SERVER_S)
        answers += [pool.submit(ask, url, level) for level in (9.0, 1.0, 2.0)]
        until(lambda: waiting(app) == 3)
        gated.gate.set()
        assert all(answer.result().status_code == 200 for answer in answers)
    assert sorted(gated.batches) == [1, 1, 2]


def test_a_full_queue_answers_at_once_and_says_when_to_ask_again(tmp_path, gated):
    app = app_in(tmp_path, queue_size=2)
    with served(app) as url, ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask, url, 0.0)]
        assert gated.started.wait(SERVER_S)
        answers += [pool.submit(ask, url, 1.0), pool.submit(ask, url, 2.0)]
        until(lambda: waiting(app) == 2)
        refused = ask(url, 3.0)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert "2 requests are waiting" in refused.json()["detail"]
        gated.gate.set()
        assert [answer.result().status_code for answer in answers] == [200, 200, 200]
        assert ask(url, 3.0).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_work_for_a_client_that_left_is_dropped(tmp_path, gated, method):
    app = app_in(tmp_path)
    path = "/api/models/plane/grid?n=2" if method == "GET" else PATH
    body = None if method == "GET" else {"codes": [[0, 0]] * 4}
    with served(app) as url, ThreadPoolExecutor(2) as pool:
        pool.submit(ask, url, 0.0)
        assert gated.started.wait(SERVER_S)
        leaving = begin(url, method, path, body)
        until(lambda: waiting(app) == 1)
        leaving.close()
        until(lambda: waiting(app) == 0)
        gated.gate.set()
        assert ask(url, 1.0).status_code == 200
    assert 4 not in gated.batches


def test_work_begun_for_a_client_that_left_is_stopped(tmp_path, gated):
    with served(app_in(tmp_path)) as url:
        leaving = begin(url, "POST", PATH, {"codes": [[0, 0]] * 4})
        assert gated.started.wait(SERVER_S)
        leaving.close()
        until(lambda: gated.stopped)
        gated.gate.set()
        assert ask(url, 1.0).status_code == 200
    assert gated.batches == [4, 1]


def test_a_server_told_to_stop_answers_what_it_has_begun(tmp_path, gated):
    app = app_in(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        with served(app) as url:
            answer = pool.submit(ask, url, 2.0)
            assert gated.started.wait(SERVER_S)
            threading.Timer(0.5, gated.gate.set).start()
        assert answer.result().status_code == 200
    assert not app.state.inference.thread.is_alive()


def test_eight_readers_at_once_each_get_their_own_picture(tmp_path):
    models = TestRegistry()
    app = app_in(tmp_path, models, dtype="float32")
    model = models.models["plane"]

    def read(reader):
        rng = np.random.default_rng(reader)
        with httpx.Client(base_url=url) as client:
            for _ in range(4):
                codes = rng.uniform(-6, 6, (int(rng.integers(1, 300)), 2)).round(4)
                answer = client.post(PATH, json={"codes": codes.tolist()}).json()
                with torch.inference_mode():
                    x_hat = model.decode(torch.tensor(codes, dtype=torch.float32))
                expected = np.round(255 * x_hat.double().numpy())
                assert np.abs(np.array(answer["images"]) - expected).max() <= 1
        return True

    with served(app) as url, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(8)))


@pytest.fixture(params=[1, 3])
def workers(request):
    """Worker threads as on a machine with this many cores."""
    with ThreadPoolExecutor(request.param, initializer=torch.set_num_threads, initargs=(1,)) as it:
        yield it


def pictures(drawn, z, exact=False):
    return drawn.decode(z, exact)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("name", ["conv_vae_mnist", "mlp_vae_mnist"])
def test_a_tile_depends_on_its_code_alone(workers, name, dtype):
    """It does not depend on its place, on other tiles in the batch, or on the number of cores."""
    drawn = ServedModel(registry.load(name), "cpu", dtype, workers)
    assert drawn.dtype == dtype
    z = np.random.default_rng(0).uniform(-4, 4, (1500, 2)).astype(np.float32)
    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as one:
        alone = ServedModel(registry.load(name), "cpu", dtype, one)
        assert alone.fingerprint == drawn.fingerprint
        many = pictures(alone, z)
        few = np.concatenate([pictures(alone, z[i : i + 1]) for i in range(200)])
    for start, count in ((0, 1), (0, 63), (5, 64), (3, 65), (0, 200)):
        part = slice(start, start + count)
        assert np.array_equal(pictures(drawn, z[part]), few[part])
    for start in (1, 37, 511):
        assert np.array_equal(pictures(drawn, z[start:])[: FEW + 1], many[start:][: FEW + 1])


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_merged_requests_have_the_bytes_of_one_alone(tmp_path, dtype):
    app = app_in(tmp_path, registry, dtype=dtype)
    paths = [f"/api/models/conv_vae_mnist/atlas/4/{x}/{y}" for x in (7, 8) for y in range(6, 10)]
    paths += [f"/api/models/conv_vae_mnist/grid?n={n}" for n in (1, 3, 9, 16, 24)]

    # A processor without bfloat16 takes ten times as long.
    with served(app) as url, httpx.Client(base_url=url, headers=RAW) as client:
        alone = {path: client.get(path).content for path in paths}
        assert client.get(paths[0]).headers["latentbook-dtype"] == dtype
        before = batches(client)
        with ThreadPoolExecutor(8) as pool:
            for path, answer in [
                (path, pool.submit(httpx.get, url + path, headers=RAW)) for path in 4 * paths
            ]:
                assert answer.result().content == alone[path], path
        assert batches(client) - before < 4 * len(paths)  # some were merged


def batches(client):
    (line,) = re.findall(r"^latentbook_batch_tiles_count (\S+)$", client.get("/metrics").text, re.M)
    return float(line)


def test_formats_are_told_apart_and_servers_agree(tmp_path):
    tags, serving = {}, {}
    for dtype in ("bfloat16", "float32", "bfloat16", "float32"):
        app = app_in(tmp_path, registry, dtype=dtype)
        with served(app) as url:
            answer = httpx.get(f"{url}/api/models/conv_vae_mnist/grid?n=4")
            found = httpx.get(f"{url}/api/models/conv_vae_mnist").json()["serving"]
        assert found["dtype"] == answer.headers["latentbook-dtype"] == dtype
        assert tags.setdefault(dtype, answer.headers["etag"]) == answer.headers["etag"]
        assert serving.setdefault(dtype, found) == found
    assert tags["bfloat16"] != tags["float32"]


def test_bfloat16_is_used_where_it_keeps_the_picture(workers):
    model = random_model(2)
    model.decoder[-1].weight.data.mul_(0.05)  # a smooth picture
    drawn = ServedModel(model, "cpu", "bfloat16", workers)
    assert drawn.dtype == "bfloat16"
    assert 0 <= drawn.max_grey_difference <= MAX_GREY_DIFFERENCE
    z = np.random.default_rng(0).uniform(-4, 4, (500, 2)).astype(np.float32)
    expected = 255 * model.decode(torch.from_numpy(z)).double().numpy()
    assert np.abs(pictures(drawn, z) - expected).max() <= MAX_GREY_DIFFERENCE + 0.5
    far = z + 10
    expected = 255 * model.decode(torch.from_numpy(far)).double().numpy()
    assert np.abs(pictures(drawn, far, exact=True) - expected).max() < 0.51


def test_a_codebook_is_looked_up_in_float32(workers):
    drawn = ServedModel(registry.load("vqvae_mnist"), "cpu", "bfloat16", workers)
    z = served_model.test_codes(drawn.model.latent_dim, drawn.image_shape)[:20]
    expected = 255 * drawn.model.decode(torch.from_numpy(z)).double().numpy()
    assert np.abs(pictures(drawn, z) - expected).max() <= MAX_GREY_DIFFERENCE + 0.5


def test_float32_is_kept_where_bfloat16_changes_the_picture(workers):
    model: Autoencoder = random_model(2)
    model.decoder[-1].weight.data.mul_(50)  # every pixel depends on small differences
    drawn = ServedModel(model, "cpu", "bfloat16", workers)
    assert drawn.dtype == "float32"
    z = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    expected = 255 * model.decode(torch.from_numpy(z)).double().numpy()
    assert np.abs(pictures(drawn, z) - expected).max() < 0.51


def test_another_processor_or_model_is_another_edition(workers, monkeypatch):
    fingerprint = ServedModel(random_model(2), "cpu", "float32", workers).fingerprint
    assert ServedModel(random_model(2), "cpu", "float32", workers).fingerprint == fingerprint
    assert ServedModel(random_model(5), "cpu", "float32", workers).fingerprint != fingerprint
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"cpu_name": "another"})
    assert ServedModel(random_model(2), "cpu", "float32", workers).fingerprint != fingerprint
