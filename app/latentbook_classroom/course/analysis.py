"""Statistics of a question for instructors: right answers, the time they took, and mistakes.

Counts only, no names.
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
"""Fewest students for a correlation: with fewer, it would be chance."""
MOST_TRIES = 5
"""Counts of tries shown separately; the last includes all higher ones."""


@dataclass(frozen=True)
class Mistake:
    """A foreseen mistake, in the author's words, and how many students made it at any try."""

    words: str
    students: int


@dataclass(frozen=True)
class Analysis:
    """Statistics of one question of an assignment.

    Attributes
    ----------
    students : in the course
    tried : students who were judged right or wrong, or got an error
    right : students by the number of their first right try
    minutes : quartiles of the time from the first try to the first right one, over students who
        needed more than one try; empty if fewer than two did
    discrimination : item-rest correlation; None if there are too few students, or all are alike
    states : number of attempts in each state
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
        """Pairs: a number of tries, and students right after it. The last means "or more"."""
        few = [(tries, self.right[tries]) for tries in range(1, MOST_TRIES)]
        return [*few, (MOST_TRIES, self.right.total() - sum(count for _, count in few))]


def analyses(connection: sa.Connection, course_id: int, row: Row) -> list[Analysis]:
    """Analyse each question of an assignment, in order."""
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
    """Map each student who tried a question to whether any try was right."""
    judged = {who: tried(attempts) for who, attempts in by.items()}
    return {who: any(a.state == "right" for a in tries) for who, tries in judged.items() if tries}


def tried(attempts: Iterable[Any]) -> list[Any]:
    return [each for each in attempts if each.state not in (*NO_TRY, WAITING)]


def first_right(attempts: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """Compute ``tried``, ``right`` and ``minutes`` of an `Analysis`."""
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
    """Correlate a question with the points of the assignment's others, over students who tried it
    (S. Henrysson, Psychometrika 28, 1963). An untried question counts as not right.
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
    """Count named mistakes, the most frequent first. Each student counts once per mistake."""
    made = Counter[str]()
    for tries in attempts:
        names = {each.mistake for each in tries if each.mistake}
        made.update({name for each in names for name in parts_of(each, words)})
    return [Mistake(words.get(name) or name, count) for name, count in made.most_common()]


def parts_of(mistake: str, words: Mapping[str, str]) -> list[str]:
    """The names in a verdict: several if it is about options or pairs."""
    return [mistake] if mistake in words else mistake.split(", ")
