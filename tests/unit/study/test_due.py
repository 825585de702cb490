"""Due dates of cards: compared with py-fsrs, across clock changes, and as a calendar."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fsrs import Card, Rating, Scheduler, State

from tests.unit.study.conftest import Call, engine_with

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ENTRY = """
import { fold } from "./study/events.js";
import { dueDay, mayBeDue, recall, remember } from "./study/fsrs.js";
export { mixed } from "./study/due.js";
export { expectedRecall } from "./study/curve.js";
export { studyDay } from "./study/day.js";
export { dueDay, recall };
import { calendarOf } from "./study/calendar.js";

const memories = (history) => {
  let memory = null;
  return history.map(([day, grade]) => {
    memory = remember(memory, day, grade);
    return { ...memory, interval: dueDay("r", { ...memory, edition: 1, count: 1 }) - day };
  });
};

export const allMemories = (histories) => histories.flatMap(memories);

export const days = (cards, retention) =>
  cards.map((card) => {
    const due = dueDay("r", card, retention);
    const longBefore = due - 3 - 0.3 * (due - card.day);
    return [due, mayBeDue(card, due, retention), mayBeDue(card, longBefore, retention)];
  });

export const cards = (events, today) => [...fold(events, today).cards];

export const calendar = (due) => calendarOf({ ...due, now: new Date(due.now) });
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    with engine_with(ENTRY, tmp_path_factory.mktemp("due")) as call:
        yield call


@pytest.mark.parametrize("count", [300, pytest.param(3_000, marks=pytest.mark.long)])
def test_memories_are_those_of_py_fsrs(study: Call, count: int) -> None:
    """Stability and difficulty within 1e-6; the interval within the fuzz of py-fsrs."""
    draw = random.Random(count)
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    histories, theirs = [], []
    for _ in range(count):
        day, card = 20_000, Card()
        histories.append([])
        for _ in range(draw.randint(1, 12)):
            day += draw.choice([0, 1, draw.randint(2, 12), draw.randint(2, 400)])
            grade = draw.randint(1, 4)
            histories[-1].append((day, grade))
            card, _ = scheduler.review_card(card, Rating(grade), EPOCH + timedelta(days=day))
            assert card.state == State.Review
            theirs.append((card.stability, card.difficulty, (card.due - EPOCH).days - day))
    for mine, (stability, difficulty, interval) in zip(
        study("allMemories", histories), theirs, strict=True
    ):
        assert mine["stability"] == pytest.approx(stability, rel=1e-6, abs=1e-6)
        assert mine["difficulty"] == pytest.approx(difficulty, abs=1e-6)
        assert abs(mine["interval"] - interval) <= 3 + 0.05 * interval


def test_intervals_grow_and_vary_with_the_label(study: Call) -> None:
    card = {"stability": 46.0, "difficulty": 5.0, "day": 100, "edition": 1, "count": 3}
    days = {study("dueDay", f"r-{i}", card) - 100 for i in range(100)}
    assert min(days) >= 40 and max(days) <= 52 and len(days) > 5
    assert study("dueDay", "r-1", card) == study("dueDay", "r-1", card)
    sooner, later = (study("dueDay", "r-1", card, retention) for retention in (0.95, 0.8))
    assert sooner < study("dueDay", "r-1", card) < later


@pytest.mark.parametrize("retention", [0.8, 0.9, 0.95])
def test_a_due_card_is_never_passed_over(study: Call, retention: float) -> None:
    card = {"difficulty": 5.0, "day": 100, "edition": 1}
    cards = [
        {**card, "stability": 0.001 * 1.02**step, "count": count}
        for step in range(850)
        for count in (1, 2, 3)
    ]
    found = study("days", cards, retention)
    assert all(on_its_day for _, on_its_day, _ in found)
    assert not any(long_before for _, _, long_before in found)
    assert {due for due, _, _ in found} >= {101, 102, 103, 110}


def review(number: int, day: int, grade: int, **more: Any) -> dict[str, Any]:
    event = {"id": f"s.{number}", "day": day, "time": number, "kind": "review", "label": "r"}
    return {**event, "edition": 1, "grade": grade, **more}


def memory(study: Call, today: int, *events: dict[str, Any]) -> Any:
    return dict(study("cards", events, today)).get("r")


def test_a_raised_edition_begins_again(study: Call) -> None:
    old, new = review(1, 10, 4), review(2, 30, 1, edition=2)
    late = review(3, 31, 4)  # on a device that still has the old text
    assert memory(study, 40, new, old, late) == memory(study, 40, new)
    assert memory(study, 40, old)["count"] == 1


def test_undoing_a_grade_leaves_no_trace(study: Call) -> None:
    first, second = review(1, 10, 3), review(2, 12, 1)
    undo = {"id": "s.3", "day": 12, "time": 3, "kind": "undo", "of": ["s.2"]}
    again = review(4, 12, 3)
    assert memory(study, 12, first, second, undo) == memory(study, 12, first)
    assert memory(study, 12, first, second, undo, again) == memory(study, 12, first, again)


def test_a_wrong_clock_costs_no_review(study: Call) -> None:
    """A review from the future waits for its day, unless the reader has flown west."""
    right, ahead = review(1, 10, 3), review(2, 400, 4)
    assert memory(study, 12, right, ahead) == memory(study, 12, right)
    assert memory(study, 401, right, ahead)["count"] == 2
    tomorrow = memory(study, 12, right, review(2, 13, 3))
    assert tomorrow == memory(study, 12, right, review(2, 12, 3))
    assert study("recall", tomorrow, 11) == 1  # no time has passed


