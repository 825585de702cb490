"""Rebuild the site when scheduled content opens, while the old one is served."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from latentbook.book.read.day import right_now
from latentbook.book.read.project import days_of
from latentbook.http.logs import log
from latentbook.serving.fault import OLD_SITE, Fault
from latentbook.settings import Settings

LOOK_S = 60
"""Longest time between two checks of the clock, because clocks are set and machines sleep."""

FIRST_RETRY_S, LONGEST_RETRY_S = 60, 30 * 60
"""Time between a failed build and the next; it doubles with each failure."""

Clock = Callable[[], datetime]
Build = Callable[[Settings, datetime], Awaitable[list[str]]]


class ScheduledBuilds:
    """Watches the clock and builds when something is due, or when the last build failed.

    Parameters
    ----------
    build : builds the site as of a moment; returns the errors
    """

    def __init__(
        self, settings: Settings, fault: Fault, build: Build, *, clock: Clock = right_now
    ) -> None:
        self.settings = settings
        self.fault = fault
        self._clock = clock
        self._build = build
        self._failures = 0
        self._dated = settings.course or settings.content

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch while the block runs, if the book has a schedule or the first build failed."""
        if not (self.fault.errors or days_of(self._dated)):
            yield
            return
        task = asyncio.create_task(self.watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def watch(self) -> None:
        if self.fault.errors:  # the start has just tried
            await asyncio.sleep(FIRST_RETRY_S)
        while True:
            await asyncio.sleep(await self.step())

    async def step(self) -> float:
        """Build if something is due or the last build failed; return the seconds until the next
        look.
        """
        from latentbook.book.build import is_due

        now = self._clock()
        if self.fault.errors or is_due(self.settings, now):
            errors = await self._build(self.settings, now)
            self.fault.set(errors)
            if errors:
                wait = min(FIRST_RETRY_S * 2.0**self._failures, LONGEST_RETRY_S)
                self._failures += 1
                log.error(OLD_SITE, errors=errors, retry_s=wait)
                return wait
            log.info("The site was built")
        self._failures = 0
        opening = days_of(self._dated).next(now)
        if opening is None:
            return LOOK_S
        return min(LOOK_S, max(0.0, (opening.moment - self._clock()).total_seconds()))
