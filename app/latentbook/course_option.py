"""The course that a command is about, and its settings."""

from pathlib import Path
from typing import Annotated, Any

import typer

from latentbook.settings import Settings

CourseFolder = Annotated[
    Path | None,
    typer.Option(
        "--course", help="Folder of a course to merge with the book.", envvar="LATENTBOOK_COURSE"
    ),
]


def given_settings(**given: Any) -> Settings:
    """The settings, with options of the command line that are not None."""
    return Settings(**{name: value for name, value in given.items() if value is not None})


def settings_of(course: Path | None) -> Settings:
    """The settings of a course after its merge with the book: its instruments can be imported."""
    from latentbook.book.overlay.merge import merge_importable

    settings = given_settings(course=course)
    merge_importable(settings)
    return settings
