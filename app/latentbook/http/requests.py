"""Helpers for several routes: long bodies of JSON, cancelled work."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from itertools import islice
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError, from_json

from latentbook.http.aside import Aside
from latentbook.http.problems import UNKNOWN_FIELD, Problem, unreadable, wrong_field

T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)

BODIES = Aside("bodies")
MOST_LISTS, MOST_NUMBERS = 2**17, 2**20
"""Limits per body: Python takes a second for a million lists, or for two million numbers."""
TAG = "<"
"""Prefix of the tags of unions in bodies, which are not part of a field's name."""
MOST_UNKNOWN = 5
"""Unknown fields that an error names; a body may have a million."""


async def require_json(request: Request) -> None:
    """Refuse a request whose body is not declared as JSON.

    Raises
    ------
    Problem
        If ``Content-Type`` is not ``application/json`` (415).
    """
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
        """Refuse unknown fields; name the accepted ones.

        Raises
        ------
        PydanticCustomError
            If a field is unknown. Pydantic reports it in a ``ValidationError``.
        """
        fields = cls.model_fields
        unknown = (name for name in data if name not in fields) if isinstance(data, dict) else ()
        if first := sorted(islice(unknown, MOST_UNKNOWN)):
            raise PydanticCustomError(
                UNKNOWN_FIELD,
                "There is no such field. Accepted: {accepted}.",
                {"unknown": ", ".join(first), "accepted": ", ".join(fields)},
            )
        return data


def at_most(count: int) -> BeforeValidator:
    """Refuse a longer list before checking any of its items."""

    def short(value: Any) -> Any:
        if isinstance(value, list) and len(value) > count:
            lengths = {"field_type": "List", "max_length": count, "actual_length": len(value)}
            raise PydanticKnownError("too_long", lengths)
        return value

    return BeforeValidator(short)


def in_body(model: type[Body]) -> Callable[[Request], Coroutine[Any, Any, Body]]:
    """A dependency that parses a long body on a thread. FastAPI would do so on the event loop."""

    def judged(body: bytes) -> Body:
        lists, numbers = body.count(b"[") + body.count(b"{"), body.count(b",")
        if lists > MOST_LISTS or numbers > MOST_NUMBERS:
            most = f"At most {MOST_LISTS} lists and {MOST_NUMBERS} numbers are accepted."
            raise wrong_field("body", f"{most} Received {lists} and {numbers}.")
        try:
            return model.model_validate(from_json(body.decode()))
        except ValidationError as error:
            found = [
                {**each, "loc": ("body", *(p for p in each["loc"] if not str(p).startswith(TAG)))}
                for each in error.errors()
            ]
            raise RequestValidationError(found) from None
        except ValueError as error:
            raise unreadable(error) from None

    async def read(request: Request) -> Body:
        if not (body := await request.body()):
            raise wrong_field("body", "Field required. Received nothing.")
        return await BODIES.run(judged, body)

    return read


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """OpenAPI's description of a body that :func:`in_body` reads."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


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

    Raises
    ------
    Gone
        If the client closes the connection first.
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
