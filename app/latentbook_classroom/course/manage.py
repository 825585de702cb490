"""Work of ``latentbook classroom``: create, copy, back up and restore a course."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from latentbook.base.errors import LatentbookError
from latentbook.base.report import Report
from latentbook.http.problems import Problem
from latentbook.settings import Settings
from latentbook_classroom.course import assignments, database, people
from latentbook_classroom.course.database import Database, create
from latentbook_classroom.course.judging import Judging
from latentbook_classroom.course.pages import Pages
from latentbook_classroom.course.replay import replayed
from latentbook_classroom.course.words import clean
from latentbook_classroom.settings import ClassroomSettings

FIRST_DAYS = 7
"""How long the first instructor's link works."""


@contextmanager
def opened(settings: Settings, *, is_there: bool = True) -> Iterator[Database]:
    """Open the database that the settings name.

    Parameters
    ----------
    is_there : require it to contain a course of this edition
    """
    if not (named := settings.of(ClassroomSettings).database):
        raise LatentbookError(
            "LATENTBOOK_DATABASE names the database of the course: set it to the path of a file, "
            "such as course.sqlite."
        )
    used = Database(named)
    shown = used.url.render_as_string()
    try:
        if is_there:
            used.check()
            if not used.is_current:
                raise LatentbookError(
                    f"The course in {shown} is from an earlier edition of the book. "
                    "`latentbook serve` brings it up to date when it starts."
                )
        yield used
    except DatabaseError as error:
        raise LatentbookError(f"{shown} cannot be used: {database.reason(error)}.") from None
    except Problem as refused:
        raise LatentbookError(refused.detail) from None
    finally:
        used.close()


def new(settings: Settings, name: str, term: str, address: str) -> str:
    """Create a course; return the link of its first instructor."""
    with opened(settings, is_there=False) as used:
        name, term = clean(name), clean(term, is_needed=False)
        if used.is_sqlite:
            create(used.file)
        if used.revision is not None and used.run_here(people.has_course):
            shown = used.url.render_as_string()
            raise LatentbookError(
                f"{shown} has a course already. `latentbook classroom copy` begins its next term; "
                "`latentbook classroom link` lets an instructor in."
            )
        used.migrate()
        used.run_here(people.new_course, name, term)
        return f"{address.rstrip('/')}/join/{used.run_here(first_link)}"


def link(settings: Settings, address: str) -> str:
    with opened(settings) as used:
        return f"{address.rstrip('/')}/join/{used.run_here(first_link)}"


def copy(settings: Settings, term: str, address: str) -> str:
    """Begin the next term; return the link of its first instructor."""
    with opened(settings) as used:
        used.run_here(assignments.next_term, clean(term))
        return f"{address.rstrip('/')}/join/{used.run_here(first_link)}"


def first_link(connection: sa.Connection) -> str:
    at, lasts = people.present(connection), timedelta(FIRST_DAYS)
    return people.new_link(connection, at.id, "instructor", "", by=None, lasts=lasts, max_uses=1)


def replay(settings: Settings, report: Report) -> bool:
    """Judge every attempt again by its edition and variant; True if all verdicts are the same."""
    judging = Judging(settings, Pages(settings, {}).interface)
    with opened(settings) as used, closing(judging):
        return replayed(used, judging.judge, report)


def backup(settings: Settings, file: Path) -> None:
    with opened(settings, is_there=False) as used:
        used.check()
        if file.exists():
            raise LatentbookError(f"{file} exists already: name another file.")
        database.copy(used.file, file)


def restore(settings: Settings, file: Path) -> None:
    """Create the database from a backup; an existing one is never replaced."""
    with opened(settings, is_there=False) as used:
        places = [used.file.with_name(f"{used.file.name}{end}") for end in database.BESIDE]
        if there := [str(each) for each in places if each.exists()]:
            raise LatentbookError(
                f"Already there: {', '.join(there)}. Stop the server, move the file and those "
                "named after it away together, and restore again."
            )
        if not file.is_file():
            raise LatentbookError(f"There is no file {file}.")
        held = database.lock(used.file, fcntl.LOCK_EX)
        try:
            database.copy(file, used.file)
        finally:
            os.close(held)
        used.check()
