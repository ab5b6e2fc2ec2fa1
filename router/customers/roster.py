"""Reads customers from a CSV file; every problem is told at once, with its line."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from channels.message import Identity
from router.customers.edits import Entry
from router.customers.fields import attribute, attribute_name, checked_name, identity, parsed
from router.errors import ConfigError

#: Columns that are no attributes: who it is, and what they are called.
ADDRESSES = ("email", "identity")
NAME = "name"


class Row(Struct, frozen=True, kw_only=True):
    """A line of the file, understood."""

    line: int
    entry: Entry


class Roster(Struct, frozen=True, kw_only=True):
    """What a file says; nothing of it is used while there are problems."""

    rows: Sequence[Row]
    #: `file:line: text`, in order of the lines.
    problems: Sequence[str]


def read(path: Path) -> Roster:
    """Read a file: a header with `email` or `identity`, maybe `name`, then one column for each attribute.

    Raises ConfigError when the file cannot be read at all.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8. Save the file as CSV UTF-8.") from None
    return understood(text, str(path))


def understood(text: str, source: str) -> Roster:
    """Return what the text says, and what is wrong with it."""
    lines = _lines(text)
    try:
        header = next(lines, (1, []))[1]
        problems = [f"{source}:1: {one}" for one in _wrong(header)]
        return Roster(rows=(), problems=problems) if problems else _body(header, lines, source)
    except csv.Error as error:
        return Roster(rows=(), problems=[f"{source}: this is no CSV ({error})"])


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Return (line, cells), blank lines left out; some programs separate by semicolons."""
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    at = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield at, [cell.strip() for cell in cells]
        at = reader.line_num + 1


def _wrong(header: list[str]) -> Iterator[str]:
    if not set(header) & set(ADDRESSES):
        yield "the header needs a column `email` or `identity`, such as: email,name,tier"
    for name in sorted({one for one in header if header.count(one) > 1}):
        yield f"the column {name!r} is there twice"
    for name in dict.fromkeys(header):
        if name not in {*ADDRESSES, NAME}:
            try:
                attribute_name(name)
            except ValueError as error:
                yield f"column {header.index(name) + 1}: {error}"


def _body(header: list[str], lines: Iterator[tuple[int, list[str]]], source: str) -> Roster:
    rows: list[Row] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for line, cells in lines:
        wrong: list[str] = []
        if len(cells) != len(header):
            wrong.append(f"{len(cells)} cells, but the header has {len(header)} columns")
        else:
            entry = _entry(dict(zip(header, cells, strict=True)), wrong)
            keys = [one.key for one in entry.identities if seen.setdefault(one.key, line) != line]
            wrong += [f"{key} stands in line {seen[key]} already" for key in keys]
            rows.append(Row(line=line, entry=entry))
        problems += [f"{source}:{line}: {one}" for one in wrong]
    return Roster(rows=rows, problems=problems)


def _entry(cells: dict[str, str], wrong: list[str]) -> Entry:
    """Return what the line says; what is wrong with it is added to the list."""
    found: list[Identity] = []
    attributes: dict[str, str] = {}
    name = ""
    for column, cell in cells.items():
        if not cell:
            continue
        try:
            if column in ADDRESSES:
                found.append(identity("email", cell) if column == "email" else parsed(cell))
            elif column == NAME:
                name = checked_name(cell)
            else:
                attributes[column] = attribute(column, cell)
        except ValueError as error:
            wrong.append(f"{column}: {error}")
    if not any(cells.get(column) for column in ADDRESSES):
        wrong.append("no address; fill in `email` or `identity`")
    return Entry(identities=tuple(found), name=name, attributes=attributes)
