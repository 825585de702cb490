"""``GET /api/models/{name}/grid``: a plane through the latent space, decoded, in one picture."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from numpy.typing import NDArray
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.caching import DAY, YEAR, not_modified, strong_etag
from app.api.dependencies import ModelName, Strict, TheInference, unless_gone
from app.api.images import PICTURE_CONTENT, PICTURE_HEADERS, WRITERS, mosaic, negotiate
from app.api.inference import Opened
from app.api.problems import problem_responses, wrong_field

router = APIRouter(tags=["pictures"])

MOST_TILES = 128
WIDEST_SPAN = 10.0
LARGEST = 10_000.0
NUMBER = r"[-+]?(\d{1,5}(\.\d{0,20})?|\.\d{1,20})([eE][-+]?\d{1,2})?"


class GridQuery(Strict):
    """Which plane, how far, how fine."""

    n: int = Field(16, ge=1, le=MOST_TILES, description="Tiles along each side.", examples=[16])
    span: float = Field(
        3.0,
        gt=0,
        le=WIDEST_SPAN,
        allow_inf_nan=False,
        description="Both axes run from -span to span, in n equal steps with both ends.",
        examples=[3.0],
    )
    axes: str = Field(
        "0,1",
        pattern=r"^\d{1,4},\d{1,4}$",
        description="The two latents that vary, counted from 0: to the right, and up.",
        examples=["0,1"],
    )
    at: str = Field(
        "",
        pattern=rf"^({NUMBER}(,{NUMBER})*)?$",
        max_length=2048,
        description="The centre of the plane, one number a latent; the origin if left out.",
        examples=["0,0"],
    )
    weights: str = Field(
        "",
        pattern=r"^([0-9a-f]{8,64})?$",
        description="First digits of the sha256 of the weights, at least 8. With them the answer "
        "may be kept for a year; if the model was trained anew, the answer is 404.",
    )


@router.get(
    "/models/{name}/grid",
    response_class=Response,
    responses={
        200: {
            "description": "The picture.",
            "content": PICTURE_CONTENT,
            "headers": PICTURE_HEADERS,
        },
        304: {"description": "Not modified."},
        **problem_responses(404, 406, 422, 503),
    },
)
async def get_grid(
    request: Request, name: ModelName, query: Annotated[GridQuery, Query()], inference: TheInference
) -> Response:
    """Decode an n x n grid of codes into one grey picture.

    The first axis runs to the right, the second one up: the top left tile has the smallest first
    and the largest second coordinate.
    """
    media_type = negotiate(request.headers.get("accept"), tuple(WRITERS))
    model = await inference.open(name)
    sha256 = model.card["weights"]["sha256"]
    if not sha256.startswith(query.weights):
        raise wrong_field("weights", f"These are {sha256}. Received {query.weights}.", 404)
    axes, at = plane(query, model)
    codes = grid_codes(query.n, query.span, axes, at)
    headers = {
        "ETag": strong_etag(model.edition, media_type, query.n, query.span, axes, at.tolist()),
        "Cache-Control": f"public, max-age={YEAR if query.weights else DAY}, immutable",
        "Vary": "Accept",
        "Latentbook-Shape": ",".join(map(str, (query.n, query.n, *model.image_shape))),
    }
    if known := not_modified(request, headers):
        return known

    tiles = await unless_gone(request, inference.decode(name, codes))
    picture = await run_in_threadpool(lambda: WRITERS[media_type](mosaic(tiles, query.n, query.n)))
    return Response(picture, headers=headers, media_type=media_type)


def plane(query: GridQuery, model: Opened) -> tuple[tuple[int, int], NDArray[np.float64]]:
    """The two axes and the centre, checked against the model."""
    across, up = (int(axis) for axis in query.axes.split(","))
    last = model.latent_dim - 1
    if across == up or max(across, up) > last:
        raise wrong_field(
            "axes", f"Two different numbers from 0 to {last} are accepted. Received '{query.axes}'."
        )
    if not query.at:
        return (across, up), np.zeros(model.latent_dim)
    at = np.array([float(number) for number in query.at.split(",")])
    if len(at) != model.latent_dim or np.abs(at).max() > LARGEST:
        raise wrong_field(
            "at",
            f"{model.latent_dim} numbers from {-LARGEST:g} to {LARGEST:g} are accepted, one a "
            f"latent of {model.name}. Received {len(at)}, the largest {np.abs(at).max():g}.",
        )
    return (across, up), at


def grid_codes(
    n: int, span: float, axes: tuple[int, int], at: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Codes of a grid in a plane, row after row from the top.

    Parameters
    ----------
    n : tiles along each side
    span : half the side of the plane
    axes : the latent that grows to the right, and the one that grows upwards
    at : ndarray of shape (latent_dim,), the centre

    Returns
    -------
    ndarray of shape (n * n, latent_dim)
    """
    steps = np.linspace(-span, span, n)
    codes: NDArray[Any] = np.tile(at, (n, n, 1))
    codes[:, :, axes[0]] += steps[None, :]
    codes[:, :, axes[1]] += steps[::-1, None]
    return codes.reshape(n * n, -1).astype(np.float32)
