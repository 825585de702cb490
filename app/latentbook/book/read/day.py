"""Opening times, and the words for content without one: ``draft`` and ``hidden``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Day:
    """The time when something opens, or a word that withholds it.

    Attributes
    ----------
    path, line : location of the schedule entry
    word : ``draft`` or ``hidden``; empty if there is a moment
    moment : opening time, in the book's time zone; None for drafts and hidden content
    """

    path: Path
    line: int
    word: str = ""
    moment: datetime | None = None

    def is_open(self, now: datetime, *, drafts: bool) -> bool:
        """Whether it is open at ``now``; with ``drafts``, drafts are open too."""
        if self.moment is None:
            return drafts and self.word == "draft"
        return self.moment <= now

    def is_after(self, other: Day | None) -> bool:
        """Whether it opens later than ``other``; None means always open."""
        if other is None:
            return True
        if self.moment is None or other.moment is None:
            return other.moment is not None
        return self.moment > other.moment


def written(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b %Y %H:%M %Z}"


def latest(*days: Day | None) -> Day | None:
    """Return the day on which everything is open; None if everything always is."""
    found: Day | None = None
    for day in days:
        if day is not None and day.is_after(found):
            found = day
    return found


def right_now() -> datetime:
    return datetime.now(UTC)
