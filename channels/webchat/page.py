"""`GET /chat`: the whole page, for those who have no site to put the widget on."""

import re
from functools import cache
from html import escape
from string import Template

from aiohttp import hdrs, web

from channels.webchat import assets
from channels.webchat.chat import Chat
from channels.webchat.config import Config, pick, read

_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\"'.,;:!?)]|[^@\s<>\"(]+@[\w-]+(?:\.[\w-]+)+")
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
        "organisation": config.organisation,
        "title": config.title,
        "greeting": config.greeting,
        "purpose": config.purpose,
        "colour": config.colour,
        "script_needed": config.words["script_needed"],
    }
    return _template().substitute({key: escape(text) for key, text in fields.items()}, ways=_ways(config))


def _ways(config: Config) -> str:
    """Return how else to reach the organisation, as a list; nothing when no other way is set."""
    if not config.other_ways:
        return ""
    items = "".join(f"<li>{_linked(way)}</li>" for way in config.other_ways)
    return f"<h2>{escape(config.words['other_ways'])}</h2><ul>{items}</ul>"


def _linked(text: str) -> str:
    """Return the text escaped, with web and mail addresses as links."""
    parts = []
    end = 0
    for found in _ADDRESS.finditer(text):
        href = found[0] if found[0].startswith("http") else f"mailto:{found[0]}"
        parts.append(escape(text[end : found.start()]))
        parts.append(f'<a href="{escape(href)}" rel="noopener">{escape(found[0])}</a>')
        end = found.end()
    return "".join(parts) + escape(text[end:])


@cache
def _template() -> Template:
    return Template((assets.FOLDER / "chat.html").read_text(encoding="utf-8"))
