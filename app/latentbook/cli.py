"""The command line, ``latentbook COMMAND``.

Each command imports its libraries only when it runs, so no command waits for another's.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from latentbook.base.errors import CANNOT_WRITE, BookErrors, LatentbookError, UnknownName, sentences
from latentbook.course_option import CourseFolder, given_settings, project_of
from latentbook.forwarding import forward
from latentbook.plugin_options import with_settings
from latentbook.plugins import installed, plugins_of
from latentbook.settings import ROOT, EditionChoice, PluginSettings, Settings


class PlainErrors(TyperGroup):
    """Prints errors that a person can act on as sentences; exits with status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (LatentbookError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, *CANNOT_WRITE):
                raise
            for sentence in sentences(error):
                report_error(sentence)
            if isinstance(error, BookErrors):
                count = len(error.errors)
                plural = "s" if count != 1 else ""
                report_error(f"{count} error{plural}. Nothing was changed in the built site.")
        except ValidationError as wrong:
            # Only Settings() validates here, so the wrong value comes from the environment.
            for mistake in wrong.errors():
                name = f"LATENTBOOK_{'_'.join(map(str, mistake['loc']))}".upper()
                report_error(f"{name}={mistake['input']!r}: {mistake['msg']}.")
        raise typer.Exit(1)


cli = typer.Typer(
    name="latentbook",
    cls=PlainErrors,
    help="An interactive book, and the engine that runs it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        report(version("latentbook"))
        raise typer.Exit


@cli.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=say_version, is_eager=True, help="Say which this is."),
    ] = False,
) -> None:
    pass


def report(message: str) -> None:
    typer.echo(message)


def report_error(message: str) -> None:
    typer.echo(message, err=True)


