"""Decoder replicas as a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbook.hooks import hookimpl
from latentbook.scale.settings import ReplicaSettings
from latentbook.settings import PluginSettings, Settings

if TYPE_CHECKING:
    from latentbook.decoding.decoders import Decoders
    from latentbook.report import Report


@hookimpl
def settings() -> type[PluginSettings]:
    return ReplicaSettings


@hookimpl
def decoders(settings: Settings, report: Report) -> Decoders | None:
    if not (count := settings.of(ReplicaSettings).replicas):
        return None
    from latentbook.scale.start import start_replicas

    report(f"Starting {count} decoder replica{'s' if count > 1 else ''} with Ray Serve")
    return start_replicas(settings)
