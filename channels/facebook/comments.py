"""Answers to comments: below them for everybody, or as the one Messenger message that Facebook allows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from io import BytesIO

from aiohttp import FormData

from channels.errors import InDoubt, NotSent, Refused
from channels.facebook import raw, readback, split
from channels.facebook.found import COMMENT, MESSAGE, PRIVATELY
from channels.facebook.messenger import Messenger
from channels.facebook.outbound import File, Outbound
from channels.facebook.readback import Conversation
from channels.facebook.trouble import REPLIED, Said, Unanswered, Unreached
from channels.message import Outgoing, Sent

_USED = (
    "Facebook lets a page write one private message for a comment, and it was used. Wait until the customer "
    "answers in Messenger, or answer below the comment on Facebook."
)


class Comments:
    """Writes comments and private replies, and reads them back."""

    def __init__(self, outbound: Outbound, messenger: Messenger) -> None:
        """Take what an account sends with."""
        self._out, self._messenger = outbound, messenger

    async def send(self, outgoing: Outgoing) -> Sent:
        """Answer the newest comment. Raises NotSent, Refused or InDoubt."""
        if self._private(outgoing):
            return await self._reply_privately(outgoing, await self._comment(outgoing))
        return await self._write(outgoing, await self._comment(outgoing))

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Read back; raises NotSent when it is certainly not there."""
        kind = MESSAGE if self._private(outgoing) else COMMENT
        if known := (await self._out.memory.sent(outgoing.id)).get(0, ""):
            return Sent(message_id=kind + known)
        comment = await self._comment(outgoing)
        if self._private(outgoing):
            return await self._private_read_back(outgoing, comment)
        return await self._read_back(outgoing, comment)

    def _private(self, outgoing: Outgoing) -> bool:
        """Tell whether it goes to Messenger; notes go below the comment, as they would use up the one message."""
        return self._out.settings.private and not outgoing.automatic

    async def _comment(self, outgoing: Outgoing) -> str:
        """Return the comment to answer: the newest cited that is not our own. Raises Refused."""
        cited = dict.fromkeys(reversed([*outgoing.references, outgoing.in_reply_to]))
        for name in (one.removeprefix(COMMENT) for one in cited if one.startswith(COMMENT)):
            if not await self._out.memory.ours(name):
                return name
        raise Refused("It is not known which comment this answers. Answer it on Facebook.")

    @asynccontextmanager
    async def _leaving(self, place: str, outgoing: Outgoing) -> AsyncIterator[None]:
        """Let a copy that comes back count as ours, unless it turns out that it certainly did not leave."""
        await self._out.memory.leaving(place, outgoing.text, outgoing.id)
        try:
            yield
        except (Said, NotSent):
            await self._out.memory.stays(place, outgoing.text, outgoing.id)
            raise

    # --- below the comment

    async def _write(self, outgoing: Outgoing, comment: str) -> Sent:
        if split.length(outgoing.text) > split.COMMENT_LENGTH:
            raise Refused(f"A comment has at most {split.COMMENT_LENGTH} characters. Shorten it.")
        files = [await self._out.file(one) for one in outgoing.attachments]
        if len(files) > 1 or any(not one.content_type.startswith("image/") for one in files):
            raise Refused("A comment takes one picture and no other file. Leave the others out.")
        graph, path = self._out.graph, f"{comment}/comments"
        work = (
            partial(graph.upload, path, partial(_form, outgoing.text, files[0]))
            if files
            else partial(graph.post, path, {"message": outgoing.text})
        )
        try:
            async with self._leaving(_post(outgoing), outgoing):
                answer = await self._out.call(outgoing.id, work)
        except Said as error:
            raise self._out.judged(error) from error
        name = raw.word(answer, "id")
        if not name:
            raise InDoubt("Facebook took the comment without giving it a name")
        await self._out.memory.own(name)
        return Sent(message_id=COMMENT + name)

    async def _read_back(self, outgoing: Outgoing, comment: str) -> Sent | None:
        found = await readback.comments(self._out, await self._topmost(comment), outgoing)
        if found is None:
            return None
        if name := await readback.find_comment(self._out, found.rows, outgoing):
            return Sent(message_id=COMMENT + name)
        if not found.whole:
            return None
        await self._settle(_post(outgoing), outgoing)
        return None

    async def _topmost(self, comment: str) -> str:
        """Return the comment below which Facebook keeps the answers to this one."""
        try:
            row = await self._out.graph.get(comment, fields="parent{id}")
        except (Said, Unanswered, Unreached):
            return comment
        return raw.word(raw.part(row, "parent"), "id") or comment

    # --- in private

    async def _reply_privately(self, outgoing: Outgoing, comment: str) -> Sent:
        if split.length(outgoing.text) > split.MESSAGE_LENGTH or outgoing.attachments:
            raise Refused(
                f"The private reply to a comment is one message of at most {split.MESSAGE_LENGTH} characters, "
                "without files. Shorten it; more can be said once the customer answers in Messenger."
            )
        used = await self._out.memory.replied(comment)
        if used and used != outgoing.id:
            raise Refused(_USED)
        try:
            async with self._leaving(PRIVATELY, outgoing):
                sent = await self._messenger.private(outgoing, comment)
        except Said as error:
            if error.code in REPLIED:
                await self._out.memory.reply(comment, "somebody")
                raise Refused(f"{_USED} ({error})") from error
            raise self._out.judged(error) from error
        await self._out.memory.reply(comment, outgoing.id)
        return sent

    async def _private_read_back(self, outgoing: Outgoing, comment: str) -> Sent | None:
        talk = Conversation(self._out, outgoing.to.address, outgoing)
        if await talk.read() and (name := await talk.find(outgoing.text)):
            await self._out.memory.reply(comment, outgoing.id)
            return Sent(message_id=MESSAGE + name)
        try:
            row = await self._out.graph.get(comment, fields="can_reply_privately")
        except (Said, Unanswered, Unreached):
            return None
        if row.get("can_reply_privately") is True:
            await self._settle(PRIVATELY, outgoing)
        return None

    async def _settle(self, place: str, outgoing: Outgoing) -> None:
        """Raise NotSent once its not being there proves something."""
        if self._out.settled(outgoing.id):
            await self._out.memory.stays(place, outgoing.text, outgoing.id)
            raise NotSent("Facebook does not have it")


def _post(outgoing: Outgoing) -> str:
    return outgoing.thread.rpartition("/")[0]


def _form(text: str, file: File) -> FormData:
    form = FormData()
    form.add_field("message", text)
    form.add_field("source", BytesIO(file.data), filename=file.name, content_type=file.content_type)
    return form
