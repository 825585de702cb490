"""Builds the site anew when something in the book opens, while the old one is served."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from latentbook.editions import build_all
from latentbook.http.fault import OLD_SITE, Fault
from latentbook.http.logs import log
from latentbook.settings import Settings

LOOK_S = 60
"""Longest time between two looks at the clock: it may be set, and machines sleep."""

FIRST_RETRY_S, LONGEST_RETRY_S = 60, 30 * 60
"""Time between a build that failed and the next: twice as long after each failure."""

POLL_S = 0.2
"""Time between two looks at whether a build has ended."""

Clock = Callable[[], datetime]
Build = Callable[[Settings, datetime], Awaitable[list[str]]]


class ScheduledBuilds:
    """Watches the clock of a server, and builds when something is due, or what failed before.

    Parameters
    ----------
    fault : told how each build ended
    clock : the time, with its zone; None for this machine's, in UTC
    build : builds the site as of a moment; returns what stopped it, or nothing
    """

    def __init__(
        self,
        settings: Settings,
        fault: Fault,
        *,
        clock: Clock | None = None,
        build: Build | None = None,
    ) -> None:
        self.settings = settings
        self.fault = fault
        self._clock = clock
        self._build = build or build_apart
        self._failures = 0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch for as long as the block runs, where anything has a day or the start failed."""
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
        """Build if something is due or failed before. Returns the seconds until the next look."""
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
    """Whether the manifest says when anything opens."""
    if not any((content / name).is_file() for name in ("book.toml", "course.toml")):
        return False
    from latentbook.book.read.manifest import days_of

    return bool(days_of(content))


async def build_apart(settings: Settings, now: datetime) -> list[str]:
    """Build in a process of its own, so that this one goes on answering."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_build, args=(settings, now, sender))
    process.start()
    sender.close()
    try:
        while not receiver.poll():
            await asyncio.sleep(POLL_S)
        return list(receiver.recv())
    except EOFError:
        return ["The build ended without a word: it was killed, perhaps for memory."]
    finally:
        process.terminate()
        process.join()


def _build(settings: Settings, now: datetime, sender: Connection) -> None:
    """In the process of its own: build, and send what stopped it, or nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    sender.send(build_all(settings, lambda message: None, now))
