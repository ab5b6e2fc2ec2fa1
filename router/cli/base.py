"""What every command shares: the settings file, and a store opened for one short job."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from router.config import load_settings
from router.settings import Settings

if TYPE_CHECKING:
    from router.bootstrap import Parts

T = TypeVar("T")

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file; else HANDLEBY_CONFIG, else ./handleby.toml."),
]


def settings_of(config: Path | None) -> Settings:
    """Read the settings."""
    return load_settings(config)


@asynccontextmanager
async def opened(config: Path | None) -> AsyncIterator["Parts"]:
    """Build the parts and open the store alone, for one job."""
    from router.bootstrap import build  # noqa: PLC0415  # slow to import: only for commands that need the store

    parts = build(settings_of(config))
    await parts.store.open()
    try:
        yield parts
    finally:
        await parts.store.close()


def with_parts(config: Path | None, job: Callable[["Parts"], Awaitable[T]]) -> T:
    """Run one job on an opened store."""

    async def whole() -> T:
        async with opened(config) as parts:
            return await job(parts)

    return asyncio.run(whole())


def listen_url(settings: Settings) -> str:
    """Return where the process with these settings answers on this machine."""
    host = settings.server.host
    host = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  # compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"


def when(value: datetime) -> str:
    """Return a time as people read it in a list."""
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"