def require_free_port(host: str, port: int) -> None:
    """Fail before the build if the server could not listen on ``host:port``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise LatentbookError(
                    f"Port {port} on {host} is in use. Choose another: make serve PORT={port + 1}"
                ) from None
            raise LatentbookError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None


def say_what_opens(settings: Settings, what_it_takes: str) -> None:
    """Report the next scheduled opening, if any, and how it gets published."""
    from latentbook.book.read.day import right_now
    from latentbook.book.read.project import days_of

    if opening := days_of(settings.course or settings.content).next(right_now()):
        report(f"Opens next: {opening}; {what_it_takes}")


def say_what_is_due(settings: Settings) -> None:
    """Report whether something has opened since the site was built."""
    from latentbook.book.read.day import right_now
    from latentbook.book.read.project import days_of

    if not days_of(settings.course or settings.content):
        return
    from latentbook.book.build import is_due

    if is_due(settings, right_now()):
        report("Something has opened since the site was built: `latentbook build` shows it")


def say_which_site(settings: Settings, errors: list[str]) -> None:
    """Report why an older site is served, and when it was built.

    Fail if there is none, or if it shows content that is withheld now.
    """
    from latentbook.book.build import shown_too_soon
    from latentbook.book.read.day import right_now, written
    from latentbook.http.site_files import built_at

    for error in errors:
        report_error(error)
    site = settings.served_site
    if not (site / "index.html").is_file():
        if errors:
            raise typer.Exit(1)
        raise LatentbookError(
            f"There is no previous edition in {site}. The second build moves the first there."
        )
    edition = f"{'last good' if errors else 'previous'} site, built {written(built_at(site))},"
    if names := shown_too_soon(settings, site, right_now()):
        raise LatentbookError(f"The {edition} shows what is not open: {', '.join(names)}.")
    until = "; /readyz says why until a build works" if errors else ""
    report_error(f"The {edition} is served{until}.")


@cli.command()
@with_settings(installed().settings)
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Rebuild what you edit.")] = False,
    built: Annotated[
        bool, typer.Option("--built", help="Serve the site as it is; write nothing.")
    ] = False,
    edition: Annotated[
        EditionChoice | None,
        typer.Option(help="Which of the last two good builds to serve; previous builds nothing."),
    ] = None,
    course: CourseFolder = None,
    *,
    of_plugins: Sequence[PluginSettings],
) -> None:
    """Build what has changed, then serve the book and its decoders."""
    # OpenBLAS threads spin while they wait: on busy cores a probe of the pixels took ten seconds,
    # with one thread only one. NumPy reads this on import.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    settings = given_settings(
        course=course, host=host, port=port, reload=reload, edition=edition
    ).extended(*of_plugins)
    require_free_port(settings.host, settings.port)
    if not settings.site.exists():
        from latentbook.book.build import put_back

        put_back(settings, report)
    back = settings.edition == "previous"
    if back and settings.reload:
        raise LatentbookError("--edition previous builds nothing: leave out --reload.")
    errors: list[str] = []
    if not (built or back):
        from latentbook.editions import build_all

        errors = build_all(settings, report)
    if errors or back:
        say_which_site(settings, errors)
    else:
        say_what_opens(
            settings,
            "this server writes nothing (--built), so run `latentbook build` then"
            if built
            else "the next change builds it"
            if settings.reload
            else "this server will publish it then",
        )
        if built:
            say_what_is_due(settings)
    from latentbook.main import run

    run(settings, report=report, built=built or back, errors=errors)


@cli.command()
def build(
    pdf: Annotated[bool, typer.Option("--pdf", help="Print the book to a PDF too.")] = False,
    paper: Annotated[
        Literal["A4", "Letter"], typer.Option(help="Page size of the PDF.", case_sensitive=False)
    ] = "A4",
    address: Annotated[
        str, typer.Option(help="Where the book is served: instruments in the PDF link there.")
    ] = "",
    course: CourseFolder = None,
) -> None:
    """Build the book into build/site, ready for any static host."""
    project = project_of(course)
    if not pdf and (address or paper != "A4"):
        raise LatentbookError("--paper and --address are for printing: add --pdf.")
    if pdf:
        from latentbook.book.pdf import build_pdf

        path = build_pdf(project, paper=paper, address=address, report=report)
        report(f"The book is in {path}")
        say_what_opens(project.settings, "print the PDF again then")
        return
    from latentbook.book.build import build_site
    from latentbook.editions import bundle_served

    site = build_site(project, report=report)
    bundle_served(project.settings)
    report(f"The book is in {site}")
    say_what_opens(project.settings, "rebuild a static copy then")


@cli.command()
def docs(
    page: Annotated[str, typer.Argument(help="Name of a page; without one, all are listed.")] = "",
) -> None:
    """Show a page of the documentation of this release, or list the pages."""
    files = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
    pages = {file.stem.lower(): file for file in files}
    if not page:
        for name, path in pages.items():
            title, _, _ = path.read_text(encoding="utf-8").partition("\n")
            report(f"{name:20} {title.strip('# ')}")
        return
    name = Path(page.partition("#")[0]).stem.lower()
    if name not in pages:
        raise UnknownName("page", name, pages)
    import pydoc

    pydoc.pager(pages[name].read_text(encoding="utf-8"))


@cli.command()
def doctor(
    address: Annotated[str, typer.Option(help="Where readers find the book.")] = "",
    backups: Annotated[Path | None, typer.Option(help="Folder of the backups.")] = None,
    course: CourseFolder = None,
) -> None:
    """Look after a server: disk, clock, limits, files, backups, proxy; exit 1 if one needs care."""
    from latentbook.doctor import examine

    if not examine(project_of(course).settings, address, backups, report):
        raise typer.Exit(1)


def contributors_program() -> typer.Typer:
    """Load the commands of tools/commands.py, which only a checkout has."""
    if not (ROOT / "tools").is_dir():
        raise LatentbookError(
            "This command needs tools/, which only a checkout of the project has: git clone it, "
            "run make serve once, and run the command there."
        )
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    program: typer.Typer = import_module("tools.commands").program
    return program


for command, what in {
    "train": "Train a model on downloaded data and write its weights and card.",
    "reproduce": "Recompute a published figure and compare it with the paper's.",
    "bench": "Measure speed and compare it with the targets; exit 1 if one is missed.",
    "translations": "Languages of the interface.",
}.items():
    forward(cli, command, what, contributors_program, is_one_of=True)


@cli.command("plugins")
def list_plugins(course: CourseFolder = None) -> None:
    """List the plugins of this installation and of the book; exit 1 if one fails."""
    found = plugins_of(given_settings(course=course))
    for source in found.sources:
        hooks = ", ".join(found.hooks_of(source.name)) or "nothing"
        report(f"{source.name:16} {source.place}: {found.failures.get(source.name, hooks)}")
    if found.failures:
        raise typer.Exit(1)


for _ in installed().answers("commands", cli=cli):
    pass  # this hook returns nothing


def main() -> None:
    cli()
