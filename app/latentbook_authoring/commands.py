"""``latentbook new`` and ``latentbook course``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from latentbook.course_option import CourseFolder, project_of
from latentbook.errors import LatentbookError
from latentbook.settings import Settings

courses = typer.Typer(help="Courses made from the book.", no_args_is_help=True)


def new(
    kind: Annotated[
        Literal["book", "chapter", "section", "instrument"], typer.Argument(help="What to start.")
    ],
    names: Annotated[
        list[str],
        typer.Argument(help="book FOLDER, chapter SLUG, section CHAPTER NAME, or instrument NAME."),
    ],
    notebook: Annotated[
        Path | None,
        typer.Option("--from", help="Jupyter notebook or Markdown file to make the section from."),
    ] = None,
    course: CourseFolder = None,
) -> None:
    """Start a book, a chapter, a section or an instrument from a small working example."""
    from latentbook_authoring.scaffold.new import new_chapter, new_instrument, new_section

    makers: dict[str, tuple[Callable[..., list[Path]] | None, str]] = {
        "book": (None, "FOLDER"),
        "chapter": (new_chapter, "SLUG"),
        "section": (new_section, "CHAPTER NAME"),
        "instrument": (new_instrument, "NAME"),
    }
    make, wanted = makers[kind]
    if len(names) != len(wanted.split()):
        raise LatentbookError(f"Write: latentbook new {kind} {wanted}. Got {' '.join(names)}.")
    if notebook is not None and kind != "section":
        raise LatentbookError(f"--from makes a section from a file, not {kind}.")
    if make is None:
        return start_course(Path(names[0]), empty=True)
    given = {"notebook": notebook, "report": typer.echo} if notebook else {}
    for path in make(project_of(course).given, *names, **given):
        typer.echo(f"Wrote {path}")


@courses.command("new")
def course_new(
    folder: Annotated[Path, typer.Argument(help="Folder to create; its name becomes the title.")],
) -> None:
    """Start a course: a copy of the book's contents, to choose from and add to."""
    start_course(folder, empty=False)


def start_course(folder: Path, *, empty: bool) -> None:
    """Write the folder of a course, or of a book on a different subject, and say what shows it."""
    from latentbook_authoring.scaffold.course import new_course

    for path in new_course(Settings(), folder, empty=empty):
        typer.echo(f"Wrote {path}")
    if empty:
        from latentbook.book.check import check_book

        check_book(project_of(folder), record=True, report=typer.echo)
    from latentbook_authoring.diff import accept

    typer.echo(f"Wrote {accept(Settings(course=folder))}")
    typer.echo(f"latentbook serve --course {folder} shows it")


@courses.command("diff")
def course_diff(
    folder: Annotated[Path, typer.Argument(help="Folder of the course.")],
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Record this edition: the next diff starts from it."),
    ] = False,
) -> None:
    """List what the installed book changes in a course; exit 1 if it changes anything."""
    from latentbook_authoring import diff

    settings = Settings(course=folder)
    if accept:
        typer.echo(f"Wrote {diff.accept(settings)}")
    elif diff.tell(settings, typer.echo):
        raise typer.Exit(1)


@courses.command("solutions")
def course_solutions(
    folder: Annotated[Path, typer.Argument(help="Folder of the course.")],
) -> None:
    """Build the course with the solutions of its problems, for its instructors only."""
    from latentbook_authoring.solutions import build_solutions

    site = build_solutions(Settings(course=folder), typer.echo)
    typer.echo(f"The instructors' pages are in {site}: do not publish them")
