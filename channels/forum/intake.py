"""One post from its reading to a stored message, the same way for webhooks and for polling."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from channels.errors import ChannelError
from channels.forum import parse, uploads
from channels.forum.api import Api
from channels.forum.parse import Event, Reading
from channels.forum.settings import Settings
from channels.forum.trouble import Answered
from channels.message import Kind, Message
from channels.port import Host

#: Keys and topics remembered, to spare work; the store tells duplicates for certain.
REMEMBERED = 5000
#: How long it is believed that a private topic is none of ours.
THEIRS_FOR = timedelta(seconds=5)
#: The memo that says which posts were there before the account was connected.
FLOOR = "floor"

_log = structlog.get_logger(__name__)


class Intake:
    """Hands the posts of one forum to the host."""

    def __init__(self, host: Host, settings: Settings, api: Api) -> None:
        """Take the account's host, settings and access to the forum."""
        self.host, self.settings, self.api = host, settings, api
        self._stored: OrderedDict[str, None] = OrderedDict()
        self._busy: dict[str, asyncio.Lock] = {}
        #: Private topics in which we take part; posts of others, and until when a topic counts as theirs.
        self._members: OrderedDict[int, None] = OrderedDict()
        self._foreign: OrderedDict[int, None] = OrderedDict()
        self._theirs: OrderedDict[int, datetime] = OrderedDict()
        self._floor: int | None = None

    async def take(self, happened: Event, data: Any) -> None:
        """Store what happened to a post; acknowledge only after this returned.

        Raises Unavailable, and ForumTrouble when the forum must be asked and does not answer. A post on which
        we fail is stored as unreadable, so that it holds up no other.
        """
        view, now = self.settings.view, self.host.clock.now()
        reading = parse.event(happened, data, view, now)
        try:
            await self._store(reading, data)
        except (ChannelError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # one post must not stop all that come after it
            _log.error("post could not be taken in as it is", error=type(error).__name__)
            failed = parse.unreadable(data, f"taking it in failed ({type(error).__name__})", view, now)
            await self._store(failed, data)

    async def connected(self, floor: int) -> None:
        """Remember that everything up to this post was there before us."""
        await self.host.remember(FLOOR, str(floor), (await self.host.recall(FLOOR)).version)
        self._floor = floor

    async def _store(self, reading: Reading, data: Any) -> None:
        message = reading.message
        if message is None:
            return
        async with self._alone(message.key):
            if message.key in self._stored or not await self._wanted(reading, message):
                return
            message = await self._complete(reading, message, data)
            await self.host.deliver(message)
            _remember(self._stored, message.key, None)

    @asynccontextmanager
    async def _alone(self, key: str) -> AsyncIterator[None]:
        """Let copies of one post that come at the same time wait for the first."""
        lock = self._busy.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._busy.pop(key, None)

    async def _wanted(self, reading: Reading, message: Message) -> bool:
        if reading.own and await self._sent_by_us(reading, message):
            return False
        if message.kind in {Kind.EDIT, Kind.DELETE} and not await self._known(reading, message):
            return False
        return not reading.private or await self._concerns_us(reading.post, reading.topic)

    async def _sent_by_us(self, reading: Reading, message: Message) -> bool:
        """Tell whether it is a copy of what we sent: a note is never taken for an answer of a person."""
        if reading.mark is not None and reading.mark.automatic:
            return True
        return await self.host.ours(message.message_id, thread=message.thread, text=reading.sent)

    async def _known(self, reading: Reading, message: Message) -> bool:
        """Tell whether a change is of something we may have: old topics are tidied up now and then."""
        if self._floor is None:
            said = (await self.host.recall(FLOOR)).value
            self._floor = int(said) if said.isdigit() else None
        return reading.post > (self._floor or 0) or await self.host.standing(message.thread) is not None

    async def _concerns_us(self, post: int, topic: int) -> bool:
        """Tell whether a private message is addressed to our account: an admin's key sees all of them.

        Of a topic of others this holds for moments only, as our account may be invited at any time.
        """
        if topic in self._members:
            return True
        now = self.host.clock.now()
        if post not in self._foreign and now >= self._theirs.get(topic, now):
            if await self._takes_part(topic):
                _remember(self._members, topic, None)
                return True
            _remember(self._theirs, topic, now + THEIRS_FOR)
        _remember(self._foreign, post, None)
        return False

    async def _takes_part(self, topic: int) -> bool:
        try:
            found = await self.api.get(f"/t/{topic}.json")
        except Answered as error:
            if error.status in {401, 403}:
                await self.api.get("/session/current.json")  # raises when it is our key that is refused
            return False
        return _named(found, self.settings.view.us)

    async def _complete(self, reading: Reading, message: Message, data: Any) -> Message:
        if message.kind is Kind.UNREADABLE:
            return replace(message, raw=await self.host.blobs.put(msgspec.json.encode(data)))
        if reading.agent is not None and await self.host.standing(message.thread) is not None:
            # Only in a conversation that a customer began: one that we begin has its first writer as customer.
            message = replace(message, sender=reading.agent)
        if not reading.uploads or not self.settings.fetch_files:
            return message
        files = await uploads.fetch(reading.uploads, self.host, self.settings, self.api)
        return replace(message, attachments=files)


def _named(topic: Any, us: str) -> bool:
    details = topic.get("details") if isinstance(topic, dict) else None
    users = details.get("allowed_users") if isinstance(details, dict) else None
    return isinstance(users, list) and any(
        isinstance(one, dict) and str(one.get("username", "")).lower() == us for one in users
    )


def _remember(known: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    known[key] = value
    while len(known) > REMEMBERED:
        known.popitem(last=False)
