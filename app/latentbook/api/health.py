"""``/healthz`` and ``/readyz``: for whoever runs the server."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from latentbook.http.problems import Problem, problem_responses

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The state of the server."""

    status: str


@router.get("/healthz")
async def get_health() -> Health:
    """The server runs."""
    return Health(status="ok")


@router.get("/readyz", responses=problem_responses(503))
async def get_readiness(request: Request) -> Health:
    """The server has a book to serve."""
    if not request.app.state.site.is_built:
        raise Problem(503, "The book is not built. `latentbook build` builds it.")
    return Health(status="ready")
