"""The pages: small shells that scripts fill from the API, and signing in, which works without scripts."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from router.desk import links, reading, sessions, weekly
from router.desk import report as reports
from router.desk.accounts import Role, User
from router.desk.assets import Assets
from router.desk.failures import Invalid, Problem, Unauthorised, problem
from router.desk.gate import Gate, Principal
from router.desk.headers import PAGE_POLICY, harden
from router.desk.parts import Parts
from router.desk.sight import sight
from router.errors import NotFound

log = structlog.get_logger(__name__)

TEMPLATES = Path(__file__).parent / "templates"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Pages in the bar: path, name, least role.
PLACES = (
    ("/", "Work", Role.AGENT),
    ("/notes", "Notes", Role.AGENT),
    ("/outbox", "Outbox", Role.AGENT),
    ("/report", "Report", Role.AGENT),
    ("/ops", "Rules", Role.LEAD),
    ("/admin", "Health", Role.OPS),
)


class Pages:
    """Serves the pages."""

    def __init__(self, parts: Parts, gate: Gate, assets: Assets) -> None:
        self._parts = parts
        self._gate = gate
        self._assets = assets
        loader = FileSystemLoader(TEMPLATES)
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.globals["asset"] = assets.path
        self._templates.filters.update(reading.FILTERS)

    def routes(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self._safe(self._desk)),
            web.get("/c/{reference}", self._safe(self._desk)),
            web.get("/outbox", self._safe(self._outbox)),
            web.get("/report", self._safe(self._report)),
            web.get("/report/letter", self._safe(self._letter)),
            web.get("/notes", self._safe(self._place("notes.html", "/notes"))),
            web.get("/ops", self._safe(self._place("ops.html", "/ops"))),
            web.get("/ops/wording", self._safe(self._place("wording.html", "/ops"))),
            web.get("/admin", self._safe(self._place("admin.html", "/admin"))),
            web.get("/signin", self._safe(self._sign_in)),
            web.get("/signin/link", self._safe(self._welcome)),
            web.post("/signin/link", self._safe(self._enter)),
            web.get("/favicon.ico", self._safe(self._icon)),
            web.get("/{tail:.*}", self._safe(self._nothing)),
        ]

    async def _desk(self, request: web.Request) -> web.Response:
        who = await self._inside(request, Role.AGENT)
        reference = request.match_info.get("reference", "")
        return self._page("desk.html", who, here="/", reference=reference)

    async def _outbox(self, request: web.Request) -> web.Response:
        who = await self._gate.who(request)
        if not self._parts.open_outbox:
            who = await self._inside(request, Role.AGENT)
        return self._page("outbox.html", who, here="/outbox", open=self._parts.open_outbox)

    async def _report(self, request: web.Request) -> web.Response:
        who = await self._inside(request, Role.AGENT)
        seen, asked = sight(who, self._parts.book()), reports.asked_of(request.query)
        shown = await reports.report(self._parts, seen, asked)
        return self._page(
            "report.html",
            who,
            here="/report",
            shown=shown,
            seen=seen,
            choices=reports.WEEKS,
            zone=self._parts.zone,
        )

    async def _letter(self, request: web.Request) -> web.Response:
        who = await self._inside(request, Role.LEAD)
        shown = await weekly.sheet(self._parts, request.query.get("week", ""))
        return self._page("letter.html", who, here="/report", shown=shown, zone=self._parts.zone)

    def _place(self, template: str, here: str) -> Handler:
        role = next(role for path, _, role in PLACES if path == here)

        async def show(request: web.Request) -> web.Response:
            return self._page(template, await self._inside(request, role), here=here)

        return show

    async def _sign_in(self, request: web.Request) -> web.Response:
        who = await self._gate.who(request)
        if who is not None:
            raise web.HTTPFound("/")
        return self._page("signin.html", None, here="")

    async def _welcome(self, request: web.Request) -> web.Response:
        """Ask before using the link up: mail scanners and chat previews open links too."""
        token = request.query.get("token", "")
        user = await self._proven(request, links.ticket_user(self._parts, token))
        return self._page("welcome.html", None, here="", user=user, token=token)

    async def _enter(self, request: web.Request) -> web.Response:
        self._gate.own(request, header=False)
        token = (await request.post()).get("token", "")
        user = await self._proven(request, links.redeem(self._parts, str(token)))
        response = web.Response(status=303, headers={"Location": "/"})
        self._gate.remember(response, await sessions.begin(self._parts, user))
        log.info("signed in", user=user.id)
        return response

    async def _proven(self, request: web.Request, proof: Awaitable[User]) -> User:
        try:
            return await proof
        except Invalid:
            self._gate.failed(request)
            raise

    async def _icon(self, _: web.Request) -> web.Response:
        raise web.HTTPFound(self._assets.path("icon.svg"))

    async def _nothing(self, request: web.Request) -> web.Response:
        raise NotFound(f"There is no page {request.path[:80]} here.")

    async def _inside(self, request: web.Request, role: Role) -> Principal:
        who = await self._gate.who(request)
        if who is None:
            raise Unauthorised
        self._gate.admit(request, who, role)
        return who

    def _page(
        self, template: str, who: Principal | None, *, here: str, status: int = 200, **more: Any
    ) -> web.Response:
        places = [(path, name) for path, name, role in PLACES if who is not None and who.user.may(role)]
        html = self._templates.get_template(template).render(
            organisation=self._parts.organisation,
            banner=self._parts.banner,
            who=who,
            places=places,
            here=here,
            **more,
        )
        return web.Response(status=status, text=html, content_type="text/html")

    def _safe(self, handler: Handler) -> Handler:
        """Return it with errors as pages, strangers sent to sign in, and the security headers."""

        async def run(request: web.Request) -> web.StreamResponse:
            try:
                response = await handler(request)
            except web.HTTPException as redirect:
                response = web.Response(
                    status=redirect.status, headers={"Location": redirect.headers["Location"]}
                )
            except Unauthorised:
                response = web.Response(status=303, headers={"Location": "/signin"})
            except Exception as error:  # each becomes a page; unknown ones are logged
                response = self._failed(problem(error))
                if response.status == 500:
                    log.exception("page failed")
            harden(response, PAGE_POLICY)
            return response

        return run

    def _failed(self, said: Problem) -> web.Response:
        return self._page("failed.html", None, here="", status=said.status, problem=said)
