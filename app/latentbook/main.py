"""The app: site and API behind one list of middleware."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from socket import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.routing import BaseRoute

from latentbook.base.report import Report
from latentbook.book.read.project import manifest_in
from latentbook.editions import build_apart
from latentbook.http import problems
from latentbook.http.access import Access
from latentbook.http.body_limit import BodyLimit
from latentbook.http.draining import Draining
from latentbook.http.head import HeadAsGet
from latentbook.http.headers import SecurityHeaders
from latentbook.http.logs import configure_logs, log
from latentbook.http.metrics import Metrics
from latentbook.http.protocol import UVICORN
from latentbook.http.site_files import SiteFiles
from latentbook.plugins import Plugins, plugins_of
from latentbook.serving import health
from latentbook.serving.fault import OLD_SITE, Fault
from latentbook.serving.reload import Reload
from latentbook.serving.scheduled_builds import ScheduledBuilds
from latentbook.settings import Settings

DRAIN_S = 20
"""Seconds that running requests get after a stop signal; then they are refused."""

SEND_S = 5
"""Further seconds in which clients can read their responses."""


def create_app(
    settings: Settings,
    *,
    built: bool = False,
    errors: Sequence[str] = (),
    report: Report = lambda message: None,
) -> FastAPI:
    """Assemble the app.

    Parameters
    ----------
    built : serve the site as it is; never rebuild it
    errors : errors of the build at this start; if any, the last good site is served
    report : receives messages of plugins when the server starts
    """
    metrics = Metrics()
    site = SiteFiles(settings.served_site)
    fault = Fault(site, errors)
    reload = Reload(settings, fault) if settings.reload else None
    upkeep = reload or (None if built else ScheduledBuilds(settings, fault, build_apart))
    plugins = plugins_of(settings)
    added = Added(plugins)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            with suppress(FileNotFoundError):  # just being replaced: the first request lists it
                await site.look()
            if upkeep:
                await running.enter_async_context(upkeep.watching())
            await added.start(app, running)
            yield

    app = FastAPI(
        title=manifest_in(settings.course or settings.content).title,
        version=version("latentbook"),
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
        redirect_slashes=False,  # it would redirect to a host that the request names
        lifespan=lifespan,
        middleware=middleware(settings, metrics, plugins.addresses.secret),
    )
    app.include_router(health.router)
    if reload:
        app.include_router(reload.router)
    app.state.metrics = metrics
    app.state.fault = fault
    app.state.reload = reload
    app.state.site = site
    app.state.framers = ""  # further sites that may frame pages, besides those in the settings
    app.state.ready_when = []  # awaited by /readyz; each raises a Problem if it is not ready
    app.state.measures = []  # awaited before metrics are reported
    app.state.afterwards = []  # awaited once the server listens
    added.to(app, settings, report)
    app.router.default = site
    problems.add_problem_handlers(app)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    return app


def middleware(settings: Settings, metrics: Metrics, secret: Sequence[str]) -> list[Middleware]:
    """The middleware of the app, from the outside in."""
    frames, embeds = settings.frame_ancestors, settings.embed_ancestors
    return [
        Middleware(Access, metrics=metrics, secret=secret),
        Middleware(SecurityHeaders, frame_ancestors=frames, embed_ancestors=embeds),
        Middleware(ServerErrorMiddleware, handler=problems.on_bug),
        Middleware(HeadAsGet),
        Middleware(Draining),
        Middleware(BodyLimit, limit=settings.max_body_bytes),
    ]


class Added:
    """Additions of plugins to the server. Those of a plugin that fails are removed."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self.parts: list[tuple[str, AbstractAsyncContextManager[Any], list[BaseRoute]]] = []

    def to(self, app: FastAPI, settings: Settings, report: Report) -> None:
        """Add the plugins' routes."""
        given = {"app": app, "settings": settings, "report": report}
        for name in self.plugins.with_hook("serve"):
            before = app.router.routes[:]
            if part := self.plugins.answer(name, "serve", **given):
                self.parts.append((name, part, app.router.routes[len(before) :]))
            if name in self.plugins.failures:
                app.router.routes[:] = before

    async def start(self, app: FastAPI, running: AsyncExitStack) -> None:
        """Enter the plugins' contexts, which last as long as the server runs."""
        for name, part, routes in self.parts:
            try:
                await running.enter_async_context(part)
            except Exception as error:
                self.plugins.fail(name, error)
                log.error("A plugin failed and is left out", plugin=name, exc_info=error)
                app.router.routes[:] = [r for r in app.router.routes if r not in routes]


def openapi(app: FastAPI) -> dict[str, Any]:
    """The schema of the API, with errors under their own media type."""
    if app.openapi_schema is None:
        for path in FastAPI.openapi(app)["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {
                            problems.MEDIA_TYPE: response["content"]["application/json"]
                        }
    assert app.openapi_schema is not None
    return app.openapi_schema


class Server(uvicorn.Server):
    """On shutdown, ends the streams of reload first: uvicorn would wait for them for ever.
    Cancels requests after ``DRAIN_S``, with a response; uvicorn would not tell clients why.
    Starts the tasks in ``afterwards`` once it listens.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        reload: Reload | None,
        afterwards: Sequence[Callable[[], Coroutine[Any, Any, None]]],
    ) -> None:
        super().__init__(config)
        self.reload = reload
        self.afterwards = afterwards

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.begun = [asyncio.create_task(each()) for each in self.afterwards]

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        if self.reload:
            await self.reload.close()
        asyncio.get_running_loop().call_later(DRAIN_S, self.refuse)
        await super().shutdown(sockets)

    def refuse(self) -> None:
        """Cancel running requests; :class:`Draining` responds."""
        for task in self.server_state.tasks:
            task.cancel()


def run(
    settings: Settings, *, report: Report, built: bool = False, errors: Sequence[str] = ()
) -> None:
    """Serve the book until told to stop; then finish the running requests and exit."""
    # uvicorn raises the signal again after the last response: a requested shutdown is not a
    # failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    configure_logs(settings.log_level)
    app = create_app(settings, built=built, errors=errors, report=report)
    plugins_of(settings).report_failures(report)
    if errors:
        log.error(OLD_SITE, errors=errors)
    report(f"The book is at {settings.address}  (Ctrl-C stops)")

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        **UVICORN,
        timeout_graceful_shutdown=DRAIN_S + SEND_S,
    )
    Server(config, app.state.reload, app.state.afterwards).run()