@pytest.mark.parametrize(
    ("zone", "first", "last", "days"),
    [
        # An evening in New York is the next day in UTC.
        ("America/New_York", (2026, 3, 6, 15), (2026, 3, 6, 23), 0),
        ("America/New_York", (2026, 3, 6, 23), (2026, 3, 7, 2), 0),
        # Summer time begins on 8 March and ends on 1 November: days of 23 and 25 hours.
        ("America/New_York", (2026, 3, 7, 4), (2026, 3, 8, 4), 1),
        ("America/New_York", (2026, 3, 7, 5), (2026, 3, 9, 4), 2),
        ("America/New_York", (2026, 10, 31, 4), (2026, 11, 1, 3), 0),
        ("America/New_York", (2026, 10, 31, 4), (2026, 11, 1, 4), 1),
    ],
)
def test_days_between_reviews(
    study: Call, zone: str, first: tuple[int, ...], last: tuple[int, ...], days: int
) -> None:
    def study_day(local: tuple[int, ...]) -> int:
        moment = datetime(*local, tzinfo=ZoneInfo(zone))  # type: ignore[misc]
        offset = moment.utcoffset() or timedelta()
        return int(study("studyDay", moment.timestamp() * 1000, -offset.total_seconds() / 60))

    assert study_day(last) - study_day(first) == days


def test_chapters_are_mixed(study: Call) -> None:
    assert study("mixed", [["a1", "a2", "a3"], [], ["b1"], ["c1", "c2"]]) == [
        *("a1", "b1", "c1", "a2", "c2", "a3")
    ]
    assert study("mixed", []) == []


def test_the_curve_falls_without_reviewing_and_stays_with_it(study: Call) -> None:
    card = {"stability": 8.0, "difficulty": 5.0, "day": 100, "edition": 1, "count": 3}
    cards = [[f"r-{i}", {**card, "stability": 2.0 + i}] for i in range(30)]
    points = study("expectedRecall", cards, 100, 0.9)
    assert [point["day"] for point in points] == list(range(0, 61, 2))
    without = [point["without"] for point in points]
    assert without[0] == pytest.approx(1) and without == sorted(without, reverse=True)
    # FSRS-6: (1 + factor * days / stability) ** -decay, which is 0.9 after `stability` days.
    decay = 0.1542
    factor = 0.9 ** (-1 / decay) - 1
    mean = sum((1 + factor * 60 / (2 + i)) ** -decay for i in range(30)) / 30
    assert without[-1] == pytest.approx(mean, abs=1e-6)
    assert all(0.88 < point["reviewing"] <= 1 for point in points)
    # The probabilities of a card's outcomes add up to one.
    assert points[0]["reviewing"] == pytest.approx(1)


# The calendar, by the rules of RFC 5545


def unfolded(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The content lines: name, parameters, value (3.1)."""
    octets = text.encode()
    assert octets.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", octets)
    lines = octets.split(b"\r\n")[:-1]
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # no line ends within a character
    found = []
    for line in octets.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]:
        head, value = line.split(":", 1)
        name, *parameters = head.split(";")
        found.append((name, dict(each.split("=") for each in parameters), value))
    return found


def text_of(value: str) -> str:
    """A TEXT value (3.3.11)."""
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value)
    return re.sub(r"\\([\\;,nN])", lambda found: {"n": "\n"}.get(found[1].lower(), found[1]), value)


def test_the_calendar_follows_the_rfc(study: Call) -> None:
    title = "Räume, Codes; \\ und\nmehr " + "日本語" * 20
    first = (date(2026, 11, 23) - date(1970, 1, 1)).days
    url = "https://book.example/a,b;c/review/?" + "x" * 80
    days = [{"day": first, "summary": title}, {"day": first + 40, "summary": "1 due"}]
    due = {"book": "mine", "url": url, "days": days, "now": "2026-11-23T04:30:15.123Z"}
    lines = unfolded(study("calendar", due))
    names = [name for name, _, _ in lines]
    assert names[:3] == ["BEGIN", "VERSION", "PRODID"] and lines[1][2] == "2.0"
    assert (lines[0][2], lines[-1]) == ("VCALENDAR", ("END", {}, "VCALENDAR"))
    starts = [i for i, line in enumerate(lines) if line == ("BEGIN", {}, "VEVENT")]
    assert len(starts) == 2
    uids = set()
    for start, day, summary in zip(starts, ("20261123", "20270102"), (title, "1 due"), strict=True):
        end = lines.index(("END", {}, "VEVENT"), start)
        event = {name: (parameters, value) for name, parameters, value in lines[start + 1 : end]}
        assert len(event) == end - start - 1  # each property once (3.6.1)
        assert event["DTSTAMP"] == ({}, "20261123T043015Z")
        assert event["DTSTART"] == ({"VALUE": "DATE"}, day)
        assert text_of(event["SUMMARY"][1]) == summary
        assert event["URL"][1] == url
        assert event["TRANSP"][1] == "TRANSPARENT"
        uids.add(event["UID"][1])
    assert len(uids) == 2
    later = unfolded(study("calendar", {**due, "now": "2026-12-01T00:00:00Z"}))
    assert {value for name, _, value in later if name == "UID"} == uids  # replaces the events
