"""Trees of note texts: read from files, laid over one another, every fault noted where it stands."""

from collections.abc import Collection, Iterator
from collections.abc import Sequence as Seq
from itertools import product
from pathlib import Path

from msgspec import Struct

from rules.names import suggest
from rules.nodes import Mapping, Node, Scalar, Sequence, describe
from rules.problems import Report
from rules.template import Broken, Template, template
from rules.yamltext import parse

#: Stands for every key that is not named beside it.
ANY = "any"


class Place(Struct, frozen=True):
    """Where a text stands, so that a fault in it can be reported there."""

    report: Report
    node: Node


class Faulty(Exception):
    """The texts cannot be used; the reports say why."""


class Grove:
    """The files of one language, and what is wrong in them."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.places: dict[Template, Place] = {}
        self._origin: dict[int, Report] = {}

    @property
    def failed(self) -> bool:
        """Tell whether anything must be mended."""
        return any(report.failed for report in self.reports)

    def origin(self, node: Node) -> Report:
        """Return the report of the file that the node came from."""
        return self._origin.get(id(node), self.reports[0])

    def parsed(self, path: Path) -> Mapping:
        """Return the tree of a file; raises Faulty."""
        report = Report(str(path))
        self.reports.append(report)
        try:
            root = parse(path.read_text(encoding="utf-8"), report)
        except (OSError, UnicodeDecodeError) as error:
            report.error(Node(), f"cannot be read: {error}")
            raise Faulty from None
        if report.failed:
            raise Faulty
        if not isinstance(root, Mapping):
            report.error(root or Node(), "a file of note texts is a mapping that begins with `version: 1`")
            raise Faulty
        for node in _below(root):
            self._origin[id(node)] = report
        return root

    def fault(self, node: Node, text: str) -> None:
        """Note a fault in the file that the node came from."""
        self.origin(node).error(node, text)

    def laid_over(self, under: Node, over: Node) -> Mapping:
        """Return the tree in which `over` replaces what it names."""
        assert isinstance(under, Mapping)  # noqa: S101  # only called so
        if not isinstance(over, Mapping):
            return under
        entries = {key.raw: (key, value) for key, value in under.entries}
        for key, value in over.entries:
            below = entries.get(key.raw, (key, value))[1]
            both = isinstance(below, Mapping) and isinstance(value, Mapping) and below is not value
            entries[key.raw] = (key, self.laid_over(below, value) if both else value)
        made = Mapping(
            line=over.line, column=over.column, size=under.size + over.size, entries=list(entries.values())
        )
        self._origin[id(made)] = self.origin(over)
        return made

    def known(self, node: Node, keys: Collection[str] | None, what: str) -> dict[str, Node]:
        """Return a mapping's values; unknown keys are faults."""
        if not isinstance(node, Mapping):
            self.fault(node, f"{what} must be a mapping, not {describe(node)}")
            return {}
        for key, _ in node.entries:
            if keys is not None and key.raw not in keys:
                self.fault(key, f"{what} has no {key.raw!r}; {suggest(key.raw, keys)}")
        return {key.raw: value for key, value in node.entries}

    def word(self, node: Node) -> str:
        """Return a plain text."""
        if isinstance(node, Scalar) and node.value is not None:
            return node.raw
        self.fault(node, f"a text is needed here, not {describe(node)}")
        return ""

    def text(self, node: Node, names: Collection[str]) -> Template:
        """Return a text taken apart."""
        try:
            made = template(self.word(node), names=names)
        except Broken as broken:
            self.fault(node, f"{broken} (character {broken.offset + 1})")
            made = Template("", ())
        self.places[made] = Place(self.origin(node), node)
        return made

    def table(self, node: Node, *levels: Seq[str], names: Collection[str]) -> dict[tuple[str, ...], Template]:
        """Return one text for each combination of the levels."""
        self.checked(node, levels)
        made = {}
        for path in product(*levels):
            leaf = resolved(node, path)
            if leaf is None:
                self.fault(node, f"there is no text for {' → '.join(path)}")
            elif isinstance(leaf, Scalar):
                made[path] = self.text(leaf, names)
            else:
                self.fault(leaf, f"one text is needed here, not {describe(leaf)}")
        return made

    def checked(self, node: Node, levels: Seq[Seq[str]]) -> None:
        """Note unknown keys at every level."""
        if levels and isinstance(node, Mapping):
            for key, value in node.entries:
                if key.raw not in (*levels[0], ANY):
                    self.fault(key, f"{key.raw!r} is not known here; {suggest(key.raw, (*levels[0], ANY))}")
                self.checked(value, levels[1:])
        elif isinstance(node, Mapping):
            self.fault(node, "texts are needed here, not a mapping")


def resolved(node: Node, path: Seq[str]) -> Node | None:
    """Return the leaf that holds for a path; `any` stands for keys that are not named beside it."""
    for step in path:
        if not isinstance(node, Mapping):
            return node
        entries = {key.raw: value for key, value in node.entries}
        found = entries.get(step, entries.get(ANY))
        if found is None:
            return None
        node = found
    return None if isinstance(node, Mapping) else node


def _below(node: Node) -> Iterator[Node]:
    """Yield the node and everything in it, keys included."""
    yield node
    if isinstance(node, Mapping):
        for key, value in node.entries:
            yield key
            yield from _below(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _below(item)
