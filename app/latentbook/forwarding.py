"""Commands of ``latentbook`` that run another program, which is imported on use."""

from collections.abc import Callable

import typer


def forward(
    cli: typer.Typer,
    name: str,
    help: str,
    load: Callable[[], typer.Typer],
    *,
    is_one_of: bool = False,
) -> None:
    """Add a command that passes its arguments to another program.

    Parameters
    ----------
    cli : the program to which the command is added
    name, help : of the command
    load : imports the program
    is_one_of : the program has several commands, and this is one of them
    """

    def run(context: typer.Context) -> None:
        arguments = [name, *context.args] if is_one_of else context.args
        called = "latentbook" if is_one_of else f"latentbook {name}"
        status = load()(arguments, prog_name=called, standalone_mode=False)
        raise typer.Exit(status or 0)

    cli.command(
        name,
        help=help,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(run)
