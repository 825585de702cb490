"""``/classroom/assignments/``: the list, the page of each assignment, and its settings."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from latentbook.book.compose.answers import NotAnAnswer
from latentbook.book.translations.language import message
from latentbook.http.site_files import made
from latentbook_classroom.course import assignments, attempts, people, regrade
from latentbook_classroom.course.desk import (
    NOT_KEPT,
    Desk,
    Form,
    InstructorDesk,
    Name,
    Number,
    PageRoute,
    StudentDesk,
    TheForm,
)
from latentbook_classroom.course.late import Late
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.scores import Sheet, due, sheet, sheet_of
from latentbook_classroom.course.tables import now
from latentbook_classroom.grader.kinds import answers_of
from latentbook_classroom.grader.question import Question

router = APIRouter(prefix="/classroom/assignments", route_class=PageRoute, include_in_schema=False)

MAX_TRIES = 1_000
MAX_GRACE = 24 * 60


@router.get("")
async def to_assignments() -> Response:
    return RedirectResponse("assignments/", headers=NOT_KEPT)


@router.get("/")
async def get_assignments(desk: StudentDesk) -> Response:
    rows = await desk.read(assignments.everything, desk.me.course.id)
    return await desk.page("assignments", given=await desk.read(due, desk.me), rows=rows)


@router.get("/{name}/")
async def get_assignment(
    desk: StudentDesk, name: Name, at: Annotated[datetime | None, Query()] = None
) -> Response:
    """Show an assignment. With ``at``, in UTC: as a student would see it at that moment."""
    me, is_seen_as = desk.me, desk.me.may("assistant")
    if at is not None and not me.may("instructor"):
        raise Refused(403, message("Your role in the course does not allow this."))
    found = await desk.read(sheet, me, name, (at or now()).replace(tzinfo=UTC))
    render = desk.room.render_assignment
    html = await made(render, found, root=desk.root, me=me, is_seen_as=is_seen_as)
    return HTMLResponse(html, headers=NOT_KEPT)


@router.get("/{name}/answers/{label}")
async def get_standing(desk: StudentDesk, name: Name, label: Name) -> Response:
    """The part of a question's HTML that an answer changes, for the page's script."""
    return await answering(desk, await desk.read(sheet, desk.me, name, now(), label), label)


async def answering(desk: Desk, found: Sheet, label: str) -> Response:
    each = found.standing(label)
    return await desk.page("answering", given=found.given, each=each, is_seen_as=False)


@router.post("/{name}/answers/{label}")
async def answer(
    desk: StudentDesk,
    form: TheForm,
    name: Name,
    label: Name,
    asked: Annotated[int | None, Query()] = None,
) -> Response:
    """Accept an answer from the page's script, or from its form if scripts are off. ``asked`` is
    the edition that the page shows.
    """
    arrived = now()
    made_at = moment(form.text("made_at"))
    # Judge before the transaction: while it is open, no one else can write.
    given, question = await desk.read(assignments.judged_by, desk.me, name, label, arrived)
    edition = given.put(label).question
    said = form.text("answer") if made_at else typed(label, question, form)
    verdict = None
    if asked in (None, edition):
        verdict = await run_in_threadpool(desk.room.judge, question, said)
    handed_in = await desk.run(
        attempts.submit,
        *(desk.me, given, label, form.text("id"), said, made_at or arrived),
        asked_as=edition if asked is None else asked,
        verdict=verdict,
    )
    if handed_in.state == "waiting":
        desk.room.tell()
    if desk.request.headers.get("accept") == "text/x-part":
        return await answering(desk, await desk.read(sheet_of, desk.me, given, label), label)
    return desk.to(f"classroom/assignments/{name}/#{label}")


def typed(label: str, question: Question, form: Form) -> str:
    """Convert an answer given without scripts to the format that scripts send."""
    answers = answers_of(question.kind)
    try:
        return answers.typed(form, label, question.key, question.judged_with)
    except NotAnAnswer as why:
        raise Refused(422, why.english, **dict[str, Any](why.values)) from None


def moment(text: str) -> datetime | None:
    """Parse a form field as a moment in UTC; None if it is empty."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise Refused(422, message("A date and a time are needed, or nothing.")) from error


# For instructors


@router.get("/{name}/settings")
async def get_settings(desk: InstructorDesk, name: Name) -> Response:
    def found(connection: sa.Connection) -> dict[str, Any]:
        course = desk.me.course.id
        row = assignments.one(connection, course, name)
        offered = [
            (each, regrade.preview(connection, desk.me, row.id, each.label, each.edition))
            for each in regrade.offered(connection, course)
            if each.assignment == row.id
        ]
        everyone = people.everyone(connection, course)
        return {
            "row": row,
            "now": assignments.fields(connection, course, name),
            "late": Late(**row.late),
            "extensions": assignments.extensions(connection, row.id),
            "offered": offered,
            "unjudged": regrade.unjudged(connection, row.id),
            "names": {each.member: each.name for each in everyone},
            "students": [each for each in everyone if each.role == "student"],
        }

    return await desk.page("assignment_settings", **await desk.read(found))


@router.post("/{name}/settings")
async def change(desk: InstructorDesk, form: TheForm, name: Name) -> Response:
    limits = {"percent": 100, "most": 100, "grace": MAX_GRACE}
    late = Late(**{name: form.number(name, 0, most) for name, most in limits.items()})
    work = partial(
        assignments.set_dates,
        name=name,
        answers_at=moment(form.text("answers_at")),
        late=late,
        counts=form.choice("counts", ("best", "last")),
        **dates(form),
    )
    shown = partial(assignments.fields, course_id=desk.me.course.id, name=name)
    is_saved = await desk.save(form, shown, work)
    return back(desk, name) if is_saved else await get_settings(desk, name)


@router.post("/{name}/extend")
async def extend(desk: InstructorDesk, form: TheForm, name: Name) -> Response:
    who = form.number("who", 1, 2**31 - 1) if form.text("who") else None
    given = {"who": who, "group": form.text("group"), **dates(form)}
    await desk.run(assignments.extend, desk.me, name, **given)
    return back(desk, name)


def dates(form: Form) -> dict[str, Any]:
    """Read dates and tries from a form; an empty field is None."""
    found: dict[str, Any] = {
        at: moment(form.text(at)) for at in ("opens_at", "due_at", "closes_at")
    }
    found["tries"] = form.number("tries", 1, MAX_TRIES) if form.text("tries") else None
    return found


@router.post("/{name}/extensions/{number}/withdraw")
async def withdraw(desk: InstructorDesk, name: Name, number: Number) -> Response:
    await desk.run(assignments.withdraw, desk.me, name, number)
    return back(desk, name)


@router.post("/{name}/editions/{label}/{edition}/{step}")
async def take_edition(
    desk: InstructorDesk,
    name: Name,
    label: Name,
    edition: Name,
    step: Annotated[str, Path(pattern="judge|apply")],
) -> Response:
    """Judge all answers by a new edition of a question, or put it into use."""
    work = regrade.start if step == "judge" else regrade.apply
    row = await desk.read(assignments.one, desk.me.course.id, name)
    await desk.run(work, desk.me, row.id, label, edition)
    desk.room.tell()
    return back(desk, name)


def back(desk: Desk, name: str) -> Response:
    return desk.to(f"classroom/assignments/{name}/settings")
