"""Reads what a language's file has besides the notes: agents' own voices, the link's sentences, the customer's page."""

from itertools import product

from msgspec import Struct

from rules.grove import Grove, Place, resolved
from rules.names import name
from rules.nodes import Mapping, Node, Scalar, describe
from rules.pagewords import PAGE
from rules.template import Template

#: Styles that can carry a link: nobody hears one, and in public it would be everybody's.
LINKED = ("mail", "chat")
_VOICE_KEYS = ("notes", "signature")


class Voice(Struct, frozen=True, kw_only=True):
    """Where an agent's own words stand, before they are read as notes."""

    agent: str
    #: None = they have no notes of their own.
    notes: Node | None
    #: By style; what is not there is signed as everybody signs.
    signature: dict[str, Template]
    place: Place


def voices(grove: Grove, node: Node, styles: tuple[str, ...], signed: frozenset[str]) -> list[Voice]:
    """Return the agents who have words of their own."""
    found = []
    if isinstance(node, Mapping):
        for key, _ in node.entries:
            try:
                name(key.raw)
            except ValueError as error:
                grove.fault(key, str(error))
    keys = {key.raw: key for key, _ in node.entries} if isinstance(node, Mapping) else {}
    for agent, below in grove.known(node, None, "voices").items():
        given = grove.known(below, _VOICE_KEYS, f"the voice of {agent}")
        found.append(
            Voice(
                agent=agent,
                notes=given.get("notes"),
                signature=_signature(grove, given["signature"], styles, signed)
                if "signature" in given
                else {},
                place=Place(grove.origin(below), keys[agent]),
            )
        )
    return found


def _signature(
    grove: Grove, node: Node, styles: tuple[str, ...], signed: frozenset[str]
) -> dict[str, Template]:
    """Return how somebody signs, by style."""
    grove.checked(node, (styles,))
    made = {}
    for (style,) in product(styles):
        leaf = resolved(node, (style,))
        if isinstance(leaf, Scalar):
            made[style] = grove.text(leaf, signed)
        elif leaf is not None:
            grove.fault(leaf, f"one text is needed here, not {describe(leaf)}")
    return made


def linked(grove: Grove, node: Node) -> dict[str, Template]:
    """Return the sentences that carry a link, by style."""
    made = grove.table(node, LINKED, names={"link"})
    for text in made.values():
        if "link" not in text.needed:
            grove.fault(node, "{link} must stand in it, outside [ ]")
    return {style: text for (style,), text in made.items()}


def page(grove: Grove, node: Node) -> dict[str, Template]:
    """Return the texts of the customer's page."""
    given = grove.known(node, PAGE, "page")
    if missing := [key for key in PAGE if key not in given]:
        grove.fault(node, f"page needs {', '.join(missing)}; compare with the shipped file")
    made = {}
    for key, text in ((key, given[key]) for key in PAGE if key in given):
        made[key] = grove.text(text, PAGE[key])
        if not made[key].source.strip():
            grove.fault(text, "the text is empty; write one")
        elif lost := sorted(PAGE[key] - made[key].needed):
            grove.fault(text, f"{{{lost[0]}}} must stand in it, outside [ ]")
    return made
