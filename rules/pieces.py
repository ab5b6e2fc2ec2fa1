"""Kinds of values that stand in several places of a rules file."""

from datetime import datetime
from typing import Any

from rules import durations, names, shares
from rules.nodes import Node, Scalar, describe
from rules.problems import Report
from rules.records import Field, Keyed
from rules.shape import INVALID, Number, Parsed, Shape
from rules.week import dates

PRIORITIES = ("urgent", "high", "normal", "low")
TONES = ("plain", "sober", "none")
ACKNOWLEDGE = ("when_waiting", "always", "never")

DURATION = Parsed(
    "a duration",
    durations.seconds,
    pattern=durations.PATTERN,
    examples=["instant", "90s", "5m", "4h", "2d", "1h30m"],
)
FOLLOW_UP = Parsed(
    "a duration or never",
    durations.seconds_or_never,
    pattern=durations.PATTERN.replace("instant", "never"),
    examples=["24h", "3d", "never"],
)
DATES = Parsed("a date", dates, examples=["2026-12-24", "2026-12-24..2026-12-31"])
LANGUAGE = Parsed("a language", names.language, pattern="^[A-Za-z]{2}$")


class Defined(Parsed):
    """A name that counts as defined wherever it is written, such as a skill."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a {kind}", names.name, pattern=names.SCHEMA_NAME)
        self.kind = kind

    def read(self, node: Node, report: Report) -> Any:
        """Return the name."""
        found = super().read(node, report)
        if found is not INVALID:
            report.define(self.kind, found, node)
        return found


class Capacity(Shape):
    """How much somebody can hold: one number, or one for each channel."""

    number = Number(0, 1000)

    def __init__(self) -> None:
        self.table = Keyed("capacity", self.number, refers="channel", names=("default", *names.CHANNELS))

    def read(self, node: Node, report: Report) -> Any:
        """Return capacities by channel."""
        if isinstance(node, Scalar):
            count = self.number.read(node, report)
            return INVALID if count is INVALID else {"default": count}
        return self.table.read(node, report)

    def schema(self) -> dict[str, Any]:
        """Return a schema of both forms."""
        return {"anyOf": [self.number.schema(), self.table.schema()]}


class Version(Number):
    """The version of the format."""

    def __init__(self) -> None:
        super().__init__(1, 1)

    def read(self, node: Node, report: Report) -> Any:
        """Return 1."""
        if isinstance(node, Scalar) and node.value == 1:
            return 1
        report.error(node, f"version {describe(node)} is not known to this program; write version: 1")
        return INVALID


def field(shape: Shape, help: str, *, required: bool = False) -> Field:
    """Return a field of a record, with the help that editors show."""
    return Field(shape=shape, help=help, required=required)


def instant(text: str) -> str:
    """Return a time as written; raises ValueError."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time; write it like 2026-12-24 10:00") from None
    return text


def share(least: float, most: float) -> Shape:
    """Return the description of a share, such as 95%, within limits."""
    return Parsed(
        "a share",
        shares.between(least, most),
        type=["string", "number"],
        pattern=shares.PATTERN,
        minimum=least,
        maximum=most,
    )
