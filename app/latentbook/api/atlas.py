"""``GET /api/models/{name}/atlas/{zoom}/{x}/{y}``: map tiles of a latent plane, at any zoom."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from numpy.typing import NDArray
from starlette.responses import Response

from latentbook.api.dependencies import InDigits, ModelName, TheInference
from latentbook.api.pictures import PICTURE_RESPONSES, answer_picture
from latentbook.api.plane import PlaneQuery, plane_codes
from latentbook.decoding.mosaic import Mosaic
from latentbook.http.problems import wrong_field

router = APIRouter(prefix="/api", tags=["pictures"])

EDGE = 8.0
"""The map is the square from -EDGE to EDGE of both latents, around the centre of the plane."""

IMAGES = 8
"""Decoded images along each side of a map tile."""

CELL = 32
"""Pixels along each side of an image's cell; a map tile has 256."""

DEEPEST = 18
"""Neighbouring codes are 2^-17 apart here, sixteen steps of a float32 near the edge. Four levels
deeper they would be equal.
"""

EXACT_FROM = 8
"""From this zoom on, neighbours differ by less than bfloat16 changes a picture."""

Zoom = Annotated[
    int,
    InDigits,
    Path(ge=0, le=DEEPEST, description="The map has 2^zoom x 2^zoom tiles.", examples=[2]),
]
Place = Annotated[
    int,
    InDigits,
    Path(
        ge=0,
        lt=2**DEEPEST,
        description="The tile's column x from the left or row y from the top, below 2^zoom.",
        examples=[1],
    ),
]


@router.get(
    "/models/{name}/atlas/{zoom}/{x}/{y}", response_class=Response, responses=PICTURE_RESPONSES
)
async def get_atlas_tile(
    request: Request,
    name: ModelName,
    zoom: Zoom,
    x: Place,
    y: Place,
    query: Annotated[PlaneQuery, Query()],
    inference: TheInference,
) -> Response:
    """Decode one tile of the map of a latent plane: 256 x 256 pixels, 8 x 8 images.

    The map is the square from -8 to 8 of the two latents. x counts tiles to the right, y downwards;
    the second latent is 8 at the top. Each image is in the middle of a cell of 32 x 32 pixels, the
    rest of which is 0, and belongs to the code in the middle of that cell.
    """
    for field, value in (("x", x), ("y", y)):
        if value >= 2**zoom:
            message = f"At zoom {zoom}, 0 to {2**zoom - 1} are accepted. Received {value}."
            raise wrong_field(field, message)
    model = await inference.open(name)
    axes, at = query.axes_of(model), query.centre_of(model)
    return await answer_picture(
        request,
        inference,
        model,
        query,
        key=("atlas", zoom, x, y, axes, at.tolist()),
        codes=lambda: tile_codes(zoom, x, y, axes, at),
        mosaic=Mosaic(IMAGES, IMAGES, (CELL, CELL)),
        exact=zoom >= EXACT_FROM,
    )


def tile_codes(
    zoom: int, x: int, y: int, axes: tuple[int, int], at: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Codes of a map tile, row by row from the top, of shape (64, latent_dim)."""
    step = 2 * EDGE / (IMAGES * 2**zoom)  # a power of two, so what follows is exact
    middles = np.arange(IMAGES) + 0.5
    z1 = (x * IMAGES + middles) * step - EDGE
    z2 = EDGE - (y * IMAGES + middles) * step
    return plane_codes(z1, z2, axes, at)
