"""`GET /chat`: the whole page, for those who have no site to put the widget on."""

import re
from functools import cache
from html import escape
from string import Template

from aiohttp import hdrs, web

from channels.webchat import assets
from channels.webchat.chat import Chat
from channels.webchat.config import Config, pick, read

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


async def page(request: web.Request, chat: Chat) -> web.Response:
    """Answer the page in the language asked for with `?lang=`, else one the browser prefers."""
    wanted = [request.query.get("lang", ""), *preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))]
    config = await read(chat, pick(wanted, chat.host.language))
    headers = {
        "Content-Security-Policy": policy(request.host, chat.origins.sources()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Content-Language": config.language,
        "Vary": "Accept-Language",
    }
    return web.Response(text=render(config), content_type="text/html", headers=headers)


def preferred(header: str) -> list[str]:
    """Return the languages of an Accept-Language header, best first (RFC 9110, 12.5.4)."""
    ranked = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{1,3})?)\s*", weight)
        ranked.append((-float(quality[1]) if quality else -1.0, place, tag))
    return [tag for weight, _, tag in sorted(ranked) if weight < 0]


def policy(host: str, framers: list[str]) -> str:
    """Return the page's content security policy: nothing but our own files, nothing inline."""
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self' {' '.join(framers)}"
    ).strip()


def render(config: Config) -> str:
    """Return the HTML; every text in it is escaped."""
    fields = {
        "lang": config.language,
        "account": config.account,
        "title": config.title,
        "greeting": config.greeting,
        "purpose": config.purpose,
        "colour": config.colour,
        "script_needed": config.words["script_needed"],
        "other_ways_title": config.words["other_ways"],
    }
    ways = "".join(f"<li>{escape(way)}</li>" for way in config.other_ways)
    return _template().substitute({k: escape(v) for k, v in fields.items()}, ways=ways)


@cache
def _template() -> Template:
    return Template((assets.FOLDER / "chat.html").read_text(encoding="utf-8"))
