"""The API: one router per file."""

from fastapi import FastAPI, Request
from starlette.responses import Response

from latentbook.http.problems import Problem, respond, wrong_field
from latentbook_decoders.api import atlas, decode, encode, grid, instruments, models
from latentbook_decoders.models.errors import ModelError, UnknownModel

ROUTERS = (
    models.router,
    grid.router,
    atlas.router,
    decode.router,
    encode.router,
    instruments.router,
)


def add_to(app: FastAPI) -> None:
    """Add the routes to an app, and their responses if a model cannot be used."""
    app.summary = "Decoders of the book: codes to images and back."
    for router in ROUTERS:
        app.include_router(router)

    async def on_unknown_model(request: Request, error: Exception) -> Response:
        return respond(wrong_field("name", str(error), 404))

    async def on_model(request: Request, error: Exception) -> Response:
        return respond(Problem(503, str(error)))

    app.add_exception_handler(UnknownModel, on_unknown_model)
    app.add_exception_handler(ModelError, on_model)
