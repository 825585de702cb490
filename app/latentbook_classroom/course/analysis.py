"""What an instructor learns of a question: how many are right, after how long, and what the others
mistake. Only counts, and no names.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, quantiles
from typing import Any

import sqlalchemy as sa

from latentbook_classroom.course import assignments, people
from latentbook_classroom.course.attempts import NO_TRY, WAITING, attempts_with
from latentbook_classroom.course.tables import attempt

Row = sa.Row[Any]
LEAST = 10
"""Students without whom a correlation is chance."""
MOST_TRIES = 5
"""That are counted one by one."""


@dataclass(frozen=True)
class Mistake:
    """A foreseen mistake, in the author's words, and how many students made it at any try."""

    words: str
    students: int


@dataclass(frozen=True)
class Analysis:
    """Of one question of an assignment.

    Attributes
    ----------
    students : in the course
    tried : of them who were judged right or wrong, or got an error
    right : students by the number of the try that was their first right one
    minutes : quartiles of the time from the first try to the first right one, of those who needed
        more than one; empty if there are fewer than two
    discrimination : item-rest correlation, None if there are too few students, or all are alike
    states : of all attempts
    """

    label: str
    position: int
    kind: str
    students: int
    tried: int
    right: Counter[int]
    minutes: Sequence[float]
    discrimination: float | None
    mistakes: Sequence[Mistake]
    states: Counter[str]

    @property
    def at_once(self) -> int:
        return self.right[1]

    @property
    def later(self) -> int:
        return self.right.total() - self.right[1]

    @property
    def not_yet(self) -> int:
        return self.tried - self.right.total()

    @property
    def untried(self) -> int:
        return self.students - self.tried

    @property
    def tries(self) -> list[tuple[int, int]]:
        """Numbers of tries, the last of which is "or more", and how many were right after them."""
        few = [(tries, self.right[tries]) for tries in range(1, MOST_TRIES)]
        return [*few, (MOST_TRIES, self.right.total() - sum(count for _, count in few))]


def analyses(connection: sa.Connection, course_id: int, row: Row) -> list[Analysis]:
    """Of each question of an assignment, in order."""
    everyone = people.everyone(connection, course_id)
    students = {each.member for each in everyone if each.role == "student"}
    made: dict[str, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for each in connection.execute(attempts_with().where(attempt.c.assignment == row.id)):
        if each.member in students:
            made[each.label][each.member].append(each)
    asked = assignments.asked_in(connection, row.id)
    points = {each.label: each.points for each in asked}
    right = {label: right_ones(made[label]) for label in points}
    found = []
    for each in asked:
        attempts = list(made[each.label].values())
        words = assignments.asked(connection, each.question, 0).mistakes
        found.append(
            Analysis(
                label=each.label,
                position=each.position,
                kind=each.kind,
                students=len(students),
                discrimination=discrimination(each.label, right, points),
                mistakes=named(attempts, words),
                states=Counter(a.state for tries in attempts for a in tries),
                **first_right(attempts),
            )
        )
    return found


def right_ones(by: Mapping[int, Sequence[Any]]) -> dict[int, bool]:
    """Whether each who tried a question was right once."""
    judged = {who: tried(attempts) for who, attempts in by.items()}
    return {who: any(a.state == "right" for a in tries) for who, tries in judged.items() if tries}


def tried(attempts: Iterable[Any]) -> list[Any]:
    return [each for each in attempts if each.state not in (*NO_TRY, WAITING)]


def first_right(attempts: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """How many tried, at which try they were right, and after which time."""
    count, right, minutes = 0, Counter[int](), []
    for tries in map(tried, attempts):
        count += bool(tries)
        place = next((i for i, each in enumerate(tries) if each.state == "right"), None)
        if place is not None:
            right[place + 1] += 1
            if place:
                took = tries[place].arrived_at - tries[0].arrived_at
                minutes.append(took.total_seconds() / 60)
    few = len(minutes) < 2
    return {"tried": count, "right": right, "minutes": [] if few else quantiles(minutes, n=4)}


def discrimination(
    label: str, right: Mapping[str, Mapping[int, bool]], points: Mapping[str, float]
) -> float | None:
    """The correlation between a question and the points of the assignment's others, over those who
    tried it (S. Henrysson, Psychometrika 28, 1963). What is not tried is not right.
    """
    others = [other for other in points if other != label]
    item, rest = [], []
    for who, is_right in right[label].items():
        item.append(float(is_right))
        rest.append(sum(points[other] * right[other].get(who, False) for other in others))
    if len(item) < LEAST:
        return None
    try:
        return correlation(item, rest)
    except StatisticsError:  # all are alike
        return None


def named(attempts: Iterable[Sequence[Any]], words: Mapping[str, str]) -> list[Mistake]:
    """The mistakes with a name, the most frequent first. Each student counts once for each."""
    made = Counter[str]()
    for tries in attempts:
        names = {each.mistake for each in tries if each.mistake}
        made.update({name for each in names for name in parts_of(each, words)})
    return [Mistake(words.get(name) or name, count) for name, count in made.most_common()]


def parts_of(mistake: str, words: Mapping[str, str]) -> list[str]:
    """The names in a verdict: one, or of options and pairs several."""
    return [mistake] if mistake in words else mistake.split(", ")
