"""``latentbook serve --reload``: rebuilds on every change and notifies open pages.

The browser shows mistakes in the content above the last good site.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from watchfiles import awatch

from latentbook.base.errors import LatentbookError, sentences
from latentbook.serving.fault import Fault
from latentbook.settings import Settings

KEEP_ALIVE_S = 15


class Reload:
    """Watches the sources of a book and keeps the site up to date."""

    def __init__(self, settings: Settings, fault: Fault) -> None:
        self.settings = settings
        self.fault = fault
        self.builds = 0  # since the start
        self.closing = False
        self.changed = asyncio.Condition()
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/_reload", self.events)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.watch(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def close(self) -> None:
        """End the event streams of all open pages."""
        async with self.changed:
            self.closing = True
            self.changed.notify_all()

    async def watch(self, stop: asyncio.Event) -> None:
        sources = watched(self.settings)
        async for changes in awatch(*sources, stop_event=stop, debounce=100, step=20):
            paths = {Path(path) for _, path in changes}
            mistakes = await run_in_threadpool(self.build, paths)
            for mistake in mistakes:
                print(mistake, file=sys.stderr)
            async with self.changed:
                self.builds += 1
                self.fault.set(mistakes)
                self.changed.notify_all()

    def build(self, changed: Iterable[Path]) -> list[str]:
        """Rebuild the site; return the errors as sentences."""
        from latentbook.book.build import build_site
        from latentbook.book.overlay.merge import open_project

        try:
            project = open_project(self.settings)  # before its instruments are imported below
            import_anew(changed, self.settings)
            build_site(project, report=print)
        except Exception as error:  # the code of an instrument can raise anything
            return sentences(error)
        return []

    async def events(self) -> StreamingResponse:
        """Server-sent events: the number of the build, and its errors."""
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(self.stream(), media_type="text/event-stream", headers=headers)

    async def stream(self) -> AsyncIterator[str]:
        """One event now and one after each build; regular comments reveal closed pages."""
        sent = -1
        while not self.closing:
            if self.builds != sent:
                sent = self.builds
                yield f"data: {json.dumps({'build': sent, 'mistakes': self.fault.errors})}\n\n"
            try:
                async with self.changed, asyncio.timeout(KEEP_ALIVE_S):
                    await self.changed.wait()
            except TimeoutError:
                yield ": still here\n\n"


def watched(settings: Settings) -> list[Path]:
    """The sources of a site; of a course, everything not hidden or built."""
    own = settings.course.resolve().iterdir() if settings.course else ()
    build = settings.build.resolve()
    return [
        *(path for path in own if path != build and not path.name.startswith(".")),
        settings.content,
        *([settings.practice] if settings.practice.is_dir() else []),
        settings.widgets,
        settings.root / "static",
        Path(__file__).parents[1] / "templates",
        Path(__file__).parents[1] / "book" / "directives" / "questions",
    ]


def module_of(path: Path, settings: Settings) -> str:
    """The module name of an instrument's file; "" for any other file."""
    if path.name in ("course.toml", "instruments.txt"):
        return "widgets"  # it lists the instruments
    if settings.course is not None and path.parent == settings.course.resolve() / "instruments":
        return f"widgets.{path.stem}"
    if path.suffix != ".py" or settings.widgets not in path.parents:
        return ""
    name = ".".join(path.relative_to(settings.widgets.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def import_anew(changed: Iterable[Path], settings: Settings) -> None:
    """Import changed instruments again, so that the build draws with their new code.

    Raises
    ------
    LatentbookError
        If one cannot be imported. A separate process tries it first, because it may never end.
    """
    from latentbook.book.compose.author_code import AuthorCode, explained

    with closing(AuthorCode(settings.code_timeout)) as code:
        for path in changed:
            name = module_of(path, settings)
            if not path.is_file():
                continue
            if name not in sys.modules:
                continue
            if path.suffix == ".py":
                reply = code.ask({"type": "file", "code": str(path)})
                if reply["type"] == "failed":
                    raise LatentbookError(f"{path}:{reply['line'] or 1}: {explained(reply)}")
            importlib.reload(sys.modules[name])
