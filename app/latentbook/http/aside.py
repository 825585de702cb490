"""Separate threads for work that would hold up every other request."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from latentbook.http.problems import Unavailable

T = TypeVar("T")


class Aside:
    """One thread, and a bounded queue of the requests that wait for it.

    On the threads that read the site's files, such work would hold up everyone's pages.
    """

    def __init__(self, name: str, most: int = 64) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._most = most
        self._waiting = 0

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Run a function on the thread; return its result.

        Raises
        ------
        Unavailable
            If too many requests are waiting already (503).
        """
        if self._waiting >= self._most:
            why = f"The server is busy: {self._most} requests are waiting. Try again in a second."
            raise Unavailable(why, 1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)
        finally:
            self._waiting -= 1
