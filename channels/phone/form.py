"""`/callback`: the form by which customers ask to be called."""

import math
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlencode

from aiohttp import web
from msgspec.structs import replace

from channels.phone import choices, html, parse
from channels.phone.errors import Trouble
from channels.phone.intake import Asking
from channels.phone.keys import key_of
from channels.phone.limits import network
from channels.phone.phone import Phone
from channels.phone.quiet import hours_of
from channels.phone.settings import clock
from channels.phone.signature import fields
from channels.phone.words import Words

#: Largest form, and most fields of one.
BODY_BYTES = 16 * 1024
_NONCE_LENGTH = range(16, 65)
#: Words of a Trouble that belong to the number's field; others stand above the form.
_NUMBER = frozenset({"number", "premium", "short", "withheld"})


async def show(request: web.Request, phone: Phone) -> web.Response:
    """Answer the empty form."""
    return await _form(phone, html.spoken(request, phone), {}, None)


async def take(request: web.Request, phone: Phone) -> web.StreamResponse:
    """Take the form: lead to the page of the request, or show the form again with what is wrong."""
    words = html.spoken(request, phone)
    given: dict[str, str] = {}
    try:
        given = await _given(request)
        asking = _asking(given, phone, words)
        now = phone.account.host.clock.now().timestamp()
        wait_s = phone.account.intake.addresses.wait_s(network(request.remote), now)
        if wait_s > 0:
            raise Trouble("rate", after_s=wait_s)
        taken = await phone.account.intake.take(asking)
        if taken.already:
            raise Trouble("already")
    except Trouble as error:
        return await _form(phone, words, given, error)
    asked = {
        "account": phone.account.host.account,
        "id": taken.thread,
        "key": key_of(phone.account.host, taken.thread),
        "lang": words.language,
    }
    raise web.HTTPSeeOther(location=f"callback/case?{urlencode(asked)}")


def refusal(request: web.Request, phone: Phone, error: Trouble) -> web.Response:
    """Return a page that says what is wrong, for whatever has no form to say it in."""
    words = html.spoken(request, phone)
    shown = {
        "lang": words.language,
        "title": words("page_case_title"),
        "organisation": phone.account.host.organisation,
    }
    raw = {"body": html.paragraph("wrong", told(words, error)), "root": _root(request)}
    status = {"unknown": 404, "unavailable": 503}.get(error.why, 400)
    return html.page("refusal.html", shown, raw=raw, status=status)


def told(words: Words, error: Trouble) -> str:
    """Return a Trouble in the customer's words."""
    names = {"quiet": "error_slot", "tier": "not_for_tier_bare"}
    name = names.get(error.why, f"error_{error.why}")
    return words(name, minutes=max(1, math.ceil(error.after_s / 60)))


def _root(request: web.Request) -> str:
    return "../" if request.path.count("/") > 1 else ""


async def _given(request: web.Request) -> dict[str, str]:
    """Return the form's fields. Raises Trouble."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Trouble("form")
    body = b""
    async for part in request.content.iter_any():
        body += part
        if len(body) > BODY_BYTES:
            raise Trouble("form")
    try:
        return dict(fields(body))
    except ValueError as error:
        raise Trouble("form") from error


def _asking(given: Mapping[str, str], phone: Phone, words: Words) -> Asking:
    nonce = given.get("nonce", "")
    if len(nonce) not in _NONCE_LENGTH or not nonce.isascii():
        raise Trouble("form")
    if not given.get("number", "").strip():
        raise Trouble("withheld")
    about = phone.account.settings.menu.get(given.get("about", ""), "")
    asking = Asking(
        nonce=nonce,
        way="cb",
        number=parse.line(given["number"], 60),
        name=parse.line(given.get("name", "")),
        about=about,
        text=parse.clean(given.get("text", ""), parse.LONGEST_TEXT),
        slot=slot(given.get("slot", "")) if given.get("when") == "slot" else None,
        language=words.language,
    )
    return replace(asking, said=words("asked_about", about=about) if about else words("asked"))


def slot(text: str) -> datetime:
    """Return the beginning of a slot. Raises Trouble."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Trouble("slot") from None
    if found.tzinfo is None:
        raise Trouble("slot")
    return found.astimezone(UTC)


async def _form(phone: Phone, words: Words, given: Mapping[str, str], error: Trouble | None) -> web.Response:
    account = phone.account
    settings, host = account.settings, account.host
    hours = hours_of("", settings, host.zone)
    free = await account.intake.slots.free(hours)
    first, last = clock(settings.call_from), clock(settings.call_until)
    wrong = told(words, error) if error is not None else ""
    at_number = error is not None and error.why in _NUMBER
    names = ("name", "number", "about", "other", "text", "optional", "when", "asap", "slot", "send")
    shown = {
        "lang": words.language,
        "account": host.account,
        "organisation": host.organisation,
        "title": words("page_title"),
        "nonce": given.get("nonce", "") if error and error.why != "form" else secrets.token_urlsafe(24),
        "given_name": given.get("name", "")[:200],
        "given_number": given.get("number", "")[:60],
        "given_text": given.get("text", "")[: parse.LONGEST_TEXT],
        "number_hint": words("page_number_hint", country=settings.country),
        "hours": words("page_hours", first=first, last=last),
        "retries": account.retries(words, "page_retries"),
        "colour": settings.colour,
        "hex": settings.colour[1:].lower(),
        **{name: words(f"page_{name}") for name in names},
        "lead": f"{settings.greeting} {words('page_lead')}".strip(),
    }
    raw = {
        "outage": html.paragraph("outage", await account.outage(), words("page_outage")),
        "wrong": "" if at_number else html.paragraph("wrong", wrong),
        "number_wrong": f'<p class="wrong" id="number-wrong">{escape(wrong)}</p>' if at_number else "",
        "invalid": 'aria-invalid="true" aria-describedby="number-wrong"' if at_number else "",
        "options": choices.options(phone, words, given),
        "slots": choices.slots(free, words, phone, given),
        "ways": html.ways(phone, words),
    }
    status = 200 if error is None else {"rate": 429, "unavailable": 503}.get(error.why, 422)
    return html.page("callback.html", shown, raw=raw, status=status)
