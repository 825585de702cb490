"""Options that plugins add to commands."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from inspect import Parameter
from typing import Annotated, Any, Optional, TypeAlias

import typer

from latentbook.hooks import PageCheck
from latentbook.settings import PluginSettings

Command: TypeAlias = Callable[..., None]
Options: TypeAlias = dict[str, Any]


def with_settings(kinds: Sequence[type[PluginSettings]]) -> Callable[[Command], Command]:
    """Add the options that settings declare to a command; it gets them as ``of_plugins``."""

    def options() -> Iterator[tuple[str, Any]]:
        for kind in kinds:
            for name, field in kind.model_fields.items():
                if isinstance(extra := field.json_schema_extra, dict) and "option" in extra:
                    said = typer.Option(extra["option"], help=field.description)
                    yield name, Annotated[Optional[field.annotation], said]  # noqa: UP045

    def of_plugins(given: Options) -> list[PluginSettings]:
        return [
            kind(**{name: given[name] for name in kind.model_fields if name in given})
            for kind in kinds
        ]

    return _with(dict(options()), "of_plugins", of_plugins)


def with_checks(checks: Mapping[str, PageCheck]) -> Callable[[Command], Command]:
    """Add an option per check to a command; it gets the chosen checks as ``to_list``."""
    options = {
        each.name: Annotated[Optional[bool], typer.Option(f"--{each.name}", help=each.help)]  # noqa: UP045
        for each in checks.values()
    }
    return _with(options, "to_list", lambda given: [checks[name] for name in given])


def _with(
    options: Options, argument: str, gather: Callable[[Options], Any]
) -> Callable[[Command], Command]:
    def with_options(command: Command) -> Command:
        @wraps(command)
        def run(**given: Any) -> None:
            said = {name: given.pop(name) for name in options}
            said = {name: value for name, value in said.items() if value is not None}
            command(**given, **{argument: gather(said)})

        own = inspect.signature(command, eval_str=True)
        kept = [each for name, each in own.parameters.items() if name != argument]
        added = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
            for name, kind in options.items()
        ]
        signature = own.replace(parameters=[*kept, *added])
        run.__signature__ = signature  # type: ignore[attr-defined]
        return run

    return with_options
