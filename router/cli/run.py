"""`handleby run`: the whole service, or some roles of it."""

import asyncio
import gc
import signal
from typing import Annotated

import typer

from router import faults, log
from router.accounts.board import Board
from router.bootstrap import Parts, build
from router.cli.base import Config, settings_of
from router.errors import ConfigError, HandlebyError
from router.health import Health
from router.reading import language
from router.server import Server
from router.service import ROLES, Service
from router.settings import Settings
from router.welcome import welcome

SAMPLE = "This is the sample team, for a first look. Name your own people in a rules file before real customers write."


def run(
    config: Config = None,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="channels, router or desk; repeat for several. Default: all."),
    ] = None,
    crash: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Start the service: everything in one process, unless roles are named."""
    roles = tuple(dict.fromkeys(role or ROLES))
    unknown = [one for one in roles if one not in ROLES]
    if unknown:
        raise ConfigError(f"--role {unknown[0]}: there is no such role. Roles: {', '.join(ROLES)}.")
    if crash:
        faults.arm(crash)
    settings = settings_of(config)
    log.configure(settings.log.level, settings.log.format)
    _loop_factory(settings, roles)


def _loop_factory(settings: Settings, roles: tuple[str, ...]) -> None:
    import uvloop  # noqa: PLC0415  # only here, and not on every platform

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, roles))
    except ExceptionGroup as group:
        plain, rest = group.split(HandlebyError)
        if plain is None or rest is not None:
            raise
        raise _first(plain) from None


def _first(error: Exception) -> Exception:
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


async def serve(settings: Settings, roles: tuple[str, ...]) -> None:
    """Run until SIGTERM or SIGINT."""
    parts = build(settings)
    if "router" in roles:
        await asyncio.to_thread(language.warm, parts.keeper().wording.languages)
    banner = SAMPLE if parts.keeper.book().sample else ""
    own = {key: host.reports for key, host in parts.hosts.items()}
    board = Board(parts.store, parts.clock, own, name=parts.ids.new("process"), roles=roles)
    health = Health.of(parts, roles, board.reports)
    server = Server(parts, health, roles, banner)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)

    async def started() -> None:
        _settle()
        await _say(parts, server, banner, roles)

    await Service(parts, server, (health, board), roles).run(stop, started)


def _settle() -> None:
    """Let the collector leave alone what was built by now: walking through it would stop all work for a while."""
    gc.collect()
    gc.freeze()


async def _say(parts: Parts, server: Server, banner: str, roles: tuple[str, ...]) -> None:
    host = "localhost" if parts.settings.server.host in {"127.0.0.1", "::1"} else parts.settings.server.host
    url = f"http://{host}:{server.port}"
    if set(roles) == set(ROLES):
        typer.echo(await welcome(parts, url, banner))
    else:
        typer.echo(f"Handleby: {', '.join(roles)} at {url}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)
