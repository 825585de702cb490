"""``GET /api/instruments``: frames of instruments, computed on more data than the page has."""

import json
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

import widgets
from latentbook.http.aside import Aside
from latentbook.http.caching import DAY, not_modified, strong_etag
from latentbook.http.problems import Problem, wrong_field
from latentbook.http.requests import unless_gone
from latentbook.settings import WIDGETS
from latentbook_decoders.api.dependencies import problem_responses
from latentbook_decoders.models.full_data import read_full_data
from widgets.contract import YOURS, Choice, ContractError, Instrument
from widgets.engine.controls import accepted
from widgets.engine.frames import frame_value

router = APIRouter(prefix="/api", tags=["instruments"])

FRAMES = Aside("frames")

InstrumentName = Annotated[
    str, Path(description="Name, as in GET /api/instruments.", examples=["linear_probe"])
]


class InstrumentList(BaseModel):
    instruments: list[str]


@lru_cache(maxsize=1)
def served() -> tuple[str, ...]:
    """Instruments of the book that the server computes; those of a course run only in the page."""
    own = (name for name in widgets.names() if (WIDGETS / f"{name}.py").is_file())
    return tuple(name for name in own if widgets.get(name).instrument.computed_on_server)


@router.get("/instruments")
def list_instruments() -> InstrumentList:
    """List the instruments that can be computed here."""
    return InstrumentList(instruments=list(served()))


@router.get(
    "/instruments/{name}",
    response_model=dict[str, Any],
    responses={304: {"description": "Not modified."}, **problem_responses(404, 422, 503)},
)
async def get_frame(request: Request, name: InstrumentName) -> Response:
    """The readouts and figures that the page would show if it had all data.

    The query sets the controls; one that is left out has its default.
    """
    if name not in served():
        accepted_names = ", ".join(served()) or "none"
        raise Problem(404, f"No instrument {name!r} is computed here. Accepted: {accepted_names}.")
    instrument: Instrument = widgets.get(name).instrument
    query = dict(request.query_params)
    values = read_controls(instrument, query)
    headers = {
        "ETag": strong_etag(name, sorted(query.items()), request.app.version),
        "Cache-Control": f"max-age={DAY}",
    }
    if unchanged := not_modified(request, headers):
        return unchanged
    body = await unless_gone(request, FRAMES.run(frame_of, name, values))
    return Response(body, headers=headers, media_type="application/json")


def read_controls(instrument: Instrument, query: dict[str, str]) -> dict[str, Any]:
    controls = {control.name: control for control in instrument.controls}
    given: dict[str, Any] = {}
    for name, text in query.items():
        try:
            given[name] = controls[name].read(text) if name in controls else text
            accepted(instrument, given)
        except ContractError as error:
            raise wrong_field(name, str(error)) from error
        control = controls[name]
        if isinstance(control, Choice) and text == YOURS:  # it stays in the reader's browser
            raise wrong_field(name, f"Accepted: {', '.join(control.options)}. Received {text!r}.")
    return accepted(instrument, given)


def frame_of(name: str, values: dict[str, Any]) -> bytes:
    module = widgets.get(name)
    frame = module.frame(module.compute(**values, full_data=read_full_data))
    picture = frame_value(module.instrument, frame)
    return json.dumps(picture, default=np.ndarray.tolist, ensure_ascii=False).encode()
