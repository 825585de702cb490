"""The command line, ``latentbook COMMAND``.

Each command imports what it needs when it runs, so that none waits for another's libraries.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from app.errors import BookErrors, LatentbookError
from app.settings import Settings

cli = typer.Typer(
    name="latentbook",
    help="An interactive textbook on representation learning, and the engine that runs it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
runtime = typer.Typer(help="The packages that the page's Python has.", no_args_is_help=True)
cli.add_typer(runtime, name="runtime")
out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


class Device(StrEnum):
    """Where torch runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class Paper(StrEnum):
    """Sizes of a page."""

    A4 = "A4"
    LETTER = "Letter"


class Kind(StrEnum):
    """What ``latentbook new`` can start."""

    CHAPTER = "chapter"
    SECTION = "section"
    INSTRUMENT = "instrument"


def report(message: str) -> None:
    """Tell the person at the terminal what is going on."""
    out.print(message, markup=False)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the errors a person can act on into sentences and exit status 1."""
    try:
        yield
    except BookErrors as errors:
        for error in errors.errors:
            err.print(str(error), markup=False)
        count = len(errors.errors)
        err.print(
            f"{count} error{'s' if count != 1 else ''}. Nothing was changed in the built site."
        )
        raise typer.Exit(1) from None
    except LatentbookError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from None
    except ValidationError as wrong:
        # Settings() is the only thing here that validates: a setting in the environment is wrong.
        for mistake in wrong.errors():
            name = f"LATENTBOOK_{'_'.join(map(str, mistake['loc']))}".upper()
            err.print(f"{name}={mistake['input']!r}: {mistake['msg']}.", markup=False)
        raise typer.Exit(1) from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            err.print("The disk is full. Free about 200 MB and run the command again.")
        elif error.errno in CANNOT_WRITE:
            err.print(f"Cannot write {error.filename}: {error.strerror}.", markup=False)
            err.print("LATENTBOOK_BUILD names another folder for what is built.", markup=False)
        else:
            raise
        raise typer.Exit(1) from None


def require_free_port(host: str, port: int) -> None:
    """Fail early, before the build, if ``host:port`` cannot be listened on."""
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


def bundle_class(settings: Settings) -> None:
    """Bundle what class mode adds, where it is on."""
    if settings.class_mode:
        from app.classroom.bundle import bundle_class

        bundle_class(settings)


def make_new_key(settings: Settings) -> None:
    """Take the lecturer's key away, so that the start makes another."""
    if not settings.class_mode:
        raise LatentbookError("--new-key is for class mode: give --class too.")
    from app.classroom.mode import forget_key

    forget_key(settings)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    device: Annotated[Device | None, typer.Option(help="Where the decoders run.")] = None,
    replicas: Annotated[
        int | None, typer.Option(help="Decoder processes, run by Ray Serve.", min=0)
    ] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Rebuild the page you edit.")] = False,
    built: Annotated[
        bool, typer.Option("--built", help="Serve what is built; write nothing.")
    ] = False,
    class_mode: Annotated[
        bool, typer.Option("--class", help="Let a class answer by phone (docs/class.md).")
    ] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make another key for the lecturer.")
    ] = False,
) -> None:
    """Build what changed, then serve the book and its decoders."""
    with plain_errors():
        given = {
            "host": host,
            "port": port,
            "device": device and device.value,
            "replicas": replicas,
            "reload": reload,
            "class_mode": class_mode or None,
        }
        settings = Settings().model_copy(
            update={name: value for name, value in given.items() if value is not None}
        )
        require_free_port(settings.host, settings.port)
        if not built:
            from app.book.write.site import build_site

            build_site(settings, report=report)
            bundle_class(settings)
        if new_key:
            make_new_key(settings)
        from app.main import run

        run(settings, report=report)


