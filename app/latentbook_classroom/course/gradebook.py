"""The gradebook: each student's points per question, as a table and as CSV."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from latentbook_classroom.course import assignments, attempts, people
from latentbook_classroom.course.scores import BY_WHOM, Key, Score, Total, scores
from latentbook_classroom.course.tables import mark
from latentbook_classroom.course.words import csv_of

Row = sa.Row[Any]
DECIMALS = 2
"""Of displayed points: Canvas shows no more."""


def number(points: float) -> str:
    """Format points without trailing zeros."""
    return f"{points:.{DECIMALS}f}".rstrip("0").rstrip(".")


def shown(total: Total) -> str:
    """Format a total as a table cell, empty while it is unknown."""
    return "" if total.is_empty or total.waits else number(total.points)


@dataclass(frozen=True)
class Line:
    """A student's line: a cell for each column, and one for all of them."""

    student: Row
    cells: tuple[Total, ...]

    @property
    def total(self) -> Total:
        return Total(tuple(score for cell in self.cells for score in cell.scores))

    @property
    def shown(self) -> Iterator[str]:
        return map(shown, self.cells)


@dataclass(frozen=True)
class Gradebook:
    """Everything that the pages and files show.

    Attributes
    ----------
    asked : the questions of each assignment, by its number
    names : of the people in the course, by their number
    """

    assignments: Sequence[Row]
    asked: dict[int, list[Row]]
    students: Sequence[Row]
    scores: dict[Key, Score]
    names: dict[int, str]

    @property
    def groups(self) -> list[str]:
        return sorted({each.group for each in self.students if each.group})

    def of(self, row: Row) -> float:
        """The points of an assignment."""
        return float(sum(each.points for each in self.asked[row.id]))

    def cell(self, student: Row, row: Row, questions: Iterable[Row]) -> Total:
        return Total(tuple(self.scores[student.member, row.id, each.label] for each in questions))

    def lines(self, row: Row | None = None, group: str = "") -> Iterator[Line]:
        """Lines with a cell per assignment or, given one, per question."""
        if row is None:
            columns = [(each, self.asked[each.id]) for each in self.assignments]
        else:
            columns = [(row, [each]) for each in self.asked[row.id]]
        for student in self.students:
            if group in ("", student.group):
                yield Line(student, tuple(self.cell(student, *column) for column in columns))


def read(connection: sa.Connection, course_id: int, name: str = "") -> Gradebook:
    """The gradebook of a course, or only of one of its assignments."""
    rows = assignments.everything(connection, course_id)
    if name:
        rows = [assignments.one(connection, course_id, name)]
    everyone = people.everyone(connection, course_id)
    return Gradebook(
        assignments=rows,
        asked={row.id: assignments.asked_in(connection, row.id) for row in rows},
        students=[each for each in everyone if each.role == "student"],
        scores=scores(connection, course_id, assignment_id=rows[0].id if name else None),
        names={each.id: each.name for each in everyone},
    )


@dataclass(frozen=True)
class Place:
    """A student's attempts and decisions at one question, in order."""

    label: str
    position: int
    score: Score
    attempts: Sequence[Row]
    decisions: Sequence[Row]

    @property
    def cell(self) -> Total:
        return Total((self.score,))


@dataclass(frozen=True)
class Sheet:
    """A student's marks in one assignment."""

    assignment: Row
    places: Sequence[Place]

    @property
    def total(self) -> Total:
        return Total(tuple(each.score for each in self.places))


def sheets(connection: sa.Connection, course_id: int, who: int) -> list[Sheet]:
    """Everything about a member's marks."""
    found = scores(connection, course_id, member_id=who)
    decided = list(connection.execute(BY_WHOM.where(mark.c.member == who).order_by(mark.c.id)))
    result = []
    for row in assignments.everything(connection, course_id):
        made = attempts.of_member(connection, who, row.id)
        places = [
            Place(
                each.label,
                each.position,
                found[who, row.id, each.label],
                [a for a in made if a.label == each.label],
                [d for d in decided if (d.assignment, d.label) == (row.id, each.label)],
            )
            for each in assignments.asked_in(connection, row.id)
        ]
        result.append(Sheet(row, places))
    return result


# Files. Students without an ID are left out if even one of them would stop the import.


def for_canvas(book: Gradebook) -> list[Sequence[str]]:
    """Like Canvas's own export. Its import finds a student by "SIS User ID" or name."""
    head = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
    of = [number(book.of(row)) for row in book.assignments]
    lines: list[Sequence[str]] = [
        (*head, *(row.title for row in book.assignments)),
        ("    Points Possible", "", "", "", "", *of),
    ]
    for line in book.lines():
        student = line.student
        lines.append((student.name, "", student.number, "", student.group, *line.shown))
    return lines


def for_moodle(book: Gradebook) -> list[Sequence[str]]:
    head = ("ID number", "Name", *(row.title for row in book.assignments))
    known = (line for line in book.lines() if line.student.number)
    return [head, *((line.student.number, line.student.name, *line.shown) for line in known)]


def for_brightspace(book: Gradebook) -> list[Sequence[str]]:
    """Like Brightspace's own export: the number signs stop spreadsheets from changing a line."""
    heads = [f"{row.title} Points Grade" for row in book.assignments]
    known = (line for line in book.lines() if line.student.number)
    lines = ((f"#{line.student.number}", *line.shown, "#") for line in known)
    return [("OrgDefinedId", *heads, "End-of-Line Indicator"), *lines]


PLAIN = (
    *("name", "id", "group", "assignment", "question", "points", "of", "state", "tries"),
    *("days late", "mistake", "regraded", "changed by", "why"),
)


def plain(book: Gradebook) -> list[Sequence[str]]:
    """One line per student and question."""
    lines: list[Sequence[str]] = [PLAIN]
    for student in book.students:
        for row in book.assignments:
            for each in book.asked[row.id]:
                score = book.scores[student.member, row.id, each.label]
                decided = score.override
                lines.append(
                    (
                        *(student.name, student.number, student.group, row.name, each.label),
                        *(shown(Total((score,))), number(score.of), score.state, str(score.tries)),
                        *(number(score.late_days), score.mistake),
                        "yes" if score.is_regraded else "",
                        book.names.get(decided.by, "") if decided else "",
                        decided.why if decided else "",
                    )
                )
    return lines


FILES: dict[str, Callable[[Gradebook], list[Sequence[str]]]] = {
    "canvas": for_canvas,
    "moodle": for_moodle,
    "brightspace": for_brightspace,
    "plain": plain,
}


def file(book: Gradebook, kind: str) -> str:
    return csv_of(FILES[kind](book))
