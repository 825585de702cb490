"""Why the site that is served is not made from its sources as they are now."""

from __future__ import annotations

from collections.abc import Sequence

from latentbook.book.read.day import right_now
from latentbook.http.site_files import SiteFiles

OLD_SITE = "The site could not be built; the last good one is served"
"""What the log says of it."""


class Fault:
    """What stopped the last build, until a build works or another process replaces the site.

    Parameters
    ----------
    errors : one sentence for each mistake; none if all is well
    """

    def __init__(self, site: SiteFiles, errors: Sequence[str] = ()) -> None:
        self._site, self._of = site, site.identity()
        self._errors, self.since = list(errors), right_now()

    @property
    def errors(self) -> list[str]:
        """What is wrong; nothing if all is well."""
        return self._errors if self._of == self._site.identity() else []

    def set(self, errors: Sequence[str]) -> None:
        """Take in how a build ended."""
        if errors and not self.errors:
            self.since = right_now()
        self._errors, self._of = list(errors), self._site.identity()
