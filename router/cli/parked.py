"""`handleby parked`: what could not be processed, and what to do with it."""

from typing import Annotated

import msgspec
import typer

from router.bootstrap import Parts
from router.cli.base import Config, when, with_parts
from router.errors import HandlebyError

group = typer.Typer(no_args_is_help=True)
MOST = 1000

Key = Annotated[str, typer.Argument(help="The message's key, as `parked list` shows it.")]


@group.command("list")
def show_all(config: Config = None) -> None:
    """List parked messages, oldest first."""

    async def job(parts: Parts) -> None:
        rows = await parts.store.parked(MOST)
        for row in rows:
            since = when(row.parked_at) if row.parked_at else "-"
            typer.echo(
                f"{row.message.key}\t{row.message.channel}\tsince {since}\tdue {when(row.due_at)}\t{row.reason}"
            )
        typer.echo(f"{len(rows)} parked", err=True)

    with_parts(config, job)


@group.command()
def show(key: Key, config: Config = None) -> None:
    """Show one message whole, as it was accepted."""

    async def job(parts: Parts) -> None:
        row = await parts.store.message(key)
        if row is None:
            raise HandlebyError(f"There is no message {key}.")
        typer.echo(msgspec.json.format(msgspec.json.encode(row), indent=2).decode())

    with_parts(config, job)


@group.command()
def replay(
    key: Annotated[str, typer.Argument(help="The message's key; or --reason for all that share one.")] = "",
    reason: Annotated[str, typer.Option(help="Replay everything whose reason contains this.")] = "",
    config: Config = None,
) -> None:
    """Let it be processed again; the running service picks it up within seconds."""
    if bool(key) == bool(reason):
        raise HandlebyError("Name a key, or --reason WORDS, and not both.")

    async def job(parts: Parts) -> None:
        rows = await parts.store.parked(MOST)
        keys = [
            row.message.key for row in rows if row.message.key == key or (reason and reason in row.reason)
        ]
        if not keys:
            raise HandlebyError("Nothing parked fits. See `handleby parked list`.")
        done = [await parts.store.unpark(one) for one in keys]
        typer.echo(f"{sum(done)} to be processed again")

    with_parts(config, job)


@group.command()
def discard(
    key: Key,
    why: Annotated[str, typer.Option(help="The reason, kept with the message.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Without it, nothing is done.")] = False,
    config: Config = None,
) -> None:
    """Give a message up for good; it stays in the store with the reason."""
    if not yes:
        raise HandlebyError("A discarded message is never answered. Add --yes if you mean it.")

    async def job(parts: Parts) -> None:
        if not await parts.store.unpark(key, discard=why):
            raise HandlebyError(f"{key} is not parked. See `handleby parked list`.")
        typer.echo("discarded")

    with_parts(config, job)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="parked", help="Messages that could not be processed.")
