"""What notes say: every text filled in, with the linter's verdict and where it stands."""

import asyncio

from msgspec import Struct

from channels import registry
from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.failures import Invalid
from router.desk.views import PersonView
from rules.names import suggest
from rules.preview import PARTS, Shown, shown
from rules.sampling import Wanted
from rules.texts import KINDS

table = Table("Note texts")

ADDRESSES = ("formal", "informal")


class TextQuery(Struct, frozen=True, kw_only=True):
    """Which texts are to be seen."""

    #: A code such as `da`; "" = the first there is.
    language: str = ""
    #: Only what is read on this channel; "" = everywhere.
    channel: str = ""
    #: A kind of note, or a part of the file beside the notes.
    kind: str = "first"
    #: formal or informal; "" = both, where the words differ.
    address: str = ""
    #: As notes in this agent's name read; "" = everybody's texts and all own ones.
    agent: str = ""


class ShownText(Struct, frozen=True, kw_only=True):
    """One text with example values."""

    kind: str
    #: owner or duty; of a part: its name in the file.
    voice: str
    style: str
    #: "" = it serves every tone.
    tone: str
    address: str
    #: The agent's own words.
    own: bool
    #: Says itself that it is sent automatically.
    disclosed: bool
    text: str
    #: What the linter refuses in it.
    faults: list[str]
    #: File and line.
    where: str


class ChannelStyle(Struct, frozen=True, kw_only=True):
    """How notes read on a channel: mail, chat, public or spoken."""

    channel: str
    style: str


class NoteTexts(Struct, frozen=True, kw_only=True):
    """The texts asked for, and what there is to choose from."""

    language: str
    languages: list[str]
    kinds: list[str]
    parts: list[str]
    channels: list[ChannelStyle]
    agents: list[PersonView]
    texts: list[ShownText]


@table.get("/wording", Role.LEAD)
async def wording(call: Call, query: TextQuery) -> NoteTexts:
    """Return what notes say, as customers would read it."""
    house, book = call.parts.house(), call.parts.book()
    words = house.wording
    language = _known(query.language or words.languages[0], words.languages, "language")
    styles = {one: registry.manifest(one).capabilities.style for one in registry.names()}
    agent = _known(query.agent, tuple(book.people), "agent")
    wanted = Wanted(
        kind=_known(query.kind, (*KINDS, *PARTS), "kind"),
        style=styles[_known(query.channel, tuple(styles), "channel")] if query.channel else "",
        address=_known(query.address, ADDRESSES, "form of address"),
        agent=agent,
        person=book.people[agent].name if agent else "",
    )
    found = await asyncio.to_thread(
        shown, words, language, wanted
    )  # hundreds of texts, each held by the linter
    people = (views.person(book, one) for one in book.people)
    return NoteTexts(
        language=language,
        languages=list(words.languages),
        kinds=list(KINDS),
        parts=list(PARTS),
        channels=[ChannelStyle(channel=name, style=style) for name, style in styles.items()],
        agents=[one for one in people if one is not None],
        texts=[_view(one) for one in found],
    )


def _known(word: str, known: tuple[str, ...], what: str) -> str:
    if word and word not in known:
        raise Invalid(f"There is no {what} called {word!r}; {suggest(word, known)}.")
    return word


def _view(one: Shown) -> ShownText:
    return ShownText(
        kind=one.kind,
        voice=one.voice,
        style=one.style,
        tone=one.tone,
        address=one.address,
        own=one.own,
        disclosed=one.disclosed,
        text=one.text,
        faults=list(one.faults),
        where=one.where,
    )
