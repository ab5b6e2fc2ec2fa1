"""What a channel that speaks with people asks of the router: whose turn it is, whose case somebody calls about."""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from channels.message import Identity
from channels.port import Case, Clock, Slot, Work
from router import assign, steps
from router.claims import free
from router.conversation import WAITED_FOR, Agent, Conversation, Status, answer_in_doubt, keypad, keypad_link
from router.house import Account, House
from router.journal import changed, event
from router.ports import Commit, Events, Hint, Store
from rules.hours import Calendar
from rules.model import Person

#: An agent who did not come to the telephone counts as away for so long.
REST = timedelta(minutes=2)
#: A customer who calls about an answered case reaches whoever answered within this time.
RECENT = timedelta(days=3)
#: Cases of one customer that are looked through, and rounds against others who change the same.
NEWEST, ROUNDS = 20, 10
#: Work due in the time asked for that is looked through.
PAGE, PAGES = 200, 10
#: Words that say what a case is about.
ABOUT = 80

_ALIVE = (Status.OPEN, Status.SNOOZED, Status.PENDING, Status.HELD)
_REFERENCE = re.compile(r"(?:HB-?)?([2-9A-HJ-NP-Z]{5,8})", re.IGNORECASE)


class Calls:
    """The verbs of one account."""

    def __init__(
        self, store: Store, events: Events, clock: Clock, house: Callable[[], House], account: Account
    ) -> None:
        """Take the parts."""
        self._store, self._events, self._clock, self._house, self._account = (
            store,
            events,
            clock,
            house,
            account,
        )

    async def work(self, limit: int) -> list[Work]:
        """Return the account's open cases that have an owner and wait for us, most urgent first."""
        agents = await self._store.agents()
        channel = self._account.channel
        ids = [
            claim.conversation
            for agent in agents.values()
            for claim in agent.claims
            if claim.channel == channel
        ]
        found = [one for one in await self._store.conversations(sorted(set(ids))) if self._is_work(one)]
        people = self._house().book.people
        return [_work(one, people.get(one.owner)) for one in sorted(found, key=_urgency)[:limit]]

    def _is_work(self, one: Conversation) -> bool:
        mine = (one.channel, one.account) == (self._account.channel, self._account.name)
        waits = one.status is Status.OPEN and one.waiting_since is not None
        called = steps.answer_on_its_way(one) or answer_in_doubt(one)
        return mine and waits and bool(one.owner) and not called

    async def lookup(self, words: str) -> Case | None:
        """Return the open case that the words name."""
        words = words.strip()
        found = await (self._of_identity(words) if ":" in words else self._of_reference(words))
        if found is not None and found.status is Status.MERGED:
            found = await self._store.conversation(found.merged_into)
        if found is None or found.status not in _ALIVE:
            return None
        return self._case(found, await self._store.agents())

    async def _of_reference(self, words: str) -> Conversation | None:
        if words.isdigit():
            found = await self._store.by_link(keypad_link(words))
            if found is None and words.startswith(keypad("H") + keypad("B")):
                found = await self._store.by_link(keypad_link(words[2:]))
            return found
        named = _REFERENCE.fullmatch(words)
        return None if named is None else await self._store.by_link(f"ref:HB-{named[1].upper()}")

    async def _of_identity(self, key: str) -> Conversation | None:
        customer = (await self._store.customers_of([key])).get(key)
        if customer is None:
            return None
        now = self._clock.now()
        for one in await self._store.of_customer(customer.id, NEWEST):
            fresh = one.status is Status.PENDING and now - one.updated_at < RECENT
            if fresh or one.status in WAITED_FOR:
                return one
        return None

    def _case(self, one: Conversation, agents: Mapping[str, Agent]) -> Case:
        book = self._house().book
        person = next(
            (
                book.people[name]
                for name in (one.owner, one.previous_owner, one.accountable)
                if name in book.people
            ),
            None,
        )
        lead = book.people.get(book.queue(one.queue).lead)
        cited = [link[4:] for link in one.links if link.startswith("mid:")]
        return Case(
            conversation=one.id,
            reference=one.reference,
            channel=one.channel,
            account=one.account,
            thread=one.thread,
            status=one.status.value,
            agent=person.id if person is not None else "",
            person=person.name if person is not None else "",
            person_phone=self._phone(person, agents),
            lead=lead.id if lead is not None else "",
            lead_name=lead.name if lead is not None else "",
            lead_phone=self._phone(lead, agents),
            assigned=bool(one.owner),
            cite=cited[-1] if cited else "",
        )

    def _phone(self, person: Person | None, agents: Mapping[str, Agent]) -> str:
        """Return the person's number while they are at work: nobody is called at home."""
        if person is None:
            return ""
        now, agent = self._clock.now(), agents.get(person.id) or Agent(id=person.id)
        calendar = self._house().book.calendar_of(person)
        away = agent.said == "away" and (agent.said_until is None or now < agent.said_until)
        working = calendar.is_open(now) or assign.is_present(agent, calendar, now)
        return person.phone if working and not away else ""

    # --- when there is room

    async def slots(self, start: datetime, end: datetime, length_s: float) -> list[Slot]:
        """Return the slots in which people of the account's queue are at work all the time."""
        book = self._house().book
        queue = book.policy(self._account.channel).queue
        people = [
            (book.calendar_of(one), one.capacity.get(self._account.channel, 1))
            for one in book.people.values()
            if queue in one.queues
        ]
        due = [one async for one in self._due(queue, start, end)]
        found = []
        for begin in _grid(start, end, length_s):
            until = begin + timedelta(seconds=length_s)
            able = _able(people, begin, until)
            if able:
                taken = sum(begin <= at < until for at in due)
                found.append(Slot(start=begin, end=until, free=max(0, able - taken)))
        return found

    async def _due(self, queue: str, start: datetime, end: datetime) -> AsyncIterator[datetime]:
        """Yield when other work of the channel is due in that time; what this account booked is left out."""
        after = ""
        for _ in range(PAGES):
            page = await self._store.listed(status=Status.OPEN.value, queue=queue, limit=PAGE, after=after)
            for one in page:
                booked = one.not_before is not None and one.account == self._account.name
                if one.due_at is not None and one.channel == self._account.channel and not booked:
                    at = one.not_before or one.due_at
                    if start <= at < end:
                        yield at
            if len(page) < PAGE:
                return
            after = page[-1].id

    async def welcome(self, sender: Identity) -> bool:
        """Tell whether the customer's tier may use the channel; all may where the rules name none."""
        allowed = self._house().book.policy(self._account.channel).allow_tiers
        if not allowed:
            return True
        known = (await self._store.customers_of([sender.key])).get(sender.key)
        return known is not None and known.attributes.get("tier", "") in allowed

    # --- nobody came to the telephone

    async def pass_on(self, id: str, agent: str, why: str) -> bool:
        """Take the case from its owner, who counts as away for a while; False when they do not own it."""
        for _ in range(ROUNDS):
            one = await self._store.conversation(id)
            if one is None or one.owner != agent or one.status is not Status.OPEN:
                return False
            await self._rest(agent)
            now = self._clock.now()
            duty = assign.accountable(self._house().book, one.queue, await self._store.agents(), now)
            loose = replace(steps.flag(steps.disown(one), why), previous_owner="", accountable=duty)
            line = event(one, now, "let go", agent=agent, reason=why)
            outcome = await self._store.commit(Commit(changes=[changed(one, loose, events=[line])]))
            if outcome.changes[0]:
                await free(self._store, {agent: {one.claim}}, now)
                self._events.publish(
                    [Hint(kind="conversation", id=id, version=one.version + 1), Hint(kind="agent", id=agent)]
                )
                return True
        return False

    async def _rest(self, agent: str) -> None:
        """Let the agent count as away for a while, so that the work does not come straight back."""
        now = self._clock.now()
        for _ in range(ROUNDS):
            known = (await self._store.agents()).get(agent) or Agent(id=agent)
            if known.said == "away" and (known.said_until is None or known.said_until > now):
                return
            rested = replace(known, said="away", said_until=now + REST, version=known.version + 1)
            if (await self._store.commit(Commit(agents=[rested]))).agents[0]:
                return


def _urgency(one: Conversation) -> tuple[float, str]:
    return one.urgency, one.id


def _work(one: Conversation, person: Person | None) -> Work:
    return Work(
        conversation=one.id,
        reference=one.reference,
        thread=one.thread,
        agent=one.owner,
        agent_name=person.name if person is not None else one.owner,
        agent_phone=person.phone if person is not None else "",
        customer=one.contact,
        about=(one.subject or one.snippet)[:ABOUT],
        due_at=one.due_at or one.updated_at,
        since=one.waiting_since or one.updated_at,
        not_before=one.not_before,
    )


def _grid(start: datetime, end: datetime, length_s: float) -> list[datetime]:
    """Return the beginnings of slots that lie wholly between two instants, on round times."""
    first = -(-start.timestamp() // length_s) * length_s
    count = int((end.timestamp() - first) // length_s)
    return [datetime.fromtimestamp(first + step * length_s, UTC) for step in range(max(0, count))]


def _able(people: Sequence[tuple[Calendar, int]], begin: datetime, until: datetime) -> int:
    """Return how many cases the people who are at work all the time can take."""
    whole = (until - begin).total_seconds()
    return sum(capacity for calendar, capacity in people if calendar.between(begin, until) >= whole)
