"""The fixtures of :mod:`tests.small_server`."""

from tests.small_server import client, exact, registry, settings

__all__ = ["client", "exact", "registry", "settings"]
