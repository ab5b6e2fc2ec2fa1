"""`handleby customers`: who writes to us, and what is known of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from router import roster
from router.bootstrap import Parts
from router.cli.base import Config, with_parts
from router.conversation import Customer
from router.customers import Customers
from router.errors import NotFound

group = typer.Typer(no_args_is_help=True)


@group.command("import")
def take_in(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header: email or identity, name, then attributes.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    config: Config = None,
) -> None:
    """Set names and attributes from a file; nothing is written while a line of it is wrong."""
    read = roster.read(file)
    _refuse(read.problems)

    async def job(parts: Parts) -> None:
        customers = Customers(parts.store, parts.clock)
        entries = [row.entry for row in read.rows]
        clashes = await customers.clashes(entries)
        _refuse([f"{file}:{read.rows[place].line}: {text}" for place, text in clashes.items()])
        done = await (customers.plan(entries) if dry_run else customers.put_all(entries, by=""))
        told = f"{done.new} new, {done.changed} changed, {done.same} as they were"
        typer.echo(f"{len(entries)} customers{' would be' if dry_run else ''}: {told}")

    with_parts(config, job)


@group.command()
def show(
    address: Annotated[
        str, typer.Argument(help="A mail address, or kind:address such as phone:+4512345678.")
    ],
    config: Config = None,
) -> None:
    """Show what is known of the customer with this address."""

    async def job(parts: Parts) -> None:
        found = await Customers(parts.store, parts.clock).find(address)
        if not found:
            raise NotFound(f"No customer has the address {address}.")
        for one in found:
            typer.echo("\n".join(_told(one)))

    with_parts(config, job)


def _told(one: Customer) -> list[str]:
    lines = [one.name or "(no name)"]
    lines += [f"  {each.key}{'' if each.verified else ' (claimed)'}" for each in one.identities]
    lines += [f"  {name} = {value}" for name, value in sorted(one.attributes.items())]
    return lines + ([f"  last answered by {one.last_owner}"] if one.last_owner else [])


def _refuse(problems: Sequence[str]) -> None:
    for one in problems:
        typer.echo(one, err=True)
    if problems:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="customers", help="Who writes to us, and what is known of them.")
