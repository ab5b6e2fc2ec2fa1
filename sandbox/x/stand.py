"""The stand-in for X: its server, its made-up customers, and its switches."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.stand import Site
from sandbox.x.api import Api
from sandbox.x.count import length
from sandbox.x.events import KINDS, Events
from sandbox.x.keys import Gatekeeper, Keys
from sandbox.x.limits import Limits
from sandbox.x.manage import Manage
from sandbox.x.problems import Problem, broken, penniless, throttled, unauthorized
from sandbox.x.world import Direct, Post, User, World, person

Endpoint: TypeAlias = Callable[[web.Request], Awaitable[dict[str, Any] | web.StreamResponse]]

#: Our account.
ME = User(id="1500000000000000001", username="example_help", name="Example Help")
#: How much livelier than the real X a demo may be.
SCALE = 60
#: What a throttled request is told to wait.
THROTTLED_S = 1


class XStand:
    """X with one account for us and any number of made-up customers."""

    #: X has no window for answers that closes.
    knows = frozenset(Fault) - {Fault.WINDOW}

    def __init__(self) -> None:
        """Build it; nothing listens yet."""
        self.ledger, self.faults = Ledger(), Faults()
        self.keys = Keys(access_token=f"{ME.id}-sandbox")
        self.world = World(ME)
        self.events = Events(self.keys, self.faults, ME.id)
        self.api = Api(self.world, self.events, self.ledger, length)
        self.limits = Limits(SCALE)
        #: True while the app has no credits, or our tokens are not accepted.
        self.broke = False
        self.revoked = False
        #: What our tokens allow.
        self.rights = "read-write-directmessages"
        #: (method, path) of every request that came, in order.
        self.requests: list[tuple[str, str]] = []
        self._gate = Gatekeeper(self.keys)
        self._stopped = asyncio.Event()
        self._manage = Manage(self.events)
        self._site = Site(self._routes())

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        await self._site.start()

    async def stop(self) -> None:
        """Close everything; what was under way is dropped."""
        self._stopped.set()
        self._manage.close()
        await self.events.stop()
        await self._site.stop()

    def settings(self) -> dict[str, object]:
        """Return the settings with which an account of the channel uses this stand-in."""
        return {
            "api": self._site.url,
            "api_key": self.keys.api_key,
            "api_secret": self.keys.api_secret,
            "access_token": self.keys.access_token,
            "access_token_secret": self.keys.access_token_secret,
            "bearer_token": self.keys.bearer_token,
            "client_secret": self.keys.client_secret,
            "push": "poll",
            "poll_every": 1.0,
            "dm_poll_every": 1.0,
            "budget": "0",
        }

    async def connect(self, hook: str) -> None:
        """Register the URL as webhook, as an admin would, and subscribe it to everything."""
        webhook = next((one for one in self.events.webhooks.values() if one.url == hook), None)
        webhook = webhook or await self.events.register(hook)
        known = {one.event_type: one for one in self.events.subscriptions.values()}
        for kind in KINDS:
            if kind in known:
                known[kind].webhook_id = webhook.id
            else:
                about = {} if kind == "oauth.revoke" else {"user_id": ME.id}
                self.events.subscribe(kind, about, "connected", webhook.id)

    # customers

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:
        """Let a customer write to us: a post that mentions us, in a thread if one is named, or a direct message.

        `thread`: the number of a post, as returned, with or without `x:`, or `conversation/author`.
        """
        user = self.world.user(customer)
        if not public or thread.startswith("dm/"):
            return self.tell(customer, text)
        above = self._above(thread, user) if thread else None
        # X puts the names that the post above mentions in front of a reply; to us we need no mention
        calling = f"@{ME.username}" not in text and (above is None or above.author is not ME)
        return self.post(customer, text, answers=above, calling=calling).id

    async def answer(self, customer: str, text: str) -> str:
        """Let one of our own people answer the customer in X's own app."""
        last = self.world.last.get(customer)
        if last is None:
            raise ValueError(f"{customer} has written nothing that could be answered")
        if isinstance(last, Direct):
            return self.api.say(last.sender, text).id
        return self.api.publish(text, last).id

    def post(
        self,
        customer: str,
        text: str,
        *,
        answers: Post | None = None,
        quotes: Post | None = None,
        calling: bool = False,
    ) -> Post:
        """Let a customer post, whether it mentions us or not; `calling` puts our name before it."""
        said = f"@{ME.username} {text}" if calling else text
        post = self.world.add_post(self.world.user(customer), said, answers=answers, quotes=quotes)
        self.world.last[customer] = post
        self.ledger.wrote(id=post.id, customer=customer, text=text, public=True, thread=post.conversation)
        self._tell_of(post)
        return post

    def tell(self, customer: str, text: str) -> str:
        """Let a customer write a direct message."""
        user = self.world.user(customer)
        direct = self.world.add_direct(user, ME, text)
        self.world.last[customer] = direct
        self.ledger.wrote(id=direct.id, customer=customer, text=text, thread=f"dm/{user.id}")
        self.events.publish("dm.received", self.world.old_direct(direct), [])
        return direct.id

    def edit(self, number: str, text: str) -> str:
        """Let a customer change a post; X shows only the new version, under a new number."""
        later = self.world.edit(self.world.posts[number], text)
        self.ledger.wrote(
            id=later.id, customer=later.author.name, text=text, public=True, thread=later.conversation
        )
        return later.id

    def whisper(self, customer: str, *, ours: bool = False) -> str:
        """Let a customer, or one of ours, write in an encrypted chat, of which X tells only that it happened."""
        user = self.world.user(customer)
        name = f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-4000-8000-{secrets.token_hex(6)}"
        payload = {
            "id": name,
            "sender_id": ME.id if ours else user.id,
            "conversation_id": f"{user.id}:{ME.id}",
            "created_at_msec": "1784841183370",
            "encoded_event": "CwABAAAAEzIwODA0MDA4MjUyMjcxMDAxNjALAAI",
        }
        if not ours:
            self.ledger.wrote(id=f"chat:{name}", customer=customer, text="", thread=f"chat/{user.id}")
        self.events.publish("chat.sent" if ours else "chat.received", payload, [])
        return name

    def revoke(self) -> None:
        """Let the account take its permission from the app."""
        self.revoked = True
        self.events.publish("oauth.revoke", {"user_id": ME.id, "app_id": "1"}, [])

    def _above(self, thread: str, user: User) -> Post | None:
        """Return what the customer sees last in the thread: our last answer there, else the post named."""
        number = thread.removeprefix("x:").partition("/")[0]
        named = self.world.posts.get(number)
        if named is None:
            return None
        ours = [
            one
            for one in self.world.posts.values()
            if one.author is ME
            and one.conversation == named.conversation
            and self.world.customer(one) is user
            and not one.deleted
        ]
        return ours[-1] if ours else named

    def _tell_of(self, post: Post) -> None:
        shown, users = self.world.shown(post), [person(post.author)]
        if self.world.mentions(post, ME):
            self.events.publish("post.mention.create", shown, users)
        elif post.quotes is not None and post.quotes.author is ME:
            self.events.publish("post.quote.create", shown, users)
        elif post.answers is not None and post.answers.author is ME:
            self.events.publish("post.reply.create", shown, users)

    # the server

    def _routes(self) -> list[web.RouteDef]:
        api, manage = self.api, self._manage
        return [
            self._route("GET", "/2/users/me", "me", api.me),
            self._route("GET", "/2/users/{id}/mentions", "mentions", api.mentions),
            self._route("GET", "/2/users/{id}/tweets", "own", api.own),
            self._route("GET", "/2/tweets", "lookup", api.lookup),
            self._route("POST", "/2/tweets", "post", api.create),
            self._route("DELETE", "/2/tweets/{id}", "delete", api.delete),
            self._route("GET", "/2/dm_events", "dm_events", api.directs),
            self._route("GET", "/2/dm_conversations/with/{id}/dm_events", "dm_with", api.directs_with),
            self._route("POST", "/2/dm_conversations/with/{id}/messages", "dm", api.tell),
            self._route("GET", "/2/webhooks", "webhooks", manage.webhooks),
            self._route("POST", "/2/webhooks", "webhooks", manage.register),
            self._route("POST", "/2/webhooks/replay", "webhooks", manage.replay),
            self._route("PUT", "/2/webhooks/{id}", "webhooks", manage.revalidate),
            self._route("DELETE", "/2/webhooks/{id}", "webhooks", manage.unregister),
            self._route("GET", "/2/activity/subscriptions", "subscriptions", manage.subscriptions),
            self._route("POST", "/2/activity/subscriptions", "subscriptions", manage.subscribe),
            self._route("PUT", "/2/activity/subscriptions/{id}", "subscriptions", manage.resubscribe),
            self._route("DELETE", "/2/activity/subscriptions/{id}", "subscriptions", manage.unsubscribe),
            self._route("GET", "/2/activity/stream", "stream", manage.stream),
        ]

    def _route(self, method: str, path: str, endpoint: str, serve: Endpoint) -> web.RouteDef:
        by_app = endpoint in {"webhooks", "subscriptions", "stream"}

        async def handler(request: web.Request) -> web.StreamResponse:
            self.requests.append((request.method, request.path))
            try:
                self._admit(request, by_app=by_app)
            except Problem as problem:
                return problem.response({})
            if self.faults.strikes(Fault.THROTTLED_BARE):
                return throttled().response({})
            if self.faults.strikes(Fault.THROTTLED):
                self.limits.exhaust(endpoint, THROTTLED_S)
            allowed, headers = self.limits.take(endpoint)
            if not by_app:
                headers["x-access-level"] = self.rights
            if not allowed:
                return throttled().response(headers)
            return await self._serve(request, serve, headers)

        return web.route(method, path, handler)

    def _admit(self, request: web.Request, *, by_app: bool) -> None:
        """Check who calls, and whether X does anything for them. Raises Problem."""
        given = request.headers.get("Authorization", "")
        if by_app:
            genuine = self._gate.app(given)
        else:
            genuine = self._gate.user(given, request.method, request.path, request.rel_url.raw_query_string)
        if not genuine or self.faults.strikes(Fault.REVOKED) or (self.revoked and not by_app):
            raise unauthorized()
        if self.broke:
            raise penniless()

    async def _serve(
        self, request: web.Request, serve: Endpoint, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Do what was asked, with the faults that are switched on."""
        if self.faults.strikes(Fault.SLOW):
            await asyncio.sleep(self.faults.slow_s)
        if self.faults.strikes(Fault.BLACK_HOLE):
            await self._stopped.wait()
        if self.faults.strikes(Fault.BROKEN):
            return broken()
        writes = request.method == "POST" and request.path.endswith(("/tweets", "/messages"))
        if writes and self.faults.strikes(Fault.REFUSED):
            return Problem(403, "Forbidden", "You are not permitted to perform this action.").response(
                headers
            )
        try:
            made = await serve(request)
        except Problem as problem:
            return problem.response(headers)
        if self.faults.strikes(Fault.DROPPED) and request.transport is not None:
            request.transport.close()
        if self.faults.strikes(Fault.FAILED_AFTER):
            return broken()
        if isinstance(made, web.StreamResponse):
            return made
        return web.json_response(made, status=201 if writes else 200, headers=headers)
