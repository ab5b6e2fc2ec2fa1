"""The forum's API over HTTP: real paths, headers, errors and limits."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.discourse import shapes
from sandbox.discourse.board import Board, Draft, Post, Refusal, TooSoon, Topic, User
from sandbox.faults import Fault, Faults

PAGE = 50
SESSION = "/session/current.json"
#: Seconds in which an API request that says the same is answered as before.
MEMORY_S = 120.0
HTML_ERROR = "<!DOCTYPE html><html><body><h1>Oops</h1><p>This forum had a problem.</p></body></html>"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """Answers requests of our account."""

    def __init__(self, board: Board, faults: Faults, posted: Callable[[Post], None]) -> None:
        """Take the forum, what goes wrong, and who is told of each new post."""
        self._board, self._faults, self._posted = board, faults, posted
        self.key = "0123456789abcdef" * 4
        self.us: User = board.user("example_support", "Example support")
        #: What goes wrong when we read, apart from what goes wrong when we post or ask who we are.
        self.reading = Faults()
        #: Requests a minute with one key; Discourse: 60.
        self.per_minute = 1200
        #: True for a version of Discourse before 2025, whose lists are cut by numbers.
        self.older = False
        #: True while a moderator must approve what we post.
        self.held_for_review = False
        self.pending: list[dict[str, Any]] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        #: Files that lie with somebody else: the forum points there.
        self.elsewhere: dict[str, str] = {}
        self._asked: deque[float] = deque()
        self._memory: dict[tuple[object, ...], tuple[float, Post]] = {}
        self.stopping = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        return [
            web.get("/posts.json", self._guarded(self._latest)),
            web.get("/private-posts.json", self._guarded(self._private)),
            web.get(r"/t/{topic:\d+}.json", self._guarded(self._topic)),
            web.get(r"/t/{topic:\d+}/posts.json", self._guarded(self._topic_posts)),
            web.get(r"/posts/{post:\d+}.json", self._guarded(self._post)),
            web.get(r"/posts/{user}/pending.json", self._guarded(self._pending)),
            web.get(SESSION, self._guarded(self._session)),
            web.get("/site.json", self._guarded(self._site)),
            web.get("/uploads/short-url/{file}", self._file),
            web.post("/posts.json", self._guarded(self._create)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            reading = request.method == "GET" and request.path != SESSION
            faults = self.reading if reading else self._faults
            if faults.strikes(Fault.REVOKED) or not self._knows(request):
                return _errors(
                    403,
                    "You are not permitted to view the requested resource. The API username or key is invalid.",
                    kind="invalid_access",
                )
            wait_s = self._too_many()
            if wait_s:
                return _too_many(wait_s)
            return await self._troubled(self._faults if request.method == "POST" else self.reading) or (
                await handler(request)
            )

        return guarded

    def _knows(self, request: web.Request) -> bool:
        """Tell whether the key is right; keys in the address do not count."""
        named = request.headers.get("Api-Username", "").lower() == self.us.username.lower()
        return named and request.headers.get("Api-Key", "") == self.key

    def _too_many(self) -> float:
        now = asyncio.get_running_loop().time()
        while self._asked and now - self._asked[0] > 60.0:
            self._asked.popleft()
        if len(self._asked) >= self.per_minute:
            return 60.0 - (now - self._asked[0])
        self._asked.append(now)
        return 0.0

    async def _troubled(self, faults: Faults) -> web.Response | None:
        if faults.strikes(Fault.SLOW):
            await asyncio.sleep(faults.slow_s)
        if faults.strikes(Fault.BLACK_HOLE):
            await self.stopping.wait()
        if faults.strikes(Fault.THROTTLED):
            return _too_many(1.0)
        if faults.strikes(Fault.THROTTLED_BARE):
            text = "Slow down, too many requests from this IP address.\n"
            return web.Response(status=429, text=text)
        if faults.strikes(Fault.BROKEN):
            return web.Response(status=503, text=HTML_ERROR, content_type="text/html")
        return None

    # reading

    async def _latest(self, request: web.Request) -> web.Response:
        return self._list(request, "latest_posts")

    async def _private(self, request: web.Request) -> web.Response:
        return self._list(request, "private_posts", private_for=self.us.username)

    def _list(self, request: web.Request, root: str, private_for: str = "") -> web.Response:
        given = request.query.get("before", "")
        before = int(given) if given.isdigit() and int(given) else None
        listed = self._board.listed(private_for=private_for)
        if self.older:  # the posts of the last fifty numbers, `before` among them
            last = before or max(self._board.posts, default=0)
            listed = (one for one in listed if last - PAGE < one.id <= last)
        elif before is not None:
            listed = (one for one in listed if one.id < before)
        page = [shapes.post(self._board, one) for one, _ in zip(listed, range(PAGE), strict=False)]
        return web.json_response({root: page})

    async def _topic(self, request: web.Request) -> web.Response:
        topic = self._seen(request)
        if topic is None:
            return _not_found()
        return web.json_response(shapes.topic(self._board, topic, raw="include_raw" in request.query))

    async def _topic_posts(self, request: web.Request) -> web.Response:
        topic = self._seen(request)
        if topic is None:
            return _not_found()
        wanted = {int(one) for one in request.query.getall("post_ids[]", []) if one.isdigit()}
        raw = "include_raw" in request.query
        posts = [
            shapes.post(self._board, one, raw=raw)
            for one in self._board.shown(topic)
            if not wanted or one.id in wanted
        ]
        return web.json_response({"post_stream": {"posts": posts}, "id": topic.id})

    def _seen(self, request: web.Request) -> Topic | None:
        topic = self._board.topics.get(int(request.match_info["topic"]))
        if topic is None or topic.deleted:
            return None
        allowed = topic.members is None or self.us.username in topic.members
        return topic if allowed else None

    async def _post(self, request: web.Request) -> web.Response:
        post = self._board.posts.get(int(request.match_info["post"]))
        if post is None or post.deleted is not None or post.topic.deleted:
            return _not_found()
        return web.json_response(shapes.post(self._board, post))

    async def _pending(self, _: web.Request) -> web.Response:
        return web.json_response({"pending_posts": self.pending})

    async def _session(self, _: web.Request) -> web.Response:
        user = shapes.person(self.us) | {"moderator": self.us.moderator, "admin": False}
        return web.json_response({"current_user": user})

    async def _site(self, _: web.Request) -> web.Response:
        listed = [
            {"id": number, "slug": slug, "name": slug.title()} for number, slug in shapes.CATEGORIES.items()
        ]
        return web.json_response({"categories": listed})

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        if name in self.elsewhere:
            raise web.HTTPFound(self.elsewhere[name])
        kind, data = self.files.get(name, ("", b""))
        return web.Response(body=data, content_type=kind) if kind else _not_found()

    # posting

    async def _create(self, request: web.Request) -> web.StreamResponse:
        fields = await _fields(request)
        if self._faults.strikes(Fault.REFUSED):
            return _errors(422, "Body seems unclear, is it a complete sentence?", action="create_post")
        try:
            post = self._remembered(fields)
        except Refusal as error:
            return _errors(422, *error.errors, action="create_post")
        except TooSoon as error:
            return _too_many(error.wait_s)
        if self._faults.strikes(Fault.FAILED_AFTER):
            return web.Response(status=500, text=HTML_ERROR, content_type="text/html")
        if self._faults.strikes(Fault.DROPPED) and request.transport is not None:
            request.transport.close()
        if post is None:
            held = {"action": "enqueued", "success": True, "pending_post": self.pending[-1]}
            return web.json_response(held | {"pending_count": len(self.pending)})
        return web.json_response(shapes.post(self._board, post))

    def _remembered(self, fields: dict[str, Any]) -> Post | None:
        """Return what the same request became within the last two minutes, else post it."""
        now = asyncio.get_running_loop().time()
        same = tuple(str(fields.get(key, "")) for key in ("topic_id", "raw", "reply_to_post_number", "title"))
        self._memory = {key: one for key, one in self._memory.items() if now - one[0] < MEMORY_S}
        if same in self._memory:
            return self._memory[same][1]
        draft = self._draft(fields)
        self._board.check(self.us, draft)
        if self.held_for_review:
            self.pending.append({"id": len(self.pending) + 1, "raw_text": draft.raw})
            return None
        post = self._board.add(self.us, draft)
        self._memory[same] = (now, post)
        self._posted(post)
        return post

    def _draft(self, fields: dict[str, Any]) -> Draft:
        raw = str(fields.get("raw") or "").strip()
        if fields.get("archetype") == "private_message":
            name = str(fields.get("target_recipients") or "")
            if name.lower() not in self._board.users:
                raise Refusal("Sorry, that user does not exist.")
            members = (self.us.username, self._board.users[name.lower()].username)
            return Draft(raw=raw, title=str(fields.get("title") or ""), members=members)
        given = str(fields.get("topic_id") or "")
        topic = self._board.topics.get(int(given)) if given.isdigit() else None
        if topic is None:
            raise Refusal("Something has gone wrong. Perhaps this topic was closed or deleted?")
        reply_to = str(fields.get("reply_to_post_number") or "")
        return Draft(raw=raw, topic=topic, reply_to=int(reply_to) if reply_to.isdigit() else None)


async def _fields(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        found = json.loads(await request.read())
        return found if isinstance(found, dict) else {}
    return dict(await request.post())


def _errors(status: int, *errors: str, action: str = "", kind: str = "") -> web.Response:
    body: dict[str, Any] = {"errors": list(errors)}
    body |= {"action": action} if action else {}
    return web.json_response(body | ({"error_type": kind} if kind else {}), status=status)


def _not_found() -> web.Response:
    text = "The requested URL or resource could not be found."
    return _errors(404, text, kind="not_found")


def _too_many(wait_s: float) -> web.Response:
    left = max(1, round(wait_s))
    body = {
        "errors": [f"You\u2019ve performed this action too many times, please try again in {left} seconds."],
        "error_type": "rate_limit",
        "extras": {"wait_seconds": left, "time_left": f"{left} seconds"},
    }
    return web.json_response(body, status=429, headers={"Retry-After": str(left)})
