"""Timeouts of tests, long enough for a busy machine."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable

import httpx

PATIENCE_S = 120 * float(os.environ.get("LATENTBOOK_PATIENCE", "1"))
"""On an idle machine a page starts Python in 3 s. A passing test waits no longer than it must."""

SERVER_S = 5 * PATIENCE_S
"""For other processes: importing torch, or a picture in a number format that the processor lacks,
takes minutes when both cores are busy.
"""

# httpx waits 5 s by default. All its functions share one object for that default.
_default = inspect.signature(httpx.get).parameters["timeout"].default
for part in ("connect", "read", "write", "pool"):
    setattr(_default, part, SERVER_S)


def until(condition: Callable[[], object], sleep: Callable[[float], object] = time.sleep) -> None:
    end = time.monotonic() + SERVER_S
    while not condition():
        assert time.monotonic() < end, "What the test waits for has not happened."
        sleep(0.05)
