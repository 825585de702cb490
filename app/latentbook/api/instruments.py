"""``GET /api/instruments/{name}``: the frame of an instrument, computed from the full data set."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as FilePath
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

import widgets
from latentbook.api.dependencies import unless_gone
from latentbook.http.caching import DAY, not_modified, strong_etag
from latentbook.http.problems import Problem, problem_responses, wrong_field
from latentbook.models.full_data import read_full_data
from latentbook.settings import WIDGETS
from widgets.contract import ContractError, Instrument
from widgets.engine.controls import accepted
from widgets.engine.frames import frame_value
from widgets.kit.benchmark_codes import JUDGED

router = APIRouter(prefix="/api", tags=["instruments"])

SERVED = tuple(
    name
    for name in widgets.WIDGETS
    if (WIDGETS / f"{name}.py").is_file() and widgets.get(name).instrument.served
)
"""Of the book's own: what a course adds runs in the page, and may be broken here."""

FRAMES = ThreadPoolExecutor(1, "frames")
"""Computes one frame at a time. On the threads that read the site's files, many readers of a slow
instrument would keep all others from their pages."""

InstrumentName = Annotated[
    str, Path(description="Name of an instrument that is served.", examples=["linear_probe"])
]


@router.get(
    "/instruments/{name}",
    response_model=dict[str, Any],
    responses={304: {"description": "Not modified."}, **problem_responses(404, 422, 503)},
)
async def get_frame(request: Request, name: InstrumentName) -> Response:
    """The readouts and figures that the page would show, had it all 70,000 images of MNIST.

    The query holds the controls; one that is left out is at rest.
    """
    if name not in SERVED:
        raise Problem(404, f"No instrument {name!r} is served. Accepted: {', '.join(SERVED)}.")
    instrument: Instrument = widgets.get(name).instrument
    values = read_controls(instrument, dict(request.query_params))
    headers = {
        "ETag": strong_etag(name, sorted(values.items()), request.app.version),
        "Cache-Control": f"max-age={DAY}",
    }
    if (unchanged := not_modified(request, headers)) is not None:
        return unchanged
    body = await unless_gone(request, compute(name, values, request.app.state.full_data))
    return Response(body, headers=headers, media_type="application/json")


def read_controls(instrument: Instrument, query: dict[str, str]) -> dict[str, Any]:
    """The values of all controls, out of the text of an address."""
    controls = {control.name: control for control in instrument.controls}
    given: dict[str, Any] = {}
    for name, text in query.items():
        try:
            given[name] = controls[name].read(text) if name in controls else text
            values = accepted(instrument, given)
        except ContractError as error:
            raise wrong_field(name, str(error)) from error
        if values.get("code") not in (None, *JUDGED):
            raise wrong_field(name, f"Accepted: {', '.join(JUDGED)}. Received {text!r}.")
    return accepted(instrument, given)


async def compute(name: str, values: dict[str, Any], folder: FilePath) -> bytes:
    """:func:`frame_of`, when its turn has come."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(FRAMES, frame_of, name, values, folder)


def frame_of(name: str, values: dict[str, Any], folder: FilePath) -> bytes:
    """A frame as JSON: ``FrameValue`` of the page, without how long it took."""
    module = widgets.get(name)
    result = module.compute(**values, everything=read_full_data(folder, str(values["code"])))
    frame = frame_value(module.instrument, module.frame(result))
    return json.dumps(frame, default=np.ndarray.tolist, ensure_ascii=False).encode()
