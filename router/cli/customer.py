"""`handleby customers`: who writes to us, and what is known of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from router.bootstrap import Parts
from router.cli.base import Config, with_parts
from router.conversation import Customer, Join
from router.customers import roster
from router.customers.edits import Customers
from router.customers.joiner import Joiner
from router.customers.persons import PERSON
from router.customers.persons import parts as parts_of
from router.errors import NotFound

group = typer.Typer(no_args_is_help=True)

#: Who decided, in the log and beside the customer.
BY = "the command line"


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


@group.command()
def join(
    one: Annotated[str, typer.Argument(help="Id or address of a customer.")],
    other: Annotated[str, typer.Argument(help="Id or address of the same person as another customer.")],
    config: Config = None,
) -> None:
    """Say that two customers are the same person."""

    async def job(parts: Parts) -> None:
        customers = Customers(parts.store, parts.clock)
        ends = [await customers.named(each) for each in (one, other)]
        if ends[0].id == ends[1].id:
            typer.echo("They are one person already.")
            return
        said = Join(one=ends[0].id, other=ends[1].id, evidence=PERSON, by=BY, at=parts.clock.now())
        typer.echo("\n".join(_told(await Joiner(parts.store, parts.events, parts.clock).join(said))))

    with_parts(config, job)


@group.command()
def split(
    one: Annotated[str, typer.Argument(help="Address, or former id, of one of the two.")],
    other: Annotated[str, typer.Argument(help="Address, or former id, of the other one.")],
    config: Config = None,
) -> None:
    """Say that two who were joined are two people; each gets back what it had."""

    async def job(parts: Parts) -> None:
        whole = await Customers(parts.store, parts.clock).named(one)
        ends = [_part(whole, each) for each in (one, other)]
        joiner = Joiner(parts.store, parts.events, parts.clock)
        for each in await joiner.split(whole.id, *ends, by=BY):
            typer.echo("\n".join(_told(each)))

    with_parts(config, job)


def _part(whole: Customer, text: str) -> str:
    """Return the id of the part with this id or address. Raises NotFound."""
    if text in whole.ids:
        return text
    tried = {text, f"email:{text.strip().lower()}"}
    having = [
        part
        for part in parts_of(whole)
        if tried & {key for each in part.identities for key in (each.key, each.address)}
    ]
    if not having:
        raise NotFound(f"{text} is no address of {whole.name or whole.id}.")
    return having[0].id


def _told(one: Customer) -> list[str]:
    lines = [one.name or "(no name)"]
    lines += [f"  {each.key}{'' if each.verified else ' (not proved)'}" for each in one.identities]
    lines += [f"  says they are {each.key}" for each in one.claims]
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
