"""Scripts and styles of the classroom, bundled separately: the site is the same without them."""

from pathlib import Path

from latentbook.base.errors import LatentbookError
from latentbook.settings import Settings
from latentbook_classroom.lecture.bundle import bundle_apart, read_apart

ENTRIES = (
    "classroom.css",
    "classroom/sync.js",
    "classroom/assignment.js",
    "classroom/pages.js",
    "classroom/launch.js",
)


def folder_of(settings: Settings) -> Path:
    return settings.build / "classroom"


def bundle_classroom(settings: Settings) -> None:
    bundle_apart(settings, folder_of(settings), ENTRIES, {})


def read_bundle(settings: Settings) -> tuple[dict[str, str], dict[str, bytes]]:
    found = read_apart(folder_of(settings))
    if found is None:
        raise LatentbookError(
            "The pages of the classroom are not built. `latentbook serve` builds them; for "
            "`--built`, run `latentbook build` with LATENTBOOK_DATABASE set."
        )
    return found
