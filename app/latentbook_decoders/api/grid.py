"""``GET /api/models/{name}/grid``: a plane through the latent space, decoded, in one picture."""

import math
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from numpy.typing import NDArray
from pydantic import Field
from starlette.responses import Response

from latentbook.http.problems import wrong_field
from latentbook.http.requests import InDigits
from latentbook_decoders.api.dependencies import ModelName, TheInference
from latentbook_decoders.api.pictures import PICTURE_RESPONSES, answer_picture
from latentbook_decoders.api.plane import PlaneQuery, plane_codes
from latentbook_decoders.decoding.mosaic import Mosaic

router = APIRouter(prefix="/api", tags=["pictures"])

MAX_TILES = 128
MAX_LEVELS = 2**24
"""Limit for the bytes of one picture, which large colour images reach with fewer tiles."""

WIDEST_SPAN = 10.0


class GridQuery(PlaneQuery):
    n: Annotated[int, InDigits] = Field(
        16, ge=1, le=MAX_TILES, description="Tiles along each side.", examples=[16]
    )
    span: Annotated[float, InDigits] = Field(
        3.0,
        gt=0,
        le=WIDEST_SPAN,
        allow_inf_nan=False,
        description="Both axes run from -span to span, in n equal steps with both ends.",
        examples=[3.0],
    )


@router.get("/models/{name}/grid", response_class=Response, responses=PICTURE_RESPONSES)
async def get_grid(
    request: Request, name: ModelName, query: Annotated[GridQuery, Query()], inference: TheInference
) -> Response:
    """Decode an n x n grid of codes into one picture, in grey or as the model in colour.

    The first axis runs to the right, the second one up: the top left tile has the smallest first
    and the largest second coordinate.
    """
    model = await inference.open(name)
    most = math.isqrt(MAX_LEVELS // math.prod(model.image_shape))
    if query.n > most:
        size = " x ".join(map(str, model.image_shape))
        message = f"At most {most} along each side are accepted of images of {size}."
        raise wrong_field("n", f"{message} Received {query.n}.")
    axes, at = query.axes_of(model), query.centre_of(model)
    return await answer_picture(
        request,
        inference,
        model,
        query,
        key=("grid", query.n, query.span, axes, at.tolist()),
        codes=lambda: grid_codes(query.n, query.span, axes, at),
        mosaic=Mosaic(query.n, query.n, model.image_shape),
    )


def grid_codes(
    n: int, span: float, axes: tuple[int, int], at: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Codes of a grid, row by row from the top, of shape (n * n, latent_dim)."""
    steps = np.linspace(-span, span, n)
    return plane_codes(steps, steps[::-1], axes, at)
