"""Reads a log of answers from a CSV file; every problem is told at once, with its line."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

COLUMNS = ("arrived_at", "channel", "first_response_at", "agent")
#: So many problems are told; more only fill the screen.
TOLD = 20


class TraceError(Exception):
    """The file cannot be replayed."""


class Row(Struct, frozen=True):
    """A message that came, and when who answered it."""

    arrived: datetime
    channel: str
    #: None = it was never answered.
    answered: datetime | None
    agent: str


def read(path: Path) -> list[Row]:
    """Return the rows in order of arrival. Raises TraceError.

    Columns: arrived_at, channel, first_response_at, agent, in any order; others are passed over. Times are
    ISO 8601; without a zone they are UTC. An empty first_response_at = never answered.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TraceError(f"{path}: it cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TraceError(f"{path}:{line}: this is not UTF-8. Save the file as CSV UTF-8.") from None
    rows, problems = _understood(text)
    if problems:
        more = [f"and {len(problems) - TOLD} more"] if len(problems) > TOLD else []
        raise TraceError("\n".join([*(f"{path}:{one}" for one in problems[:TOLD]), *more]))
    return sorted(rows, key=lambda one: one.arrived)


def _understood(text: str) -> tuple[list[Row], list[str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        return [], [f"1: the header needs the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"]
    rows: list[Row] = []
    problems: list[str] = []
    try:
        for cells in reader:
            try:
                rows.append(_row(cells))
            except ValueError as error:
                problems.append(f"{reader.line_num}: {error}")
    except csv.Error as error:
        problems.append(f"{reader.line_num}: this is no CSV ({error})")
    if not rows and not problems:
        problems.append("1: there is no line below the header")
    return rows, problems


def _row(cells: dict[str, str | None]) -> Row:
    values = {name: (cells[name] or "").strip() for name in COLUMNS}
    if not values["channel"]:
        raise ValueError("channel is empty; name one, such as email")
    arrived = _instant("arrived_at", values["arrived_at"])
    answer = values["first_response_at"]
    answered = _instant("first_response_at", answer) if answer else None
    if answered is not None and answered < arrived:
        raise ValueError(f"first_response_at {answer} is before arrived_at {values['arrived_at']}")
    return Row(arrived, values["channel"], answered, values["agent"] or "somebody")


def _instant(column: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{column} {text!r} is no time; write it like 2026-03-02T09:15:00+01:00") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
