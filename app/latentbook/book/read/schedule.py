"""``time_zone`` and ``[schedule]`` of ``book.toml``: drafts, hidden content, opening times."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from latentbook.base.datafile import Entry, Toml
from latentbook.base.errors import Problems, accepted_names
from latentbook.book.read.day import Day, written
from latentbook.book.read.options import as_label

ANSWERS = "answers"
WORDS = ("draft", "hidden")


class Opening(NamedTuple):
    moment: datetime
    names: tuple[str, ...]

    def __str__(self) -> str:
        """Format as: q-pairs, Tue 1 Dec 2026 08:00 CET."""
        return f"{', '.join(self.names)}, {written(self.moment)}"


@dataclass(frozen=True)
class Days:
    """The days of chapters, sections and questions (``places``), and of answers, by label."""

    places: Mapping[str, Day] = field(default_factory=dict)
    answers: Mapping[str, Day] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.places or self.answers)

    def not_open(self, now: datetime, *, drafts: bool = False) -> Days:
        return self._only(lambda day: not day.is_open(now, drafts=drafts))

    def drafts(self) -> Days:
        return self._only(lambda day: day.word == "draft")

    def _only(self, wanted: Callable[[Day], bool]) -> Days:
        def chosen(days: Mapping[str, Day]) -> dict[str, Day]:
            return {label: day for label, day in days.items() if wanted(day)}

        return Days(chosen(self.places), chosen(self.answers))

    def named(self) -> Iterator[tuple[str, Day]]:
        yield from self.places.items()
        for label, day in self.answers.items():
            yield f"answer of {label}", day

    @property
    def names(self) -> list[str]:
        return sorted(name for name, _ in self.named())

    def next(self, now: datetime) -> Opening | None:
        ahead = [(day.moment, name) for name, day in self.named()]
        moments = [moment for moment, _ in ahead if moment and moment > now]
        if not moments:
            return None
        first = min(moments)
        return Opening(first, tuple(name for moment, name in ahead if moment == first))


class DatedFile(Entry):
    """A file with a schedule; :func:`read_days` reads its values."""

    time_zone: Any = None
    schedule: Mapping[str, Any] = {}


def read_days(file: Toml, dated: DatedFile) -> Days:
    """Read a schedule; report and drop invalid entries."""
    zone = _zone(file, dated.time_zone)
    places: dict[str, Day] = {}
    answers: dict[str, Day] = {}
    for label, value in dated.schedule.items():
        if label != ANSWERS:
            _add(label, value, places, zone, file, "schedule", label)
        elif not isinstance(value, dict):
            message = f"schedule.answers must be a table, [schedule.answers]; got {value!r}"
            file.add(message, "schedule", label)
        else:
            for question, opens in value.items():
                _add(question, opens, answers, zone, file, "schedule", label, question)
    return Days(places, answers)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(file: Toml, name: Any) -> ZoneInfo | None:
    if name is None:
        return None
    if isinstance(name, str) and name in _zone_names():
        return ZoneInfo(name)
    names = accepted_names(str(name), _zone_names()) if isinstance(name, str) else ""
    message = f"time_zone must name a zone, like 'Europe/Berlin'; got {name!r}. {names}"
    file.add(message, "time_zone")
    return ZoneInfo("UTC")  # so that local times are not reported too


def _add(
    label: str, value: Any, days: dict[str, Day], zone: ZoneInfo | None, file: Toml, *place: str
) -> None:
    try:
        word, moment = (value, None) if value in WORDS else ("", _moment(label, value, zone))
        days[as_label(label)] = Day(file.report.path, file.line(*place), word, moment)
    except ValueError as error:
        file.add(str(error), *place)


def _moment(label: str, value: Any, zone: ZoneInfo | None) -> datetime:
    """Return a moment in the book's time zone; raise ValueError if the value is invalid."""
    if not isinstance(value, datetime):
        time = " Write the time, too." if isinstance(value, date) else ""
        raise ValueError(
            f"{label} opens at a time, like 2026-12-01T08:00:00, or is 'draft' or 'hidden'; "
            f"got {str(value)!r}.{time}"
        )
    if value.tzinfo is not None:
        return value.astimezone(zone) if zone else value
    if zone is None:
        raise ValueError(
            f"{label} opens at a local time, {value.isoformat()}, but of no zone: write "
            f'time_zone = "Europe/Berlin" above the tables, or {value.isoformat()}+01:00'
        )
    first, second = (value.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    offsets = [each.isoformat()[-6:] for each in (first, second)]
    if offsets[0] != offsets[1]:
        there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == value
        why = "comes twice" if there else "does not exist"
        raise ValueError(
            f"{value.isoformat()} {why} in {zone.key}, where clocks are changed then: write the "
            f"offset, {value.isoformat()}{offsets[0]} or {offsets[1]}"
        )
    return first


def check_days(days: Days, places: Mapping[str, str], problems: Problems) -> Days:
    """Report unknown labels; return the days of known ones.

    Parameters
    ----------
    places : label -> kind of each chapter, section and question
    """
    questions = {label for label, kind in places.items() if kind == "question"}

    def known(given: Mapping[str, Day], accepted: Collection[str], what: str) -> dict[str, Day]:
        for label, day in given.items():
            if label not in accepted:
                names = accepted_names(label, accepted)
                problems.add(day.path, day.line, f"{label!r} is not a {what} of the book. {names}")
        return {label: day for label, day in given.items() if label in accepted}

    return Days(
        known(days.places, places, "chapter, section or question"),
        known(days.answers, questions, "question"),
    )
