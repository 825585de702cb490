"""LTI as a part of the app: its routes and background work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from sqlalchemy.exc import DatabaseError

from latentbook.base.errors import LatentbookError
from latentbook.settings import Settings
from latentbook_classroom.course.desk import Classroom
from latentbook_classroom.lti import (
    deep_linking,
    launching,
    platform_pages,
    platforms,
    registering,
    signing_in,
)
from latentbook_classroom.lti.gate import Lti
from latentbook_classroom.lti.web import Web
from latentbook_classroom.settings import ClassroomSettings

MODULES = (launching, deep_linking, registering, signing_in, platform_pages)


def add_to(app: FastAPI, room: Classroom, settings: Settings) -> None:
    for module in MODULES:
        app.include_router(module.router)
    web = Web(is_local=settings.of(ClassroomSettings).local_platforms)
    app.state.lti = Lti(settings.served_site, room.database, web)
    with suppress(DatabaseError, LatentbookError, OSError):  # or the next launch finds them
        app.state.framers = room.database.run_here(platforms.framers)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """Send scores, until the server ends."""
    sending = asyncio.create_task(app.state.lti.passback.run())
    try:
        yield
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await app.state.lti.web.close()
