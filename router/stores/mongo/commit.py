"""What a batch writes: bookings and agents, then conversations, then what follows from them.

No write spans two documents, so each step is safe by itself. A conversation's document is the truth: state,
outbox and a `journal` of what follows from its newest versions (messages applied, log lines, archived items,
links) are written in one compare-and-set. What follows is then written under fixed ids, so that doing it twice
does no harm, and only then leaves the journal; `repair` does it for a router that died in between.
"""

import secrets
from collections.abc import Sequence

from router.conversation import Agent, Conversation, Customer, Event, is_owed
from router.ports import Change, Commit, Outcome
from router.stores.backlog import bucket, needs
from router.stores.mongo.base import line, text
from router.stores.mongo.booking import MongoBooking
from router.stores.mongo.client import Row, Write
from router.stores.mongo.project import MongoProject, journal
from router.stores.words import words_said


class MongoCommit(MongoBooking, MongoProject):
    """The verbs that a batch writes with."""

    async def commit(self, commit: Commit) -> Outcome:
        """Write agents, then conversations, each by compare-and-set, then what follows from them."""
        by = secrets.token_hex(8)
        agents, customers, booked, contested = await self._prepare(commit, by)
        winners = {agent.id for agent, won in zip(commit.agents, agents, strict=True) if won}
        ready = [
            ok and winners.issuperset(change.needs) for change, ok in zip(commit.changes, booked, strict=True)
        ]
        tried = [change for change, ok in zip(commit.changes, ready, strict=True) if ok]
        given_up = [change for change, ok in zip(commit.changes, ready, strict=True) if not ok]
        fates = iter(await self._compare_and_set(tried))
        won = [ok and next(fates) for ok in ready]
        await self._give_back(given_up, contested, by)
        await self._follow([change for change, ok in zip(commit.changes, won, strict=True) if ok])
        await self.append(commit.events)
        return Outcome(changes=won, agents=agents, customers=customers)

    async def append(self, events: Sequence[Event]) -> None:
        """Add lines to the log that belong to no commit."""
        await self._database.write([self._database.inserting("log", line(event)) for event in events])

    async def _prepare(self, commit: Commit, by: str) -> tuple[list[bool], list[bool], list[bool], set[str]]:
        """Write agents and customers and book messages, in one trip.

        Returns which agents and customers won, which changes are booked, and the keys that had to be fought for.
        """
        for agent in commit.agents:
            if agent.version == 1:
                await self._database.insert("agents", {"_id": agent.id, "version": 0})
        writes = [self._agent_write(agent) for agent in commit.agents]
        writes += [self._customer_write(customer) for customer in commit.customers]
        bookings = [(change, entry.key) for change in commit.changes for entry in change.applied]
        writes += [self._booking_write(change, key, by) for change, key in bookings]
        fates = await self._database.write(writes)
        agents, first = len(commit.agents), len(commit.agents) + len(commit.customers)
        contested = {key for (_, key), ok in zip(bookings, fates[first:], strict=True) if not ok}
        booked = [
            await self._book_contested(
                change, [one.key for one in change.applied if one.key in contested], by
            )
            for change in commit.changes
        ]
        return fates[:agents], fates[agents:first], booked, contested

    def _agent_write(self, agent: Agent) -> Write:
        update: Row = {"$set": {"version": agent.version, "doc": text(agent)}}
        if agent.seen_at is not None:
            update["$max"] = {"seen_at": agent.seen_at}
        return self._database.updating("agents", {"_id": agent.id, "version": agent.version - 1}, update)

    def _customer_write(self, customer: Customer) -> Write:
        keys = [identity.key for identity in customer.identities]
        fields: Row = {"version": customer.version, "keys": keys, "doc": text(customer)}
        if customer.version > 1:
            stored = {"_id": customer.id, "version": customer.version - 1}
            return self._database.updating("customers", stored, {"$set": fields})
        row = {"_id": customer.id, **fields, **({"first": keys[0]} if keys else {})}
        return self._database.inserting("customers", row)

    def _booking_write(self, change: Change, key: str, by: str) -> Write:
        free = {"_id": key, "conversation": {"$exists": False}, "booked": None}
        return self._database.updating("messages", free, {"$set": {"booked": self._booking(change, by)}})

    async def _give_back(self, given_up: Sequence[Change], contested: set[str], by: str) -> None:
        """Free what was booked for changes that were not even tried.

        Not what was contested: a rival for the same conversation may rely on it. Not what was tried and
        lost either: that booking is void, as its version came to be without the message.
        """
        keys = [entry.key for change in given_up for entry in change.applied if entry.key not in contested]
        await self._database.write(
            [
                self._database.updating("messages", {"_id": key, "booked.by": by}, {"$unset": {"booked": 1}})
                for key in keys
            ]
        )

    async def _compare_and_set(self, changes: Sequence[Change]) -> list[bool]:
        """Write the conversations, each if its stored version is one less; tell which were written."""
        now = self._clock.now()
        rows = [_fields(change.conversation) for change in changes]
        journals = [journal(change, self._new_links(change.conversation), now) for change in changes]
        fates = await self._database.write(
            [self._conversation_write(*each) for each in zip(changes, rows, journals, strict=True)]
        )
        for index, change in enumerate(changes):
            if not fates[index] and change.conversation.version == 1:
                fates[index] = await self._over_void(change, {**rows[index], "journal": [journals[index]]})
        return fates

    def _conversation_write(self, change: Change, row: Row, entry: Row) -> Write:
        one = change.conversation
        if one.version == 1:
            return self._database.inserting("conversations", {"_id": one.id, **row, "journal": [entry]})
        update: Row = {"$set": row, "$push": {"journal": entry}}
        if "sent_at" in row:
            update["$max"] = {"sent_at": row.pop("sent_at")}  # the item may be archived by now
        empty = OPTIONAL - row.keys()
        if empty:
            update["$unset"] = dict.fromkeys(empty, 1)
        stored = {"_id": one.id, "version": one.version - 1, "void": {"$exists": False}}
        return self._database.updating("conversations", stored, update)

    async def _over_void(self, change: Change, row: Row) -> bool:
        """Begin a conversation whose id was only taken to fence a router that seemed gone."""
        keys = [entry.key for entry in change.applied]
        void = {"_id": change.conversation.id, "void": True, "fenced": {"$nin": keys}}
        return await self._database.change(
            "conversations", void, {"$set": row, "$unset": {"void": 1, "fenced": 1, "at": 1}}
        )


#: Fields that are absent when they are empty, which keeps their indexes small.
OPTIONAL = {"lane", "due_at", "send_at", "wake_at", "terms", "needs"}


def _fields(one: Conversation) -> Row:
    """Return what queries look at, and the document itself."""
    row = {
        "version": one.version,
        "reference": one.reference,
        "customer": one.customer,
        "channel": one.channel,
        "queue": one.queue,
        "status": one.status.value,
        "owner": one.owner,
        "accountable": one.accountable,
        "lane": one.lane or None,
        "urgency": one.urgency,
        "waiting_since": one.waiting_since or one.opened_at,
        "due_at": one.due_at if is_owed(one) else None,
        "send_at": one.send_at,
        "wake_at": one.wake_at,
        "updated_at": one.updated_at,
        "sent_at": max((item.sent_at for item in one.outbox if item.sent_at is not None), default=None),
        "terms": words_said(one.outbox) or None,
        "needs": needs(one),
        "bucket": bucket(one),
        "doc": text(one),
    }
    return {name: value for name, value in row.items() if value is not None}
