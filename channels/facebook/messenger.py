"""Answers in Messenger, in as many parts as needed; each part leaves once."""

from collections.abc import Mapping
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias

import msgspec
from aiohttp import FormData

from channels.errors import InDoubt, NotSent, Refused
from channels.facebook import raw, split, window
from channels.facebook.found import MESSAGE, MESSENGER, metadata
from channels.facebook.outbound import File, Outbound
from channels.facebook.readback import Conversation
from channels.facebook.trouble import Said
from channels.facebook.window import Manner
from channels.message import Attachment, Outgoing, Sent

#: A text, or a file.
Part: TypeAlias = str | Attachment


def parts(outgoing: Outgoing) -> list[Part]:
    """Return what leaves one after the other: the text, then the files."""
    return [*split.parts(outgoing.text), *outgoing.attachments]


def person(outgoing: Outgoing) -> str:
    """Return the page-scoped id of whom it goes to."""
    if outgoing.thread.startswith(MESSENGER):
        return outgoing.thread.removeprefix(MESSENGER)
    return outgoing.to.address


class Messenger:
    """Sends by the Send API and reads back."""

    def __init__(self, outbound: Outbound) -> None:
        """Take what an account sends with."""
        self._out = outbound

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send the parts that are not known to be sent. Raises NotSent, Refused or InDoubt."""
        pieces = parts(outgoing)
        if not pieces:
            raise Refused("There is nothing in it: write a text or attach a file.")
        out, now = self._out, self._out.host.clock.now()
        advert = None if outgoing.customer_at is None else await out.memory.advert(person(outgoing))
        manner = window.manner(outgoing, now, human_agent=out.settings.human_agent, advert=advert)
        done = await out.memory.sent(outgoing.id) if len(pieces) > 1 else {}
        name = ""
        for number, piece in enumerate(pieces):
            name = done.get(number, "")
            if not name:
                try:
                    name = await self._part(outgoing, number, piece, manner)
                except Refused as error:
                    left = f" {number} of {len(pieces)} parts have left already." if number else ""
                    raise Refused(f"{error}{left}") from error
                if len(pieces) > 1:
                    await self._note(outgoing, number, name)
        return Sent(message_id=MESSAGE + name)

    async def private(self, outgoing: Outgoing, comment: str) -> Sent:
        """Send the one private reply to a comment. Raises Said for refusals, NotSent and InDoubt."""
        request = self._request({"comment_id": comment}, window.ANSWER, _text(outgoing.text, outgoing.id, 0))
        path = f"{self._out.settings.page_id}/messages"
        return Sent(
            message_id=MESSAGE
            + _name(await self._out.call(outgoing.id, lambda: self._out.graph.post(path, request)))
        )

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Read back; raises NotSent when a part is certainly still to be sent."""
        pieces = parts(outgoing)
        done = await self._out.memory.sent(outgoing.id)
        if len(done) < len(pieces):
            talk = Conversation(self._out, person(outgoing), outgoing)
            if not await talk.read():
                return None
            for known in done.values():
                talk.leave_out(known)
            for number, piece in enumerate(pieces):
                if number not in done and (name := await talk.find(piece)):
                    await self._note(outgoing, number, name)
                    done[number] = name
            if len(done) < len(pieces) and not talk.whole:
                return None
        if len(done) < len(pieces):
            if not self._out.settled(outgoing.id):
                return None
            raise NotSent(f"Facebook has {len(done)} of {len(pieces)} parts of it; the others follow")
        return Sent(message_id=MESSAGE + done[len(pieces) - 1])

    async def _part(self, outgoing: Outgoing, number: int, piece: Part, manner: Manner) -> str:
        try:
            return await self._once(outgoing, number, piece, manner)
        except Said as error:
            now = self._out.host.clock.now()
            late = error.outside and manner is window.ANSWER
            if late and window.extended(outgoing, now, human_agent=self._out.settings.human_agent):
                return await self._again(outgoing, number, piece)
            raise self._out.judged(error) from error

    async def _again(self, outgoing: Outgoing, number: int, piece: Part) -> str:
        """Facebook's clock closed the window before ours: send it as what a person wrote."""
        try:
            return await self._once(outgoing, number, piece, window.BY_A_PERSON)
        except Said as error:
            raise self._out.judged(error) from error

    async def _once(self, outgoing: Outgoing, number: int, piece: Part, manner: Manner) -> str:
        out, to = self._out, {"id": person(outgoing)}
        path = f"{out.settings.page_id}/messages"
        if isinstance(piece, str):
            request = self._request(to, manner, _text(piece, outgoing.id, number))
            return _name(await out.call(outgoing.id, lambda: out.graph.post(path, request)))
        file = await out.file(piece)
        message = {
            "attachment": {"type": _sort(file.content_type), "payload": {"is_reusable": False}},
            "metadata": metadata(outgoing.id, number),
        }
        form = partial(_form, self._request(to, manner, message), file)
        return _name(await out.call(outgoing.id, lambda: out.graph.upload(path, form)))

    async def _note(self, outgoing: Outgoing, number: int, name: str) -> None:
        await self._out.memory.sending(outgoing.id, number, name)
        await self._out.memory.own(name)

    def _request(self, to: Mapping[str, str], manner: Manner, message: Mapping[str, Any]) -> dict[str, Any]:
        return {"recipient": to, **manner.fields(), "message": message}


def _text(text: str, outgoing: str, number: int) -> dict[str, str]:
    return {"text": text, "metadata": metadata(outgoing, number)}


def _name(answer: Mapping[str, Any]) -> str:
    name = raw.word(answer, "message_id")
    if not name:
        raise InDoubt("Facebook took it without giving it a name")
    return name


def _sort(content_type: str) -> str:
    kind = content_type.partition("/")[0]
    return kind if kind in {"image", "video", "audio"} else "file"


def _form(request: Mapping[str, Any], file: File) -> FormData:
    form = FormData()
    for key, value in request.items():
        form.add_field(key, value if isinstance(value, str) else msgspec.json.encode(value).decode())
    form.add_field("filedata", BytesIO(file.data), filename=file.name, content_type=file.content_type)
    return form
