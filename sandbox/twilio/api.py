"""The interface for calls: Basic auth, form parameters, JSON, the provider's own errors."""

import asyncio
import base64
import hmac
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.faults import Fault
from sandbox.twilio.legs import OVER, Leg

if TYPE_CHECKING:
    from sandbox.twilio.stand import TwilioStand

BASE = "/2010-04-01/Accounts/{account}"
EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


class Api:
    """Answers requests about one account."""

    def __init__(self, stand: "TwilioStand") -> None:
        """Take the stand-in."""
        self._stand = stand

    def routes(self) -> list[web.RouteDef]:
        """Return every path."""
        return [
            web.get(BASE + ".json", self._account),
            web.get(BASE + "/IncomingPhoneNumbers.json", self._numbers),
            web.post(BASE + "/Calls.json", self._create),
            web.get(BASE + "/Calls.json", self._list),
            web.get(BASE + "/Calls/{sid}.json", self._get),
            web.post(BASE + "/Calls/{sid}.json", self._update),
        ]

    async def _before(self, request: web.Request) -> web.StreamResponse | None:
        """Check the credentials, and let the faults strike that do nothing."""
        faults = self._stand.faults
        if not self._knows(request) or faults.strikes(Fault.REVOKED):
            return _error(401, 20003, "Authenticate")
        if request.match_info["account"].removesuffix(".json") != self._stand.account_sid:
            return _error(404, 20404, "The requested resource was not found")
        if faults.strikes(Fault.SLOW):
            await asyncio.sleep(faults.slow_s)
        if faults.strikes(Fault.BLACK_HOLE):
            await asyncio.sleep(3600)
        if faults.strikes(Fault.THROTTLED):
            return _error(429, 20429, "Too Many Requests", headers={"Retry-After": "1"})
        if faults.strikes(Fault.THROTTLED_BARE):
            return _error(429, 20429, "Too Many Requests")
        if faults.strikes(Fault.BROKEN):
            text = "<html><body><h1>503 Service Unavailable</h1></body></html>"
            return web.Response(status=503, text=text, content_type="text/html")
        return None

    def _knows(self, request: web.Request) -> bool:
        wanted = f"{self._stand.account_sid}:{self._stand.auth_token}".encode()
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme == "Basic" and hmac.compare_digest(base64.b64encode(wanted), given.encode())

    async def _account(self, request: web.Request) -> web.StreamResponse:
        before = await self._before(request)
        stand = self._stand
        return before or web.json_response(
            {"sid": stand.account_sid, "status": "active", "type": "Full", "friendly_name": "Sandbox"}
        )

    async def _numbers(self, request: web.Request) -> web.StreamResponse:
        before = await self._before(request)
        wanted = request.query.get("PhoneNumber", self._stand.number)
        found = (
            [{"phone_number": wanted, "voice_url": self._stand.hook, "voice_method": "POST"}]
            if wanted == self._stand.number
            else []
        )
        return before or web.json_response({"incoming_phone_numbers": found})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if (before := await self._before(request)) is not None:
            return before
        form = await request.post()
        given = {name: str(value) for name, value in form.items()}
        if self._stand.faults.strikes(Fault.REFUSED):
            return _error(400, 21211, "The 'To' number is not a valid phone number.")
        wrong = self._wrong(given)
        if wrong is not None:
            return wrong
        events = tuple(str(one) for one in form.getall("StatusCallbackEvent", ["completed"]))
        if not set(events) <= EVENTS:
            return _error(400, 21626, "Invalid StatusCallbackEvents")
        leg = Leg(
            account=self._stand.account_sid,
            to=given["To"],
            caller=given["From"],
            direction="outbound-api",
            person=self._stand.person(given["To"]),
            callback=given.get("StatusCallback", ""),
            events=events,
        )
        self._stand.begin(leg, given["Url"])
        return await self._done(request, leg)

    async def _done(self, request: web.Request, leg: Leg) -> web.StreamResponse:
        """Answer for what has been done, as wrongly as the faults want it."""
        if self._stand.faults.strikes(Fault.DROPPED) and request.transport is not None:
            request.transport.close()
        if self._stand.faults.strikes(Fault.FAILED_AFTER):
            return _error(500, 20500, "Internal Server Error")
        return web.json_response(leg.shown(), status=201)

    def _wrong(self, given: dict[str, str]) -> web.Response | None:
        if not given.get("To", "").startswith("+"):
            return _error(400, 21211, "The 'To' number is not a valid phone number.")
        if given.get("From") != self._stand.number:
            return _error(400, 21210, "'From' phone number not verified")
        if not given.get("Url", "").startswith("http"):
            return _error(400, 21205, "Url is not a valid URL")
        return None

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if (before := await self._before(request)) is not None:
            return before
        query = request.query
        found = [
            leg
            for leg in reversed(self._stand.legs.values())
            if query.get("To", leg.to) == leg.to
            and query.get("From", leg.caller) == leg.caller
            and query.get("ParentCallSid", leg.parent) == leg.parent
        ]
        size = min(1000, int(query.get("PageSize", "50")))
        calls = [leg.shown() for leg in found[:size]]
        return web.json_response({"calls": calls, "page": 0, "page_size": size, "next_page_uri": None})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if (before := await self._before(request)) is not None:
            return before
        leg = self._stand.legs.get(request.match_info["sid"])
        return web.json_response(leg.shown()) if leg is not None else _error(404, 20404, "not found")

    async def _update(self, request: web.Request) -> web.StreamResponse:
        if (before := await self._before(request)) is not None:
            return before
        leg = self._stand.legs.get(request.match_info["sid"])
        if leg is None:
            return _error(404, 20404, "The requested resource was not found")
        form = await request.post()
        if leg.status in OVER:
            return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
        if form.get("Status") in {"completed", "canceled"}:
            leg.ended = True
        return web.json_response(leg.shown())


def _error(status: int, code: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    body: dict[str, Any] = {
        "code": code,
        "message": text,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return web.json_response(body, status=status, headers=headers)
