"""How the server handles answers and deaths of replicas, without starting any."""

from __future__ import annotations

import asyncio
import pickle
import socket
from types import SimpleNamespace

import numpy as np
import pytest
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayTaskError
from ray.serve.exceptions import BackPressureError

from latentbook.base.errors import LatentbookError
from latentbook.http.draining import Closing
from latentbook_decoders.decoding.decoders import FEW, Decoded, Opened
from latentbook_decoders.decoding.inference import Inference, TorchMissing
from latentbook_decoders.decoding.jobs import QueueFull
from latentbook_decoders.decoding.metrics import DecoderMetrics
from latentbook_decoders.models.errors import UnknownModel, WeightsMissing
from latentbook_decoders.scale.cluster import connect, cpu_share, deployment_options
from latentbook_decoders.scale.inference import ATTEMPTS, ReplicasLost, ReplicatedInference
from latentbook_decoders.scale.replica import DecoderReplica, OtherModel
from latentbook_decoders.scale.start import start_replicas
from latentbook_decoders.settings import DecoderSettings
from tests.small_server import TestRegistry

DRAWN = Decoded(np.zeros((3, 28, 28), np.uint8), "bfloat16", 0.0, 0.25)
OPENED = Opened("plane", {}, 2, (28, 28), "cpu", "bfloat16", 1, "first")


class Response:
    """Stub for the response of a deployment handle."""

    def __init__(self, answer):
        self.answer = answer
        self.cancelled = False

    def __await__(self):
        if self.answer is None:
            yield from asyncio.Event().wait().__await__()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
        yield

    def cancel(self):
        self.cancelled = True


class Handle:
    """Stub for a deployment handle: gives its answers one after another."""

    def __init__(self, *answers):
        self.responses = [Response(answer) for answer in answers]
        self.asked = []

    def __getattr__(self, method):
        def remote(*args):
            self.asked.append((method, *args))
            return self.responses[len(self.asked) - 1]

        return SimpleNamespace(remote=remote)


def asking(*answers):
    handle = Handle(*answers)
    return handle, ReplicatedInference(handle, 7, lambda: None, DecoderMetrics())


def failed(cause):
    return RayTaskError("decode", "", cause)


@pytest.mark.parametrize("death", [ActorDiedError(), ActorUnavailableError("", None)])
def test_a_request_to_a_replica_that_died_is_made_anew(death):
    handle, inference = asking(OPENED, death, DRAWN)
    z = np.zeros((3, 2), np.float32)
    assert asyncio.run(inference.decode("plane", z)).images is DRAWN.images
    first, second = handle.asked[1:]
    assert first == second


def test_a_request_that_kills_every_replica_is_given_up():
    handle, inference = asking(*[ActorDiedError()] * 9)
    with pytest.raises(ReplicasLost) as lost:
        asyncio.run(inference.open("plane"))
    assert len(handle.asked) == ATTEMPTS
    assert lost.value.status_code == 503
    assert lost.value.headers["Retry-After"] == "5"


def test_a_full_queue_is_a_problem_with_retry_after():
    _, inference = asking(BackPressureError(7, 7))
    with pytest.raises(QueueFull, match="7 requests are waiting") as full:
        asyncio.run(inference.open("plane"))
    assert full.value.headers["Retry-After"] == "1"


def test_what_a_replica_refuses_is_raised_as_it_was():
    handle, inference = asking(failed(UnknownModel("nope", ("plane",))))
    with pytest.raises(UnknownModel) as unknown:
        asyncio.run(inference.open("nope"))
    assert type(unknown.value) is UnknownModel
    assert len(handle.asked) == 1


def test_a_request_that_nobody_waits_for_is_cancelled():
    handle, inference = asking(None)

    async def leave():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(inference.open("plane"), 0.01)

    asyncio.run(leave())
    assert handle.responses[0].cancelled


def test_codes_far_out_and_deep_maps_are_asked_for_in_float32():
    near, far = np.ones((1, 2), np.float32), np.full((1, 2), 5, np.float32)
    handle, inference = asking(OPENED, DRAWN, DRAWN, DRAWN)

    async def ask():
        await asyncio.gather(inference.open("plane"), inference.open("plane"))
        await inference.decode("plane", near)
        await inference.decode("plane", far)
        await inference.decode("plane", near, exact=True)

    asyncio.run(ask())
    methods = [asked[0] for asked in handle.asked]
    assert methods == ["open", "decode", "decode", "decode"]
    assert [asked[-1] for asked in handle.asked[1:]] == [False, True, True]


