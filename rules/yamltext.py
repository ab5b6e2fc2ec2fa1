"""YAML 1.2 text to a tree of nodes: `no` and `on` stay words, and nothing in it can harm the reader."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from rules.nodes import Mapping, Node, Plain, Scalar, Sequence
from rules.problems import Report

#: A rules file is written by people; more than this is a mistake or an attack.
LONGEST_TEXT = 1_000_000
DEEPEST = 40
MOST_NODES = 200_000

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,15}|[0-9]{1,15}(?:\.[0-9]{0,15})?)(?:[eE][-+]?[0-9]{1,2})?")
_STRING_TAG = "tag:yaml.org,2002:str"


def parse(text: str, report: Report) -> Node | None:
    """Return the document's tree; None when there is none, with the reason in the report."""
    if len(text) > LONGEST_TEXT:
        report.error(Node(), f"the file is longer than {LONGEST_TEXT:,} characters; split it or shorten it")
        return None
    try:
        return _Composer(_events(text), report).document()
    except _Refused as refused:
        report.error(refused.node, refused.text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Node(line=mark.line + 1, column=mark.column + 1) if mark else Node()
        report.error(place, _syntax(error))
    except yaml.YAMLError as error:  # the reader's errors carry no line
        report.error(_place_of(text, getattr(error, "position", 0)), f"not YAML: {_first_line(error)}")
    return None


def plain(raw: str) -> Plain:
    """Return the value of an unquoted scalar: only true, false, null and numbers are special."""
    if raw in _NULL:
        return None
    if raw in _BOOL:
        return _BOOL[raw]
    if _INT.fullmatch(raw):
        return int(raw)
    return float(raw) if _FLOAT.fullmatch(raw) else raw


class _Refused(Exception):
    """Reading cannot go on."""

    def __init__(self, node: Node, text: str) -> None:
        super().__init__(text)
        self.node = node
        self.text = text


class _Composer:
    """Builds the tree from parser events, without recursion by the parser and with limits on depth and size."""

    def __init__(self, events: Iterator[Any], report: Report) -> None:
        self.events = events
        self.report = report
        self.anchors: dict[str, Node | None] = {}

    def document(self) -> Node | None:
        event = next(self.events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root = self.node(event, 0)
        next(self.events)  # the document's end
        if not isinstance(after := next(self.events), yaml.StreamEndEvent):
            raise _Refused(
                _place(after), "a second document begins here; keep everything in one, without `---`"
            )
        return root

    def node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if depth > DEEPEST:
            raise _Refused(_place(event), f"nested more than {DEEPEST} levels deep; make it flatter")
        if event.anchor:
            self.anchors[event.anchor] = None  # being built: an alias to it now would be a cycle
        made = self.scalar(event) if isinstance(event, yaml.ScalarEvent) else self.collection(event, depth)
        if made.size > MOST_NODES:
            raise _Refused(made, f"more than {MOST_NODES:,} values, aliases counted; shorten the file")
        if event.anchor:
            self.anchors[event.anchor] = made
        return made

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            raise _Refused(
                _place(event), f"*{event.anchor} stands for nothing; define &{event.anchor} before it"
            )
        if (known := self.anchors[event.anchor]) is None:
            raise _Refused(_place(event), f"*{event.anchor} contains itself; write the value out")
        return known

    def scalar(self, event: Any) -> Scalar:
        self.refuse_tag(event, allowed=_STRING_TAG)
        quoted = event.style not in {None, ""} or event.tag == _STRING_TAG
        value = event.value if quoted else plain(event.value)
        return Scalar(**_at(event), raw=event.value, value=value)

    def collection(self, event: Any, depth: int) -> Node:
        self.refuse_tag(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items = [self.node(each, depth + 1) for each in self.until(yaml.SequenceEndEvent)]
            return Sequence(**_at(event), size=1 + sum(item.size for item in items), items=items)
        return self.mapping(event, depth)

    def mapping(self, event: Any, depth: int) -> Mapping:
        made = Mapping(line=event.start_mark.line + 1, column=event.start_mark.column + 1)
        seen: dict[str, Scalar] = {}
        for each in self.until(yaml.MappingEndEvent):
            key = self.node(each, depth + 1)
            value = self.node(next(self.events), depth + 1)
            made.size += 1 + value.size
            if not isinstance(key, Scalar) or not key.raw:
                self.report.error(key, "a key must be a single word or text; quote it if it contains : or {")
            elif key.raw == "<<":
                self.report.error(key, "merging with << is not part of YAML 1.2; write the fields out")
            elif key.raw in seen:
                first = seen[key.raw].line
                text = f"'{key.raw}' is given twice (first on line {first}); keep one of the two"
                self.report.error(key, text)
            else:
                seen[key.raw] = key
                made.entries.append((key, value))
        return made

    def until(self, end: type[yaml.Event]) -> Iterator[Any]:
        while not isinstance(event := next(self.events), end):
            yield event

    def refuse_tag(self, event: Any, *, allowed: str = "") -> None:
        if event.tag not in {None, "!", allowed}:
            self.report.error(_place(event), f"the tag {event.tag!r} means nothing here; leave it out")


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=yaml.CSafeLoader)


def _at(event: Any) -> dict[str, int]:
    return {"line": event.start_mark.line + 1, "column": event.start_mark.column + 1}


def _place(event: Any) -> Node:
    return Node(**_at(event))


def _place_of(text: str, position: int) -> Node:
    before = text[:position]
    return Node(line=before.count("\n") + 1, column=position - (before.rfind("\n") + 1) + 1)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """Word the parser's complaint, with advice on the commonest mistakes."""
    problem = error.problem or "it ends too early"
    advice = next(
        (text for part, text in _ADVICE if part in f"{error.context} {problem}"), "check the indentation here"
    )
    return f"not YAML: {problem}; {advice}"


_ADVICE = (
    ("mapping values are not allowed", 'put a text that contains ": " in quotes'),
    (
        "cannot start any token",
        "indent with spaces, not tabs, and quote texts that begin with @ ` % or a tab",
    ),
    ("quoted scalar", "close the quotation mark"),
    ("flow", "close every [ and { and put commas between"),
    ("undefined alias", "quote a text that begins with *"),
    ("expected <block end>", "fields of one thing must begin in the same column"),
    ("expected alphabetic", "quote a text that begins with * or &"),
)
