"""What a tap on a note's link does: where the matter stands, and the customer's choice by compare-and-set."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from channels.message import Message
from channels.port import Clock
from router import steps, tokens
from router.claims import free
from router.conversation import Agent, Conversation, SendState, Status, promise_told
from router.errors import ActionError, Conflict
from router.house import House
from router.journal import changed, event
from router.keeping.shortfall import why
from router.ports import Commit, Events, Hint, Store
from router.taps import link as tap
from router.taps import suits, wishes
from router.taps.behind import CHOICES, Looked, Stand, reopening_key, standing
from router.taps.link import Purpose

#: How often a race that changes nothing of substance is run again.
ROUNDS = 10
#: A note that is just leaving is waited for so often, for so long (seconds): what it says must not arrive later.
HELD, HELD_S = 20, 0.25
#: How often a customer may change what they say in one wait; then they write.
MOST_WISHES = 12
#: Merges followed from the conversation that the note was about.
FOLLOWED = 5


class Choice(Struct, frozen=True, kw_only=True):
    """What the customer says."""

    #: later, urgent, picked, solved, undone or open.
    kind: str
    #: The time, for picked.
    at: datetime | None = None
    #: What is still open, in their words; and the words of the button that says so.
    text: str = ""
    label: str = ""


class NotThen(ActionError):
    """Nobody can answer by that time. Pick another one."""


class Taps:
    """The customer's verbs."""

    def __init__(
        self,
        store: Store,
        events: Events,
        clock: Clock,
        house: Callable[[], House],
        deliver: Callable[[Message], Awaitable[object]],
    ) -> None:
        """Take the parts; `deliver` takes a customer's message in."""
        self._store, self._events, self._clock = store, events, clock
        self.house, self._deliver = house, deliver

    async def look(self, token: str) -> Looked:
        """Return what is behind a link; nothing is changed."""
        token = token[: tap.LENGTH].lower()
        found = tap.read(tap.key(self.house().secret), token)
        if found is None:
            return Looked(token=token, stand=Stand.BROKEN)
        one = await self._conversation(found.conversation)
        if one is None:
            return Looked(token=token, stand=Stand.OVER)
        accepted = False
        if found.purpose is Purpose.CHECK:
            accepted = await self._store.message(reopening_key(token)) is not None
        stand = standing(one, found, reopening_key(token), self._clock.now(), accepted=accepted)
        return Looked(token=token, stand=stand, conversation=one)

    async def act(self, token: str, choice: Choice) -> Looked:
        """Do what the customer chose, if it still may be; return what is behind the link now.

        Raises NotThen for a time that is not offered, and Conflict after too many changes of mind, or while a
        note is leaving.
        """
        for _ in range(ROUNDS):
            seen = await self._settled(token)
            one = seen.conversation
            if one is None or choice.kind not in CHOICES[seen.stand]:
                return seen
            if choice.kind == "open":
                await self._reopen(one, seen.token, choice)
                return await self.look(token)
            if one.wish is not None and one.wish.times >= MOST_WISHES:
                raise Conflict("That was changed too often.")
            agents = await self._store.agents()
            after = self._step(one, seen.stand, choice, agents)
            if after is one or await self._commit(one, after):
                return await self.look(token)
        raise Conflict

    async def _settled(self, token: str) -> Looked:
        """Look once no note about this wait is on its way out. Raises Conflict."""
        for _ in range(HELD):
            seen = await self.look(token)
            if seen.conversation is None or not _leaving(seen.conversation, self._clock.now()):
                return seen
            await self._clock.sleep(HELD_S)
        raise Conflict("A note is just leaving.")

    def _step(
        self, one: Conversation, stand: Stand, choice: Choice, agents: Mapping[str, Agent]
    ) -> Conversation:
        house, now = replace(self.house(), crew=agents), self._clock.now()
        if choice.kind == "solved":
            if stand is Stand.ASKED:
                return wishes.thanked(one, now)
            return wishes.solved(_missed(house, wishes.quiet(one, wishes.SOLVED), now), now)
        if choice.kind == "urgent":
            return wishes.urgent(house, one, now)
        if choice.kind == "undone":
            return wishes.undone(house, one, now)
        if one.wish is not None and one.wish.kind == choice.kind:
            nothing_later = choice.kind == "later" and suits.tomorrow(house, one, now) is None
            if nothing_later or (choice.kind == "picked" and one.wish.wanted_at == choice.at):
                return one  # said before, and holds
        at = self._time(house, one, choice, now)
        quiet = wishes.quiet(one, wishes.CHOSEN)
        return wishes.postponed(house, _missed(house, quiet, now), choice.kind, at, now)

    def _time(self, house: House, one: Conversation, choice: Choice, now: datetime) -> datetime:
        if choice.kind == "later":
            at, offered = suits.tomorrow(house, one, now), True
        else:
            at, offered = choice.at, choice.at in suits.times(house, one, now)
        if at is None or not offered:
            raise NotThen
        return at

    async def _reopen(self, one: Conversation, token: str, choice: Choice) -> None:
        """Take it as a message of the customer's, stored once for each link however often it is tapped."""
        message = reopening(self.house(), one, token, choice, self._clock.now())
        await self._deliver(message)
        line = event(
            one, message.received_at, "wish", agent=one.previous_owner, subject=message.key, wish="open"
        )
        await self._store.append([line])

    async def _conversation(self, id: str) -> Conversation | None:
        """Return the conversation, or the one in which it lives on."""
        one = await self._store.conversation(id)
        for _ in range(FOLLOWED):
            if one is None or one.status is not Status.MERGED:
                break
            one = await self._store.conversation(one.merged_into)
        return one

    async def _commit(self, before: Conversation, after: Conversation) -> bool:
        """Write the new state; False when somebody else was faster."""
        now, wish = self._clock.now(), after.wish
        said: dict[str, object] = {"wish": wish.kind if wish is not None else ""}
        if wish is not None and wish.wanted_at is not None:
            said["wanted"] = wish.wanted_at.isoformat()
        subject = before.waiting_on or after.waiting_on
        line = event(before, now, "wish", agent=before.accountable, subject=subject, **said)
        change = changed(before, after, events=[line])
        if not (await self._store.commit(Commit(changes=[change]))).changes[0]:
            return False
        if before.owner and before.claim and before.claim != after.claim:
            await free(self._store, {before.owner: {before.claim}}, now)
            self._events.publish([Hint(kind="agent", id=before.owner)])
        kind = "outbox" if change.conversation.send_at is not None else "conversation"
        self._events.publish([Hint(kind=kind, id=before.id, version=change.conversation.version)])
        return True


