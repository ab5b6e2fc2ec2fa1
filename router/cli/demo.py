"""`handleby demo`: the service with made-up customers, providers and colleagues, to look at."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from router.errors import ConfigError


def demo(
    speed: Annotated[
        float, typer.Option(min=0.1, max=100, help="How much faster than life people write and answer.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number, other customers at other times.")] = 1,
    port: Annotated[
        int,
        typer.Option(
            min=1, max=65534, help="The service's port; the page is at the next one. Others if taken."
        ),
    ] = 8080,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Keep settings, data and log here. Default: a temporary folder, removed afterwards."
        ),
    ] = None,
) -> None:
    """Show it at work: every provider played on this machine, customers who write, a team that answers."""
    try:
        from router.demo.show import Options, main  # noqa: PLC0415  # slow to import: only for this command
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sandbox":
            raise
        raise ConfigError(
            "The providers' stand-ins are not installed here; the container image leaves them out. "
            "Run the demo from a checkout: make demo"
        ) from None
    options = Options(speed=speed, seed=seed, port=port, folder=folder)
    asyncio.run(main(options, typer.echo))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
