"""The option ``--course``, and the settings of a command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentbook.base.errors import LatentbookError
from latentbook.settings import Settings

if TYPE_CHECKING:
    from latentbook.book.read.project import Project

CourseFolder = Annotated[
    Path | None,
    typer.Option(
        "--course", help="Folder of a course to merge with the book.", envvar="LATENTBOOK_COURSE"
    ),
]


def given_settings(**given: Any) -> Settings:
    """Settings with the command-line options that are not None.

    Raises
    ------
    LatentbookError
        If the given folder is not a course; or if the current one is, and none is given.
    """
    if given.get("course") is None and Path("course.toml").is_file():
        raise LatentbookError("This folder has a course.toml: add --course . to the command.")
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    if settings.course is not None and not (settings.course / "course.toml").is_file():
        raise LatentbookError(
            f"{settings.course} has no course.toml: --course takes the folder of a course."
        )
    return settings


def project_of(course: Path | None) -> "Project":
    """The book, or a course merged with it."""
    from latentbook.book.overlay.merge import open_project

    return open_project(given_settings(course=course))
