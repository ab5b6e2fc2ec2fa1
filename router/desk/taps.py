"""The page behind a note's link: opening it changes nothing, one tap says what suits the customer."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec.structs import replace

from channels.errors import Unavailable
from router import tokens
from router.desk import tapview
from router.desk.assets import FOLDER
from router.desk.headers import harden
from router.desk.limits import Rate
from router.desk.nonces import Nonces
from router.desk.pages import TEMPLATES
from router.desk.parts import Parts
from router.errors import Conflict, StoreError
from router.taps.behind import Looked, Stand
from router.taps.tapped import Choice, NotThen, Taps

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.Response]]

#: Bytes of a form, seconds in which it must have come, its fields, and characters of what is still open.
FORM_BYTES, FORM_WAIT_S, FIELDS = 32 * 1024, 20.0, 20
TEXT = 4000
STATUS = {Stand.BROKEN: 404, Stand.OVER: 410}


class TapPages:
    """Serves the page; it needs no script, no cookie and no second request."""

    def __init__(self, parts: Parts, taps: Taps) -> None:
        """Take the desk's parts and the customer's verbs."""
        self._parts, self._taps = parts, taps
        self._nonces = Nonces(tokens.derive(parts.secret), parts.store)
        self._style = (FOLDER / "tap.css").read_text(encoding="utf-8").strip()
        loader = FileSystemLoader(TEMPLATES)
        self._page = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        ).get_template("tap.html")
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        #: Requests and wrong links, by address.
        self._asked = Rate(burst=120, every_s=0.5)
        self._failed = Rate(burst=20, every_s=3.0)

    def routes(self) -> list[web.RouteDef]:
        """Return the page's routes."""
        where = "/t/{token:[^/]+}"
        return [web.get(where, self._safe(self._show)), web.post(where, self._safe(self._tap))]

    async def _show(self, request: web.Request) -> web.Response:
        return await self._shown(request)

    async def _tap(self, request: web.Request) -> web.Response:
        form = await self._form(request)
        now, seen = self._parts.clock.now(), await self._taps.look(request.match_info["token"])
        mark = form.get("mark", "")
        if seen.stand in STATUS:
            return await self._shown(request)
        if self._foreign(request) or not self._nonces.holds(seen.token, mark, now):
            return await self._shown(request, notice="failed", status=403)
        if await self._nonces.use(mark, now):
            try:
                await self._taps.act(seen.token, self._choice(form, seen))
            except NotThen:
                return await self._shown(request, notice="pick_refused", status=409)
            except Conflict:
                return await self._shown(request, notice="failed", status=409)
            except (StoreError, Unavailable, TimeoutError):
                await self._nonces.give_back(mark)
                raise
        return web.Response(status=303, headers={"Location": seen.token})

    def _choice(self, form: dict[str, str], seen: Looked) -> Choice:
        """Return what was chosen, with the words of the button where they become the customer's."""
        at = form.get("at", "")
        words = form.get("text", "").replace("\r\n", "\n")
        text = "".join(each for each in words if each.isprintable() or each == "\n")
        instant = datetime.fromtimestamp(int(at), UTC) if at.isdecimal() and len(at) <= 10 else None
        label = tapview.view(self._taps.house(), seen, self._parts.clock.now()).words.open_still
        return Choice(kind=form.get("choice", ""), at=instant, text=text[:TEXT], label=label)

    async def _form(self, request: web.Request) -> dict[str, str]:
        """Return the fields of a small form; none of what is no such form."""
        async with asyncio.timeout(FORM_WAIT_S):
            body = await request.content.read(FORM_BYTES + 1)
            while len(body) <= FORM_BYTES and not request.content.at_eof():
                body += await request.content.read(FORM_BYTES + 1 - len(body))
        if len(body) > FORM_BYTES or request.content_type != "application/x-www-form-urlencoded":
            return {}
        try:
            fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=FIELDS)
        except ValueError:  # more fields than the page has
            return {}
        return {name: found[-1] for name, found in fields.items()}

    def _foreign(self, request: web.Request) -> bool:
        """Tell whether another site makes this request; pages without a referrer send `Origin: null`."""
        own = {request.host, urlsplit(self._parts.public_url).netloc}
        origin = request.headers.get("Origin", "null")
        elsewhere = origin != "null" and urlsplit(origin).netloc not in own
        return elsewhere or request.headers.get("Sec-Fetch-Site", "") in {"cross-site", "same-site"}

    async def _shown(self, request: web.Request, *, notice: str = "", status: int = 0) -> web.Response:
        """Return the page as things stand now."""
        now = self._parts.clock.now()
        seen = await self._taps.look(request.match_info["token"])
        if seen.stand is Stand.BROKEN and self._failed.wait_s(request.remote or "", now):
            return self._sorry(request, 429)
        shown = tapview.view(
            self._taps.house(),
            seen,
            now,
            wanted=request.query.get("a", ""),
            accepts=request.headers.get("Accept-Language", ""),
        )
        return self._rendered(shown, seen.token, notice, status or STATUS.get(seen.stand, 200))

    def _rendered(self, shown: tapview.View, token: str, notice: str, status: int) -> web.Response:
        html = self._page.render(
            view=shown,
            notice=getattr(shown.words, notice) if notice else "",
            mark=self._nonces.make(token, self._parts.clock.now()),
            token=token,
            style=self._style,
            organisation=self._parts.organisation,
        )
        return web.Response(status=status, text=html, content_type="text/html")

    def _safe(self, handler: Handler) -> Handler:
        """Return it with errors as a plain page, and the headers of a page that is nobody else's business."""

        async def run(request: web.Request) -> web.Response:
            try:
                slow = self._asked.wait_s(request.remote or "", self._parts.clock.now())
                response = self._sorry(request, 429) if slow else await handler(request)
            except (StoreError, Unavailable, TimeoutError) as error:
                log.warning("tap not served", error=type(error).__name__)
                response = self._sorry(request, 503)
            except Exception:
                log.exception("tap failed")
                response = self._sorry(request, 500)
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            harden(response, self._policy)
            return response

        return run

    def _sorry(self, request: web.Request, status: int) -> web.Response:
        """Return a page that needs nothing but the wording."""
        house = self._taps.house()
        seen = Looked(token="", stand=Stand.BROKEN)
        shown = tapview.view(
            house, seen, self._parts.clock.now(), accepts=request.headers.get("Accept-Language", "")
        )
        return self._rendered(replace(shown, said=shown.words.failed), "", "", status)
