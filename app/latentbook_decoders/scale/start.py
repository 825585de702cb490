"""Start the replicas that Ray Serve runs and replaces: on this machine, or on a cluster."""

import importlib.util
import os
import secrets

from latentbook.base.errors import LatentbookError
from latentbook_decoders.decoding.decoders import Decoders
from latentbook_decoders.decoding.metrics import DecoderMetrics
from latentbook_decoders.settings import DecoderSettings


def start_replicas(settings: DecoderSettings, metrics: DecoderMetrics) -> Decoders:
    """Start replicas on this machine, or on the Ray cluster that RAY_ADDRESS names.

    Raises
    ------
    LatentbookError
        If Ray is not installed, the cluster cannot be reached, or the replicas do not start.
    """
    if importlib.util.find_spec("ray") is None:
        raise LatentbookError(
            f"{settings.replicas} decoder replicas were asked for, and Ray Serve, which runs them, "
            "is not installed. `pip install latentbook[scale]` installs it."
        )
    # Ray reads these when it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if "RAY_ADDRESS" not in os.environ:
        # Use only the loopback address. The variable is named after systems with that default.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # A separate token, so that Ray writes none to the home folder.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    from latentbook_decoders.scale.cluster import connect, deploy

    connect()
    return deploy(settings, metrics)
