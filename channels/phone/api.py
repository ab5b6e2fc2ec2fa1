"""`/callback/api/<account>`: programs ask for a call on behalf of a customer, see free times, and set the outage."""

import hmac
from datetime import datetime
from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from channels.phone import form, parse
from channels.phone.errors import Trouble
from channels.phone.intake import Asking, thread_of
from channels.phone.keys import key_of
from channels.phone.limits import network
from channels.phone.phone import Phone
from channels.phone.quiet import hours_of
from channels.phone.words import pick

T = TypeVar("T")
BODY_BYTES = 16 * 1024


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A callback asked for by a program."""

    number: str
    #: The program's own name for the request: the same twice is one.
    id: str = ""
    name: str = ""
    #: A key of the menu, or its text.
    about: str = ""
    text: str = ""
    #: Beginning of a free time (ISO 8601); "" = as soon as possible.
    slot: str = ""
    language: str = ""


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of it."""

    id: str
    #: True when an earlier request of the number is still open, and nothing new was stored.
    already: bool = False
    not_before: datetime | None = None
    #: The page that the customer can be shown.
    page: str = ""


class Free(Struct, frozen=True, kw_only=True):
    """A time that can be chosen."""

    start: datetime
    end: datetime


class Outage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What everybody is told first; "" = nothing."""

    text: str


class Fault(Struct, frozen=True, kw_only=True):
    """Why not."""

    code: str
    text: str


async def ask(request: web.Request, phone: Phone) -> web.Response:
    """Take a request: 201, or 200 when the number has one open already."""
    account, trusted = phone.account, _trusted(request, phone)
    given = await _body(request, Request)
    now = account.host.clock.now().timestamp()
    wait_s = 0.0 if trusted else account.intake.addresses.wait_s(network(request.remote), now)
    if wait_s > 0:
        raise Trouble("rate", after_s=wait_s)
    asking = _asking(given, phone, "key" if trusted else network(request.remote))
    taken = await account.intake.take(replace(asking, trusted=trusted, proved=trusted))
    mine = not taken.already or taken.thread == thread_of(asking)
    page = ""
    if mine:
        host = account.host
        base = host.public_url.rstrip("/")
        page = (
            f"{base}/callback/case?account={host.account}&id={taken.thread}&key={key_of(host, taken.thread)}"
        )
    return _answer(
        Answer(
            id=taken.thread if mine else "",
            already=taken.already,
            not_before=taken.not_before,
            page=page,
        ),
        200 if taken.already else 201,
    )


async def slots(request: web.Request, phone: Phone) -> web.Response:
    """Answer the free times; `?number=` keeps to the hours of the number's own zone."""
    account = phone.account
    number = request.query.get("number", "")
    checked = account.intake.checked(number) if number else ""
    free = await account.intake.slots.free(hours_of(checked, account.settings, account.host.zone))
    return _answer([Free(start=one.start, end=one.end) for one in free], 200)


async def outage(request: web.Request, phone: Phone) -> web.Response:
    """Set what everybody is told first, from now on and on every process; needs the key."""
    if not _trusted(request, phone):
        raise Trouble("key")
    given = await _body(request, Outage)
    await phone.account.set_outage(parse.clean(given.text, parse.LONGEST_TEXT))
    return _answer(given, 200)


def refusal(error: Trouble, status: int) -> web.Response:
    """Return why not, as JSON."""
    more = {
        "key": "Send the account's api_key as `Authorization: Bearer KEY`.",
        "broken": "Something went wrong here.",
        "body": "The body is not what this address takes: JSON (application/json) with number, and maybe id, name, "
        "about, text, slot and language.",
    }
    known = {**more, "already": "", "tier": "The rules offer callbacks to other tiers only (allow_tiers)."}
    text = known[error.why] if error.why in known else form.told(pick([], "en"), error)
    response = _answer(Fault(code=error.why, text=text), status)
    if error.after_s:
        response.headers["Retry-After"] = str(int(error.after_s) + 1)
    return response


def _asking(given: Request, phone: Phone, who: str) -> Asking:
    """Return the wish; its `id` is one of whoever asks, so that nobody reaches another's request by guessing it."""
    account = phone.account
    words = pick([given.language], account.host.language)
    menu = account.settings.menu
    about = menu.get(given.about, given.about if given.about in menu.values() else "")
    own = given.id[:200] or f"{given.number[:60]}\n{account.host.clock.now().isoformat()}"
    asking = Asking(
        nonce=f"{account.host.account}:{who}\n{own}",
        way="api",
        number=parse.line(given.number, 60),
        name=parse.line(given.name),
        about=about,
        text=parse.clean(given.text, parse.LONGEST_TEXT),
        slot=form.slot(given.slot) if given.slot else None,
        language=words.language,
    )
    return replace(asking, said=words("asked_about", about=about) if about else words("asked"))


def _trusted(request: web.Request, phone: Phone) -> bool:
    """Tell whether the program knows our key. Raises Trouble when it shows a wrong one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token:
        return False
    key = phone.account.settings.api_key
    if (
        scheme.lower() != "bearer"
        or not key
        or not hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), key.encode())
    ):
        raise Trouble("key")
    return True


async def _body(request: web.Request, kind: type[T]) -> T:
    if request.content_type != "application/json":  # another site's page cannot send that for its visitors
        raise Trouble("body")
    data = bytearray()
    async for part in request.content.iter_any():
        data += part
        if len(data) > BODY_BYTES:
            raise Trouble("body")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Trouble("body") from None


def _answer(value: object, status: int) -> web.Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
