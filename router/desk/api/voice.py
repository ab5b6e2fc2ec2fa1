"""Notes in my name: which texts I agree to, what went out, and by when I answer instead."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from channels import registry
from router.conversation import Conversation, PromiseState, promise_told
from router.desk import views
from router.desk.accounts import Role
from router.desk.api.conversations import find
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.failures import Invalid
from router.desk.views import ConversationView, WorkView
from router.errors import Conflict, Forbidden, NotFound
from router.house import House
from router.sending import outbox
from router.voice import consent, specimens
from router.voice.consent import Consent
from router.voice.specimens import Specimen
from router.voice.until import Asker, Wanted
from rules.model import Person

table = Table("My notes")

#: Most conversations of each kind looked at for what runs in my name, the most urgent ones.
MOST = 200


class TextView(Struct, frozen=True, kw_only=True):
    """A note as a customer would read it."""

    kind: str
    #: When it goes out.
    when: str
    #: True when it says "I'll answer", False when it says "I'll see to it that you have an answer".
    owner: bool
    language: str
    text: str


class ChannelVoice(Struct, frozen=True, kw_only=True):
    """Whether notes go out in my name on a channel, and how they read."""

    channel: str
    title: str
    agreed: bool
    #: Since when; null where I have not agreed.
    since: datetime | None
    #: True where the texts say something else than those that I had seen.
    changed: bool
    #: Names the texts; send it along with a yes.
    version: str
    texts: list[TextView]


class Voice(Struct, frozen=True, kw_only=True):
    """Notes in my name."""

    #: False for a made-up team, whose people nobody asks.
    asked: bool
    channels: list[ChannelVoice]


class Agreement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether notes may go out in my name."""

    agreed: bool
    #: The version of the texts that I saw, which a yes must name: refused when they read differently now.
    version: str = ""


class Running(Struct, frozen=True, kw_only=True):
    """What was promised in my name and runs, the nearest first."""

    notes: list[WorkView]
    #: Worded in my name, and not sent yet: the note waits for the customer's morning, or for the provider.
    waiting: list[WorkView]


class MoreTime(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By when I answer."""

    #: Rounded up to a time people say.
    until: datetime
    #: The conversation's version that was on screen: refused when something came in since.
    version: int | None = None


class Said(Struct, frozen=True, kw_only=True):
    """What became of another time."""

    #: In a sentence: what the customer hears of it.
    says: str
    conversation: ConversationView


@table.get("/me/voice", Role.AGENT)
async def voice(call: Call) -> Voice:
    """Return on which channels I agreed to notes in my name, and how they read."""
    house, person = call.parts.house(), _person(call)
    await consent.settled(call.parts.store, person.id)
    known = consent.said(await call.parts.store.record(consent.KIND, person.id))
    channels = [await _channel(house, person, one, known) for one in _channels(house)]
    return Voice(asked=house.voices is not None, channels=channels)


@table.put("/me/voice/{channel}", Role.AGENT)
async def agree(call: Call, channel: str, body: Agreement) -> ChannelVoice:
    """Agree to notes in my name on a channel, or withdraw it: within a second no more go out."""
    house, person, store = call.parts.house(), _person(call), call.parts.store
    if channel not in _channels(house):
        raise NotFound(f"No account is set up on a channel {channel[:40]!r}.")
    now = call.parts.clock.now()
    if body.agreed and not body.version:
        raise Invalid("Send `version` along with a yes: it names the texts that you have read.")
    if body.agreed:
        seen = specimens.version(await _texts(house, person, channel))
        if body.version != seen:
            raise Conflict("The texts were changed meanwhile. Read them again, then agree.")
        await consent.agree(store, person.id, channel, Consent(at=now, version=seen))
    else:
        await consent.withdraw(store, person.id, channel, now)
    known = consent.said(await store.record(consent.KIND, person.id))
    return await _channel(house, person, channel, known)


@table.get("/me/notes", Role.AGENT)
async def notes(call: Call) -> Running:
    """Return the times that customers were told in my name and still wait for, and notes that have yet to leave."""
    book, agent, store = call.parts.book(), call.agent, call.parts.store
    near = [*await store.mine(agent, MOST), *await store.watched(agent, MOST)]
    for status in ("open", "snoozed"):  # where I stand in for the owner
        near += await store.listed(status=status, queue="", limit=MOST, after="")
    found = {one.id: one for one in near}
    mine = [one for one in found.values() if _runs_for(one, agent)]
    mine.sort(key=lambda one: (one.promise.at if one.promise else one.updated_at, one.id))
    return Running(
        notes=[views.work(book, one) for one in mine if promise_told(one)],
        waiting=[views.work(book, one) for one in mine if _waits(one)],
    )


@table.post("/conversations/{id}/until", Role.AGENT)
async def until(call: Call, id: str, body: MoreTime) -> Said:
    """Say that I need until then, or will be done by then; the customer hears of a later time."""
    if body.until.tzinfo is None:
        raise Invalid("`until` must carry a zone, as in 2026-11-23T18:00:00Z.")
    parts = call.parts
    wanted = Wanted(
        agent=call.agent, lead=call.who.user.may(Role.LEAD), until=body.until, version=body.version
    )
    asker = Asker(parts.store, parts.events, parts.clock, parts.house)
    done = await asker.ask((await find(call, id)).id, wanted)
    return Said(says=done.says, conversation=views.conversation(parts.book(), done.conversation))


def missing(house: House, agent: str) -> list[str]:
    """Return the channels on which no note may go out in the agent's name yet."""
    return [one for one in _channels(house) if not house.speaks(agent, one)]


def _runs_for(one: Conversation, agent: str) -> bool:
    made = one.promise
    return made is not None and made.by == agent and made.state is PromiseState.MADE


def _waits(one: Conversation) -> bool:
    """Tell whether the note that is to tell the promise has yet to leave."""
    made = one.promise
    if made is None or promise_told(one):
        return False
    return any(item.at == made.made_at and outbox.waits(item) for item in one.outbox)


def _person(call: Call) -> Person:
    person = call.parts.book().person(call.agent)
    if person is None:
        raise Forbidden("You do not stand in the rules any more.")
    return person


def _channels(house: House) -> list[str]:
    """Return the channels that are set up: by rules and hand-overs work of any of them may reach anybody."""
    return list(dict.fromkeys(channel for channel, _ in house.accounts))


async def _texts(house: House, person: Person, channel: str) -> list[Specimen]:
    """Word the texts beside the loop: that takes a moment."""
    return await asyncio.to_thread(specimens.of, house, person, channel)


async def _channel(house: House, person: Person, channel: str, known: Mapping[str, Consent]) -> ChannelVoice:
    texts = await _texts(house, person, channel)
    version, mine = specimens.version(texts), known.get(channel)
    return ChannelVoice(
        channel=channel,
        title=registry.manifest(channel).title,
        agreed=mine is not None,
        since=mine.at if mine is not None else None,
        changed=mine is not None and mine.version != version,
        version=version,
        texts=[
            TextView(kind=one.kind, when=one.when, owner=one.owner, language=one.language, text=one.text)
            for one in texts
        ],
    )
