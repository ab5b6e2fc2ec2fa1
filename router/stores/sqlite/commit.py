"""What a batch writes: one transaction, each agent and each conversation by compare-and-set."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from router.conversation import Agent, Conversation, Customer, Event, is_owed
from router.ports import Change, Commit, Outcome
from router.stores.backlog import bucket, needs
from router.stores.codec import customer_from, encode, keys_json, ms, ms_or_none
from router.stores.sqlite.base import SqliteBase
from router.stores.sqlite.queries import SQL
from router.stores.sqlite.search import index_words

NEW_AGENT, CHANGE_AGENT = SQL["new_agent"], SQL["change_agent"]
NEW_CUSTOMER, CHANGE_CUSTOMER, CUSTOMERS = SQL["new_customer"], SQL["change_customer"], SQL["customers"]
IDENTITY, LOST_IDENTITY = SQL["identity"], SQL["lost_identity"]
NEW_CONVERSATION, CHANGE_CONVERSATION = SQL["new_conversation"], SQL["change_conversation"]
SEND_CONVERSATION = SQL["send_conversation"]
TAKEN, APPLY, LINK, ARCHIVE, APPEND = SQL["taken"], SQL["apply"], SQL["link"], SQL["archive"], SQL["append"]
FORGET_NOTES, FORGET_RECORDS = SQL["forget_notes"], SQL["forget_records"]

#: Notes are remembered this long: longer than any window and any send that is tried again.
NOTES_KEPT = timedelta(days=30)


class SqliteCommit(SqliteBase):
    """The verbs that a batch writes with."""

    async def commit(self, commit: Commit) -> Outcome:
        """Write agents, then conversations, each by compare-and-set, then what follows from them."""
        rows = [self._row(change.conversation) for change in commit.changes]
        links = [self._new_links(change.conversation) for change in commit.changes]

        def job(conn: sqlite3.Connection) -> Outcome:
            agents = [_write_agent(conn, agent) for agent in commit.agents]
            winners = {agent.id for agent, won in zip(commit.agents, agents, strict=True) if won}
            customers = [_write_customer(conn, customer) for customer in commit.customers]
            homes = _homes(conn, commit.changes)
            won = [
                winners.issuperset(change.needs) and _write(conn, change, row, homes)
                for change, row in zip(commit.changes, rows, strict=True)
            ]
            fresh = [row for rows, ok in zip(links, won, strict=True) if ok for row in rows]
            _follow(conn, [change for change, ok in zip(commit.changes, won, strict=True) if ok], fresh)
            conn.executemany(APPEND, _lines(commit.events))
            return Outcome(changes=won, agents=agents, customers=customers)

        outcome = await self._writer.run(job)
        for change, ok in zip(commit.changes, outcome.changes, strict=True):
            if ok:
                self._remember(change.conversation)
        return outcome

    async def append(self, events: Sequence[Event]) -> None:
        """Add lines to the log that belong to no commit."""
        await self._writer.run(lambda conn: conn.executemany(APPEND, _lines(events)).rowcount)

    async def repair(self, limit: int) -> int:
        """Bring the search index up to date and forget what is long over; nothing is ever half written here."""
        now = self._clock.now()

        def job(conn: sqlite3.Connection) -> int:
            conn.execute(FORGET_NOTES, (ms(now - NOTES_KEPT),))
            conn.execute(FORGET_RECORDS, (ms(now),))
            index_words(conn, limit)
            return 0

        return await self._writer.run(job)

    def _row(self, new: Conversation) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that writes the conversation, and its values.

        A sender's steps change little; half of the indexes are then not written, which is half of the cost.
        """
        doc = encode(new)
        if new.version == 1:
            return NEW_CONVERSATION, (*_columns(new, doc), new.reference)
        old = self._conversations.get(new.id)
        if old is not None and old.version == new.version - 1 and _standing(old) == _standing(new):
            return SEND_CONVERSATION, (
                new.version,
                ms_or_none(new.send_at),
                _sent_at(new),
                new.seq,
                doc,
                new.id,
            )
        return CHANGE_CONVERSATION, _columns(new, doc)

    def _new_links(self, new: Conversation) -> list[tuple[str, int, str]]:
        old = self._conversations.get(new.id)
        known = set(old.links) if old is not None and old.version == new.version - 1 else set()
        names = [link for link in new.links if link not in known]
        if not known:
            names.append(f"ref:{new.reference}")
        opened = ms(new.opened_at)
        return [(link, opened, new.id) for link in names]


