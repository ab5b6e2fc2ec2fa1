"""What people, senders and timers look at."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from router.conversation import Conversation, Customer, Item
from router.ports import Stored
from router.stores.codec import customer_from, item_from, keys_json, ms
from router.stores.merge import lines, newest_items
from router.stores.sqlite.base import CONVERSATION, SqliteBase, stored
from router.stores.sqlite.queries import SQL
from router.stores.sqlite.search import index_words, question

CONVERSATIONS, BY_LINK = SQL["conversations"], SQL["by_link"]
CUSTOMER, KNOWN_CUSTOMERS = SQL["customer"], SQL["known_customers"]
TRANSCRIPT_MESSAGES, TRANSCRIPT_ARCHIVE = SQL["transcript_messages"], SQL["transcript_archive"]
MINE, WATCHED, OF_CUSTOMER = SQL["mine"], SQL["watched"], SQL["of_customer"]
LISTED, LISTED_QUEUE = SQL["listed"], SQL["listed_queue"]
LAST_SENT, LAST_ARCHIVED = SQL["last_sent"], SQL["last_archived"]
TO_SEND, TO_WAKE = SQL["to_send"], SQL["to_wake"]
SEARCH, IS_UNSEARCHED = SQL["search"], SQL["is_unsearched"]

#: A search first indexes up to so many conversations that changed since.
CATCH_UP = 500


class SqliteRead(SqliteBase):
    """The verbs that only look."""

    async def conversation(self, id: str) -> Conversation | None:
        """Return one conversation."""
        found = await self._near(self._few(CONVERSATION, id))
        return found[0] if found else None

    async def conversations(self, ids: Sequence[str]) -> list[Conversation]:
        """Return those that exist, in the order asked for."""
        found = {each.id: each for each in await self._read(self._few(CONVERSATIONS, keys_json(ids)))}
        return [found[each] for each in ids if each in found]

    async def by_link(self, link: str) -> Conversation | None:
        """Return the newest conversation with this link (`thread:…`, `mid:…`, `ref:HB-…`)."""
        found = await self._near(self._few(BY_LINK, link))
        return found[0] if found else None

    async def transcript(self, conversation: str, *, after: int, limit: int) -> list[Stored | Item]:
        """Return messages and outbox items with seq above `after`, in order of seq, archive included."""

        def read(conn: sqlite3.Connection) -> list[Stored | Item]:
            span = (conversation, after, limit)
            messages = [stored(row) for row in conn.execute(TRANSCRIPT_MESSAGES, span)]
            items = [item_from(row[0]) for row in conn.execute(TRANSCRIPT_ARCHIVE, span)]
            for found in self._decoded(conn.execute(CONVERSATION, (conversation,))):
                items += found.outbox
            return lines(messages, items, after, limit)

        return await self._read(read)

    async def mine(self, agent: str, limit: int) -> list[Conversation]:
        """Return open work owned by the agent, most urgent first."""
        return await self._read(self._few(MINE, agent, limit))

    async def watched(self, agent: str, limit: int) -> list[Conversation]:
        """Return open and held work without owner for which the agent is accountable, most urgent first."""
        return await self._read(self._few(WATCHED, agent, limit))

    async def listed(self, *, status: str, queue: str, limit: int, after: str) -> list[Conversation]:
        """Return a page by urgency; "" = any queue; `after` = id of the last one of the page before."""
        if queue:
            return await self._read(self._few(LISTED_QUEUE, status, after, limit, queue))
        return await self._read(self._few(LISTED, status, after, limit))

    async def search(self, text: str, limit: int) -> list[Conversation]:
        """Return conversations whose messages or answers contain the words, newest first."""
        wanted = question(text)
        if not wanted:
            return []
        if await self._read(lambda conn: conn.execute(IS_UNSEARCHED).fetchone()):
            await self._writer.run(lambda conn: index_words(conn, CATCH_UP))
        return await self._read(self._few(SEARCH, wanted, limit))

    async def of_customer(self, customer: str, limit: int) -> list[Conversation]:
        """Return the customer's conversations, newest first."""
        return await self._read(self._few(OF_CUSTOMER, customer, limit))

    async def customer(self, id: str) -> Customer | None:
        """Return one customer."""
        row = await self._near(lambda conn: conn.execute(CUSTOMER, (id,)).fetchone())
        return customer_from(row[0]) if row is not None else None

    async def customers_of(self, identities: Sequence[str]) -> dict[str, Customer]:
        """Return customers by identity key: whoever first came with it; strangers are absent."""
        asked = (keys_json(identities),)
        return await self._read(
            lambda conn: {key: customer_from(doc) for key, doc in conn.execute(KNOWN_CUSTOMERS, asked)}
        )

    async def recent_items(self, limit: int) -> list[tuple[str, Item]]:
        """Return (conversation id, item) of what was sent last, newest first, for `/outbox`."""

        def read(conn: sqlite3.Connection) -> list[tuple[str, Item]]:
            found = self._decoded(conn.execute(LAST_SENT, (limit,)))
            rows = conn.execute(LAST_ARCHIVED, (limit,))
            return newest_items(found, [(home, item_from(doc)) for home, doc in rows], limit)

        return await self._read(read)

    async def to_send(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `send_at` has come, earliest first."""
        return await self._read(self._few(TO_SEND, ms(now), limit))

    async def to_wake(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `wake_at` has come, earliest first."""
        return await self._read(self._few(TO_WAKE, ms(now), limit))
