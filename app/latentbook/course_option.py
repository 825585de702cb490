"""The course that a command is about, and its settings, also those of plugins."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from latentbook.errors import LatentbookError
from latentbook.settings import PluginSettings, Settings

if TYPE_CHECKING:
    from latentbook.book.read.project import Project

CourseFolder = Annotated[
    Path | None,
    typer.Option(
        "--course", help="Folder of a course to merge with the book.", envvar="LATENTBOOK_COURSE"
    ),
]


def given_settings(**given: Any) -> Settings:
    """The settings, with options of the command line that are not None.

    Raises
    ------
    LatentbookError
        If the folder given is not that of a course; or if this one is, and none is given.
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
    """The book, or a course merged with it, whose instruments can be imported."""
    from latentbook.book.overlay.merge import open_importable

    return open_importable(given_settings(course=course))


def with_settings(
    kinds: Mapping[str, type[PluginSettings]],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that settings of plugins ask for. It receives all settings of
    plugins as ``of_plugins``.
    """

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        options: dict[str, Parameter] = {}
        for kind in kinds.values():
            for name, field in kind.model_fields.items():
                if isinstance(extra := field.json_schema_extra, dict) and "option" in extra:
                    flag = typer.Option(extra["option"], help=field.description)
                    options[name] = Parameter(
                        name,
                        Parameter.KEYWORD_ONLY,
                        default=None,
                        annotation=Annotated[Optional[field.annotation], flag],  # noqa: UP045
                    )

        @wraps(command)
        def run(**given: Any) -> None:
            said = {name: given.pop(name) for name in options}
            said = {name: value for name, value in said.items() if value is not None}
            of_plugins = [
                kind(**{name: said[name] for name in kind.model_fields if name in said})
                for kind in kinds.values()
            ]
            command(**given, of_plugins=of_plugins)

        own = inspect.signature(command, eval_str=True)
        kept = [each for name, each in own.parameters.items() if name != "of_plugins"]
        run.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=[*kept, *options.values()]
        )
        return run

    return with_options
