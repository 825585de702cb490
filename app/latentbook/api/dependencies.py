"""What several routes need: what decodes, the body's type, work given up when unwanted."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
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
    """What decodes for the app. Not a plain function, which would be run on another thread."""
    return cast(Decoders, request.app.state.inference)


TheInference = Annotated[Decoders, Depends(get_inference)]


async def require_json(request: Request) -> None:
    """Refuse a body that is not declared as JSON."""
    received = request.headers.get("content-type", "")
    media_type = received.partition(";")[0].strip().lower()
    if media_type != "application/json":
        message = f"Accepted: application/json. Received {received or 'nothing'}."
        raise wrong_field("header Content-Type", message, 415)


class Strict(BaseModel):
    """Input that holds what is declared and nothing else."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown(cls, data: Any) -> Any:
        """Name the fields that are accepted when another one comes."""
        if isinstance(data, dict) and (unknown := data.keys() - cls.model_fields.keys()):
            raise PydanticCustomError(
                UNKNOWN_FIELD,
                "There is no such field. Accepted: {accepted}.",
                {"unknown": ", ".join(sorted(unknown)), "accepted": ", ".join(cls.model_fields)},
            )
        return data


def in_digits(value: Any) -> Any:
    """Refuse what Python alone takes for a number, as 1_0."""
    if isinstance(value, str) and "_" in value:
        raise PydanticCustomError("number_parsing", "Input should be a number in digits")
    return value


InDigits = BeforeValidator(in_digits)
"""For numbers in addresses."""


class Gone(Problem):
    """The client has closed the connection; nobody reads this answer."""

    def __init__(self) -> None:
        super().__init__(499, "The client has gone away.")


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which is cancelled as soon as the client closes the connection.

    The body of the request must have been read.
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
    """Return when the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
