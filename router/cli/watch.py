"""Looking at a running service: `queues` and `probe`."""

import json
import sys
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer
from rich.console import Console
from rich.table import Table

from router.cli.base import Config, listen_url, settings_of
from router.errors import HandlebyError

TIMEOUT_S = 10.0
COLUMNS = (
    "name", "channel", "depth", "in_flight", "oldest_age_s", "arrivals_per_min", "handled_per_min",
    "drain_s", "at_risk", "overdue", "next_due_at", "parked",
)  # fmt: skip


def queues(config: Config = None) -> None:
    """Show the queues of the running service, what is wrong, since when, and what to do."""
    _, document = _get(f"{listen_url(settings_of(config))}/health/queues")
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(f"[bold]{document['status']}[/bold]")
    for cause in document["causes"]:
        console.print(
            f"- {cause['text']} (since {cause['since']}; {cause['impact']}) [bold]{cause['next']}[/bold]"
        )
    table = Table(*(one.replace("_", " ") for one in COLUMNS))
    for row in document["queues"]:
        table.add_row(*(_cell(row[one]) for one in COLUMNS))
    console.print(table)
    made = document["promises"]
    console.print(", ".join(f"{key.replace('_', ' ')} {_cell(value)}" for key, value in made.items()))
    for one in document["channels"]:
        console.print(f"{one['name']}/{one['account']}: {one['state']} {one['error'] or ''}".rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def probe(
    config: Config = None,
    path: Annotated[str, typer.Option(help="What to ask: /health/ready or /health/live.")] = "/health/ready",
) -> None:
    """Exit 0 when the service with these settings is ready, else 1; for container health checks."""
    status, document = _get(f"{listen_url(settings_of(config))}{path}")
    if status != 200:
        typer.echo(json.dumps(document), err=True)
        raise typer.Exit(1)


def _get(url: str) -> tuple[int, Any]:
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310  # our own listen address
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)
    except (URLError, OSError, ValueError) as error:
        raise HandlebyError(
            f"{url} does not answer ({error}). Is `handleby run` up with these settings?"
        ) from error


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(queues)
    app.command()(probe)
