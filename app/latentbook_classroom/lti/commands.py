"""``latentbook classroom platform``: systems that open the course (docs/classroom/lti.md)."""

from typing import Annotated

import typer

from latentbook.settings import Settings
from latentbook_classroom.course.manage import opened
from latentbook_classroom.lti import keys, platforms

platform = typer.Typer(help="Systems that open the course (LTI).", no_args_is_help=True)


@platform.command()
def add(
    name: Annotated[str, typer.Argument(help="What people here call it.")],
    issuer: Annotated[str, typer.Option(help="Its issuer, exactly as it writes it.")],
    client_id: Annotated[str, typer.Option(help="The book's client ID there.")],
    auth_url: Annotated[str, typer.Option(help="Its authentication address.")],
    token_url: Annotated[str, typer.Option(help="Its address of access tokens.")],
    keys_url: Annotated[str, typer.Option(help="Its address of keys (JWKS).")],
    deployment: Annotated[
        list[str] | None, typer.Option(help="A deployment ID; may be repeated.")
    ] = None,
    address: Annotated[str, typer.Option(help="Its pages, if elsewhere than auth-url.")] = "",
    audience: Annotated[str, typer.Option(help="Of access tokens, if it names one.")] = "",
) -> None:
    """Register a learning management system with the course."""
    given = {**locals(), "deployments": " ".join(deployment or ())}  # named as the columns are
    with opened(Settings()) as used:
        typer.echo(f"Platform {used.run_here(platforms.add, given)} is registered")


@platform.command()
def new_keys() -> None:
    """Replace the keys with which the server signs, if somebody may have them."""
    with opened(Settings()) as used:
        used.run_here(keys.replace_keys)
    typer.echo("The server signs with a new key now. Platforms may take an hour to fetch it.")
