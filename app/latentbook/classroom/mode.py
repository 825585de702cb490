"""The classroom as a part of the app: its database, pages and routes."""

from fastapi import FastAPI
from sqlalchemy.exc import DatabaseError

from latentbook.classroom import (
    assigned_pages,
    assignments,
    events,
    grades_pages,
    joining,
    people,
    people_pages,
)
from latentbook.classroom.bundled import read_assigned
from latentbook.classroom.database import Database, NoCourse, reason
from latentbook.classroom.desk import Classroom
from latentbook.classroom.judging import Judging, Worker
from latentbook.classroom.pages import Pages
from latentbook.errors import LatentbookError
from latentbook.http.logs import log
from latentbook.settings import Settings

MODULES = (joining, assigned_pages, people_pages, grades_pages, events)


def open_classroom(settings: Settings) -> Classroom:
    database = Database(settings.database)
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
    ) as error:  # a full disk, say: the book is served all the same
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
