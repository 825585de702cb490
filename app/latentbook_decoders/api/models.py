"""``GET /api/models`` and ``GET /api/models/{name}``: the models, and how they were made."""

import json
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from latentbook.http.caching import not_modified, strong_etag
from latentbook_decoders.api.dependencies import ModelName, TheInference, problem_responses

router = APIRouter(prefix="/api", tags=["models"])


class ModelSummary(BaseModel):
    name: str = Field(examples=["conv_vae_mnist"])
    title: str | None = Field(examples=["Convolutional VAE, 2-D code, MNIST"])
    summary: str | None = Field(examples=["Handwritten digits from two numbers."])
    sha256: str | None = Field(description="Of the weights.")
    unavailable: str | None = Field(description="Why it cannot be served, if known.")


class ModelList(BaseModel):
    models: list[ModelSummary]


class Serving(BaseModel):
    device: str = Field(examples=["cpu"])
    dtype: str = Field(
        description="Number format of codes within 4 of the origin; float32 beyond. It follows "
        "from the device and the setting LATENTBOOK_DTYPE.",
        examples=["bfloat16"],
    )
    max_grey_difference: int = Field(
        description="Largest difference of a pixel from float32, in levels of 255, as measured "
        "when the model was loaded."
    )


class ModelDetail(BaseModel):
    """A model's card and how it is served. Cards contain more than the fields declared here."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(examples=["conv_vae_mnist"])
    title: str
    summary: str
    latent_dim: int = Field(examples=[2])
    image_shape: list[int] = Field(
        min_length=2,
        max_length=3,
        description="Height and width, and 3 for red, green and blue.",
        examples=[[28, 28]],
    )
    weights: dict[str, Any] = Field(description="File, size and sha256 of the weights.")
    serving: Serving


@router.get(
    "/models",
    response_model=ModelList,
    responses={304: {"description": "Not modified."}, **problem_responses(503)},
)
async def list_models(request: Request, inference: TheInference) -> Response:
    """List every model; one that cannot be served says why."""
    cards = await inference.cards()
    summaries = [
        ModelSummary(
            name=card["name"],
            title=card.get("title"),
            summary=card.get("summary"),
            sha256=card.get("weights", {}).get("sha256"),
            unavailable=card.get("unavailable"),
        )
        for card in cards
    ]
    return revalidated(request, ModelList(models=summaries).model_dump())


@router.get(
    "/models/{name}",
    response_model=ModelDetail,
    responses={304: {"description": "Not modified."}, **problem_responses(404, 503)},
)
async def get_model(request: Request, name: ModelName, inference: TheInference) -> Response:
    """Return a model's card (data and its hash, seed, command, test metrics, sha256 of the weights)
    and its shapes.
    """
    model = await inference.open(name)
    serving = Serving(
        device=model.device, dtype=model.dtype, max_grey_difference=model.max_grey_difference
    )
    shapes = {"latent_dim": model.latent_dim, "image_shape": model.image_shape}
    return revalidated(request, {**model.card, **shapes, "serving": serving.model_dump()})


def revalidated(request: Request, body: dict[str, Any]) -> Response:
    """JSON that caches store but revalidate each time, because a model can be retrained."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"ETag": strong_etag(content), "Cache-Control": "no-cache"}
    return not_modified(request, headers) or Response(
        content, headers=headers, media_type="application/json"
    )
