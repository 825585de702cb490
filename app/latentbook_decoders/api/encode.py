"""``POST /api/models/{name}/encode``: images in, codes out."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Discriminator, Field, Tag
from starlette.responses import Response

from latentbook.http.negotiation import negotiate
from latentbook.http.problems import wrong_field
from latentbook.http.requests import (
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

router = APIRouter(prefix="/api", tags=["codes"])

MAX_IMAGES = 256
LONGEST_SIDE = 256
GREY, COLOUR = "<grey>", "<colour>"

Pixel = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
SIDE = Field(min_length=1, max_length=LONGEST_SIDE, fail_fast=True)
GreyLine = Annotated[list[Pixel], SIDE, AsFloats]
Colour = Annotated[list[Pixel], Field(min_length=3, max_length=3, fail_fast=True)]
ColourLine = Annotated[list[Colour], SIDE, AsFloats]


def kind_of(line: Any) -> str:
    """The tag of the kind of line that validates this one."""
    return COLOUR if isinstance(line, list) and isinstance(next(iter(line), 0), list) else GREY


Line = Annotated[
    Annotated[GreyLine, Tag(GREY)] | Annotated[ColourLine, Tag(COLOUR)], Discriminator(kind_of)
]
Picture = Annotated[list[Line], SIDE]


class EncodeRequest(Strict):
    images: Annotated[list[Picture], at_most(MAX_IMAGES)] = Field(
        min_length=1,
        max_length=MAX_IMAGES,
        description="Each image is a list of rows, each row a list of pixels from 0 (paper) to 1 "
        "(ink), or in colour of lists of three, red, green and blue from 0 to 1.",
        examples=[[[[0.0] * 28] * 28]],
    )


TheBody = Annotated[EncodeRequest, Depends(in_body(EncodeRequest))]


class Encoded(BaseModel):
    model: str = Field(examples=["conv_vae_mnist"])
    sha256: str = Field(description="Of the weights.")
    mu: list[list[float]] = Field(description="Mean of q(z | x), or the code; one list per image.")
    logvar: list[list[float]] | None = Field(
        description="Log-variance of q(z | x); null if the model has none."
    )
    squared_error: list[float] = Field(
        description="Between each image and the decoded mu, summed over pixels."
    )


@router.post(
    "/models/{name}/encode",
    response_model=Encoded,
    dependencies=[Depends(require_json)],
    openapi_extra=documented(EncodeRequest),
    responses=problem_responses(400, 404, 406, 413, 415, 422, 503),
)
async def encode(
    request: Request, name: ModelName, body: TheBody, inference: TheInference
) -> Response:
    """Encode a list of images."""
    media_type = negotiate(request.headers.get("accept"), ("application/json",))
    model = await inference.open(name)
    height, width, *channels = model.image_shape
    for i, image in enumerate(body.images):
        lengths = {len(line) for line in image}
        if len(image) != height or lengths != {width}:
            raise wrong_field(
                f"images[{i}]",
                f"{height} rows of {width} pixels are accepted. Received {len(image)} rows of "
                f"{' and '.join(map(str, sorted(lengths)))}.",
            )
        if any(np.ndim(line) != 1 + len(channels) for line in image):
            kinds = "a number", "[red, green, blue]"
            wanted, received = reversed(kinds) if channels else kinds
            message = f"Each pixel of an image of {name} is {wanted}. Received {received}."
            raise wrong_field(f"images[{i}]", message)
    images = np.array(body.images)
    mu, logvar, squared_error = await unless_gone(request, inference.encode(name, images))
    answer = Encoded(
        model=name,
        sha256=model.card["weights"]["sha256"],
        mu=mu.tolist(),
        logvar=None if logvar is None else logvar.tolist(),
        squared_error=squared_error.tolist(),
    )
    headers = {"Cache-Control": "no-store"}
    return Response(answer.model_dump_json(), headers=headers, media_type=media_type)
