"""The classroom as a part of the app: its database, pages and routes."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from fastapi import FastAPI
from prometheus_client import Gauge
from sqlalchemy.exc import DatabaseError

from latentbook.base.errors import LatentbookError
from latentbook.http.logs import log
from latentbook.http.metrics import Metrics
from latentbook.http.problems import Unavailable
from latentbook.settings import Settings
from latentbook_classroom.course import (
    assignment_pages,
    assignments,
    events,
    grades_pages,
    joining,
    people,
    people_pages,
)
from latentbook_classroom.course.built_assignments import read_assigned
from latentbook_classroom.course.database import Database, NoCourse, reason
from latentbook_classroom.course.desk import Classroom
from latentbook_classroom.course.judging import Judging, Worker
from latentbook_classroom.course.pages import Pages
from latentbook_classroom.settings import ClassroomSettings

MODULES = (joining, assignment_pages, people_pages, grades_pages, events)


def open_classroom(settings: Settings) -> Classroom:
    database = Database(settings.of(ClassroomSettings).database)
    assigned = read_assigned(settings)
    pages = Pages(settings, {each.name: each.page for each in assigned.assignments})
    judging = Judging(settings, pages.interface)
    worker = Worker(database, judging.judge)

    def prepare() -> None:
        database.open()
        if database.run_here(people.has_course):
            database.run_here(assignments.take, assigned)
        database.run_here(worker.take_over)

    def close() -> None:
        worker.close()
        judging.close()
        database.close()

    database.prepare = prepare
    try:
        database.make_ready()
    except NoCourse:
        raise
    except (
        DatabaseError,
        LatentbookError,
        OSError,
    ) as error:  # such as a full disk: the book is served anyway
        log.error("The course cannot be opened; it is tried again", error=reason(error))
    return Classroom(
        database,
        pages.render,
        pages.assignment,
        pages.sync_script,
        pages.files,
        settings.base_path,
        judge=judging.at_once,
        tell=worker.tell,
        start=worker.start,
        close=close,
    )


def add_to(app: FastAPI, room: Classroom) -> None:
    for module in MODULES:
        app.include_router(module.router)
    app.state.classroom = room
    app.state.ready_when.append(room.database.probe)
    app.state.measures.append(unfinished_in(room, app.state.metrics))


def unfinished_in(room: Classroom, metrics: Metrics) -> Callable[[], Awaitable[None]]:
    """Measure the database's unfinished work whenever the metrics are requested."""
    gauge = partial(Gauge, registry=metrics.registry)
    waiting = gauge("latentbook_answers_waiting", "Answers to be judged.")
    unsent = gauge("latentbook_marks_unsent", "Marks that platforms did not take.")

    async def measure() -> None:
        with suppress(Unavailable):
            answers, marks = await room.database.read(room.unfinished)
            waiting.set(answers)
            unsent.set(marks)

    return measure
