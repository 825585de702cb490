"""Build what is served. Errors are returned, so that the server can show the last good site
instead.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from latentbook.errors import sentences
from latentbook.settings import Settings


def build_all(
    settings: Settings, report: Callable[[str], None], now: datetime | None = None
) -> list[str]:
    """Build the site and, with class mode, its pages; return the errors as sentences.

    Parameters
    ----------
    now : withhold what opens after this; None means the present time
    """
    from latentbook.book.build import build_site
    from latentbook.book.overlay.lay import lay_importable

    try:
        if settings.class_mode:
            from latentbook.lecture.bundle import bundle_class

            bundle_class(settings)  # first: a mistake in the book does not concern these pages
        lay_importable(settings)
        build_site(settings, report=report, now=now)
    except Exception as error:  # the code of an instrument can raise anything
        return sentences(error)
    return []