@cli.command()
def build(
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the whole book into a PDF too.")
    ] = False,
    paper: Annotated[
        Paper, typer.Option(help="Size of its pages.", case_sensitive=False)
    ] = Paper.A4,
    address: Annotated[
        str, typer.Option(help="Where the book is served: instruments in the PDF lead there.")
    ] = "",
) -> None:
    """Build the book into build/site, ready for any static host."""
    with plain_errors():
        settings = Settings()
        if not pdf and (address or paper is not Paper.A4):
            raise LatentbookError("--paper and --address say how to print: give --pdf too.")
        if pdf:
            from app.book.write.pdf import build_pdf

            path = build_pdf(settings, paper=paper.value, address=address, report=report)
            report(f"The book is in {path}")
            return
        from app.book.write.site import build_site

        site = build_site(settings, report=report)
        bundle_class(settings)
        report(f"The book is in {site}")


@cli.command()
def check(
    record: Annotated[
        bool, typer.Option("--record", help="Run every snippet and record its output again.")
    ] = False,
) -> None:
    """Check every chapter: blocks, labels, links, equations, snippets, questions."""
    with plain_errors():
        from app.book.check import check_book

        check_book(Settings(), record=record, report=report)


@cli.command()
def new(
    kind: Annotated[Kind, typer.Argument(help="What to start.")],
    names: Annotated[
        list[str],
        typer.Argument(help="chapter SLUG, section CHAPTER NAME, or instrument NAME."),
    ],
) -> None:
    """Start a chapter, a section or an instrument from a small working example."""
    with plain_errors():
        from app.book.new import new_chapter, new_instrument, new_section

        makers: dict[Kind, tuple[Callable[..., list[Path]], str]] = {
            Kind.CHAPTER: (new_chapter, "SLUG"),
            Kind.SECTION: (new_section, "CHAPTER NAME"),
            Kind.INSTRUMENT: (new_instrument, "NAME"),
        }
        make, wanted = makers[kind]
        if len(names) != len(wanted.split()):
            raise LatentbookError(f"Write: latentbook new {kind} {wanted}. Got {' '.join(names)}.")
        for path in make(Settings(), *names):
            report(f"Wrote {path}")


@cli.command()
def train(
    name: Annotated[str, typer.Argument(help="Name of a model; leave out to list them.")] = "",
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.AUTO,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last epoch.")] = False,
) -> None:
    """Train a model on downloaded data and write its weights and card."""
    with plain_errors():
        from app.models.train import train_cli

        train_cli(name, device.value, resume)


@cli.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="Name of a figure; leave out to list them.")] = "",
) -> None:
    """Compute a published figure again, beside the one in the paper."""
    with plain_errors():
        from app.models.published import reproduce_cli

        reproduce_cli(name, report)


@cli.command()
def bench(
    name: Annotated[str, typer.Argument(help="Name of a bench; leave out to list them.")] = "",
    json: Annotated[Path | None, typer.Option(help="Write the table to this file too.")] = None,
) -> None:
    """Measure against the bars; exit 1 where one is missed."""
    with plain_errors():
        from app.bench import run_bench

        if not run_bench(name, Settings(), json, report=report):
            raise typer.Exit(1)


@runtime.command("add")
def runtime_add(
    packages: Annotated[
        list[str],
        typer.Argument(help="Names, names with versions ('sympy<1.14'), or paths of wheels."),
    ],
) -> None:
    """Add packages, with all they need, to the page's Python."""
    with plain_errors():
        from app.runtime.course import Course

        course = Course.read(Settings()).add(packages, report)
        course.write()
        report(f"Wrote {course.path}: commit it with the course")
        report(course.listed())


@runtime.command("remove")
def runtime_remove(
    package: Annotated[str, typer.Argument(help="Name of a package that was added.")],
) -> None:
    """Remove a package, and what only it needed, from the page's Python."""
    with plain_errors():
        from app.runtime.course import Course

        course = Course.read(Settings()).remove(package, report)
        course.write()
        report(course.listed())


@runtime.command("list")
def runtime_list() -> None:
    """List what can be imported in the page, besides the standard library."""
    with plain_errors():
        from app.runtime.course import Course

        report(Course.read(Settings()).listed())


def main() -> None:
    """Entry point of the ``latentbook`` command."""
    cli()
