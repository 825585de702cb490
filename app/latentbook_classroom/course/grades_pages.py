"""``/classroom/grades/``: own or all marks, analyses of questions, and files to export."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from latentbook.book.translations.language import message
from latentbook_classroom.course import analysis, assignments, gradebook, people, scores, sent
from latentbook_classroom.course.desk import (
    CSV,
    NOT_KEPT,
    STORABLE,
    AssistantDesk,
    Desk,
    InstructorDesk,
    Name,
    Number,
    PageRoute,
    StudentDesk,
    TheForm,
)
from latentbook_classroom.course.gradebook import Line
from latentbook_classroom.course.people import Member
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import now

router = APIRouter(prefix="/classroom/grades", route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Query(max_length=200, pattern=STORABLE)]
SHOWN: dict[str, Any] = {"number": gradebook.number}


@router.get("")
async def to_grades() -> Response:
    return RedirectResponse("grades/", headers=NOT_KEPT)


@router.get("/")
async def get_grades(
    desk: StudentDesk,
    assignment: Text = "",
    group: Text = "",
    sort: Text = "name",
    down: bool = False,
) -> Response:
    """Show all marks, by assignment or by the questions of one. Students see only their own."""
    if not desk.me.may("assistant"):
        sheets = await desk.read(own_sheets, desk.me)
        return await desk.page("marks", one=desk.me, sheets=sheets, **SHOWN)
    book = await desk.read(gradebook.read, desk.me.course.id, assignment)
    row = book.assignments[0] if assignment else None
    return await desk.page(
        "grades",
        marks=book,
        row=row,
        lines=await run_in_threadpool(sorted_lines, list(book.lines(row, group)), sort, down),
        group=group,
        sort=sort,
        down=down,
        every=await desk.read(assignments.everything, desk.me.course.id),
        files=gradebook.FILES,
        sent=await desk.read(sent.states, desk.me.course.id),
        **SHOWN,
    )


def sorted_lines(lines: list[Line], sort: str, down: bool) -> list[Line]:
    """Sort by name, group, total or a column number. Ties are sorted by name."""

    def key(line: Line) -> Any:
        if sort.isdecimal() and int(sort) < len(line.cells):
            return line.cells[int(sort)].points
        if sort == "total":
            return line.total.points
        return line.student.group if sort == "group" else 0

    lines.sort(key=lambda line: line.student.name.casefold(), reverse=down and sort == "name")
    return lines if sort == "name" else sorted(lines, key=key, reverse=down)


def own_sheets(connection: Any, me: Member) -> list[gradebook.Sheet]:
    """Leave out assignments that have not opened."""
    opened = {each.id for each in assignments.open_ones(connection, me, now())}
    every = gradebook.sheets(connection, me.course.id, me.id)
    return [each for each in every if each.assignment.id in opened]


@router.get("/gradebook.csv")
async def get_file(
    desk: InstructorDesk, kind: Annotated[str, Query(alias="for", max_length=20)] = "plain"
) -> Response:
    if kind not in gradebook.FILES:
        accepted = ", ".join(gradebook.FILES)
        raise Refused(422, message("Accepted: %(accepted)s."), accepted=accepted)
    book = await desk.read(gradebook.read, desk.me.course.id)
    body = await run_in_threadpool(gradebook.file, book, kind)
    return desk.file(body, f"gradebook-{kind}.csv", CSV)


@router.get("/people/{number}")
async def get_marks(desk: AssistantDesk, number: Number) -> Response:
    one = await desk.read(people.one_member, desk.me.course.id, number)
    sheets = await desk.read(gradebook.sheets, desk.me.course.id, one.member)
    return await desk.page("marks", one=one, sheets=sheets, **SHOWN)


@router.post("/people/{number}")
async def change_mark(desk: AssistantDesk, form: TheForm, number: Number) -> Response:
    """Override a mark or, without points, remove the override. Or add a comment."""
    points, why = points_of(form.text("points")), form.text("why")
    at, label = form.number("assignment", 1, 2**31 - 1), form.text("label")
    is_comment = bool(form.text("comment"))
    work = partial(scores.override, is_comment=is_comment)
    await desk.run(work, desk.me, number, at, label, points, why)
    return desk.to(f"classroom/grades/people/{number}#{at}-{label}")


def points_of(text: str) -> float | None:
    """Parse points written with a decimal point or comma; None if empty."""
    given = text.strip().replace(",", ".")
    if not given:
        return None
    whole, _, part = given.partition(".")
    if not (f"{whole}{part}".isdecimal() and given.isascii() and len(given) < 10):
        raise Refused(422, message("Points are a number, such as 1.5."))
    return float(given)


@router.get("/analysis/{name}")
async def get_analysis(desk: AssistantDesk, name: Name) -> Response:
    return await show_analysis(desk, name)


@router.get("/analysis/{name}/{label}")
async def get_question(desk: AssistantDesk, name: Name, label: Name) -> Response:
    return await show_analysis(desk, name, label)


async def show_analysis(desk: Desk, name: str, label: str = "") -> Response:
    """Show all questions of an assignment or, in more detail, one."""
    row = await desk.read(assignments.one, desk.me.course.id, name)
    found = await desk.read(analysis.analyses, desk.me.course.id, row)
    one = next((each for each in found if each.label == label), None)
    if label and one is None:
        raise Refused(404, message("There is no such question in this assignment."))
    return await desk.page("analysis", row=row, found=found, each=one, **SHOWN)
