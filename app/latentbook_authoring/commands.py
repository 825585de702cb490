"""``latentbook new``, ``latentbook course`` and ``latentbook packages``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from latentbook.base.errors import LatentbookError
from latentbook.course_option import CourseFolder, project_of
from latentbook.settings import Settings

if TYPE_CHECKING:
    from latentbook.runtime.page_packages import PagePackages

packages = typer.Typer(help="Packages that readers' code can import.", no_args_is_help=True)
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
    for path in make(project_of(course).settings, *names, **given):
        typer.echo(f"Wrote {path}")


@courses.command("new")
def course_new(
    folder: Annotated[Path, typer.Argument(help="Folder to create; its name becomes the title.")],
) -> None:
    """Start a course: a copy of the book's contents, to choose from and add to."""
    start_course(folder, empty=False)


def start_course(folder: Path, *, empty: bool) -> None:
    """Write the folder of a course, or of a book on a different subject; print how to show it."""
    from latentbook_authoring.scaffold.course import new_course

    for path in new_course(Settings(), folder, empty=empty):
        typer.echo(f"Wrote {path}")
    if empty:
        from latentbook_authoring.check.book import check_book

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


def packages_of(course: Path | None) -> PagePackages:
    from latentbook.runtime.page_packages import PagePackages

    return PagePackages.read(project_of(course).settings)


@packages.command("add")
def packages_add(
    names: Annotated[
        list[str],
        typer.Argument(help="Names, names with versions ('sympy<1.14'), or paths of wheels."),
    ],
    course: CourseFolder = None,
) -> None:
    """Add packages and their dependencies to the page's Python."""
    from latentbook_authoring.packages.change import add, write

    added = add(packages_of(course), names, typer.echo)
    write(added)
    typer.echo(f"Wrote {added.path}: commit it with the course")
    typer.echo(added.listed())
    if missing := added.not_here:
        option = f" --course {course}" if course else ""
        typer.echo(f"The checks need {', '.join(missing)} too: latentbook packages install{option}")


@packages.command("install")
def packages_install(course: CourseFolder = None) -> None:
    """Install the compiled packages in this Python too, where the checks need them."""
    from latentbook.runtime.pip import last_words, pip

    if names := packages_of(course).not_here:
        typer.echo(f"Installing {', '.join(names)}")
        if (done := pip("install", *names)).returncode:
            raise LatentbookError(f"pip cannot install {', '.join(names)}: {last_words(done)}")


@packages.command("remove")
def packages_remove(
    name: Annotated[str, typer.Argument(help="Name of a package that was added.")],
    course: CourseFolder = None,
) -> None:
    """Remove a package, and dependencies that only it had, from the page's Python."""
    from latentbook_authoring.packages.change import remove, write

    left = remove(packages_of(course), name, typer.echo)
    write(left)
    typer.echo(left.listed())


@packages.command("list")
def packages_list(course: CourseFolder = None) -> None:
    """List what readers' code can import, apart from the standard library."""
    typer.echo(packages_of(course).listed())
