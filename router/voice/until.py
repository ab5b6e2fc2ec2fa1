"""I need until…: whoever answers for a promised time says another one, and the customer hears it where they must."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from channels.port import Clock
from router import quoting, steps
from router.conversation import (
    WAITED_FOR,
    Agent,
    Conversation,
    Item,
    NoteKind,
    Promise,
    PromiseState,
    Why,
    promise_stage,
    promise_told,
)
from router.engine.rounding import SOONEST, Dial, grid
from router.errors import ActionError, Conflict, Forbidden, NotFound
from router.house import House
from router.journal import changed, event
from router.keeping import renewal
from router.ports import Commit, Events, Hint, Store
from router.promise import Quote
from router.sending import outbox
from router.voice import speakers as voices
from rules.model import Person
from rules.wording import WordingError

#: How often a race that leaves the step possible is run again.
ROUNDS = 10
#: Nobody asks for longer than this: it is a slip of the hand.
LONGEST = timedelta(days=31)

REWORDED = "The note has not left yet. It names the new time."
TOLD = "The customer is told the new time."
EARLIER = "The customer was told a later time, and that stands. You are reminded in time for yours."
SAME = "That is the time that the customer was told."
STANDS = "The note about a later time has not left, and is not sent. What the customer was told stands."
WARNED = "The customer was told a later time, and that stands."


class Wanted(Struct, frozen=True, kw_only=True):
    """By when somebody will answer."""

    agent: str
    #: They lead: then it may be anybody's time.
    lead: bool = False
    until: datetime
    #: The version of the conversation that they saw; None = whatever it is.
    version: int | None = None


class Answered(Struct, frozen=True, kw_only=True):
    """What became of it."""

    conversation: Conversation
    #: In a sentence.
    says: str


class Asker:
    """Takes another time down, by compare-and-set."""

    def __init__(self, store: Store, events: Events, clock: Clock, house: Callable[[], House]) -> None:
        """Take the parts."""
        self._store, self._events, self._clock, self._house = store, events, clock, house

    async def ask(self, id: str, wanted: Wanted) -> Answered:
        """Say another time. Raises ActionError, Conflict, Forbidden, NotFound."""
        for _ in range(ROUNDS):
            before = await self._store.conversation(id)
            if before is None:
                raise NotFound("There is no such conversation.")
            now = self._clock.now()
            found = asked(self._house(), before, await self._store.agents(), wanted, now)
            if found.conversation is before:
                return found
            at = wanted.until.isoformat()
            line = event(before, now, "until", agent=wanted.agent, subject=before.waiting_on, until=at)
            change = changed(before, found.conversation, events=[line])
            if (await self._store.commit(Commit(changes=[change]))).changes[0]:
                done = change.conversation
                kind = "outbox" if done.send_at is not None else "conversation"
                self._events.publish([Hint(kind=kind, id=done.id, version=done.version)])
                return replace(found, conversation=done)
        raise Conflict


def asked(
    house: House, one: Conversation, agents: Mapping[str, Agent], wanted: Wanted, now: datetime
) -> Answered:
    """Return the conversation with the other time, and what the customer hears of it. Raises ActionError.

    A note that has not left names it; one that has left is followed by another where the time is later. An
    earlier time is the person's own: the one that the customer was told goes on. Unlike a time that is
    reckoned, it may lie outside the person's hours: they say so themselves.
    """
    made = _running(house, one, wanted)
    voice = voices.speaker(house, one, agents, now) or house.book.person(made.by)
    if voice is None:
        raise ActionError("Whoever promised it no longer stands in the rules. Take it, then try again.")
    at = _rounded(house, one, wanted.until.astimezone(UTC), now)
    quote = Quote(at=at, late=_late(one, at, now), explanation=(_why(house, wanted, at, now),))
    note = _unsent(one, made)
    heard = _heard(one, note, now)
    if heard is not None and heard.promise is not None and at <= heard.promise.at:
        stands = Answered(conversation=heard, says=STANDS)
        return stands if at == heard.promise.at else _reminded(house, heard, quote, now)
    try:
        if note is not None:
            return _reworded(house, one, note, (voice, quote), now)
    except WordingError as error:
        raise ActionError(f"No words were found for that time: {error}") from None
    if at == made.at:
        return Answered(conversation=one, says=SAME)
    return _reminded(house, one, quote, now) if at < made.at else _told(house, one, (voice, quote), now)


def _running(house: House, one: Conversation, wanted: Wanted) -> Promise:
    """Return the promise that is spoken of. Raises ActionError where there is none, or it is not theirs."""
    made = one.promise
    if made is None or made.state is not PromiseState.MADE or one.waiting_since is None:
        raise Conflict("No promised time runs here any more.")
    if one.status not in WAITED_FOR:
        raise Conflict("An answer is on its way to the customer.")
    mine = {made.by, one.owner, one.accountable, house.book.queue(one.queue).lead}
    if not wanted.lead and wanted.agent not in mine:
        raise Forbidden("Only whoever promised the time, has the work or leads can say another one.")
    if wanted.version is not None and one.news > wanted.version:
        raise Conflict("Something came in meanwhile. Look again, then say a time.")
    return made


def _rounded(house: House, one: Conversation, until: datetime, now: datetime) -> datetime:
    """Return the first time people say from then on, inside the provider's window. Raises ActionError."""
    if until <= now + SOONEST:
        raise ActionError("Say a time that lies more than a minute ahead.")
    if until > now + LONGEST:
        raise ActionError(f"Say a time within {LONGEST.days} days.")
    window = quoting.window_until(house, one, now)
    if window is not None and until > window:
        raise ActionError("The provider takes no answer that late. Say an earlier time, or answer first.")
    account = house.account(one.channel, one.account)
    zone = house.zone(wanted=one.zone, account=account)
    dial = Dial(now, zone, quoting.STEPS.get(account.style, 1))
    return dial.up(until, house.book.calendar("always"), window)


