"""``GET /api/models/{name}/atlas/{zoom}/{x}/{y}``: map tiles of a latent plane, at any zoom."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from numpy.typing import NDArray
from starlette.responses import Response

from latentbook.http.problems import wrong_field
from latentbook.http.requests import InDigits
from latentbook_decoders.api.dependencies import ModelName, TheInference
from latentbook_decoders.api.pictures import PICTURE_RESPONSES, answer_picture
from latentbook_decoders.api.plane import PlaneQuery, plane_codes
from latentbook_decoders.decoding.mosaic import Mosaic

router = APIRouter(prefix="/api", tags=["pictures"])

EDGE = 8.0
"""The map is the square from -EDGE to EDGE of both latents, around the centre of the plane."""

TILE = 256
"""Pixels along each side of a map tile."""

CELL = 32
"""Pixels along each side of an image's cell; for larger images, the next power of two."""

DEEPEST = 18
"""Neighbouring codes are 2^-17 apart at this zoom, sixteen steps of a float32 near the edge. Four
levels deeper they would be equal.
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
    rest of which is 0, and belongs to the code in the middle of that cell. Images larger than this
    have cells of 64 x 64, 128 x 128 or 256 x 256 pixels, so fewer of them make a tile.
    """
    for field, value in (("x", x), ("y", y)):
        if value >= 2**zoom:
            message = f"At zoom {zoom}, 0 to {2**zoom - 1} are accepted. Received {value}."
            raise wrong_field(field, message)
    model = await inference.open(name)
    axes, at = query.axes_of(model), query.centre_of(model)
    height, width, *channels = model.image_shape
    cell = max(CELL, 1 << (max(height, width) - 1).bit_length())
    if cell > TILE:
        message = f"Its images have {height} x {width} pixels, more than a tile of {TILE} x {TILE}."
        raise wrong_field("name", message)
    images = TILE // cell
    return await answer_picture(
        request,
        inference,
        model,
        query,
        key=("atlas", zoom, x, y, axes, at.tolist()),
        codes=lambda: tile_codes(zoom, x, y, axes, at, images),
        mosaic=Mosaic(images, images, (cell, cell, *channels)),
        exact=zoom >= EXACT_FROM,
    )


def tile_codes(
    zoom: int,
    x: int,
    y: int,
    axes: tuple[int, int],
    at: NDArray[np.float64],
    images: int = TILE // CELL,
) -> NDArray[np.float32]:
    """Codes of a map tile, row by row from the top, of shape (images * images, latent_dim)."""
    step = 2 * EDGE / (images * 2**zoom)  # a power of two, so the codes are exact
    middles = np.arange(images) + 0.5
    z1 = (x * images + middles) * step - EDGE
    z2 = EDGE - (y * images + middles) * step
    return plane_codes(z1, z2, axes, at)
