"""``latentbook check``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from latentbook.base.errors import LatentbookError
from latentbook.course_option import CourseFolder, project_of
from latentbook.hooks import PageCheck
from latentbook.plugin_options import with_checks
from latentbook.plugins import installed, plugins_of


@with_checks(installed().checks)
def check(
    record: Annotated[
        bool, typer.Option("--record", help="Run every snippet and record its output.")
    ] = False,
    all: Annotated[
        bool,
        typer.Option("--all", help="Also test a course's instruments and build it."),
    ] = False,
    lessons: Annotated[
        bool,
        typer.Option("--lessons", help="Only list the numbers, tables and idea of each section."),
    ] = False,
    course: CourseFolder = None,
    *,
    to_list: Sequence[PageCheck],
) -> None:
    """Check every chapter: blocks, labels, links, equations, snippets, questions, numbers."""
    project = project_of(course)
    from latentbook_authoring.check.book import check_book
    from latentbook_authoring.check.lists import list_faults, list_lessons

    for each in to_list:
        list_faults(project, each, typer.echo)
    if lessons:
        list_lessons(project, typer.echo)
    if to_list or lessons:
        return

    if all and project.settings.course is None:
        raise LatentbookError("--all is for a course: add --course. For the book, run make test.")
    plugins = plugins_of(project.settings)
    try:
        check_book(project, record=record, report=typer.echo)
        project = project_of(course) if record else project  # with the new recordings
        answers = plugins.answers("check_book", project=project, report=typer.echo)
        found_right = [is_right for _, is_right in answers]
    finally:
        plugins.report_failures(partial(typer.echo, err=True))
    if plugins.failures or False in found_right:
        raise typer.Exit(1)
    if all:
        from latentbook.book.build import build_site
        from latentbook_authoring.check.instrument_tests import run_tests

        tested = run_tests(project.settings, report=typer.echo)
        build_site(project, report=typer.echo)
        but = "" if tested else ". The tests of its instruments were not run"
        typer.echo(f"The course passes every check and builds{but}")
