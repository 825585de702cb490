"""What several routes need: the decoders, a check of the body's type, cancelled work."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Path, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from latentbook.decoding.decoders import Decoders
from latentbook.http.problems import UNKNOWN_FIELD, Problem, wrong_field

T = TypeVar("T")

ModelName = Annotated[
    str, Path(description="Name of a model, as in GET /api/models.", examples=["conv_vae_mnist"])
]


async def get_inference(request: Request) -> Decoders:
    """The app's decoders. Async because FastAPI runs plain functions on another thread."""
    return cast(Decoders, request.app.state.inference)


TheInference = Annotated[Decoders, Depends(get_inference)]


async def require_json(request: Request) -> None:
    received = request.headers.get("content-type", "")
    media_type = received.partition(";")[0].strip().lower()
    if media_type != "application/json":
        message = f"Accepted: application/json. Received {received or 'nothing'}."
        raise wrong_field("header Content-Type", message, 415)


class Strict(BaseModel):
    """Input without undeclared fields."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown(cls, data: Any) -> Any:
        """Name the accepted fields if another one arrives."""
        if isinstance(data, dict) and (unknown := data.keys() - cls.model_fields.keys()):
            raise PydanticCustomError(
                UNKNOWN_FIELD,
                "There is no such field. Accepted: {accepted}.",
                {"unknown": ", ".join(sorted(unknown)), "accepted": ", ".join(cls.model_fields)},
            )
        return data


def in_digits(value: Any) -> Any:
    """Refuse numbers that only Python accepts, such as 1_0."""
    if isinstance(value, str) and "_" in value:
        raise PydanticCustomError("number_parsing", "Input should be a number in digits")
    return value


InDigits = BeforeValidator(in_digits)


class Gone(Problem):
    """The client has closed the connection; no one reads this response."""

    def __init__(self) -> None:
        super().__init__(499, "The client has disconnected.")


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Return the result of ``work``; cancel it as soon as the client closes the connection.

    The body of the request must have been read before.
    """
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(disconnected(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        leaving.result()
        raise Gone
    finally:
        task.cancel()
        leaving.cancel()


async def disconnected(request: Request) -> None:
    """Return once the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
