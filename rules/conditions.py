"""The description of `when`: which fields a condition may look at, and what may be asked of each."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from channels.message import Kind
from rules import mood, states, textual
from rules.match import Condition, negate, some
from rules.names import language
from rules.patterns import LONGEST, pattern
from rules.shape import Choice, Flag, Many, Number, Parsed, Ref, Shape, Text

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ATTRIBUTE = re.compile(r"[^\W_][\w.-]{0,63}")


class Operator(Struct, frozen=True, kw_only=True):
    """What may be asked of a field."""

    help: str
    #: What stands behind the operator; None = whatever the field itself takes.
    operand: Shape | None = None


def _limit(text: str) -> float | str:
    if _DATE.fullmatch(text):
        return text
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a number nor a date such as 2026-12-24") from None


_TERMS = Many(Text("a word or phrase"), least=1)
_PATTERNS = Many(Parsed("a regular expression", pattern, maxLength=LONGEST), least=1)
_LIMIT = Parsed("a number or date", _limit, type=["number", "string"])

OPERATORS = {
    "is": Operator(help="Equal to this; the same as writing the value alone."),
    "in": Operator(help="Equal to one of these; the same as writing the list alone."),
    "not": Operator(help="The opposite: of a value, a list, or other operators."),
    "contains_any": Operator(
        help="At least one of these words or phrases occurs; refund* also finds refunds and refunded.",
        operand=_TERMS,
    ),
    "contains_all": Operator(help="Every one of these words or phrases occurs.", operand=_TERMS),
    "matches": Operator(
        help="One of these regular expressions (RE2, case ignored) is found.", operand=_PATTERNS
    ),
    "starts_with": Operator(help="Begins with one of these texts.", operand=_TERMS),
    "greater": Operator(help="A number above this, or a date after it.", operand=_LIMIT),
    "less": Operator(help="A number below this, or a date before it.", operand=_LIMIT),
}

_FLAGS = ("is", "not")
_NAMES = ("is", "in", "not")
_TEXTS = (*_NAMES, "contains_any", "contains_all", "matches", "starts_with")
_AMOUNTS = (*_NAMES, "greater", "less")

#: Builds the condition of (field, operator, operand); never called with `not`.
Make = Callable[[str, str, Any], Condition]


class Subject(Struct, frozen=True, kw_only=True):
    """A field that a condition may look at."""

    help: str
    item: Shape
    operators: Sequence[str] = _TEXTS
    make: Make
    #: A plain true or false is possible too, and asks whether there is anything.
    flag: bool = False

    def operand(self, operator: str) -> Shape:
        """Return what may stand behind an operator."""
        special = OPERATORS[operator].operand
        if special is not None and not (special is _LIMIT and isinstance(self.item, Number)):
            return special
        return Many(self.item, least=1) if operator == "in" else self.item


def _text(field: str, operator: str, value: Any) -> Condition:
    values = value if isinstance(value, tuple) else (value,)
    match operator:
        case "contains_any" | "contains_all":
            return textual.contains(field, values, all_of=operator == "contains_all")
        case "matches":
            return textual.matches(field, values)
        case "starts_with":
            return textual.starts(field, values)
        case "greater" | "less":
            make = states.dated if isinstance(value, str) else states.amount
            return make(field, operator, value)
        case _:
            return textual.equals(field, values)


def _count(field: str, operator: str, value: Any) -> Condition:
    if operator == "in":
        return some([states.amount(field, "is", each) for each in value])
    return states.amount(field, operator, value)


def _flag(field: str, _operator: str, value: Any) -> Condition:
    return states.flag(field, wanted=value)


def _files(field: str, operator: str, value: Any) -> Condition:
    return states.flag(field, wanted=value) if isinstance(value, bool) else _text(field, operator, value)


def _matter(_field: str, _operator: str, value: Any) -> Condition:
    if isinstance(value, bool):
        anything = states.sensitive(mood.KINDS)
        return anything if value else negate(anything)
    return states.sensitive(value if isinstance(value, tuple) else (value,))


def _hours(field: str, _operator: str, value: Any) -> Condition:
    return states.opened(field.partition(".")[2], wanted=value == "open")


_STATE = Choice(["open", "closed"])
_ANY = Text("a text", most=500, empty=True)


def _texts(help: str) -> Subject:
    return Subject(help=help, item=_ANY, make=_text)


def _names(help: str, item: Shape) -> Subject:
    return Subject(help=help, item=item, operators=_NAMES, make=_text)


def _flags(help: str) -> Subject:
    return Subject(help=help, item=Flag(), operators=_FLAGS, make=_flag)


FIELDS = {
    "channel": _names("The channel it came by.", Ref("channel")),
    "account": _texts("The account it came to: a mailbox, page, number or site."),
    "text": _texts("What the customer wrote this time, quoted text removed."),
    "subject": _texts("The subject line."),
    "content": _texts("Subject and text together."),
    "sender": _texts("The sender's address."),
    "sender_name": _texts("The name that the sender gives."),
    "language": _names(
        'The language of the message as a two-letter code; "" when it cannot be told.',
        Parsed("a language", lambda text: text and language(text), empty=True),
    ),
    "kind": _names("What the message is.", Choice([str(kind) for kind in Kind])),
    "attachments": Subject(
        help="True when there are any; else what their names and content types are.",
        item=_ANY,
        make=_files,
        flag=True,
    ),
    "previous_owner": _names(
        'The agent who had this customer last; "" for nobody.', Ref("agent", empty=True)
    ),
    "unanswered": Subject(
        help="How many messages came since a person last answered, this one included.",
        item=Number(0, 10_000),
        operators=_AMOUNTS,
        make=_count,
    ),
    "reopened": _flags("The conversation had been resolved before."),
    "promise_broken": _flags("A promised time passed without an answer."),
    "upset": _flags("The customer sounds upset."),
    "sensitive": Subject(
        help="The text touches a matter that no automatic words should answer: true, or some kinds.",
        item=Choice(mood.KINDS),
        operators=_NAMES,
        make=_matter,
        flag=True,
    ),
    "time": Subject(
        help="Whether the hours of the channel, else of its queue, are open.",
        item=_STATE,
        operators=_FLAGS,
        make=_hours,
    ),
}

#: Fields named `customer.` and an attribute, or `hours.` and the name of hours.
ATTRIBUTE = Subject(
    help="What is known of the customer, such as customer.tier.",
    item=_ANY,
    operators=(*_TEXTS, "greater", "less"),
    make=_text,
)
NAMED_HOURS = Subject(help="Whether these hours are open.", item=_STATE, operators=_FLAGS, make=_hours)


def attribute(text: str) -> str:
    """Return the name of a customer's attribute; raises ValueError."""
    if not _ATTRIBUTE.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be the name of an attribute: use letters, digits, - and _, such as tier"
        )
    return text
