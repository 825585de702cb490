"""Rebuild the site when scheduled content opens, while the old one is served."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from latentbook.http.fault import OLD_SITE, Fault
from latentbook.http.logs import log
from latentbook.settings import Settings

LOOK_S = 60
"""Longest time between two looks at the clock: it can be changed, and machines sleep."""

FIRST_RETRY_S, LONGEST_RETRY_S = 60, 30 * 60
"""Time between a failed build and the next; it doubles with each failure."""

Clock = Callable[[], datetime]
Build = Callable[[Settings, datetime], Awaitable[list[str]]]


class ScheduledBuilds:
    """Watches the clock and builds when something is due, or when the last build failed.

    Parameters
    ----------
    fault : records how each build ended
    build : builds the site as of a moment; returns the errors
    clock : returns the time, with its zone; None means this machine's, in UTC
    """

    def __init__(
        self,
        settings: Settings,
        fault: Fault,
        build: Build,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.fault = fault
        self._clock = clock
        self._build = build
        self._failures = 0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch while the block runs, if the book has a schedule or the first build failed."""
        if not (self.fault.errors or has_days(self.settings.course or self.settings.content)):
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
        """Build whenever something is due, until cancelled."""
        if self.fault.errors:  # the start has just tried
            await asyncio.sleep(FIRST_RETRY_S)
        while True:
            await asyncio.sleep(await self.step())

    async def step(self) -> float:
        """Build if something is due or the last build failed; return the seconds until the next
        look.
        """
        from latentbook.book.build import is_due
        from latentbook.book.read.day import right_now
        from latentbook.book.read.manifest import days_of

        clock = self._clock or right_now
        now = clock()
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
        opening = days_of(self.settings.course or self.settings.content).next(now)
        if opening is None:
            return LOOK_S
        return min(LOOK_S, max(0.0, (opening.moment - clock()).total_seconds()))


def has_days(content: Path) -> bool:
    """Whether the manifest has a schedule."""
    if not any((content / name).is_file() for name in ("book.toml", "course.toml")):
        return False
    from latentbook.book.read.manifest import days_of

    return bool(days_of(content))
