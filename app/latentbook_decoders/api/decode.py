"""``POST /api/models/{name}/decode``: codes in, images out."""

import json
import math
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from latentbook.http.problems import wrong_field
from latentbook.http.requests import (
    MOST_NUMBERS,
    Strict,
    at_most,
    documented,
    in_body,
    require_json,
    unless_gone,
)
from latentbook_decoders.api.dependencies import (
    AsFloats,
    ModelName,
    TheInference,
    problem_responses,
)
from latentbook_decoders.api.images import PICTURE_CONTENT, PICTURE_HEADERS, form_for
from latentbook_decoders.api.pictures import written
from latentbook_decoders.decoding.mosaic import Mosaic

router = APIRouter(prefix="/api", tags=["pictures"])

MAX_CODES = 1024
LARGEST = 10_000.0

Latent = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-LARGEST, le=LARGEST)]
Code = Annotated[list[Latent], Field(min_length=1, max_length=1024, fail_fast=True), AsFloats]


class DecodeRequest(Strict):
    codes: Annotated[list[Code], at_most(MAX_CODES)] = Field(
        min_length=1,
        max_length=MAX_CODES,
        description="One list of latent_dim numbers for each image.",
        examples=[[[0.0, 0.0], [1.5, -0.5]]],
    )


TheBody = Annotated[DecodeRequest, Depends(in_body(DecodeRequest))]


class Decoded(BaseModel):
    model: str = Field(examples=["conv_vae_mnist"])
    sha256: str = Field(description="Of the weights.")
    shape: list[int] = Field(
        min_length=3,
        max_length=4,
        description="Images, height, width, and 3 in colour.",
        examples=[[2, 28, 28]],
    )
    images: list[list[list[int]]] | list[list[list[list[int]]]] = Field(
        description="Grey levels, 0 paper to 255 ink; or red, green and blue of each pixel, 0 to "
        "255."
    )


@router.post(
    "/models/{name}/decode",
    response_model=Decoded,
    dependencies=[Depends(require_json)],
    openapi_extra=documented(DecodeRequest),
    responses={
        200: {"content": PICTURE_CONTENT, "headers": PICTURE_HEADERS},
        **problem_responses(400, 404, 406, 413, 415, 422, 503),
    },
)
async def decode(
    request: Request, name: ModelName, body: TheBody, inference: TheInference
) -> Response:
    """Decode a list of codes.

    As JSON, a list of images. As a picture, the images side by side in rows, as close to a square
    as possible, filled up with 0. JSON has at most 1,048,576 numbers.
    """
    form = form_for(request, "application/json")
    model = await inference.open(name)
    for i, code in enumerate(body.codes):
        if len(code) != model.latent_dim:
            raise wrong_field(
                f"codes[{i}]",
                f"{model.latent_dim} numbers are accepted, one per latent of {name}. "
                f"Received {len(code)}.",
            )
    codes = np.array(body.codes)
    if form.media_type == "application/json":
        most = MOST_NUMBERS // math.prod(model.image_shape)
        if len(codes) > most:
            message = (
                f"At most {most} images of {name} are accepted as JSON. Received {len(codes)}."
            )
            raise wrong_field("codes", message)
    headers = {"Cache-Control": "no-store"}
    decoded = await unless_gone(request, inference.decode(name, codes))
    if form.media_type != "application/json":
        columns = math.ceil(math.sqrt(len(codes)))
        mosaic = Mosaic(math.ceil(len(codes) / columns), columns, model.image_shape)
        return await written(request, decoded, mosaic, form, headers)

    answer = {
        "model": name,
        "sha256": model.card["weights"]["sha256"],
        "shape": decoded.images.shape,
        "images": decoded.images,
    }
    content = await run_in_threadpool(lambda: json.dumps(answer, default=np.ndarray.tolist))
    headers |= {**form.headers, "Latentbook-Dtype": decoded.dtype}
    return Response(content, headers=headers)
