"""Answers that are pictures: checked against what the client has, decoded, written, cacheable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.caching import DAY, YEAR, not_modified, strong_etag
from app.api.dependencies import unless_gone
from app.api.images import PICTURE_CONTENT, PICTURE_HEADERS, WRITERS, negotiate
from app.api.inference import Floats, Inference, Opened
from app.api.mosaic import Mosaic
from app.api.plane import PlaneQuery
from app.api.problems import problem_responses

PICTURE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": PICTURE_CONTENT, "headers": PICTURE_HEADERS},
    304: {"description": "Not modified."},
    **problem_responses(404, 406, 422, 503),
}
"""For OpenAPI: what a route answers that ends in :func:`answer_picture`."""


async def answer_picture(
    request: Request,
    inference: Inference,
    model: Opened,
    query: PlaneQuery,
    *,
    key: tuple[object, ...],
    codes: Callable[[], Floats],
    mosaic: Mosaic,
    exact: bool = False,
) -> Response:
    """Decode codes into one picture, in the form that the client asked for.

    Parameters
    ----------
    key : what the picture depends on besides the model and the form
    codes : gives an ndarray of shape (rows * columns, latent_dim)
    exact : decode in float32 whatever serves the model best
    """
    media_type = negotiate(request.headers.get("accept"), tuple(WRITERS))
    query.check_weights(model)
    headers = {
        "ETag": strong_etag(model.edition, media_type, *key),
        "Cache-Control": f"public, max-age={YEAR if query.weights else DAY}, immutable",
        "Vary": "Accept",
        "Latentbook-Shape": ",".join(map(str, (mosaic.rows, mosaic.columns, *mosaic.cell))),
    }
    if known := not_modified(request, headers):
        return known
    tiles = await unless_gone(request, inference.decode(model.name, codes(), exact=exact))
    picture = await run_in_threadpool(lambda: WRITERS[media_type](mosaic.picture(tiles)))
    return Response(picture, headers=headers, media_type=media_type)
