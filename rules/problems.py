"""What is wrong in a rules file: each problem says what, where and how to mend it."""

from collections.abc import Sequence

from msgspec import Struct

from router.errors import ConfigError
from rules.nodes import Node

#: Problems kept of one file; nobody mends more at a time.
MOST = 500


class Problem(Struct, frozen=True, kw_only=True, order=True):
    """One thing to mend, or a warning that the file works but hardly as meant."""

    file: str
    #: Both counted from 1, as editors do.
    line: int
    column: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        """Return `file:line:column: text`, which editors turn into a link."""
        kind = "warning: " if self.warning else ""
        return f"{self.file}:{self.line}:{self.column}: {kind}{self.text}"


class RulesError(ConfigError):
    """The rules cannot be used; every problem is listed, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take all problems, warnings included."""
        self.problems: Sequence[Problem] = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Reference(Struct, frozen=True, kw_only=True):
    """A name used in the file that must be defined elsewhere in it."""

    #: hours, queue, agent, channel or skill.
    kind: str
    name: str
    node: Node


class Report:
    """Gathers what is found while a file is read: problems, names defined and names used."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._seen: dict[Problem, None] = {}
        self.references: list[Reference] = []
        self.defined: dict[str, dict[str, Node]] = {}

    def error(self, node: Node, text: str) -> None:
        """Note what must be mended before the file can be used."""
        self._note(node, text, warning=False)

    def warn(self, node: Node, text: str) -> None:
        """Note what works but is hardly meant."""
        self._note(node, text, warning=True)

    def refer(self, kind: str, name: str, node: Node) -> None:
        """Note that the name must be defined; checked once everything has been read."""
        self.references.append(Reference(kind=kind, name=name, node=node))

    def define(self, kind: str, name: str, node: Node) -> None:
        """Note that the file defines the name."""
        self.defined.setdefault(kind, {})[name] = node

    @property
    def problems(self) -> list[Problem]:
        """Return what was found so far."""
        return list(self._seen)

    @property
    def failed(self) -> bool:
        """Tell whether anything must be mended."""
        return any(not problem.warning for problem in self._seen)

    def _note(self, node: Node, text: str, *, warning: bool) -> None:
        problem = Problem(file=self.file, line=node.line, column=node.column, text=text, warning=warning)
        if len(self._seen) < MOST:
            self._seen[problem] = None  # an alias may lead to the same place twice
