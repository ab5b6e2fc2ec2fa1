"""What people, senders and timers look at."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from router.conversation import Conversation, Customer, Item
from router.ports import Stored
from router.stores import follow
from router.stores.codec import item_from, keys_json, ms
from router.stores.merge import lines, newest, newest_items
from router.stores.sqlite.base import CONVERSATION, SqliteBase, stored
from router.stores.sqlite.load import records, who_has, with_heirs
from router.stores.sqlite.queries import SQL
from router.stores.sqlite.search import index_words, question

CONVERSATIONS, BY_LINK = SQL["conversations"], SQL["by_link"]
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
        """Return the conversations of the person who this customer is now, newest first."""
        known = await self.customer(customer)
        ids = (customer,) if known is None else known.ids

        def read(conn: sqlite3.Connection) -> list[Conversation]:
            found = (self._decoded(conn.execute(OF_CUSTOMER, (each, limit))) for each in ids)
            return newest((one for part in found for one in part), limit)

        return await self._read(read)

    async def customer(self, id: str) -> Customer | None:
        """Return the person who this customer is now: whoever it was joined into, else itself."""

        def read(conn: sqlite3.Connection) -> Customer | None:
            known = with_heirs(conn, records(conn, [id]))
            return follow.present(known, id) if id in known else None

        return await self._near(read)

    async def customers(self, ids: Sequence[str]) -> dict[str, Customer]:
        """Return the records with these ids as they are stored."""
        return await self._read(lambda conn: records(conn, ids))

    async def customers_of(self, identities: Sequence[str]) -> dict[str, Customer]:
        """Return by identity key who came with it first, as who they are now; strangers are absent."""
        found = await self._read(lambda conn: who_has(conn, identities))
        return {key: ones[0] for key, ones in found.items()}

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
