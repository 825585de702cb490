"""When an assignment is open to a member, and the cost of lateness. Times are the server's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Literal

DAY = timedelta(days=1)
When = Literal["unopened", "open", "late", "closed"]


@dataclass(frozen=True)
class Late:
    """A rule for late answers.

    Attributes
    ----------
    percent : of the points, deducted for each day begun since the due date
    most : percent deducted in total at most
    grace : minutes after the due or closing date in which an answer is still in time
    """

    percent: float = 0.0
    most: float = 100.0
    grace: int = 0

    def share(self, days: float) -> float:
        """Share of the points that remains after so many days."""
        return 1 - min(self.percent * ceil(days), self.most) / 100


FREE = Late()
"""Lateness costs nothing. An assignment without a closing date closes when it is due."""


@dataclass(frozen=True)
class Dates:
    """The dates of an assignment for one member. None: never opened, never due, any tries."""

    opens_at: datetime | None = None
    due_at: datetime | None = None
    closes_at: datetime | None = None
    tries: int | None = None
    grace: timedelta = timedelta()

    def when(self, at: datetime) -> When:
        if self.opens_at is None or at < self.opens_at:
            return "unopened"
        if self.closes_at is not None and at > self.closes_at + self.grace:
            return "closed"
        return "late" if self.days_late(at) else "open"

    def days_late(self, at: datetime) -> float:
        if self.due_at is None or at <= self.due_at + self.grace:
            return 0.0
        return (at - self.due_at) / DAY


def dates_of(row: Any, extensions: Iterable[Any]) -> Dates:
    """The dates of an assignment with a member's extensions: the most favourable of each.

    An assignment without a closing date closes when it is due. One that opens only by extension
    has no dates of its own: extensions set its due and closing dates.
    """
    extended = list(extensions)

    def given(name: str) -> list[Any]:
        values = [getattr(each, name) for each in (row, *extended)]
        return [each for each in values if each is not None]

    has_own = row.opens_at is not None
    due = None if has_own and row.due_at is None else max(given("due_at"), default=None)
    ends = given("closes_at") + given("due_at")
    never_closes = has_own and row.closes_at is None and due is None
    return Dates(
        opens_at=min(given("opens_at"), default=None),
        due_at=due,
        closes_at=None if never_closes else max(ends, default=None),
        tries=None if row.tries is None else max(given("tries")),
        grace=timedelta(minutes=Late(**row.late).grace),
    )