def _write_agent(conn: sqlite3.Connection, agent: Agent) -> bool:
    statement = NEW_AGENT if agent.version == 1 else CHANGE_AGENT
    values = (agent.version, ms_or_none(agent.seen_at), encode(agent), agent.id)
    return conn.execute(statement, values).rowcount == 1


def _write_customer(conn: sqlite3.Connection, customer: Customer) -> bool:
    doc, keys = encode(customer), {identity.key for identity in customer.identities}
    had: set[str] = set()
    if customer.version == 1:
        first = customer.identities[0].key if customer.identities else None
        won = conn.execute(NEW_CUSTOMER, (1, doc, first, customer.id)).rowcount == 1
    else:
        for _, before in conn.execute(CUSTOMERS, (keys_json([customer.id]),)):
            had = {identity.key for identity in customer_from(before).identities}
        won = conn.execute(CHANGE_CUSTOMER, (customer.version, doc, customer.id)).rowcount == 1
    if won:
        conn.executemany(IDENTITY, [(key, customer.id) for key in keys - had])
        conn.executemany(LOST_IDENTITY, [(key, customer.id) for key in had - keys])
    return won


def _homes(conn: sqlite3.Connection, changes: Sequence[Change]) -> dict[str, str]:
    """Return the conversations of those messages that have one already."""
    keys = [entry.key for change in changes for entry in change.applied]
    return dict(conn.execute(TAKEN, (keys_json(keys),))) if keys else {}


def _write(
    conn: sqlite3.Connection, change: Change, row: tuple[str, tuple[Any, ...]], homes: dict[str, str]
) -> bool:
    """Write one conversation unless somebody was faster, or one of its messages has another home."""
    new = change.conversation
    if any(homes.get(entry.key, new.id) != new.id for entry in change.applied):
        return False
    won = conn.execute(*row).rowcount == 1
    if won:
        homes.update((entry.key, new.id) for entry in change.applied)
    return won


def _columns(one: Conversation, doc: bytes) -> tuple[Any, ...]:
    return (
        one.version,
        one.customer,
        one.channel,
        one.queue,
        one.status.value,
        one.owner or None,
        one.accountable,
        one.lane or None,
        one.urgency,
        ms(one.waiting_since or one.opened_at),
        ms_or_none(one.due_at) if is_owed(one) else None,
        ms_or_none(one.send_at),
        ms_or_none(one.wake_at),
        ms(one.updated_at),
        _sent_at(one),
        one.seq,
        needs(one),
        bucket(one),
        doc,
        one.id,
    )


def _standing(one: Conversation) -> tuple[object, ...]:
    """Return all that has a column and that no sender changes."""
    return (
        one.customer,
        one.channel,
        one.queue,
        one.status,
        one.owner,
        one.accountable,
        one.lane,
        one.urgency,
        one.waiting_since,
        one.due_at if is_owed(one) else None,
        one.wake_at,
        one.updated_at,
        needs(one),
    )


def _sent_at(one: Conversation) -> int | None:
    return max((ms(item.sent_at) for item in one.outbox if item.sent_at is not None), default=None)


def _follow(conn: sqlite3.Connection, won: Sequence[Change], links: Sequence[tuple[str, int, str]]) -> None:
    """Write what follows from the changes that won."""
    conn.executemany(LINK, links)
    conn.executemany(
        APPLY,
        [
            (each.conversation.id, entry.seq, each.conversation.queue, entry.key)
            for each in won
            for entry in each.applied
        ],
    )
    conn.executemany(
        ARCHIVE,
        [
            (each.conversation.id, item.seq, item.id, ms_or_none(item.sent_at), encode(item))
            for each in won
            for item in each.archived
        ],
    )
    conn.executemany(APPEND, _lines(event for each in won for event in each.events))


def _lines(events: Iterable[Event]) -> list[tuple[int, str, str, str, bytes]]:
    return [(ms(event.at), event.kind, event.queue, event.channel, encode(event)) for event in events]
