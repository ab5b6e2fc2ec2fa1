"""`handleby notes`: stop and start automatic notes for everybody."""

import typer

from router.bootstrap import Parts
from router.cli.base import Config, with_parts
from router.errors import Conflict
from router.switches import NOTES, SWITCH, turned

group = typer.Typer(no_args_is_help=True)


@group.command()
def pause(config: Config = None) -> None:
    """Send no automatic notes until `notes resume`; messages are routed as before."""
    _turn(config, paused=True)


@group.command()
def resume(config: Config = None) -> None:
    """Send automatic notes again, for what arrives from now on."""
    _turn(config, paused=False)


def _turn(config: Config, *, paused: bool) -> None:
    async def job(parts: Parts) -> None:
        known = await parts.store.record(SWITCH, NOTES)
        if not await parts.store.put_record(turned(known, parts.clock.now(), paused=paused)):
            raise Conflict
        typer.echo("notes are paused" if paused else "notes are on")

    with_parts(config, job)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="notes", help="Stop and start automatic notes.")
