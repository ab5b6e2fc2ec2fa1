"""Downloads: raw messages, attachments, and the HTML of a mail made harmless."""

import re
from urllib.parse import quote

from aiohttp import web
from msgspec import Struct

from channels.message import Attachment, Message
from router.conversation import Item
from router.desk import letters
from router.desk.accounts import Role
from router.desk.api.conversations import find
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.errors import NotFound

table = Table("Conversations")

#: Types that a file may keep; anything else is bytes. All are downloads, none is shown.
KEPT = re.compile(r"image/(png|jpeg|gif|webp)|audio/[\w.+-]+|video/[\w.+-]+|application/pdf|text/plain")
BYTES = "application/octet-stream"


class Letter(Struct, frozen=True, kw_only=True):
    """A mail's HTML, made harmless."""

    html: str


@table.get("/conversations/{id}/lines/{seq}/raw", Role.AGENT, media=BYTES)
async def raw(call: Call, id: str, seq: int) -> web.StreamResponse:
    """Download the raw bytes of a message."""
    message = _message(await _line(call, id, seq))
    if not message.raw:
        raise NotFound("No raw bytes were kept of this line.")
    data = await _blob(call, message.raw)
    ending = "eml" if message.sender.kind == "email" else "txt"
    return _download(data, f"message-{seq}.{ending}", BYTES)


@table.get("/conversations/{id}/lines/{seq}/files/{place}", Role.AGENT, media=BYTES)
async def file(call: Call, id: str, seq: int, place: int) -> web.StreamResponse:
    """Download a file of a line."""
    line = await _line(call, id, seq)
    files: tuple[Attachment, ...] = line.attachments
    if place >= len(files):
        raise NotFound("This line has no such file.")
    one = files[place]
    kind = one.content_type.lower().strip()
    return _download(await _blob(call, one.blob), one.name, kind if KEPT.fullmatch(kind) else BYTES)


@table.get("/conversations/{id}/lines/{seq}/html", Role.AGENT)
async def html(call: Call, id: str, seq: int) -> Letter:
    """Return a mail's HTML with text, tables and links only, for a sandboxed frame."""
    message = _message(await _line(call, id, seq))
    if not message.html:
        raise NotFound("This message has no HTML.")
    return Letter(html=await letters.harmless(await _blob(call, message.html)))


async def _line(call: Call, id: str, seq: int) -> Message | Item:
    conversation = await find(call, id)
    found = await call.parts.store.transcript(conversation.id, after=max(0, seq - 1), limit=1)
    if not found or found[0].seq != seq:
        raise NotFound("The conversation has no such line.")
    return found[0] if isinstance(found[0], Item) else found[0].message


def _message(line: Message | Item) -> Message:
    if isinstance(line, Item):
        raise NotFound("This line is ours; nothing raw was received.")
    return line


async def _blob(call: Call, address: str) -> bytes:
    try:
        return await call.parts.blobs.get(address)
    except KeyError:
        raise NotFound("The bytes are gone from the blob store. Restore them from the backup.") from None


def _download(data: bytes, name: str, kind: str) -> web.Response:
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name).strip(". ")[:150] or "file"
    full = quote(re.sub(r"[\x00-\x1f\x7f/\\]", "_", name)[:150], safe="")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}",
        "Content-Type": kind,
    }
    return web.Response(body=data, headers=headers)
