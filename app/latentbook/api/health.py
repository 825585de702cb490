"""``/healthz`` and ``/readyz``, for operators."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from latentbook.http.problems import Problem, problem_responses
from latentbook.http.site_files import built_at

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str


class SiteFault(BaseModel):
    """Why the site is older than its sources: one sentence per mistake."""

    since: datetime
    errors: list[str]


class Readiness(Health):
    """The state of the server and its book, and when the site was built."""

    site: datetime
    fault: SiteFault | None = None


@router.get("/healthz")
async def get_health() -> Health:
    """Whether the server runs."""
    return Health(status="ok")


@router.get("/readyz", responses=problem_responses(503), response_model_exclude_none=True)
async def get_readiness(request: Request) -> Readiness:
    """Whether the server has a book to serve. `fault` says why it is not the latest."""
    site, fault = request.app.state.site, request.app.state.fault
    if not site.is_built:
        raise Problem(503, "The book is not built. `latentbook build` builds it.")
    said = SiteFault(since=fault.since, errors=fault.errors) if fault.errors else None
    return Readiness(status="ready", site=built_at(site.folder), fault=said)
