"""The tree of a rules file, each value with its place, before anything is known of its meaning."""

from typing import Any, TypeAlias

from msgspec import Struct

#: What a plain YAML 1.2 scalar may be.
Plain: TypeAlias = str | int | float | bool | None


class Node(Struct, kw_only=True):
    """A value and where it stands, counted from 1."""

    line: int = 1
    column: int = 1
    #: Nodes below and including this one, shared ones counted each time.
    size: int = 1


class Scalar(Node, kw_only=True):
    """A single value."""

    #: As written, without quotes.
    raw: str
    value: Plain


class Sequence(Node, kw_only=True):
    """A list."""

    items: list[Node] = []


class Mapping(Node, kw_only=True):
    """Keys and values in the order of the file."""

    entries: list[tuple[Scalar, Node]] = []


def describe(node: Node) -> str:
    """Say what the node is, for error texts: `a list`, `'fast'`, `true`, `nothing`."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    assert isinstance(node, Scalar)  # noqa: S101  # the only kind left
    if node.value is None:
        return "nothing"
    shown = node.raw if len(node.raw) <= 60 else node.raw[:57] + "…"
    return repr(shown) if isinstance(node.value, str) else shown


def from_plain(value: Any) -> Node:
    """Return the tree of Python values, so that values from elsewhere are read by the same grammar."""
    if isinstance(value, dict):
        entries = [(Scalar(raw=str(key), value=str(key)), from_plain(each)) for key, each in value.items()]
        return Mapping(entries=entries)
    if isinstance(value, list | tuple):
        return Sequence(items=[from_plain(each) for each in value])
    if value is None or isinstance(value, bool):
        return Scalar(raw={None: "null", True: "true", False: "false"}[value], value=value)
    if isinstance(value, int | float):
        return Scalar(raw=str(value), value=value)
    return Scalar(raw=str(value), value=str(value))
