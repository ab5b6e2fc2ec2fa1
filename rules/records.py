"""Mappings in the file's description: records with known fields, tables with names of their own."""

from collections.abc import Callable, Collection, Iterable
from collections.abc import Mapping as Map
from typing import Any

from msgspec import Struct

from rules.names import name, suggest
from rules.nodes import Mapping, Node, describe
from rules.problems import Report
from rules.shape import INVALID, Shape


class Field(Struct, frozen=True, kw_only=True):
    """One field of a record."""

    shape: Shape
    help: str
    required: bool = False


class Fields(dict[str, Any]):
    """A record as read: its usable fields, and where they stand."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.nodes: dict[str, Node] = {}

    def at(self, key: str) -> Node:
        """Return where a field's value stands; the record's place when it is not given."""
        return self.nodes.get(key, self.node)


class Record(Shape):
    """A mapping with known fields; an unknown one is refused with a suggestion."""

    def __init__(self, what: str, fields: Map[str, Field]) -> None:
        """Take what it is, for error texts (`a rule`), and its fields."""
        self.what, self.fields = what, fields

    def read(self, node: Node, report: Report) -> Any:
        """Return `Fields` with everything usable; missing and unknown fields are reported."""
        if not isinstance(node, Mapping):
            report.error(
                node, f"{self.what} is needed here, with fields such as {self._some()}, not {describe(node)}"
            )
            return INVALID
        found = Fields(node)
        for key, value in node.entries:
            if (field := self.fields.get(key.raw)) is None:
                report.error(
                    key, f"{self.what} has no field {key.raw!r}; {suggest(key.raw, self.fields, 'fields')}"
                )
                continue
            found.nodes[key.raw] = value
            if (read := field.shape.read(value, report)) is not INVALID:
                found[key.raw] = read
        for name_, field in self.fields.items():
            if field.required and name_ not in found.nodes:
                report.error(node, f"{self.what} needs the field '{name_}': {field.help}")
        return found

    def schema(self) -> dict[str, Any]:
        """Return an object schema that allows no other fields."""
        made: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                key: {"description": field.help, **field.shape.schema()} for key, field in self.fields.items()
            },
        }
        if required := [key for key, field in self.fields.items() if field.required]:
            made["required"] = required
        return made

    def _some(self) -> str:
        return ", ".join(list(self.fields)[:3])


class Table(Shape):
    """A mapping from names that the file chooses to values of one shape."""

    def __init__(
        self, what: str, value: Shape, *, defines: str = "", keys: Callable[[str], str] = name
    ) -> None:
        """Take what an entry is (`a queue`), and the kind of name that it defines."""
        self.what, self.value, self.defines, self.keys = what, value, defines, keys

    def read(self, node: Node, report: Report) -> Any:
        """Return the entries that can be used, in the order of the file."""
        if not isinstance(node, Mapping):
            report.error(node, f"a mapping from names to {self.what}s is needed here, not {describe(node)}")
            return INVALID
        found = Fields(node)
        for key, value in node.entries:
            try:
                known = self.keys(key.raw)
            except ValueError as error:
                report.error(key, str(error))
                continue
            if self.defines:
                report.define(self.defines, known, key)
            found.nodes[known] = value
            if (read := self.value.read(value, report)) is not INVALID:
                found[known] = read
        return found

    def schema(self) -> dict[str, Any]:
        """Return an object schema with free keys."""
        return {"type": "object", "additionalProperties": self.value.schema()}


class Keyed(Table):
    """A table whose keys name something defined elsewhere, such as the channels."""

    def __init__(self, what: str, value: Shape, *, refers: str, names: Collection[str]) -> None:
        """Take the kind of name the keys are, and the names that editors offer."""
        super().__init__(what, value, keys=str)
        self.refers, self.names = refers, names

    def read(self, node: Node, report: Report) -> Any:
        """Return the entries, their keys noted as references."""
        if isinstance(node, Mapping):
            for key, _ in node.entries:
                if key.raw not in self.names:
                    report.refer(self.refers, key.raw, key)
        return super().read(node, report)

    def schema(self) -> dict[str, Any]:
        """Return an object schema that offers the known names and allows others."""
        return offering(self.names, self.value.schema())


def offering(names: Iterable[str], value: dict[str, Any]) -> dict[str, Any]:
    """Return an object schema with free keys, of which editors offer some; the value is written once."""
    return {"type": "object", "properties": {name: {} for name in names}, "patternProperties": {".": value}}
