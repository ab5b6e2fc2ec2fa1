"""From what was found to a stored message, the same way for webhooks and polls."""

import asyncio
import hashlib
import json
from collections.abc import Callable

from msgspec.structs import replace

from channels.errors import ChannelError
from channels.facebook import direct, raw
from channels.facebook.feed import thread
from channels.facebook.files import Files, NotFetched
from channels.facebook.found import (
    COMMENT,
    MESSAGE,
    MESSENGER,
    PRIVATELY,
    Advert,
    Arrived,
    Echo,
    Found,
    Item,
    Link,
    Own,
    View,
    sent_by_us,
)
from channels.facebook.graph import Graph
from channels.facebook.memory import Memory
from channels.facebook.names import Names
from channels.facebook.raw import Malformed
from channels.facebook.settings import PageSettings, Timing
from channels.facebook.trouble import Said, Unanswered, Unreached
from channels.message import Attachment, Identity, Kind, Message
from channels.port import Host


class Intake:
    """Takes in what customers, people of ours and our own app did on one page."""

    def __init__(
        self, host: Host, settings: PageSettings, graph: Graph, memory: Memory, timing: Timing
    ) -> None:
        """Take the account's parts."""
        self.host, self.settings = host, settings
        self.names = Names(graph, memory, host.clock, timing.names_again_s)
        self.files = Files(settings.api, settings.max_file, timing.enrich_s)
        self._graph, self._memory, self._timing = graph, memory, timing

    def view(self) -> View:
        """Return what reading needs to know now."""
        return View(
            account=self.host.account,
            page=self.settings.page_id,
            app=self.settings.app_id,
            at=self.host.clock.now(),
            programs=self.settings.programs,
            human_agent=self.settings.human_agent,
            private=self.settings.private,
        )

    async def take(self, item: Item, read: Callable[[], Found | None], until: float) -> None:
        """Read one item and store what it says; `until`: loop time at which it is stored as it is.

        Acknowledge upstream only after this returned. Raises Unavailable. An item on which we fail is
        stored as unreadable, so that it holds up no other.
        """
        found: Found | None = None
        try:
            found = read()
            if found is not None:
                await self._take(found, until)
        except (ChannelError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # one item must not stop all that come with it
            if isinstance(found, Arrived):  # it was read; only what makes it nicer failed
                await self.host.deliver(found.message)
                return
            reason = str(error) if isinstance(error, Malformed) else type(error).__name__
            await self._unreadable(item, reason)

    async def _take(self, found: Found, until: float) -> None:
        if isinstance(found, Arrived):
            await self._arrived(found, until)
        elif isinstance(found, Own):
            await self._own(found, until)
        elif isinstance(found, Echo):
            await self._echo(found)
        elif isinstance(found, Advert):
            await self._memory.came_by_advert(found.person, self.host.clock.now())

    # --- customers

    async def _arrived(self, found: Arrived, until: float) -> None:
        message = found.message
        if message.thread.startswith(MESSENGER):
            message = await self._in_window(found)
            message = await self._named(message, until)
        elif message.message_id == COMMENT + message.thread.partition("/")[0]:
            await self._memory.visited(message.message_id.removeprefix(COMMENT), message.sender.address)
        await self.host.deliver(await self._with_files(message, found.files, until))

    async def _in_window(self, found: Arrived) -> Message:
        message, person = found.message, found.message.sender.address
        if message.reply_until is None:
            return message
        if found.advert:
            await self._memory.came_by_advert(person, self.host.clock.now())
        advert = await self._memory.advert(person)
        action = min(message.sent_at or message.received_at, message.received_at)
        return replace(message, reply_until=direct.window(action, self.view(), advert=advert))

    async def _named(self, message: Message, until: float) -> Message:
        person, name = message.sender.address, message.sender.name
        if name:
            await self.names.learn(person, name)
            return message
        try:
            async with asyncio.timeout_at(until):
                name = await self.names.of(person)
        except TimeoutError:
            return message
        return replace(message, sender=replace(message.sender, name=name)) if name else message

    # --- what the page wrote

    async def _own(self, found: Own, until: float) -> None:
        message = found.message
        if found.post:
            if await self._our_comment(found):
                return
            if not message.references:
                visitor = await self._memory.visitor(found.post)
                if not visitor:
                    return  # the page talks to itself below its own post
                message = replace(message, thread=thread(found.post, visitor), to=(visitor,))
            else:
                message = await self._addressed(found, until)
        elif await self._our_message(found):
            return
        await self.host.deliver(await self._with_files(message, found.files, until))

    async def _our_message(self, found: Own) -> bool:
        message = found.message
        if await self._memory.ours(found.id) or await self._memory.claim(PRIVATELY, message.text, found.id):
            return True
        return await self.host.ours(MESSAGE + found.id, thread=message.thread, text=message.text)

    async def _our_comment(self, found: Own) -> bool:
        outgoing = await self._memory.claim(found.post, found.message.text, found.id)
        if outgoing:
            await self._memory.sending(outgoing, 0, found.id)
            await self._memory.own(found.id)
            return True
        message = found.message
        return await self.host.ours(
            message.message_id or message.key.rpartition(":")[0], references=message.references
        )

    async def _addressed(self, found: Own, until: float) -> Message:
        """Return the comment with the thread of whom it names: below a comment several people may talk.

        Facebook puts every answer below the topmost comment, so that its parent may be somebody else's.
        """
        named = found.named
        try:
            async with asyncio.timeout_at(until):
                if not named and not self._graph.usage.busy(self.host.clock.now()):
                    row = await self._graph.get(found.id, fields="message_tags")
                    named = tuple(raw.word(one, "id") for one in raw.rows(row, "message_tags"))
        except (TimeoutError, Said, Unanswered, Unreached):
            pass
        for person in named:
            name = thread(found.post, person)
            if await self.host.standing(name) is not None:
                return replace(found.message, thread=name, to=(person,), references=())
        return found.message

    async def _echo(self, found: Echo) -> None:
        """Note the name that Facebook gave to what we sent."""
        ours = sent_by_us(found.metadata)
        if ours is not None:
            await self._memory.sending(ours[0], ours[1], found.id)
            if ours[1] > 0:
                await self._memory.own(found.id)

    # --- files, and what cannot be read

    async def _with_files(self, message: Message, links: tuple[Link, ...], until: float) -> Message:
        kept: list[Attachment] = []
        words: list[str] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._file(link, until)) for link in links]
        except ExceptionGroup as errors:  # our own keeping is full or away: Facebook shall send it again
            raise errors.exceptions[0] from errors
        for link, task in zip(links, tasks, strict=True):
            file = task.result()
            kept += [file] if file is not None else []
            words += [link.word] if file is None else []
        said = "\n".join(one for one in (message.text, *words) if one)
        return replace(message, text=said, attachments=tuple(kept)) if links else message

    async def _file(self, link: Link, until: float) -> Attachment | None:
        """Return the file in our own keeping; None when only its word can be shown."""
        if not self.settings.max_file:
            return None
        try:
            async with asyncio.timeout_at(until):
                file = await self.files.fetch(link)
        except (NotFetched, TimeoutError):
            return None
        blob = await self.host.blobs.put(file.data)
        return Attachment(name=file.name, content_type=file.content_type, size=len(file.data), blob=blob)

    async def _unreadable(self, item: Item, reason: str) -> None:
        data = json.dumps(
            item.value, sort_keys=True
        ).encode()  # also takes half an emoji, which others do not
        digest = hashlib.sha256(data).hexdigest()[:32]
        message = Message(
            key=f"{MESSAGE}unreadable:{digest}",
            channel="facebook",
            account=self.host.account,
            kind=Kind.UNREADABLE,
            received_at=self.host.clock.now(),
            sender=Identity(kind="facebook", address=f"unknown-{digest[:16]}"),
            raw=await self.host.blobs.put(data),
            no_note="what Facebook sent could not be read",
            reason=f"What Facebook sent could not be read: {reason}. Download the original, and look on Facebook.",
        )
        await self.host.deliver(message)
