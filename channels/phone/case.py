"""The page of one request: who calls and by when, the note, the place in line; it keeps itself up to date."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from html import escape

import msgspec
from aiohttp import web
from msgspec import Struct

from channels.phone import attempt, html, page_open
from channels.phone.attempt import Stage
from channels.phone.keys import check
from channels.phone.phone import Phone
from channels.phone.words import Words
from channels.port import Line, Standing

#: Seconds that a request for news waits for some.
POLL_S = 25.0
#: Seconds after which a page without scripts looks again.
RELOAD_S = 15
#: Requests for news that wait at a time, in one process.
MOST = 2000
#: Lines shown, the newest.
MOST_LINES = 20
_WAITING = frozenset({"open", "held", "snoozed"})


class Shown(Struct, frozen=True, kw_only=True):
    """Something that we said: the note, an answer, that a call was made."""

    id: str
    author: str
    #: What kind of words they are; "" = a person's own.
    label: str
    text: str


class State(Struct, frozen=True, kw_only=True):
    """All that the page shows, ready to be put in."""

    status: str
    told: str
    here: str
    place: str
    lines: tuple[Shown, ...]
    reference: str
    #: ISO instant by which the customer hears from us; "" = nobody waits.
    by: str
    #: Changes with any of the above; goes into the next request.
    mark: str = ""


_polls = asyncio.Semaphore(MOST)


async def show(request: web.Request, phone: Phone) -> web.Response:
    """Answer the page."""
    thread, key = _shown(request, phone)
    words = html.spoken(request, phone)
    state = await _state(phone, thread, words)
    host = phone.account.host
    fields = {
        "lang": words.language,
        "title": words("page_case_title"),
        "organisation": host.organisation,
        "account": host.account,
        "hex": phone.account.settings.colour[1:].lower(),
        "id": thread,
        "key": key,
        "mark": state.mark,
        "told": state.told,
        "here": state.here,
        "place": state.place,
        "reference": state.reference,
        "retries": phone.account.retries(words, "page_retries"),
        "zone": phone.account.zone_said(words),
        "live": words("page_live"),
        "new": words("page_new"),
        "reload": words("page_reload"),
        "status": state.status,
    }
    raw = {
        "seconds": str(RELOAD_S),
        "lines": "".join(_quoted(line) for line in state.lines),
        "outage": html.paragraph("outage", await phone.account.outage(), words("page_outage")),
    }
    return html.page("case.html", fields, raw=raw)


def _quoted(line: Shown) -> str:
    label = f" · {escape(line.label)}" if line.label else ""
    return (
        f'<blockquote data-id="{escape(line.id)}"><p>{escape(line.text)}</p>'
        f"<footer>{escape(line.author)}{label}</footer></blockquote>"
    )


async def standing(request: web.Request, phone: Phone) -> web.Response:
    """Answer what the page shows as JSON: at once without `mark`, else once something has changed."""
    thread, _ = _shown(request, phone)
    await page_open.note(phone.account.host, thread)
    words = html.spoken(request, phone)
    mark = request.query.get("mark", "")
    until = asyncio.get_running_loop().time() + (POLL_S if mark and not _polls.locked() else 0.0)
    async with _polls:
        state = await _state(phone, thread, words)
        if state.mark == mark:
            state = await _news(phone, thread, words, state, until)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=msgspec.json.encode(state), content_type="application/json", headers=headers)


async def _news(phone: Phone, thread: str, words: Words, state: State, until: float) -> State:
    """Return the next state, or the same one when nothing changes in time."""
    try:
        async with asyncio.timeout_at(until):
            async for _ in phone.account.host.watch(thread):
                fresh = await _state(phone, thread, words)
                if fresh.mark != state.mark:
                    return fresh
    except TimeoutError:
        pass
    return state


def _shown(request: web.Request, phone: Phone) -> tuple[str, str]:
    """Return the thread and its key. Raises Trouble when the key is not right."""
    thread, key = request.query.get("id", ""), request.query.get("key", "")
    check(phone.account.host, thread, key)
    return thread, key


async def _state(phone: Phone, thread: str, words: Words) -> State:
    found = await phone.account.host.standing(thread)
    said = [line for line in await _lines(phone, thread) if line.ours][-MOST_LINES:]
    state = State(
        status=found.status if found is not None else "new",
        told=await _told(phone, thread, words, found),
        here=words("page_here") if found is not None and found.present and found.assigned else "",
        place=words("page_place", place=found.position) if found is not None and found.position else "",
        lines=tuple(_shown_line(line, words) for line in said),
        reference=words("page_reference", reference=found.reference) if found is not None else "",
        by=_iso(found.by) if found is not None else "",
    )
    mark = hashlib.sha256(msgspec.json.encode(state)).hexdigest()[:16]
    return msgspec.structs.replace(state, mark=mark)


def _shown_line(line: Line, words: Words) -> Shown:
    label = words("page_note") if line.automatic else ""
    return Shown(id=line.id, author=line.author, label=label, text=line.text)


async def _lines(phone: Phone, thread: str) -> Sequence[Line]:
    found: list[Line] = []
    while more := await phone.account.host.transcript(thread, found[-1].seq if found else 0):
        found += more
    return found


async def _told(phone: Phone, thread: str, words: Words, found: Standing | None) -> str:
    """Return the one sentence that matters now."""
    if found is None:
        return words("page_received")
    if found.status not in _WAITING:
        return words("page_pending" if found.status == "pending" else "page_resolved")
    last, _ = await attempt.read(phone.account.host, thread)
    if last is not None and last.stage in {Stage.BRIDGING, Stage.TALKING}:
        return words("page_calling", person=last.agent_name)
    if not found.person or found.by is None:
        return words("page_received")
    account = phone.account
    at = words.at(found.by, account.host.clock.now(), account.zone_of(""))
    return words("page_owner" if found.assigned else "page_duty", person=found.person, time=at)


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""
