"""The small language of note texts: `{name}`, `{formal|informal}` and `[left out when a name in it is empty]`."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

_MARK = re.compile(r"[{}\[\]]")


class Broken(ValueError):
    """A text is not well formed; `offset` says where, counted in characters from 0."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.offset = offset


class Missing(LookupError):
    """A text needs a value that was not given."""


class Place(Struct, frozen=True):
    """Where a value goes."""

    name: str


class Either(Struct, frozen=True):
    """Words that depend on how the customer is addressed."""

    formal: str
    informal: str


class Optional(Struct, frozen=True):
    """A part that is left out when one of the names in it has no value."""

    parts: tuple["str | Place | Either", ...]


Part: TypeAlias = str | Place | Either | Optional


class Template(Struct, frozen=True):
    """A text, taken apart once."""

    source: str
    parts: tuple[Part, ...]

    @property
    def names(self) -> frozenset[str]:
        """Return every name that the text uses."""
        return frozenset(place.name for place in _places(self.parts))

    @property
    def needed(self) -> frozenset[str]:
        """Return the names without which the text cannot be rendered."""
        return frozenset(part.name for part in self.parts if isinstance(part, Place))

    @property
    def varies(self) -> bool:
        """Tell whether the words depend on how the customer is addressed."""
        return any(isinstance(part, Either) for part in _flat(self.parts))

    def render(self, values: Mapping[str, str], *, formal: bool) -> str:
        """Return the text with the values filled in. Raises Missing, naming what is empty."""
        return "".join(self._pieces(self.parts, values, formal=formal))

    def _pieces(self, parts: tuple[Part, ...], values: Mapping[str, str], *, formal: bool) -> Iterator[str]:
        for part in parts:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Either):
                yield part.formal if formal else part.informal
            elif isinstance(part, Place):
                if not (value := values.get(part.name, "")):
                    raise Missing(f"the text {self.source!r} needs {{{part.name}}}, and there is none")
                yield value
            elif all(values.get(place.name) for place in _places(part.parts)):
                yield from self._pieces(part.parts, values, formal=formal)


def template(source: str, *, names: Collection[str]) -> Template:
    """Take a text apart. Raises Broken when it is not well formed or uses an unknown name."""
    parts: list[Part] = []
    inner: list[str | Place | Either] | None = None
    at = opened = 0
    while mark := _MARK.search(source, at):
        target = parts if inner is None else inner
        if mark.start() > at:
            target.append(source[at : mark.start()])
        at = mark.end()
        if mark.group() == "{":
            end = source.find("}", at)
            if end < 0:
                raise Broken("this { is never closed; write {name} or {formal|informal}", mark.start())
            target.append(_braces(source[at:end], mark.start(), names))
            at = end + 1
        elif mark.group() == "[" and inner is None:
            inner, opened = [], mark.start()
        elif mark.group() == "]" and inner is not None:
            parts.append(_optional(tuple(inner), opened))
            inner = None
        else:
            raise Broken(_STRAY[mark.group()], mark.start())
    if inner is not None:
        raise Broken("this [ is never closed; an optional part ends with ]", opened)
    return Template(source, (*parts, source[at:]) if source[at:] else tuple(parts))


_STRAY = {
    "}": "this } closes nothing; write {name}",
    "]": "this ] closes nothing; an optional part begins with [",
    "[": "an optional part cannot stand in another; close the first [ before",
}


def _braces(inside: str, offset: int, names: Collection[str]) -> Place | Either:
    if "|" in inside:
        formal, informal = inside.split("|", 1)
        if "|" in informal or "{" in inside or "[" in inside:
            raise Broken("write exactly two choices, {formal|informal}, of plain words", offset)
        return Either(formal, informal)
    if inside in names:
        return Place(inside)
    near = difflib.get_close_matches(inside, sorted(names), 1, cutoff=0.5)
    advice = (
        f"did you mean {{{near[0]}}}?"
        if near
        else "known: " + " ".join(f"{{{name}}}" for name in sorted(names))
    )
    raise Broken(f"nothing is called {{{inside}}}; {advice}", offset)


def _optional(parts: tuple["str | Place | Either", ...], offset: int) -> Optional:
    if not any(isinstance(part, Place) for part in parts):
        raise Broken("an optional part needs a {name}, which decides whether it is left out", offset)
    return Optional(parts)


def _places(parts: tuple[Part, ...]) -> Iterator[Place]:
    return (part for part in _flat(parts) if isinstance(part, Place))


def _flat(parts: tuple[Part, ...]) -> Iterator[str | Place | Either]:
    for part in parts:
        if isinstance(part, Optional):
            yield from part.parts
        else:
            yield part
