"""``latentbook classroom``: the commands of a course with people.

They are imported only when one is called: without a database, no part of the classroom is.
"""

import re
from pathlib import Path
from typing import Annotated

import typer

from latentbook.course_option import CourseFolder, project_of
from latentbook.settings import Settings
from latentbook_classroom.course import manage
from latentbook_classroom.grader.doctor import examine
from latentbook_classroom.settings import ClassroomSettings

classroom = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def web_address(given: str) -> str:
    if not re.match(r"https?://[^\s/]", given):
        raise typer.BadParameter(f"{given!r} is not a web address. Accepted: such as {HERE}")
    return given


PrintedAddress = Annotated[
    str,
    typer.Option(
        help="Where the book is served, for the link that is printed.", callback=web_address
    ),
]
HERE = "http://127.0.0.1:8000/"


@classroom.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the course.")],
    term: Annotated[str, typer.Option(help="Such as 'Autumn 2026'.")] = "",
    address: PrintedAddress = HERE,
) -> None:
    """Create the database of a course, and print its first instructor's link."""
    link = manage.new(Settings(), name, term, address)
    typer.echo(f"The course is in {ClassroomSettings().database}")
    typer.echo(f"The first instructor joins once, within a week, at {link}")


@classroom.command()
def link(address: PrintedAddress = HERE) -> None:
    """Print a link by which an instructor can join, if none can sign in any more."""
    typer.echo(f"An instructor joins once, within a week, at {manage.link(Settings(), address)}")


@classroom.command()
def copy(
    term: Annotated[str, typer.Argument(help="The next term, such as 'Spring 2027'.")],
    address: PrintedAddress = HERE,
) -> None:
    """Begin the next term: the settings of the course, and no people."""
    typer.echo(f"The first instructor joins once at {manage.copy(Settings(), term, address)}")


@classroom.command()
def doctor(course: CourseFolder = None) -> None:
    """Try the walls around students' code on this machine; exit 1 if one that is needed fails."""
    if not examine(project_of(course), typer.echo):
        raise typer.Exit(1)


@classroom.command()
def replay(course: CourseFolder = None) -> None:
    """Judge all attempts again and compare; exit 1 if a verdict is another one now."""
    if not manage.replay(project_of(course).settings, typer.echo):
        raise typer.Exit(1)


@classroom.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to create; it has everybody's data.")],
) -> None:
    """Copy the database as of one moment, also while the server runs."""
    manage.backup(Settings(), file)
    typer.echo(f"The copy is in {file}")


@classroom.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that backup has written.")]) -> None:
    """Create the database from a copy; an existing one is never replaced."""
    manage.restore(Settings(), file)
    typer.echo(f"The course is in {ClassroomSettings().database}: people sign in as before")
