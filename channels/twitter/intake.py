"""What was read, taken in: our own things told apart, people remembered, edits attached."""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from channels.message import Identity, Kind, Message
from channels.port import Host
from channels.twitter.memory import STOPPED, Memory
from channels.twitter.read import Read, View
from channels.twitter.settings import Settings
from channels.twitter.shape import KIND, NUMBER

#: Names of what this process took in lately, and whether it was known then that it calls us: polling sees the
#: newest again and again, and its word comes after that of a hint.
_MOST_RECENT = 5000
_SILENT = "they asked for no automatic messages"


class Intake:
    """Takes in what polling, the stream and webhooks read; the same thing once, whichever way it came."""

    def __init__(self, host: Host, settings: Settings, memory: Memory) -> None:
        """Take the account."""
        self._host, self._settings, self._memory = host, settings, memory
        self._recent: OrderedDict[str, bool] = OrderedDict()

    def view(self) -> View:
        """Return for whom is read, now."""
        return View(
            channel=self._host.channel,
            account=self._host.account,
            me=self._settings.me,
            at=self._host.clock.now(),
        )

    async def take(self, read: Read) -> None:
        """Store it; acknowledge upstream only after this returned. Raises Unavailable."""
        key = read.message.key
        if key in self._recent and self._recent[key] >= read.summoned:
            return
        if read.own or read.only_if_known:
            await self._ours(read)
        else:
            await self._theirs(read)
        self._took(key, summoned=read.summoned)

    async def unreadable(self, raw: bytes, reason: str, *, name: str) -> None:
        """Keep what could not be read, with its bytes, so that a person sees it. Raises Unavailable."""
        key = f"x:{name}"
        if key in self._recent:
            return
        await self._host.deliver(
            Message(
                key=key,
                channel=self._host.channel,
                account=self._host.account,
                kind=Kind.UNREADABLE,
                received_at=self._host.clock.now(),
                sender=Identity(kind=KIND, address=_author(raw)),
                raw=await self._host.blobs.put(raw),
                no_note="it could not be read",
                reason=reason,
            )
        )
        self._took(key)

    async def _ours(self, read: Read) -> None:
        """Deliver what a person of ours wrote in X's own app, and nothing that our outbox sent."""
        message = read.message
        if read.own:
            number = message.message_id.partition(":")[2]
            sent = self._memory.is_leaving(message.text) or await self._host.ours(
                message.message_id, thread=message.thread, references=message.references, text=message.text
            )
            if sent or await self._memory.is_sent(number):
                return
        if not read.only_if_known or await self._known(message.references):
            await self._edited(read, message)

    async def _known(self, names: Iterable[str]) -> bool:
        for name in names:
            if await self._host.ours(name) or await self._memory.is_sent(name.partition(":")[2]):
                return True
        return False

    async def _theirs(self, read: Read) -> None:
        message = read.message
        person, number = message.sender.address, message.message_id.rpartition(":")[2]
        if message.thread.startswith("dm/"):
            await self._memory.wrote_privately(person, message.text)
        elif message.public and number.isdigit() and not message.thread.startswith("group/"):
            await self._memory.called(message.thread, number, summoned=read.summoned)
        if not message.no_note and await self._memory.private(person) == STOPPED:
            message = replace(message, no_note=_SILENT)
        await self._edited(read, message)

    async def _edited(self, read: Read, message: Message) -> None:
        """Deliver it; what is a later version of something stored, as an edit of that.

        Polling shows the last version only: if the first was never seen, this one stands for it.
        """
        if not read.first:
            await self._host.deliver(message)
            return
        receipt = await self._host.deliver(replace(message, key=read.first, message_id=read.first))
        if receipt.duplicate:
            await self._host.deliver(replace(message, kind=Kind.EDIT, about=read.first))

    def _took(self, key: str, *, summoned: bool = True) -> None:
        self._recent[key] = summoned
        while len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)


def _author(raw: bytes) -> str:
    """Return whose it seems to be, so that it can be found; "unknown" if that cannot be seen."""
    try:
        data = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "unknown"
    for key in ("author_id", "sender_id"):
        if isinstance(data, dict) and NUMBER.fullmatch(str(data.get(key) or "")):
            return str(data[key])
    return "unknown"
