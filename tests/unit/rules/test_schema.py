import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rules.load import shipped_text
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.problems import Report
from rules.schema import document
from rules.yamltext import parse

GUIDE = (Path(__file__).parents[3] / "docs" / "how-to-rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)


def plain(node: Node | None) -> Any:
    """Return the plain value of a tree, as an editor sees it."""
    if isinstance(node, Mapping):
        return {key.raw: plain(each) for key, each in node.entries}
    if isinstance(node, Sequence):
        return [plain(each) for each in node.items]
    return node.value if isinstance(node, Scalar) else None


def complaints(text: str) -> list[str]:
    """Return what an editor would underline, but for sections that the text leaves out."""
    value = {"version": 1, **plain(parse(text, Report("f")))}
    return [error.message for error in Draft202012Validator(document()).iter_errors(value)]


def test_the_schema_is_a_schema() -> None:
    """Editors can use it."""
    Draft202012Validator.check_schema(document())


@pytest.mark.parametrize("text", [shipped_text(), *BLOCKS])
def test_editors_accept_what_the_loader_accepts(text: str) -> None:
    """The shipped rules and everything in the guide are fine for an editor too."""
    assert complaints(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "speed: 3",
        "version: 2",
        "queues: {general: {}}",
        "queues: {general: {duty: []}}",
        "hours: {office: {timezone: UTC, open: {mon: 8-16}}}",
        "agents: {a: {name: A, capacity: {webchat: many}}}",
        "channels: {email: {target: fast}}",
        "channels: {telex: {acknowledge: sometimes}}",
        "rules: [{name: a}]",
        "rules: [{name: a, when: {txt: b}, then: {}}]",
        "rules: [{name: a, when: {text: {contains: b}}, then: {}}]",
        "rules: [{name: a, when: {any: {text: b}}, then: {}}]",
        "rules: [{name: a, when: {not: {upset: 'yes'}}, then: {}}]",
        "rules: [{name: a, when: {customer.tier: {over: 3}}, then: {}}]",
        "rules: [{name: a, then: {priority: highest}}]",
        "examples: [{message: {text: a}, expect: {}}]",
    ],
)
def test_editors_underline_mistakes(text: str) -> None:
    """What the loader refuses because of its form is refused by the schema."""
    assert complaints(text) != []
