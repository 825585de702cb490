"""Builds what is served. What stops a build is returned: the last good site is served then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from latentbook.errors import sentences
from latentbook.settings import Settings


def build_all(
    settings: Settings, report: Callable[[str], None], now: datetime | None = None
) -> list[str]:
    """Build the site and, where class mode is on, its pages. Returns what is wrong, in sentences.

    Parameters
    ----------
    now : what opens later is left out; None asks the clock
    """
    from latentbook.book.build import build_site
    from latentbook.book.overlay.lay import lay_importable

    try:
        if settings.class_mode:
            from latentbook.lecture.bundle import bundle_class

            bundle_class(settings)  # first, as mistakes in the book are none in these pages
        lay_importable(settings)
        build_site(settings, report=report, now=now)
    except Exception as error:  # a mistake in an instrument can be anything
        return sentences(error)
    return []
