"""The fixtures of :mod:`tests.small_server`."""

from tests.small_server import client, registry, settings

__all__ = ["client", "registry", "settings"]