def _late(one: Conversation, at: datetime, now: datetime) -> bool:
    return one.due_at is not None and at - one.due_at > timedelta(minutes=grid(at - now))


def _why(house: House, wanted: Wanted, at: datetime, now: datetime) -> str:
    person = house.book.person(wanted.agent)
    name = person.name if person is not None else wanted.agent
    return f"{name} said by when; rounded up to a time people say, in steps of {grid(at - now)} min."


def _unsent(one: Conversation, made: Promise) -> Item | None:
    """Return the note that is to tell the promise, if it has not left."""
    if promise_told(one):
        return None
    return next((item for item in one.outbox if item.at == made.made_at and outbox.waits(item)), None)


def _heard(one: Conversation, note: Item | None, now: datetime) -> Conversation | None:
    """Return it without the note about another time that has not left, where the time said before goes on then.

    Whoever has just said by when they answer is not warned of it a second time.
    """
    if note is None or note.note is not NoteKind.RENEWAL:
        return None
    back = outbox.cancel(one, note, "the time said before can be kept after all", now)
    if back.promise is None or not promise_told(back):
        return None
    while (stage := promise_stage(back)) is not None and stage[1] <= now:
        back = replace(back, warned=stage[0])
    return back


def _reworded(
    house: House, one: Conversation, note: Item, said: tuple[Person, Quote], now: datetime
) -> Answered:
    """Let the note that waits name the time: nobody heard the other one. Raises WordingError."""
    person, quote = said
    before = one.promise.renewals if one.promise is not None else 0
    made = replace(quoting.promised(house, one, person, quote, now), renewals=before)
    done = outbox.reworded(house, replace(one, promise=made), note, now)
    if note.note is NoteKind.RENEWAL:
        done = steps.amend(done, note.id, useful_until=quote.at)
    return Answered(conversation=done, says=REWORDED)


def _reminded(house: House, one: Conversation, quote: Quote, now: datetime) -> Answered:
    """Keep what the customer was told, and warn people by the earlier time; once all were warned nobody is again."""
    made = one.promise
    person = house.book.person(made.by) if made is not None else None
    if made is None or person is None or one.warned == "renew":
        return Answered(conversation=one, says=WARNED)
    sooner = quoting.promised(house, one, person, quote, now)
    renew_at = made.renew_at or made.at
    reminded = replace(
        made, warn_at=_first(sooner.warn_at, renew_at), lead_at=_first(sooner.lead_at, renew_at)
    )
    return Answered(conversation=replace(one, promise=reminded, warned=""), says=EARLIER)


def _first(at: datetime | None, renew_at: datetime) -> datetime:
    """Return when to warn: not later than it is looked at whether the customer must be told."""
    return renew_at if at is None else min(at, renew_at)


def _told(house: House, one: Conversation, said: tuple[Person, Quote], now: datetime) -> Answered:
    """Promise the later time: in a note, or in words laid before a person."""
    person, quote = said
    done = renewal.renewed(house, one, person, quote, Why.ASKED, now)
    if done.prepared is not None and done.prepared != one.prepared:
        laid = done.prepared
        says = f"No note may say it, because {laid.reason}. Its words lie ready for a person to send."
        return Answered(conversation=done, says=says)
    if done.promise == one.promise:
        raise ActionError("No words were found for that time. Please write to the customer yourself.")
    return Answered(conversation=done, says=TOLD)
