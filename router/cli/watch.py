"""Looking at a running service: `queues` and `probe`."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.base import Config, listen_url, settings_of
from router.errors import HandlebyError

TIMEOUT_S = 10.0
#: Heading and key of each column; narrow enough for a terminal of 80 columns.
COLUMNS = (
    ("Queue", "name"), ("Channel", "channel"), ("Wait", "depth"), ("Own", "in_flight"), ("Late", "overdue"),
    ("Risk", "at_risk"), ("Oldest", "oldest_age_s"), ("Drain", "drain_s"), ("Due", "next_due_at"),
    ("Park", "parked"),
)  # fmt: skip
SPANS = frozenset({"oldest_age_s", "drain_s"})
#: Columns without a terminal.
WIDTH = 80
#: Longer names are cut in the table; the page about health has them whole.
LONGEST = 16


def queues(config: Config = None) -> None:
    """Show the queues of the running service, what is wrong, since when, and what to do."""
    _, document = _get(f"{listen_url(settings_of(config))}/health/queues")
    show(document, Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False, emoji=False))


def show(document: Mapping[str, Any], console: Console) -> None:
    """Print the document for people."""
    console.print(f"[bold]{document['status']}[/bold]")
    for cause in document["causes"]:
        console.print(f"- {escape(cause['text'])} Since {_at(cause['since'])}.", soft_wrap=False)
        console.print(f"  {escape(cause['impact'])}", f"[bold]{escape(cause['next'])}[/bold]")
    console.print(_table(document["queues"]))
    console.print(f"In a minute: {_rates(document['queues'])}. Times are UTC.")
    made = document["promises"]
    counts = {key: value for key, value in made.items() if not isinstance(value, list)}
    console.print(
        "Promises:", ", ".join(f"{key.replace('_', ' ')} {_cell(value)}" for key, value in counts.items())
    )
    for one in document["channels"]:
        console.print(escape(f"{one['name']}/{one['account']}: {one['state']} {one['error'] or ''}".rstrip()))


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading, key in COLUMNS:
        words = key in {"name", "channel"}
        table.add_column(heading, justify="left" if words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(_shown(key, row[key]) for _, key in COLUMNS))
    return table


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "-"
    if key == "next_due_at":
        return _at(value)
    if key in SPANS:
        return _span(value)
    text = str(value)
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _rates(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what arrives and is answered, of people's work: the broker's queues see the same arrivals."""
    people = [row for row in rows if row["handled_per_min"] is not None]
    arrive, done = (sum(row[key] for row in people) for key in ("arrivals_per_min", "handled_per_min"))
    return f"{arrive:.1f} arrive, {done:.1f} are handled"


def _at(text: str) -> str:
    """Return a time in the form of the document, to the minute; with its day unless that is today."""
    at = datetime.fromisoformat(text)
    today = at.date() == datetime.now(UTC).date()
    return f"{at:%H:%M}" if today else f"{at:%d %b %H:%M}"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


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
