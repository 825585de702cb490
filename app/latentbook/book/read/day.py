"""When something opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Day:
    """When something opens.

    Attributes
    ----------
    path, line : where it is said
    word : ``draft`` or ``hidden``, which open only once the file says otherwise; else empty
    moment : from which on it is open, in the zone of the book; None for drafts and what is hidden
    """

    path: Path
    line: int
    word: str = ""
    moment: datetime | None = None

    def is_open(self, now: datetime, *, drafts: bool) -> bool:
        """Whether readers see it at a moment, or an author who is shown ``drafts``."""
        if self.moment is None:
            return drafts and self.word == "draft"
        return self.moment <= now

    def is_after(self, other: Day | None) -> bool:
        """Whether it opens later than another; None has always been open."""
        if other is None:
            return True
        if self.moment is None or other.moment is None:
            return other.moment is not None
        return self.moment > other.moment

    @property
    def written(self) -> str:
        """The moment for people: Tue 1 Dec 2026 08:00 CET."""
        return written(self.moment) if self.moment else ""


def written(moment: datetime) -> str:
    """A moment in its own zone, for people."""
    return f"{moment:%a} {moment.day} {moment:%b %Y %H:%M %Z}"


def latest(*days: Day | None) -> Day | None:
    """The day on which the last of several opens; None if all have always been open."""
    found: Day | None = None
    for day in days:
        if day is not None and day.is_after(found):
            found = day
    return found


def right_now() -> datetime:
    """The clock of this machine, in UTC."""
    return datetime.now(UTC)
