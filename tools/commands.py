"""The commands of ``latentbook`` that only a checkout has, as ``latentbook.cli`` lists them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from latentbook.base.errors import LatentbookError
from latentbook.cli import report
from latentbook.course_option import CourseFolder, project_of
from latentbook_decoders.settings import DeviceChoice
from tools import translations as catalogues
from tools.bench import run_bench

program = typer.Typer(add_completion=False)
translations = typer.Typer(help="Languages of the interface.", no_args_is_help=True)
program.add_typer(translations, name="translations")


def training(module: str) -> ModuleType:
    try:
        return import_module(f"training.{module}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise LatentbookError(
            "This command needs PyTorch: `pip install 'latentbook[decoders]'` installs it."
        ) from None


@program.command()
def train(
    name: Annotated[str, typer.Argument(help="Name of a model; leave out to list them.")] = "",
    device: Annotated[DeviceChoice, typer.Option(help="Where to train.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the last epoch.")] = False,
    seeds: Annotated[
        int | None,
        typer.Option(help="Train from so many seeds; add their figures to the card."),
    ] = None,
) -> None:
    """Train a model on downloaded data and write its weights and card."""
    if seeds is None:
        training("train").train_cli(name, device, resume)
    else:
        training("seeds").train_seeds_cli(name, seeds, device)


@program.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="Name of a figure; leave out to list them.")] = "",
    record: Annotated[
        bool, typer.Option("--record", help="Write the result into the book's table.")
    ] = False,
) -> None:
    """Recompute a published figure and compare it with the paper's."""
    training("published").reproduce_cli(name, record, report)


@program.command()
def bench(
    name: Annotated[str, typer.Argument(help="Name of a bench; leave out to list them.")] = "",
    json: Annotated[Path | None, typer.Option(help="Write the table to this file too.")] = None,
    course: CourseFolder = None,
) -> None:
    """Measure speed and compare it with the targets; exit 1 if one is missed."""
    if not run_bench(name, project_of(course).settings, json, report=report):
        raise typer.Exit(1)


@translations.command("extract")
def extract(
    languages: Annotated[
        list[str] | None, typer.Argument(help="Tags of languages to start: fr, pt-BR.")
    ] = None,
) -> None:
    """Update the catalogues with the messages of the interface."""
    catalogues.extract(languages or (), report)


@translations.command("check")
def check() -> None:
    """Check the translations, and that languages listed as complete have every message."""
    catalogues.check(report)
