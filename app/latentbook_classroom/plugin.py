"""The classroom as a plugin: people, assignments, marks, and a university's platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from latentbook.forwarding import forward
from latentbook.hooks import Addresses, SitePart, hookimpl
from latentbook.settings import PluginSettings, Settings
from latentbook_classroom.settings import ClassroomSettings

if TYPE_CHECKING:
    from pathlib import Path

    import typer
    from fastapi import FastAPI

    from latentbook.base.report import Report
    from latentbook.book.read.project import Project


@hookimpl
def settings() -> type[PluginSettings]:
    return ClassroomSettings


@hookimpl
def addresses() -> Addresses:
    return Addresses(("classroom", "join", "lti", "auth"), secret=("join", "lti/register"))


@hookimpl
def site(settings: Settings) -> SitePart | None:
    if not settings.of(ClassroomSettings).database:
        return None
    from latentbook_classroom.course.build_assignments import assignments_data
    from latentbook_classroom.course.bundle import bundle_classroom

    return SitePart(
        beside={"assignments": assignments_data},
        assignments="classroom/assignments",
        scripts=("classroom/sync.js",),
        bundle=partial(bundle_classroom, settings),
    )


@hookimpl
def serve(app: FastAPI, settings: Settings) -> AbstractAsyncContextManager[Any] | None:
    if not settings.of(ClassroomSettings).database:
        return None
    from starlette.concurrency import run_in_threadpool

    from latentbook_classroom.course import mode
    from latentbook_classroom.lti import mode as lti

    room = mode.open_classroom(settings)
    mode.add_to(app, room)
    lti.add_to(app, room, settings)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        room.start()
        try:
            async with lti.running(app):
                yield
        finally:
            await run_in_threadpool(room.close)

    return running()


@hookimpl
def check_book(project: Project, report: Report) -> bool:
    if not project.settings.of(ClassroomSettings).database:
        return True
    from latentbook_classroom.grader.doctor import judge_solutions
    from latentbook_classroom.grader.snapshot import prepare

    return judge_solutions(project, prepare(project, report), report)


@hookimpl
def commands(cli: typer.Typer) -> None:
    def program() -> typer.Typer:
        from latentbook_classroom.commands import classroom
        from latentbook_classroom.lti.commands import platform

        classroom.add_typer(platform, name="platform")
        return classroom

    forward(cli, "classroom", "A course with people and marks.", program)


@hookimpl
def doctor(settings: Settings, address: str, backups: Path | None) -> Iterator[tuple[bool, str]]:
    from latentbook_classroom.course.care import examine

    return examine(settings, address, backups)
