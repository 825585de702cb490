"""The decoders as a plugin."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentbook.book.read.contents import INSTRUMENTS
from latentbook.book.read.project import CourseManifest, manifest_in
from latentbook.hooks import hookimpl
from latentbook.settings import PluginSettings, Settings
from latentbook_decoders.settings import DecoderSettings

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI

    from latentbook.base.report import Report

ASKS_SERVER = re.compile(rb"\bserver\s*=")
"""Matches in an instrument's code if a panel names a decoder of the server."""

LOAD_AFTER_S = 5
"""Seconds without a request after which PyTorch is imported, if no one has used a decoder: the
import delays every other answer.
"""


@hookimpl
def settings() -> type[PluginSettings]:
    return DecoderSettings


@hookimpl
def data() -> Iterable[Path]:
    from latentbook_decoders.models import cards, full_data

    return [cards.WEIGHTS_DIR, full_data.FOLDER]


@hookimpl
def serve(
    app: FastAPI, settings: Settings, report: Report
) -> AbstractAsyncContextManager[Any] | None:
    if not uses_decoders(settings):
        return None
    from starlette.concurrency import run_in_threadpool

    from latentbook_decoders.api import add_to
    from latentbook_decoders.decoding.inference import Inference
    from latentbook_decoders.decoding.metrics import DecoderMetrics

    mine, metrics = settings.of(DecoderSettings), DecoderMetrics(app.state.metrics.registry)
    if mine.replicas:
        from latentbook_decoders.scale.start import start_replicas

        said = "a decoder replica" if mine.replicas == 1 else f"{mine.replicas} decoder replicas"
        report(f"Starting {said} with Ray Serve")
        app.state.inference = start_replicas(mine, metrics)
    else:
        app.state.inference = Inference(mine.device, mine.dtype, mine.queue_size, metrics=metrics)
        app.state.afterwards.append(lambda: load_torch(app, report))
    add_to(app)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await run_in_threadpool(app.state.inference.close)

    return running()


def uses_decoders(settings: Settings) -> bool:
    """Whether an instrument may ask the server for pictures.

    Some of the book's do. For a separate book, the code of its instruments decides.
    """
    if (course := settings.course) is None:
        return True
    manifest = manifest_in(course)
    codes = (path.read_bytes() for path in (course / INSTRUMENTS).glob("*.py"))
    return (
        not manifest.file.is_read
        or (isinstance(manifest, CourseManifest) and bool(manifest.book))
        or any(map(ASKS_SERVER.search, codes))
    )


async def load_torch(app: FastAPI, report: Report) -> None:
    """Import PyTorch once requests pause."""
    from importlib.util import find_spec

    from latentbook.http.problems import Problem

    seen = -1
    while find_spec("torch") and seen != (seen := app.state.metrics.answered()):
        await asyncio.sleep(LOAD_AFTER_S)
    try:
        await app.state.inference.load_torch()
    except Problem as missing:
        report(missing.detail)
