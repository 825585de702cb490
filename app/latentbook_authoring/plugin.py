"""The commands of authors as a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbook.hooks import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def commands(cli: typer.Typer) -> None:
    from latentbook_authoring.check.command import check
    from latentbook_authoring.commands import courses, new, packages

    cli.command()(check)
    cli.command()(new)
    cli.add_typer(courses, name="course")
    cli.add_typer(packages, name="packages")
