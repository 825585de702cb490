"""The reason why the served site is older than its sources."""

from collections.abc import Sequence

from latentbook.book.read.day import right_now
from latentbook.http.site_files import SiteFiles

OLD_SITE = "The site could not be built; the last good one is served"
"""Log message of a failed build."""


class Fault:
    """Errors of the last build, one sentence per mistake. Cleared when a build succeeds or another
    process replaces the site.
    """

    def __init__(self, site: SiteFiles, errors: Sequence[str] = ()) -> None:
        self._site, self._of = site, site.identity()
        self._errors, self.since = list(errors), right_now()

    @property
    def errors(self) -> list[str]:
        return self._errors if self._of == self._site.identity() else []

    def set(self, errors: Sequence[str]) -> None:
        if errors and not self.errors:
            self.since = right_now()
        self._errors, self._of = list(errors), self._site.identity()
