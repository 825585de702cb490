"""Start Ray on this machine or join a cluster, and deploy the decoder replicas."""

import hashlib
import logging
import os
import signal
import socket
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import LoggingConfig

from latentbook.base.errors import LatentbookError
from latentbook_decoders.decoding.metrics import DecoderMetrics
from latentbook_decoders.models.cards import WEIGHTS_DIR
from latentbook_decoders.scale.inference import ReplicatedInference
from latentbook_decoders.scale.replica import MAX_ONGOING, DecoderReplica
from latentbook_decoders.settings import DecoderSettings, DeviceChoice, Dtype, DtypeChoice

APPLICATION = "latentbook"

TARGET_ONGOING = MAX_ONGOING // 2
"""Average requests per replica above which a further one is started if allowed."""

DRAIN_S = 20
"""Seconds that a replica that is being replaced gets for its running requests."""

DECIDE_S = 300
"""Seconds in which a machine of the cluster must report its number format.

It imports torch first, which takes minutes on a slow machine with other work.
"""

REACH_S = 10
"""Seconds in which the cluster must respond."""

OBJECT_STORE_BYTES = 512 * 2**20
"""Shared memory for results in transit: forty of the largest grids."""


def connect() -> None:
    """Join the cluster at RAY_ADDRESS, or start Ray on this machine until this process ends."""
    address = os.environ.get("RAY_ADDRESS")
    quiet: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    serve_log = logging.getLogger("ray.serve")
    serve_log.handlers.clear()  # the server's own handler writes its lines, as JSON
    serve_log.propagate = True
    serve_log.addFilter(lambda record: record.levelno >= logging.WARNING)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        if address:
            host, _, port = address.rpartition(":")
            if port.isdigit():  # Ray itself tries for minutes
                socket.create_connection((host, int(port)), REACH_S).close()
            ray.init(address, **quiet)
        else:
            ray.init(
                "local",
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                **quiet,
            )
    except (OSError, RuntimeError, ValueError) as error:
        where = f"The Ray cluster at RAY_ADDRESS={address}" if address else "Ray"
        raise LatentbookError(f"{where} does not answer: {error}") from error
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray's handler would end the server with an error


def deploy(settings: DecoderSettings, metrics: DecoderMetrics) -> ReplicatedInference:
    """The replicas for these settings; reuse running ones of the same release."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    options = deployment_options(settings, (int(node.get("CPU", 0)) for node in nodes))
    serve.start(proxy_location="Disabled")
    handle = running(release := release_of(settings.dtype, options)) or run(
        settings, options, release
    )
    return ReplicatedInference(handle, settings.queue_size, ray.shutdown, metrics)


def deployment_options(settings: DecoderSettings, cpus: Iterable[int]) -> dict[str, Any]:
    """Options of the Ray Serve deployment on machines with these numbers of CPUs.

    Raises
    ------
    LatentbookError
        If the settings contradict each other.
    """
    most = max(settings.replicas, settings.max_replicas)
    gpus = settings.gpus_per_replica
    if settings.device in ("cuda", "mps") and not gpus:
        raise LatentbookError(
            f"LATENTBOOK_DEVICE={settings.device} with replicas needs LATENTBOOK_GPUS_PER_REPLICA "
            "above 0. Received 0."
        )
    options: dict[str, Any] = {
        "max_ongoing_requests": MAX_ONGOING,
        "max_queued_requests": settings.queue_size,
        "graceful_shutdown_timeout_s": DRAIN_S,
        "ray_actor_options": {"num_cpus": 0 if gpus else cpu_share(cpus, most), "num_gpus": gpus},
        "logging_config": LoggingConfig(enable_access_log=False),
    }
    if most == settings.replicas:
        return {**options, "num_replicas": most}
    autoscaling = {
        "min_replicas": settings.replicas,
        "max_replicas": most,
        "target_ongoing_requests": TARGET_ONGOING,
    }
    return {**options, "autoscaling_config": autoscaling}


def cpu_share(cpus: Iterable[int], replicas: int) -> int:
    """The most CPUs that each replica can have on machines with these numbers of CPUs; 0 if there
    are fewer CPUs than replicas.
    """
    machines = list(cpus)
    shares = range(max(machines), 0, -1)
    fits = (share for share in shares if sum(n // share for n in machines) >= replicas)
    return next(fits, 0)


def release_of(dtype: DtypeChoice, options: dict[str, Any]) -> str:
    """Identify the replicas: the version of the program, and a hash of weights and options."""
    digest = hashlib.sha256(repr((dtype, sorted(options.items()))).encode())
    for card in sorted(WEIGHTS_DIR.glob("*.json")):
        digest.update(card.read_bytes())
    return f"{version('latentbook')} {digest.hexdigest()}"


def running(release: str) -> DeploymentHandle[Any] | None:
    """The application, if another server of the same release has deployed it."""
    found = serve.status().applications.get(APPLICATION)
    if found is None or found.status != "RUNNING":
        return None
    handle = serve.get_app_handle(APPLICATION)
    return handle if handle.get_release.remote().result(timeout_s=DRAIN_S) == release else None


def run(settings: DecoderSettings, options: dict[str, Any], release: str) -> DeploymentHandle[Any]:
    """Deploy the application, replacing any other release, and wait for its replicas."""
    actor = options["ray_actor_options"]
    device: DeviceChoice = (
        "cpu" if settings.device == "auto" and not actor["num_gpus"] else settings.device
    )
    loopback = ray.util.get_node_ip_address() == "127.0.0.1"
    replica = serve.deployment(name="Decoder", **options)(DecoderReplica)
    try:
        decide = ray.remote(**actor, max_retries=0)(decided)
        dtype = ray.get(decide.remote(device, settings.dtype), timeout=DECIDE_S)
        bound = replica.bind(device, dtype, max(1, actor["num_cpus"]), release, loopback)
        return serve.run(bound, name=APPLICATION, route_prefix=None)
    except (RayError, RuntimeError) as error:
        raise LatentbookError(f"The decoder replicas did not start: {error}") from error


def decided(device: DeviceChoice, dtype: DtypeChoice) -> Dtype:
    """The number format of all replicas, decided once, on a machine where one could run."""
    from latentbook_decoders.models.device import choose_device, choose_dtype

    return choose_dtype(dtype, choose_device(device))
