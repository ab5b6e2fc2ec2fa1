"""The same chat by plain requests, for networks that let no WebSocket through."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import web
from msgspec import Struct

from channels.message import Attachment
from channels.port import Line
from channels.webchat import parse
from channels.webchat.chat import Chat
from channels.webchat.errors import Denied, Refusal, Unknown
from channels.webchat.frames import Ack, Hello, Nack, Reach, State, Write
from channels.webchat.limits import network
from channels.webchat.parse import Visitor

T = TypeVar("T")

_STATUS = {"rate": 429, "unavailable": 503}
_SEQ = re.compile(r"\d{1,9}")


class Said(Struct, frozen=True, kw_only=True):
    """A message, and what the visitor says of themselves."""

    client_id: str
    text: str
    name: str = ""
    email: str = ""
    zone: str = ""


class News(Struct, frozen=True, kw_only=True):
    """Lines and standing; `mark` goes into the next request, which then waits for a change."""

    lines: Sequence[Line]
    state: State
    mark: str


async def session(request: web.Request, chat: Chat) -> web.Response:
    """`POST /chat/session`: hello in, welcome out."""
    hello = await _body(request, chat, Hello)
    greeting, _ = chat.reception.welcome(hello, request.remote)
    return answer(greeting)


async def messages(request: web.Request, chat: Chat) -> web.Response:
    """`POST /chat/messages`: 200 with an ack, or else the nack."""
    said = await _body(request, chat, Said)
    by = parse.visitor(
        Hello(name=said.name, email=said.email, zone=said.zone), _visitor(request, chat).proved
    )
    frame = Write(client_id=said.client_id, text=said.text)
    return _receipt(await chat.reception.write(frame, by, request.remote))


async def contact(request: web.Request, chat: Chat) -> web.Response:
    """`POST /chat/contact`: 200 with an ack, or else the nack."""
    frame = await _body(request, chat, Reach)
    return _receipt(await chat.reception.reach(frame, _visitor(request, chat), request.remote))


async def transcript(request: web.Request, chat: Chat) -> web.Response:
    """`GET /chat/transcript?after=SEQ&mark=MARK&seen=SEQ`: at once without a mark, else once something changed."""
    thread = _visitor(request, chat).proved.session
    given = request.query.get("after", "0")
    if not _SEQ.fullmatch(given):
        raise Refusal("after", "after must be a seq: a whole number.")
    seen = request.query.get("seen", "")
    if _SEQ.fullmatch(seen):
        await chat.host.seen(thread, int(seen))
    with chat.seats.take(network(request.remote)):
        return answer(await _news(chat, thread, int(given), request.query.get("mark", "")))


async def file(request: web.Request, chat: Chat) -> web.Response:
    """`GET /chat/files/{blob}`: an attachment of the visitor's own conversation, always as a download."""
    thread = _visitor(request, chat).proved.session
    wanted = request.match_info["blob"]
    after = 0
    while lines := await chat.host.transcript(thread, after):
        for attachment in (one for line in lines for one in line.attachments):
            if attachment.blob == wanted:
                return _download(attachment, await chat.host.blobs.get(wanted))
        after = lines[-1].seq
    raise Unknown("file", "There is no such file in this conversation.")


def answer(value: Struct, status: int = 200) -> web.Response:
    """Return the value as JSON that nobody keeps."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


async def _news(chat: Chat, thread: str, after: int, mark: str) -> News:
    until = asyncio.get_running_loop().time() + chat.timing.poll_s
    async with chat.changes(thread) as changed:
        while True:
            changed.clear()
            news = await _read(chat, thread, after)
            if news.mark != mark or chat.leaving:
                return news
            try:
                async with asyncio.timeout_at(until):
                    await changed.wait()
            except TimeoutError:
                return news


async def _read(chat: Chat, thread: str, after: int) -> News:
    lines = await chat.reception.lines(thread, after)
    state = await chat.reception.state(thread)
    seen = [[line.seq for line in lines], state.present, state.standing]
    mark = hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:16]
    return News(lines=lines, state=state, mark=mark)


async def _body(request: web.Request, chat: Chat, kind: type[T]) -> T:
    data = bytearray()
    async for part in request.content.iter_any():
        data += part
        if len(data) > chat.largest:
            raise Refusal("too_long", "The request is too large.")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal("frame", f"Not what this address takes: {error}") from error


def _visitor(request: web.Request, chat: Chat) -> Visitor:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Denied("token", "Send the token of the welcome as `Authorization: Bearer TOKEN`.")
    return Visitor(proved=chat.reception.sessions.check(token.strip(), chat.host.clock.now()))


def _receipt(given: Ack | Nack) -> web.Response:
    if isinstance(given, Ack):
        return answer(given)
    response = answer(given, _STATUS.get(given.code, 400))
    if given.after_s:
        response.headers["Retry-After"] = str(int(given.after_s) + 1)
    return response


def _download(attachment: Attachment, data: bytes) -> web.Response:
    name = quote(attachment.name or "file", safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return web.Response(body=data, content_type="application/octet-stream", headers=headers)
