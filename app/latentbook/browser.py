"""Find the Chromium for PDFs, browser tests, benches and screenshots."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from latentbook.base.errors import LatentbookError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path(names: Sequence[str] = NAMES) -> str:
    """Path of a Chromium: ``LATENTBOOK_CHROMIUM``, one on the PATH, or Playwright's.

    Raises
    ------
    LatentbookError
        If there is none, or if ``LATENTBOOK_CHROMIUM`` is not a file.
    """
    named = os.environ.get("LATENTBOOK_CHROMIUM")
    if named:
        if not Path(named).is_file():
            raise LatentbookError(f"LATENTBOOK_CHROMIUM is {named!r}, which is not a file.")
        return named
    for name in names:
        if found := shutil.which(name):
            return found
    caches = (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright")
    for cache in caches:
        for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*/*/*/Chromium"):
            if found_in_cache := sorted(cache.glob(pattern)):
                return str(found_in_cache[-1])
    raise LatentbookError(
        "No Chromium found. Install it (Debian: apt-get install chromium) "
        "or name one in LATENTBOOK_CHROMIUM."
    )
