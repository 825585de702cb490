"""One shape for all errors over HTTP: RFC 9457, ``application/problem+json``."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
LONGEST_INPUT = 80
TITLES = {413: "Content Too Large", 422: "Unprocessable Content", 499: "Client Closed Request"}
"""Titles for statuses whose phrases in Python are old or missing."""

FASTAPI_UNREADABLE = "There was an error parsing the body"
UNREADABLE = "This JSON cannot be read. It nests too deeply, or has a number with too many digits."
TOO_MUCH = re.compile("recursion|digits|out of range")
"""Words of Python's and Pydantic's errors for such JSON."""
NOT_UTF8 = "This is not text in UTF-8. A compressed body is not accepted."
UNKNOWN_FIELD = "unknown_field"

WHEN = {
    400: "The body is not JSON.",
    404: "There is nothing of this name.",
    406: "None of the requested formats is available.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "A field is not accepted.",
    503: "This cannot be answered now; Retry-After says when to ask again, if that helps.",
}


class FieldError(BaseModel):
    field: str = Field(description="Where it is, as in codes[3][1].", examples=["n"])
    message: str = Field(
        description="What is accepted and what was received.",
        examples=["Input should be less than or equal to 128. Received '129'."],
    )


class ProblemBody(BaseModel):
    """Why a request was refused."""

    type: str = Field(description="A URI of the kind of problem.", examples=["about:blank"])
    title: str = Field(description="The status in words.", examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(
        description="One sentence or two for a person.",
        examples=["n: Input should be less than or equal to 128. Received '129'."],
    )
    errors: list[FieldError] = Field(description="Each field that was not accepted.")


class Problem(HTTPException):
    """Raise it anywhere in a request: it becomes the response."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.errors = list(errors)


class Unavailable(Problem):
    """A 503 response, with the seconds after which to ask again."""

    def __init__(self, detail: str, retry_s: int) -> None:
        super().__init__(503, detail, headers={"Retry-After": str(retry_s)})


def problem_responses(
    *statuses: int, when: Mapping[int, str] = WHEN
) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ProblemBody, "description": when[status]} for status in statuses}


def wrong_field(field: str, message: str, status: int = 422) -> Problem:
    return Problem(status, f"{field}: {message}", [FieldError(field=field, message=message)])


def body_of(problem: Problem) -> str:
    status = problem.status_code
    body = ProblemBody(
        type="about:blank",
        title=TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=problem.detail,
        errors=problem.errors,
    )
    return body.model_dump_json()


def respond(problem: Problem) -> Response:
    headers = {"Cache-Control": "no-store", **(problem.headers or {})}
    return Response(body_of(problem), problem.status_code, headers, media_type=MEDIA_TYPE)


def unreadable(error: BaseException | None) -> Problem:
    """The problem of a body that cannot be read as JSON."""
    if isinstance(error, UnicodeDecodeError):
        why = NOT_UTF8
    elif isinstance(error, ValueError) and not TOO_MUCH.search(str(error)):
        why = f"The body is not JSON: {error}."
    else:
        why = UNREADABLE
    return wrong_field("body", why, 400)


def from_validation(error: RequestValidationError) -> Problem:
    """The problem of a request that the schema did not accept, field by field."""
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        where = found[0]["loc"][-1]
        return unreadable(ValueError(f"{found[0]['ctx']['error']} at character {where}"))
    errors = [field_error(item) for item in found[:MAX_ERRORS]]
    first = errors[0]
    more = f" And {len(found) - 1} more." if len(found) > 1 else ""
    return Problem(422, f"{first.field}: {first.message}{more}", errors)


def field_error(item: Mapping[str, Any]) -> FieldError:
    if item["type"] == UNKNOWN_FIELD:
        return FieldError(field=cut(item["ctx"]["unknown"]), message=item["msg"])
    message = f"{item['msg'].rstrip('.')}. Received {shown(item)}."
    return FieldError(field=field_name(item["loc"]), message=message)


def field_name(location: Sequence[int | str]) -> str:
    """('body', 'codes', 0, 1) -> 'codes[0][1]'; 'body' for the complete body."""
    name = ""
    for part in location[1:]:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name or str(location[0])


def shown(item: Mapping[str, Any]) -> str:
    """The value received, short enough to read."""
    if item["type"] == "missing":
        return "nothing"
    received = item["input"]
    if isinstance(received, bytes):
        return f"{len(received)} bytes that are not JSON"
    if isinstance(received, list):
        return f"a list of {len(received)}"
    if isinstance(received, dict):
        first = islice(received, LONGEST_INPUT)
        return cut(f"an object with {', '.join(map(repr, first)) or 'nothing'}")
    return cut("null" if received is None else repr(received))


def cut(text: str) -> str:
    return text if len(text) <= LONGEST_INPUT else f"{text[:LONGEST_INPUT]}…"


async def on_bug(request: Request, error: Exception) -> Response:
    """The response if the server itself fails; the error is in its log."""
    return respond(Problem(500, "The server failed. The fault is not in the request."))


def add_problem_handlers(app: FastAPI) -> None:
    async def on_validation(request: Request, error: RequestValidationError) -> Response:
        return respond(from_validation(error))

    async def on_http(request: Request, error: HTTPException) -> Response:
        if isinstance(error, Problem):
            return respond(error)
        if error.detail == FASTAPI_UNREADABLE:
            return respond(unreadable(error.__cause__))
        headers = dict(error.headers or {})
        if "GET" in headers.get("Allow", "").split(", "):
            headers["Allow"] += ", HEAD"
        return respond(Problem(error.status_code, error.detail, headers=headers))

    handlers: dict[type[Exception], Any] = {
        RequestValidationError: on_validation,
        HTTPException: on_http,
    }
    app.exception_handlers.update(handlers)
