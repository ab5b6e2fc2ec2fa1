"""Building blocks of the file's description: each both reads a node and writes its JSON Schema."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Final

from rules.names import suggest
from rules.nodes import Node, Scalar, Sequence, describe
from rules.problems import Report

#: What `read` returns when the value cannot be used; the reason is in the report.
INVALID: Final[Any] = object()


class Shape(ABC):
    """What a value may look like."""

    @abstractmethod
    def read(self, node: Node, report: Report) -> Any:
        """Return the value, or INVALID after saying in the report what is wrong and how to mend it."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the same."""


class Text(Shape):
    """A text; numbers count as written, so that `+4512345678` needs no quotes."""

    def __init__(self, what: str = "a text", *, most: int = 200, empty: bool = False) -> None:
        self.what, self.most, self.empty = what, most, empty

    def read(self, node: Node, report: Report) -> Any:
        """Return the text as written."""
        if not isinstance(node, Scalar) or node.value is None or isinstance(node.value, bool):
            quote = f'; put it in quotes: "{node.raw}"' if isinstance(node, Scalar) and node.raw else ""
            report.error(node, f"{self.what} is needed here, not {describe(node)}{quote}")
            return INVALID
        if not node.raw and not self.empty:
            report.error(node, f"{self.what} is needed here, and it is empty")
            return INVALID
        if len(node.raw) > self.most:
            report.error(node, f"longer than {self.most} characters; shorten it")
            return INVALID
        return node.raw

    def schema(self) -> dict[str, Any]:
        """Return a string schema."""
        return {"type": ["string", "number"], "minLength": 0 if self.empty else 1, "maxLength": self.most}


class Parsed(Text):
    """A text with a meaning; the parser raises ValueError with what is wrong and examples."""

    def __init__(self, what: str, parse: Callable[[str], Any], *, empty: bool = False, **more: Any) -> None:
        """Take the parser, and what else the JSON Schema says (`pattern`, `examples`, `enum`)."""
        super().__init__(what, most=500, empty=empty)
        self.parse, self.more = parse, more

    def read(self, node: Node, report: Report) -> Any:
        """Return what the text means."""
        text = super().read(node, report)
        if text is INVALID:
            return INVALID
        try:
            return self.parse(text)
        except ValueError as error:
            report.error(node, str(error))
            return INVALID

    def schema(self) -> dict[str, Any]:
        """Return a string schema with what else is known."""
        return {"type": "string", **self.more}


class Ref(Text):
    """A name that must be defined elsewhere in the file."""

    def __init__(self, kind: str, *, empty: bool = False) -> None:
        """Take what is named: hours, queue, agent, channel or skill."""
        super().__init__(f"the name of {'an' if kind == 'agent' else 'a'} {kind}", empty=empty)
        self.kind = kind

    def read(self, node: Node, report: Report) -> Any:
        """Return the name, to be checked when the whole file was read."""
        text = super().read(node, report)
        if text is not INVALID and text:
            report.refer(self.kind, text, node)
        return text


class Choice(Shape):
    """One of a few words."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)

    def read(self, node: Node, report: Report) -> Any:
        """Return the word."""
        if isinstance(node, Scalar) and node.raw in self.words:
            return node.raw
        word = node.raw if isinstance(node, Scalar) else ""
        report.error(
            node, f"{describe(node)} is not possible here; {suggest(word, self.words, 'write one of')}"
        )
        return INVALID

    def schema(self) -> dict[str, Any]:
        """Return the words."""
        return {"enum": list(self.words)}


class Flag(Shape):
    """True or false."""

    def read(self, node: Node, report: Report) -> Any:
        """Return the truth value."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        report.error(node, f"write true or false here, not {describe(node)}")
        return INVALID

    def schema(self) -> dict[str, Any]:
        """Return a boolean schema."""
        return {"type": "boolean"}


class Number(Shape):
    """A number within limits."""

    def __init__(self, least: float, most: float, *, whole: bool = True) -> None:
        self.least, self.most, self.whole = least, most, whole

    def read(self, node: Node, report: Report) -> Any:
        """Return the number."""
        value = node.value if isinstance(node, Scalar) else None
        kinds = int if self.whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        kind = "a whole number" if self.whole else "a number"
        report.error(node, f"write {kind} from {self.least:g} to {self.most:g} here, not {describe(node)}")
        return INVALID

    def schema(self) -> dict[str, Any]:
        """Return a number schema with its limits."""
        return {"type": "integer" if self.whole else "number", "minimum": self.least, "maximum": self.most}


class Many(Shape):
    """A list; a single value counts as a list of one."""

    def __init__(self, item: Shape, *, least: int = 0, most: int = 1000, single: bool = True) -> None:
        self.item, self.least, self.most, self.single = item, least, most, single

    def read(self, node: Node, report: Report) -> Any:
        """Return the values that can be used, in order."""
        if not isinstance(node, Sequence):
            if self.single and isinstance(node, Scalar) and node.value is not None:
                return self._usable([node], report)
            report.error(node, f"a list is needed here, such as [a, b], not {describe(node)}")
            return INVALID
        if len(node.items) < self.least:
            report.error(node, "the list is empty; name at least one")
            return INVALID
        if len(node.items) > self.most:
            report.error(node, f"more than {self.most} entries; shorten the list")
            return INVALID
        return self._usable(node.items, report)

    def _usable(self, nodes: list[Node], report: Report) -> Any:
        values = tuple(self.item.read(each, report) for each in nodes)
        return INVALID if any(value is INVALID for value in values) else values

    def schema(self) -> dict[str, Any]:
        """Return a list schema, or the item's."""
        item = self.item.schema()
        items = {"type": "array", "items": item, "minItems": self.least, "maxItems": self.most}
        return {"anyOf": [item, items]} if self.single else items
