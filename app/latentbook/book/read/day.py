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
    path, line : of the entry in the schedule
    word : ``draft`` or ``hidden``; empty if there is a moment
    moment : in the zone of the book; None for drafts and hidden content
    """

    path: Path
    line: int
    word: str = ""
    moment: datetime | None = None

    def is_open(self, now: datetime, *, drafts: bool) -> bool:
        """Whether it is shown at a moment, to an author with ``drafts``."""
        if self.moment is None:
            return drafts and self.word == "draft"
        return self.moment <= now

    def is_after(self, other: Day | None) -> bool:
        """Whether it opens later; None has always been open."""
        if other is None:
            return True
        if self.moment is None or other.moment is None:
            return other.moment is not None
        return self.moment > other.moment


def written(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b %Y %H:%M %Z}"


def latest(*days: Day | None) -> Day | None:
    """The day on which everything is open; None if all of it always was."""
    found: Day | None = None
    for day in days:
        if day is not None and day.is_after(found):
            found = day
    return found


def right_now() -> datetime:
    return datetime.now(UTC)
