"""What all phone accounts share on the public server: the form, the page of a request, and the API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from channels.errors import Unavailable
from channels.phone import api, assets, case, form
from channels.phone.errors import Trouble
from channels.phone.phone import Phone
from channels.port import Route

log = structlog.get_logger(__name__)

Handler: TypeAlias = Callable[[web.Request, Phone], Awaitable[web.StreamResponse]]
#: What programs are told, by the word of a Trouble.
STATUS = {"rate": 429, "already": 409, "unknown": 404, "tier": 403, "key": 401, "unavailable": 503}


class Pages:
    """Finds the account that a request is for, and hands it on."""

    def __init__(self, phones: Mapping[str, Phone]) -> None:
        """Take the accounts; requests that name none get the first."""
        self._phones = phones

    def routes(self) -> Sequence[Route]:
        """Return every path; nothing when there is no account."""
        if not self._phones:
            return ()
        return [
            Route(method="GET", path="/callback", handler=self._page(form.show)),
            Route(method="POST", path="/callback", handler=self._page(form.take)),
            Route(method="GET", path="/callback/case", handler=self._page(case.show)),
            Route(method="GET", path="/callback/standing", handler=self._program(case.standing)),
            Route(method="POST", path="/callback/api/{account}", handler=self._program(api.ask)),
            Route(method="GET", path="/callback/api/{account}/slots", handler=self._program(api.slots)),
            Route(method="PUT", path="/callback/api/{account}/outage", handler=self._program(api.outage)),
            Route(method="GET", path="/callback/static/{name}", handler=assets.answer),
        ]

    def _account(self, request: web.Request) -> Phone:
        name = request.match_info.get("account", "") or request.query.get("account", "")
        if not name:
            return next(iter(self._phones.values()))
        if name not in self._phones:
            raise Trouble("unknown")
        return self._phones[name]

    def _page(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                phone = self._account(request)
                if request.method == "POST" and not _from_here(request, phone):
                    return web.Response(status=403, text="This form can be sent from its own page only.\n")
                return await handler(request, phone)
            except Trouble as error:
                return form.refusal(request, next(iter(self._phones.values())), error)
            except (Unavailable, TimeoutError):
                return form.refusal(request, self._account(request), Trouble("unavailable"))

        return answer

    def _program(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request, self._account(request))
            except Trouble as error:
                return api.refusal(error, STATUS.get(error.why, 400))
            except (Unavailable, TimeoutError):
                return api.refusal(Trouble("unavailable", after_s=2), 503)
            except (web.HTTPException, asyncio.CancelledError):
                raise
            except Exception:  # every failure becomes an answer that says what it is
                log.exception("callback.broken")
                return api.refusal(Trouble("broken"), 500)

        return answer


def _from_here(request: web.Request, phone: Phone) -> bool:
    """Tell whether a form was sent from our own page: browsers say where from, and others need not."""
    origin = request.headers.get("Origin", "")
    if not origin or origin == "null":
        return not origin
    host = urlsplit(origin).netloc
    return host in {urlsplit(phone.account.host.public_url).netloc, request.host}
