"""Rules of lateness, and a term's attempts against an independently written model."""

import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from latentbook_classroom.course import assignments, regrade, scores
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.late import Dates, Late, dates_of
from latentbook_classroom.course.refused import Refused
from tests.classroom.course import ASSIGNED, START, WEEK, Course, edition, number

HOURS = st.integers(-200, 400).map(lambda hours: START + timedelta(hours=hours))
RULES = st.builds(
    Late, percent=st.integers(0, 100), most=st.integers(0, 100), grace=st.integers(0, 120)
)
MAYBE = st.none() | HOURS
ROWS = st.builds(
    lambda late, dates, tries: SimpleNamespace(
        **dict(zip(("opens_at", "due_at", "closes_at"), dates, strict=True)),
        late=vars(late),
        tries=tries,
    ),
    RULES,
    st.tuples(MAYBE, MAYBE, MAYBE),
    st.none() | st.integers(1, 5),
)


unhurried = settings(deadline=None, derandomize=True)


@unhurried
@given(RULES, st.floats(0, 100), st.floats(0, 100))
def test_later_is_never_better_and_never_below_the_most(
    late: Late, one: float, other: float
) -> None:
    sooner, later = sorted((one, other))
    assert 1 >= late.share(sooner) >= late.share(later) >= 1 - late.most / 100
    assert late.share(0) == 1


@unhurried
@given(RULES, HOURS, st.integers(0, 20))
def test_each_day_that_has_begun_costs_as_much(late: Late, due: Any, days: int) -> None:
    dates = Dates(opens_at=due, due_at=due, grace=timedelta(minutes=late.grace))
    assert dates.days_late(due + timedelta(minutes=late.grace)) == 0
    after = due + timedelta(days, minutes=late.grace, seconds=1)
    begun = days + 1  # the grace period is less than a day
    expected = 100 - late.percent * begun
    assert round(late.share(dates.days_late(after)) * 100, 9) == max(expected, 100 - late.most)


@unhurried
@given(ROWS, st.lists(ROWS, max_size=3), HOURS)
def test_an_extension_never_takes_anything_away(row: Any, others: list[Any], at: Any) -> None:
    before, after = dates_of(row, []), dates_of(row, others)
    if row.opens_at is not None:  # otherwise extensions set its dates
        assert after.days_late(at) <= before.days_late(at)
    if before.when(at) in ("open", "late"):
        assert after.when(at) in ("open", "late")
    assert before.tries is None or (after.tries or 0) >= before.tries or after.tries is None
    assert dates_of(row, others[::-1]) == after


def test_groups_have_different_dates_where_the_assignment_has_none() -> None:
    own = SimpleNamespace(opens_at=None, due_at=None, closes_at=None, late={}, tries=None)
    first, second = (
        SimpleNamespace(opens_at=at, due_at=at + WEEK, closes_at=closes, tries=None)
        for at, closes in ((START, START + 2 * WEEK), (START + WEEK, None))
    )
    one, other, both = (dates_of(own, each) for each in ([first], [second], [first, second]))
    hour = timedelta(hours=1)
    seen = [one.when(START + each) for each in (-hour, hour, WEEK + hour, 2 * WEEK + hour)]
    assert seen == ["unopened", "open", "late", "closed"]
    seen = [other.when(START + WEEK + each) for each in (-hour, hour, WEEK + hour)]
    assert seen == ["unopened", "open", "closed"]
    assert (both.opens_at, both.due_at) == (START, START + 2 * WEEK)
    assert dates_of(own, []).when(START + 50 * WEEK) == "unopened"


class Term(RuleBasedStateMachine):
    """Students answer, an instructor corrects the key and changes rules, a worker judges at any
    time. The model stores every answer, and knows only the rules in docs/classroom/classroom.md.
    """

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(str(Path(self.folder.name) / "course.sqlite"))
        self.database.migrate()
        self.course = Course(self.database)
        self.students = [self.course.member("Ada"), self.course.member("Bob")]
        self.hour, self.keys, self.in_use = 0, [4.0], 0
        self.percent, self.counts, self.tries = 10, "best", 3
        self.made: list[tuple[int, str, float, str]] = []
        self.set()

    def set(self) -> None:
        self.course.open(
            closes_at=START + 2 * WEEK,
            late=Late(percent=self.percent),
            counts=self.counts,
            tries=self.tries,
        )

    @rule(who=st.integers(0, 1), value=st.sampled_from(["", "4", "5", "8"]), code=st.booleans())
    def answer(self, who: int, value: str, code: bool) -> None:
        label = "q-code" if code else "q-one"
        text = ("two = 2" if value == "4" else "two = 3") if code else value
        used = [m for m in self.made if (m[0], m[3]) == (who, label) and m[1] != ""]
        at = START + timedelta(hours=self.hour)
        try:
            self.course.answer(self.students[who], label, text, at)
            is_accepted = True
        except Refused:
            is_accepted = False
        assert is_accepted == (self.hour <= 14 * 24 and len(used) < self.tries)
        if is_accepted:
            self.made.append((who, text, self.hour / 24, label))

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.hour += hours

    @rule(percent=st.sampled_from([0, 10, 50]), counts=st.sampled_from(["best", "last"]))
    def change(self, percent: int, counts: str) -> None:
        self.percent, self.counts = percent, counts
        self.set()

    @rule(key=st.sampled_from([4.0, 5.0]))
    def mend(self, key: float) -> None:
        self.keys.append(key)
        name = f"edition {len(self.keys)}"
        questions = {**ASSIGNED.questions, "q-one": number("q-one", key, of=name)}
        made = type(ASSIGNED)(ASSIGNED.assignments, questions)
        self.course.run(assignments.take, made)
        place = (self.course.ina, 1, "q-one", edition(name))
        self.course.run(regrade.start, *place)
        self.course.work()
        preview = self.course.run(regrade.preview, *place)
        before = [self.expected(who, "q-one") for who in range(2)]
        self.course.run(regrade.apply, *place)
        self.in_use = len(self.keys) - 1
        after = [self.expected(who, "q-one") for who in range(2)]
        gained = sum(a - b for a, b in zip(after, before, strict=True))
        found = sum(each.after.points - each.before.points for each in preview.changes)
        assert round(found - gained, 9) == 0

    @rule()
    def judge(self) -> None:
        self.course.work()

    def expected(self, who: int, label: str) -> float:
        of = {"q-one": 2.0, "q-code": 4.0}[label]
        right = {"q-one": f"{self.keys[self.in_use]:g}", "q-code": "two = 2"}[label]
        points = []
        for maker, text, day, asked in self.made:
            if (maker, asked) == (who, label) and text != "":
                begun = max(0, -int(-(day - 7) // 1))
                lost = min(100, self.percent * begun) if day > 7 else 0
                points.append(of * (100 - lost) / 100 if text == right else 0.0)
        if not points:
            return 0.0
        return max(points) if self.counts == "best" else points[-1]

    @invariant()
    def marks_are_those_of_the_model(self) -> None:
        if not hasattr(self, "course"):
            return
        found = self.course.run(scores.scores, 1)
        for who, student in enumerate(self.students):
            for label in ("q-one", "q-code"):
                score = found[student.id, 1, label]
                if score.is_final:
                    assert round(score.points - self.expected(who, label), 9) == 0, label

    def teardown(self) -> None:
        if hasattr(self, "course"):
            self.course.work()
            self.marks_are_those_of_the_model()
            self.database.close()
            self.folder.cleanup()


Term.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestTerm = Term.TestCase
