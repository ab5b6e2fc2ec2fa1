"""Words laid before a person, which software may not send: they go out as that person's own, or are put away."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.port import Clock
from router import steps
from router.conversation import (
    WAITED_FOR,
    Conversation,
    Event,
    Item,
    NoteKind,
    Prepared,
    Why,
    note_id,
)
from router.errors import ActionError, Conflict, Forbidden, NotFound
from router.house import House
from router.journal import changed, event
from router.keeping.renewal import replaced
from router.ports import Commit, Events, Hint, Store
from router.promise import Quote
from router.reading.subject import reply_subject
from rules.called import first_name
from rules.model import Person

#: How often a race that leaves the step possible is run again.
ROUNDS = 10
#: Nobody is told a time that is over before they have read it.
SOONEST = timedelta(minutes=1)


class Laid:
    """What a person does with the words, by compare-and-set."""

    def __init__(self, store: Store, events: Events, clock: Clock, house: Callable[[], House]) -> None:
        """Take the parts."""
        self._store, self._events, self._clock, self._house = store, events, clock, house

    async def send(
        self, id: str, *, agent: str, text: str = "", seen: datetime | None = None
    ) -> Conversation:
        """Send the words as the agent's own, or other words about the same time; the same twice sends once.

        `seen` tells when the words that the agent saw were laid. The customer goes on waiting: it says another
        time, and answers nothing. Raises Conflict (also where other words lie there by now), Forbidden, ActionError.
        """
        person, now = self._person(agent), self._clock.now()
        return await self._change(id, lambda one: sent(self._house(), one, (person, text, seen), now))

    async def drop(self, id: str, *, agent: str) -> Conversation:
        """Put the words away: whoever has it writes themselves."""
        self._person(agent)
        now = self._clock.now()
        return await self._change(id, lambda one: dropped(one, agent, now))

    def _person(self, agent: str) -> Person:
        person = self._house().book.person(agent)
        if person is None:
            raise Forbidden("Only people who stand in the rules as agents can do this.")
        return person

    async def _change(
        self, id: str, step: Callable[[Conversation], tuple[Conversation, list[Event]]]
    ) -> Conversation:
        for _ in range(ROUNDS):
            before = await self._store.conversation(id)
            if before is None:
                raise NotFound("There is no such conversation.")
            after, lines = step(before)
            if after is before:
                return before
            change = changed(before, after, events=lines)
            if (await self._store.commit(Commit(changes=[change]))).changes[0]:
                done = change.conversation
                kind = "outbox" if done.send_at is not None else "conversation"
                self._events.publish([Hint(kind=kind, id=done.id, version=done.version)])
                return done
        raise Conflict


def sent(
    house: House, one: Conversation, said: tuple[Person, str, datetime | None], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Let the words leave in the person's name, and promise the time that they name.

    `said` is who sends, in what words ("" = as they were laid), and when the words that they saw were laid.
    """
    person, text, seen = said
    laid = one.prepared
    if _sent_already(one, seen):
        return one, []
    if laid is None:
        raise Conflict("These words were sent or put away meanwhile.")
    if seen is not None and seen != laid.at:
        raise Conflict("Other words about another time lie there by now. Look again, then send.")
    if one.status not in WAITED_FOR or steps.answer_on_its_way(one):
        raise Conflict("An answer is on its way to the customer; these words are not needed any more.")
    if laid.promise_at <= now + SOONEST:
        raise ActionError("The time in these words is over. Please write to the customer yourself.")
    text = text.strip() or laid.text
    other = house.book.person(laid.by)
    if other is not None and other.id != person.id and _as_somebody_else(text, laid.text, other, person):
        raise ActionError(f"These words are in {other.name}'s name. Say them in your own name, then send.")
    quote = Quote(at=laid.promise_at, late=_late(one, laid), explanation=_why(person, laid))
    told = replaced(house, one, person, quote, Why(laid.why) if laid.why else Why.HELD_LONG, now)
    item = _item(one, person, text, laid, now)
    return steps.enqueue(told, item), [event(one, now, "told", agent=person.id, subject=item.id)]


def dropped(one: Conversation, agent: str, now: datetime) -> tuple[Conversation, list[Event]]:
    """Put the words away."""
    if one.prepared is None:
        return one, []
    line = event(one, now, "words put away", agent=agent, subject=one.waiting_on)
    return replace(one, prepared=None), [line]


def _as_somebody_else(text: str, laid: str, other: Person, person: Person) -> bool:
    """Tell whether the words would say of the person that they are the other one, for whom they were laid out."""
    if not _names(text, other):
        return False
    return text == laid.strip() or not _names(text, person)


def _names(text: str, person: Person) -> bool:
    return re.search(rf"\b{re.escape(first_name(person.name))}\b", text, re.IGNORECASE) is not None


def _item(one: Conversation, person: Person, text: str, laid: Prepared, now: datetime) -> Item:
    """Return the entry: in a person's name like an answer, but it ends no wait."""
    cited = steps.cited(one)
    return Item(
        id=_id(one, laid.at),
        seq=0,
        at=now,
        update=True,
        author=person.id,
        author_name=person.name,
        text=text,
        subject=reply_subject(one.subject),
        language=laid.language,
        to=one.contact,
        in_reply_to=cited[-1] if cited else "",
        references=cited,
        next_at=now,
    )


def _id(one: Conversation, laid_at: datetime) -> str:
    """Return the id under which the words leave: the same however often they are sent."""
    return "u_" + note_id(one.id, f"{one.waiting_on}\n{laid_at.isoformat()}", NoteKind.RENEWAL)[2:]


def _sent_already(one: Conversation, seen: datetime | None) -> bool:
    """Tell whether these very words were sent; whoever does not say which they saw means the last ones."""
    if seen is not None:
        return steps.item_of(one, _id(one, seen)) is not None
    since = one.waiting_since
    return one.prepared is None and any(
        item.update and since is not None and item.at >= since for item in one.outbox
    )


def _late(one: Conversation, laid: Prepared) -> bool:
    return one.due_at is not None and laid.promise_at > one.due_at


def _why(person: Person, laid: Prepared) -> tuple[str, ...]:
    return (f"{person.name} said it themselves, because no software might: {laid.reason}.",)
