"""What a batch reads: its messages, all they may attach to, and who waits, in one trip to a reader thread."""

import sqlite3
from collections.abc import Iterable, Sequence

from router.conversation import Conversation, Customer, links_of
from router.ports import Loaded, Stored
from router.stores import follow
from router.stores.codec import customer_from, keys_json, ms
from router.stores.limits import HEIRS, NEWEST, NOTES_WINDOW, PER_LINK
from router.stores.sqlite.base import SqliteBase, stored
from router.stores.sqlite.queries import SQL

MESSAGES, CONVERSATIONS, LINKED = SQL["messages"], SQL["conversations"], SQL["linked"]
HOLDERS, CUSTOMERS, NEWEST_OF_CUSTOMERS = SQL["holders"], SQL["customers"], SQL["newest_of_customers"]
NOTES_SENT, LANES, WAITING = SQL["notes_sent"], SQL["lanes"], SQL["waiting"]


class SqliteLoad(SqliteBase):
    """The verbs that a batch reads with."""

    async def load(self, keys: Sequence[str]) -> Loaded:
        """Return everything the batch needs: messages, what they may attach to, customers, agents."""
        since = ms(self._clock.now() - NOTES_WINDOW)

        def read(conn: sqlite3.Connection) -> Loaded:
            messages = {}
            for row in conn.execute(MESSAGES, (keys_json(keys),)):
                one = stored(row)
                messages[one.message.key] = one
            links = _linked(conn, messages.values())
            senders = {one.message.sender.key for one in messages.values()}
            claimed = {claim.key for one in messages.values() for claim in one.message.claims}
            holders = who_has(conn, senders | claimed)
            customers = {key: found[0] for key, found in holders.items()}
            wanted = {one.conversation for one in messages.values() if one.conversation}
            wanted.update(one for found in links.values() for one in found)
            theirs = {one for key in senders if key in customers for one in customers[key].ids}
            if theirs:
                wanted.update(
                    row[0] for row in conn.execute(NEWEST_OF_CUSTOMERS, (keys_json(theirs), NEWEST))
                )
            sent = conn.execute(NOTES_SENT, (keys_json(senders), since)) if senders else ()
            return Loaded(
                messages=messages,
                conversations=self._with_heirs(conn, wanted),
                links=links,
                customers=customers,
                holders=holders,
                notes_sent=dict(sent),
                agents=self._all_agents(conn),
            )

        return await self._read(read)

    async def waiting(self, lanes: Sequence[str] | None, limit: int) -> list[Conversation]:
        """Return the `limit` most urgent waiting conversations of each lane (None: of every lane)."""

        def read(conn: sqlite3.Connection) -> list[Conversation]:
            asked = sorted(lanes) if lanes is not None else [row[0] for row in conn.execute(LANES)]
            return [each for lane in asked for each in self._decoded(conn.execute(WAITING, (lane, limit)))]

        return await self._read(read)

    def _with_heirs(self, conn: sqlite3.Connection, wanted: set[str]) -> dict[str, Conversation]:
        found: dict[str, Conversation] = {}
        for _ in range(HEIRS + 1):
            missing = wanted - found.keys()
            if not missing:
                break
            fresh = self._decoded(conn.execute(CONVERSATIONS, (keys_json(missing),)))
            found.update((each.id, each) for each in fresh)
            wanted = {each.merged_into for each in fresh if each.merged_into}
        return found


def who_has(conn: sqlite3.Connection, keys: Iterable[str]) -> dict[str, list[Customer]]:
    """Return everybody with each identity key, as who they are now."""
    asked = keys_json(keys)
    if asked == "[]":
        return {}
    rows = [(key, bool(first), customer_from(doc)) for key, first, doc in conn.execute(HOLDERS, (asked,))]
    found = follow.holders(rows)
    return follow.now(found, with_heirs(conn, {one.id: one for ones in found.values() for one in ones}))


def records(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Customer]:
    """Return the customers' records with these ids."""
    return {name: customer_from(doc) for name, doc in conn.execute(CUSTOMERS, (keys_json(ids),))}


def with_heirs(conn: sqlite3.Connection, known: dict[str, Customer]) -> dict[str, Customer]:
    """Add the records that these lead on to."""
    for _ in range(follow.HOPS):
        beyond = follow.beyond(known)
        if not beyond:
            break
        known = known | records(conn, beyond)
    return known


def _linked(conn: sqlite3.Connection, messages: Iterable[Stored]) -> dict[str, list[str]]:
    asked = {link for one in messages for link in links_of(one.message)}
    found: dict[str, list[str]] = {}
    if asked:
        for link, conversation in conn.execute(LINKED, (keys_json(asked), PER_LINK)):
            ids = found.setdefault(link, [])
            if len(ids) < PER_LINK:
                ids.append(conversation)
    return found
