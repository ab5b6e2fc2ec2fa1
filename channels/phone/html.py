"""Pages as HTML: every text escaped, nothing inline, nothing from elsewhere."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from aiohttp import hdrs, web

from channels.phone import assets, words
from channels.phone.phone import Phone
from channels.phone.words import Words

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def spoken(request: web.Request, phone: Phone) -> Words:
    """Return the words of the language asked for with `?lang=`, else of one that the browser prefers."""
    wanted = [request.query.get("lang", ""), *_preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))]
    return words.pick(wanted, phone.account.host.language)


def page(name: str, fields: Mapping[str, str], *, raw: Mapping[str, str], status: int = 200) -> web.Response:
    """Return a page from its template: `fields` are escaped, `raw` is HTML made here."""
    made = {key: escape(value) for key, value in fields.items()}
    headers = {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "same-origin",  # with less, browsers hide where a form was sent from
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Content-Language": fields["lang"],
        "Vary": "Accept-Language",
    }
    text = assets.template(name).substitute(made, **raw)
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def paragraph(kind: str, text: str, title: str = "") -> str:
    """Return a paragraph of a class; nothing where there is no text."""
    if not text:
        return ""
    heading = f"<strong>{escape(title)}</strong> " if title else ""
    return f'<p class="{escape(kind)}">{heading}{escape(text)}</p>'


def ways(phone: Phone, found: Words) -> str:
    """Return how else to reach a person, as a list; nothing when no other way is set."""
    given: Sequence[str] = phone.account.settings.other_ways
    if not given:
        return ""
    items = "".join(f"<li>{escape(way)}</li>" for way in given)
    return f"<h2>{escape(found('page_other_ways'))}</h2><ul>{items}</ul>"


def _preferred(header: str) -> list[str]:
    """Return the languages of an Accept-Language header, best first (RFC 9110, 12.5.4)."""
    ranked = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{1,3})?)\s*", weight)
        ranked.append((-float(quality[1]) if quality else -1.0, place, tag))
    return [tag for weight, _, tag in sorted(ranked) if weight < 0]
