"""Build everything that is served.

Errors are returned, so that the server can show the last good site instead.
"""

import asyncio
import multiprocessing
import signal
from datetime import datetime
from multiprocessing.connection import Connection

from latentbook.base.errors import sentences
from latentbook.base.report import Report
from latentbook.plugins import plugins_of
from latentbook.settings import Settings

POLL_S = 0.2
"""Time between two checks of whether a build has ended."""


def bundle_served(settings: Settings) -> None:
    """Bundle the scripts of pages that plugins serve."""
    for part in plugins_of(settings).site(settings):
        if part.bundle:
            part.bundle()


def build_all(settings: Settings, report: Report, now: datetime | None = None) -> list[str]:
    """Build the site and the plugins' scripts; return the errors as sentences.

    Parameters
    ----------
    now : withhold what opens after this; None means the present time
    """
    from latentbook.book.build import build_site
    from latentbook.book.overlay.merge import open_project

    try:
        bundle_served(settings)  # first: a mistake in the book must not stop these pages
        build_site(open_project(settings), report=report, now=now)
    except Exception as error:  # the code of an instrument can raise anything
        return sentences(error)
    return []


async def build_apart(settings: Settings, now: datetime) -> list[str]:
    """Build in a separate process, so that this one keeps responding."""
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
        return ["The build ended without a message: it was killed, perhaps for lack of memory."]
    finally:
        process.terminate()
        process.join()


def _build(settings: Settings, now: datetime, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
    sender.send(build_all(settings, lambda message: None, now))