def _leaving(one: Conversation, now: datetime) -> bool:
    """Tell whether a note of the running wait is being handed to the provider at this moment."""
    return any(
        item.note is not None
        and item.trigger == one.waiting_on
        and item.state is SendState.SENDING
        and item.next_at is not None
        and item.next_at > now
        for item in one.outbox
    )


def _missed(house: House, one: Conversation, now: datetime) -> Conversation:
    """Break a promise whose time has passed, be it that no timer ran since: a tap does not make up for it."""
    made = one.promise
    if made is None or not promise_told(one) or made.at > now:
        return one
    broken = steps.break_promise(one, now, why(house, one, house.crew, now).value)
    return replace(broken, misses=one.misses + 1)


def reopening(house: House, one: Conversation, token: str, choice: Choice, now: datetime) -> Message:
    """Return what the customer says, as their message: it finds its conversation like any answer of theirs."""
    return Message(
        key=reopening_key(token),
        channel=one.channel,
        account=one.account,
        received_at=now,
        sender=one.contact,
        answer_to=one.answer_to,
        subject=one.subject,
        text="\n\n".join(part for part in (choice.label, choice.text.strip()) if part),
        thread=one.thread,
        token=tokens.reply_token(house.secret, one.reference),
        language=one.language,
        zone=one.zone,
    )