def test_after_a_change_of_weights_the_model_is_opened_anew():
    second = Opened("plane", {}, 2, (28, 28), "cpu", "bfloat16", 1, "second")
    handle, inference = asking(OPENED, failed(OtherModel("plane")), second, DRAWN)
    z = np.zeros((3, 2), np.float32)

    async def ask():
        with pytest.raises(OtherModel):
            await inference.decode("plane", z)
        return await inference.decode("plane", z)

    assert asyncio.run(ask()).decoding == DRAWN.decoding
    assert [asked[2] for asked in handle.asked if asked[0] == "decode"] == ["first", "second"]


@pytest.fixture
def replica(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    replica = DecoderReplica("cpu", "bfloat16", 1, "release", False)
    replica.inference = Inference("cpu", "bfloat16", 16, TestRegistry())
    yield replica
    replica.inference.close()


def test_what_comes_together_is_decoded_as_if_alone(replica):
    rng = np.random.default_rng(0)
    several = [
        (name, rng.normal(size=(n, dim)).astype(np.float32), exact)
        for n, name, dim, exact in [
            (3, "plane", 2, True),
            (5, "five", 5, True),
            (2, "plane", 2, True),
            (4, "plane", 2, False),
            (1, "five", 5, True),
        ]
    ]

    async def both():
        fingerprints = {name: (await replica.open(name)).fingerprint for name in ("plane", "five")}
        asked = [(name, fingerprints[name], z, exact) for name, z, exact in several]
        alone = [await replica.decode(*each) for each in asked]
        return alone, await asyncio.gather(*(replica.decode(*each) for each in asked))

    for alone, together in zip(*asyncio.run(both()), strict=True):
        assert np.array_equal(alone.images, together.images)


def test_a_replica_draws_only_the_edition_that_is_asked_for(replica):
    z = np.zeros((FEW, 2), np.float32)

    async def ask(fingerprint):
        return await replica.decode("plane", fingerprint, z, True)

    fingerprint = asyncio.run(replica.open("plane")).fingerprint
    assert asyncio.run(ask(fingerprint)).images.shape == (FEW, 28, 28)
    with pytest.raises(OtherModel):
        asyncio.run(ask("another"))


@pytest.mark.parametrize(
    "error",
    [
        UnknownModel("nope", ("a", "b")),
        WeightsMissing("none"),
        QueueFull(3),
        TorchMissing(),
        Closing(),
        OtherModel("plane"),
    ],
)
def test_errors_cross_from_process_to_process(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("cpus", "replicas", "share"),
    [([2], 2, 1), ([16], 3, 5), ([8, 8], 3, 4), ([8, 4, 4], 4, 4), ([2], 3, 0), ([64, 2], 1, 64)],
)
def test_replicas_share_the_cpus(cpus, replicas, share):
    assert cpu_share(iter(cpus), replicas) == share


def test_the_options_of_a_deployment_follow_the_settings():
    fixed = deployment_options(DecoderSettings(queue_size=9, replicas=2), [8])
    assert fixed["num_replicas"] == 2
    assert fixed["max_queued_requests"] == 9
    assert fixed["ray_actor_options"] == {"num_cpus": 4, "num_gpus": 0}

    wanted = DecoderSettings(replicas=1, max_replicas=4, gpus_per_replica=0.5)
    growing = deployment_options(wanted, [8])
    assert "num_replicas" not in growing
    assert growing["autoscaling_config"]["min_replicas"] == 1
    assert growing["autoscaling_config"]["max_replicas"] == 4
    assert growing["ray_actor_options"] == {"num_cpus": 0, "num_gpus": 0.5}


def test_a_gpu_that_no_replica_is_given_is_refused():
    with pytest.raises(LatentbookError, match="LATENTBOOK_GPUS_PER_REPLICA above 0"):
        deployment_options(DecoderSettings(device="cuda", replicas=2), [8])


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LatentbookError, match=r"pip install latentbook\[scale\]"):
        start_replicas(DecoderSettings(replicas=2), DecoderMetrics())


def test_a_cluster_that_cannot_be_reached_is_named(monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(LatentbookError, match=f"RAY_ADDRESS={address} does not answer"):
            connect()
