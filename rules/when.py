"""Reads `when`: a condition in words becomes a condition that can be asked."""

from typing import Any

from rules.conditions import ATTRIBUTE, FIELDS, NAMED_HOURS, OPERATORS, Subject, attribute
from rules.match import every, negate, some
from rules.names import suggest
from rules.nodes import Mapping, Node, Scalar, Sequence, describe
from rules.problems import Report
from rules.shape import INVALID, Flag, Shape

#: Levels of all, any and not within each other.
DEEPEST = 10
_GROUPS = {
    "all": "Every condition of the list holds.",
    "any": "At least one condition of the list holds.",
    "not": "The condition does not hold.",
}


class When(Shape):
    """A condition: fields with what must hold of them, and all, any and not."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth

    def read(self, node: Node, report: Report) -> Any:
        """Return the condition; all fields given must hold."""
        if not isinstance(node, Mapping):
            report.error(
                node, f"a condition is needed here, such as {{channel: email}}, not {describe(node)}"
            )
            return INVALID
        if self.depth > DEEPEST:
            report.error(node, f"all, any and not are nested more than {DEEPEST} deep; split the rule")
            return INVALID
        return _whole([self._entry(key, value, report) for key, value in node.entries])

    def schema(self) -> dict[str, Any]:
        """Return a reference to the definition, since conditions contain conditions."""
        return {"$ref": "#/$defs/condition"}

    def _entry(self, key: Scalar, value: Node, report: Report) -> Any:
        if key.raw == "not":
            inner = When(self.depth + 1).read(value, report)
            return inner if inner is INVALID else negate(inner)
        if key.raw in _GROUPS:
            return self._group(key.raw, value, report)
        if key.raw in {"customer", "hours"}:
            return self._nested(key, value, report)
        if (subject := _subject(key, key.raw, report)) is None:
            return INVALID
        return _asked(key.raw, subject, value, report)

    def _group(self, kind: str, node: Node, report: Report) -> Any:
        if not isinstance(node, Sequence) or not node.items:
            report.error(
                node, f"'{kind}' takes a list of conditions, such as [{{channel: email}}, {{upset: true}}]"
            )
            return INVALID
        parts = [When(self.depth + 1).read(item, report) for item in node.items]
        if any(part is INVALID for part in parts):
            return INVALID
        return every(parts) if kind == "all" else some(parts)

    def _nested(self, key: Scalar, node: Node, report: Report) -> Any:
        """Read `customer: {tier: premium}`, which says the same as `customer.tier: premium`."""
        if not isinstance(node, Mapping):
            example = "{tier: premium}" if key.raw == "customer" else "{office: open}"
            report.error(node, f"'{key.raw}' takes a mapping here, such as {example}, not {describe(node)}")
            return INVALID
        parts = []
        for name, value in node.entries:
            field = f"{key.raw}.{name.raw}"
            subject = _subject(name, field, report)
            parts.append(INVALID if subject is None else _asked(field, subject, value, report))
        return _whole(parts)


def _whole(parts: list[Any]) -> Any:
    return INVALID if any(part is INVALID for part in parts) else every(parts)


def _subject(key: Scalar, field: str, report: Report) -> Subject | None:
    """Return the description of a field; None, with a report, when there is no such field."""
    group, _, name = field.partition(".")
    if group == "customer" and name:
        try:
            attribute(name)
        except ValueError as error:
            report.error(key, str(error))
            return None
        return ATTRIBUTE
    if group == "hours" and name:
        report.refer("hours", name, key)
        return NAMED_HOURS
    if (found := FIELDS.get(field)) is None:
        hint = suggest(field, [*FIELDS, *_GROUPS, "customer.tier"], "fields")
        if field in OPERATORS:
            hint = f"it is an operator and stands behind a field, such as text: {{{field}: …}}"
        report.error(key, f"a condition has no field {field!r}; {hint}")
    return found


def _asked(field: str, subject: Subject, node: Node, report: Report) -> Any:
    """Read what is asked of a field: a value, a list, or a mapping of operators."""
    if isinstance(node, Mapping):
        if not node.entries:
            report.error(node, f"say what '{field}' should be, such as {{{subject.operators[0]}: …}}")
            return INVALID
        return _whole([_operator(field, subject, key, value, report) for key, value in node.entries])
    operator = "is"
    if isinstance(node, Sequence):
        operator = "in"
        if operator not in subject.operators:
            report.error(node, f"'{field}' takes a single value here, not a list")
            return INVALID
    return _made(field, subject, operator, node, report)


def _operator(field: str, subject: Subject, key: Scalar, node: Node, report: Report) -> Any:
    if key.raw not in subject.operators:
        what = "does not know" if key.raw in OPERATORS else "has no operator"
        report.error(key, f"'{field}' {what} {key.raw!r}; {suggest(key.raw, subject.operators, 'possible')}")
        return INVALID
    if key.raw == "not":
        inner = _asked(field, subject, node, report)
        return inner if inner is INVALID else negate(inner)
    return _made(field, subject, key.raw, node, report)


def _made(field: str, subject: Subject, operator: str, node: Node, report: Report) -> Any:
    shape: Shape = subject.operand(operator)
    if subject.flag and operator == "is" and isinstance(node, Scalar) and isinstance(node.value, bool):
        shape = Flag()
    value = shape.read(node, report)
    return INVALID if value is INVALID else subject.make(field, operator, value)


def definitions() -> dict[str, Any]:
    """Return the JSON Schemas of a condition and of each field in it, made of the same descriptions."""
    condition = {"$ref": "#/$defs/condition"}
    several = {"type": "array", "minItems": 1, "items": condition}
    groups: dict[str, Any] = {"all": several, "any": several, "not": condition}
    properties: dict[str, Any] = {name: {"description": _GROUPS[name], **groups[name]} for name in groups}
    fields = {**FIELDS, "customer": ATTRIBUTE, "hours": NAMED_HOURS}
    named = {name: {"description": field.help, "$ref": f"#/$defs/{name}"} for name, field in fields.items()}
    nested = {name: named.pop(name) for name in ("customer", "hours")}
    properties |= named
    properties |= {
        name: {"type": "object", "additionalProperties": schema} for name, schema in nested.items()
    }
    whole = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "patternProperties": {rf"^{name}\.": schema for name, schema in nested.items()},
    }
    return {"condition": whole, **{name: _definition(name, field) for name, field in fields.items()}}


def _definition(name: str, subject: Subject) -> dict[str, Any]:
    choices = [subject.item.schema()]
    if subject.flag:
        choices.append(Flag().schema())
    if "in" in subject.operators:
        choices.append({"type": "array", "minItems": 1, "items": subject.item.schema()})
    asked = {
        key: {
            "description": OPERATORS[key].help,
            **({"$ref": f"#/$defs/{name}"} if key == "not" else subject.operand(key).schema()),
        }
        for key in subject.operators
    }
    operators = {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": asked}
    return {"anyOf": [*choices, operators]}
