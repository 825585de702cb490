"""Scripts and styles of the classroom, bundled separately: the site is the same without them."""

from __future__ import annotations

from latentbook.errors import LatentbookError
from latentbook.lecture.bundle import bundle_apart, read_apart
from latentbook.settings import Settings

FOLDER = "classroom"
ENTRIES = (
    "static/css/classroom.css",
    "static/js/classroom/sync.js",
    "static/js/classroom/assignment.js",
    "static/js/classroom/pages.js",
    "static/js/classroom/launch.js",
)


def bundle_classroom(settings: Settings) -> None:
    bundle_apart(settings, settings.build / FOLDER, ENTRIES, {})


def read_bundle(settings: Settings) -> tuple[dict[str, str], dict[str, bytes]]:
    found = read_apart(settings.build / FOLDER)
    if found is None:
        raise LatentbookError(
            "The pages of the classroom are not built. `latentbook serve` builds them; for "
            "`--built`, run `latentbook build` with LATENTBOOK_DATABASE set."
        )
    return found
