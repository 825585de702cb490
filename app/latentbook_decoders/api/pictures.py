"""Responses that are pictures: revalidated, decoded, written, cacheable."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from latentbook.http.caching import DAY, YEAR, not_modified, strong_etag
from latentbook.http.requests import unless_gone
from latentbook_decoders.api.dependencies import problem_responses
from latentbook_decoders.api.images import PICTURE_CONTENT, PICTURE_HEADERS, Body, Form, form_for
from latentbook_decoders.api.plane import PlaneQuery
from latentbook_decoders.decoding.decoders import Decoded, Decoders, Opened
from latentbook_decoders.decoding.jobs import Floats
from latentbook_decoders.decoding.mosaic import Mosaic

PICTURE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": PICTURE_CONTENT, "headers": PICTURE_HEADERS},
    304: {"description": "Not modified."},
    **problem_responses(404, 406, 422, 503),
}
"""For OpenAPI: the responses of a route that ends in :func:`answer_picture`."""

SMALL = 2**16
"""Up to this many pixels are written on this thread: handing them to another takes longer."""


async def answer_picture(
    request: Request,
    inference: Decoders,
    model: Opened,
    query: PlaneQuery,
    *,
    key: tuple[object, ...],
    codes: Callable[[], Floats],
    mosaic: Mosaic,
    exact: bool = False,
) -> Response:
    """Decode codes into one picture, in the format that the client asked for.

    Parameters
    ----------
    key : everything that the picture depends on, apart from the model and the format
    codes : returns an ndarray of shape (rows * columns, latent_dim)
    exact : decode in float32 regardless of the model's format
    """
    form = form_for(request)
    query.check_weights(model)
    headers = {
        "ETag": strong_etag(model.fingerprint, model.dtype, form, *key),
        "Cache-Control": f"public, max-age={YEAR if query.weights else DAY}, immutable",
    }
    if known := not_modified(request, {**headers, "Vary": form.headers["Vary"]}):
        return known
    work = inference.decode(model.name, codes(), exact=exact)
    return await written(request, await unless_gone(request, work), mosaic, form, headers)


async def written(
    request: Request, decoded: Decoded, mosaic: Mosaic, form: Form, headers: Mapping[str, str]
) -> Response:
    start = time.perf_counter()

    def write() -> Body:
        return form.write(mosaic.lay(decoded.images))

    if form.media_type == "application/octet-stream" or decoded.images.size <= SMALL:
        body = write()
    else:
        body = await run_in_threadpool(write)
    seconds = {
        "queue": decoded.waited,
        "decode": decoded.decoding,
        "write": time.perf_counter() - start,
    }
    request.state.seconds = seconds  # for the log
    return Response(
        body,
        headers={
            **headers,
            **form.headers,
            "Latentbook-Shape": ",".join(map(str, mosaic.shape)),
            "Latentbook-Dtype": decoded.dtype,
            "Server-Timing": ", ".join(f"{k};dur={1000 * v:.2f}" for k, v in seconds.items()),
        },
    )
