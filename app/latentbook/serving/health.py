"""``/healthz``, ``/readyz`` and ``/metrics``, for operators."""

from datetime import datetime
from typing import cast

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import Response

from latentbook.http.metrics import Metrics
from latentbook.http.problems import Problem, problem_responses
from latentbook.http.site_files import built_at

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str


class SiteFault(BaseModel):
    """Why the site is older than its sources, one sentence per mistake."""

    since: datetime
    errors: list[str]


class Readiness(Health):
    """The state of the server and its book, and when the site was built."""

    site: datetime
    fault: SiteFault | None = None


@router.get("/healthz")
async def get_health(request: Request, response: Response) -> Health:
    """Whether the server runs. `Latentbook-Scheme` says how it was asked, as its proxy tells it."""
    response.headers["Latentbook-Scheme"] = request.url.scheme
    return Health(status="ok")


@router.get("/readyz", responses=problem_responses(503), response_model_exclude_none=True)
async def get_readiness(request: Request) -> Readiness:
    """Whether the server has a book to serve and, with people, whether their course can be written
    to. `fault` says why the book is not the latest.
    """
    site, fault = request.app.state.site, request.app.state.fault
    try:
        (site.folder / "index.html").open().close()
    except FileNotFoundError:
        raise Problem(503, "The book is not built. `latentbook build` builds it.") from None
    except OSError as error:
        raise Problem(503, f"No page can be opened: {error.strerror}.") from None
    for is_ready in request.app.state.ready_when:
        await is_ready()
    said = SiteFault(since=fault.since, errors=fault.errors) if fault.errors else None
    return Readiness(status="ready", site=built_at(site.folder), fault=said)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(request: Request) -> Response:
    """Counters since the start, and what waits now, for Prometheus."""
    metrics = cast(Metrics, request.app.state.metrics)
    for measure in request.app.state.measures:
        await measure()
    headers = {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST}
    return Response(generate_latest(metrics.registry), headers=headers)
