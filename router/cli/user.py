"""`handleby users`: who may sign in."""

from typing import Annotated

import typer

from router.bootstrap import Parts
from router.cli.base import Config, with_parts
from router.desk import users
from router.welcome import Door

group = typer.Typer(no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The account's mail address.")]


@group.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The name colleagues see.")] = "",
    role: Annotated[str, typer.Option(help="agent, lead, ops or admin.")] = "agent",
    config: Config = None,
) -> None:
    """Make an account, and print its first sign-in link."""

    async def job(parts: Parts) -> None:
        door = Door(parts)
        await users.add(parts.store, email=email, name=name, role=role)
        typer.echo(await users.link(door, email))

    with_parts(config, job)


@group.command()
def link(email: Email, config: Config = None) -> None:
    """Print a link that signs the account in, once and soon."""

    async def job(parts: Parts) -> None:
        typer.echo(await users.link(Door(parts), email))

    with_parts(config, job)


@group.command()
def token(
    email: Email,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "api",
    config: Config = None,
) -> None:
    """Print a new API token; it is shown this once."""

    async def job(parts: Parts) -> None:
        typer.echo(await users.token(Door(parts), email, name=label))

    with_parts(config, job)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="users", help="Accounts that sign in.")
