"""The Graph API of the page over HTTP: paths, tokens, proofs, limits, errors, usage."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, Faults
from sandbox.meta import asked, errors, fields, shapes
from sandbox.meta.asked import Params
from sandbox.meta.errors import LIMITS, Trouble
from sandbox.meta.world import APP, NAME, PAGE, Comment, Mail, Media, Person, Post, World

VERSIONS = {"v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0"}
FIELDS = {
    "feed",
    "messages",
    "message_echoes",
    "messaging_postbacks",
    "message_edits",
    "messaging_referrals",
    "standby",
}
_HTML = "<!DOCTYPE html><html><title>Facebook | Error</title><body>Sorry, something went wrong.</body></html>"


class Graph:
    """Answers as graph.facebook.com would, for one page and one app."""

    def __init__(self, world: World, faults: Faults, token: str, secret: str) -> None:
        """Take what is there, what goes wrong, and what callers must know."""
        self._world, self._faults = world, faults
        self.token, self._secret = token, secret
        #: Told of each message and comment of ours, once it is done.
        self.mailed: Callable[[Mail], None] = lambda _: None
        self.commented: Callable[[Comment, Post | Comment], None] = lambda *_: None
        self.base = ""
        self.stopping = asyncio.Event()
        self.subscribed: set[str] = set()
        #: What the usage headers say, and for how many minutes a throttled caller is sent away.
        self.load = 3
        self.regain_min = 0
        #: Method and path of each request, the newest thousand.
        self.requests: list[str] = []

    def routes(self) -> list[web.RouteDef]:
        """Return the paths."""
        return [
            web.get("/media/{owner}/{number}/{name}", self._media),
            web.route("*", "/{version}/{name}", self._handle(self._node)),
            web.route("*", "/{version}/{name}/{edge}", self._handle(self._edge)),
        ]

    # --- every request

    def _handle(
        self, work: Callable[[web.Request, Params], Awaitable[dict[str, Any]]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests = [*self.requests[-999:], f"{request.method} {request.path}"]
            try:
                early = await self._fault()
                if early is not None:
                    return early
                params = await asked.params(request)
                self._known(request, params)
                answer = await work(request, params)
            except Trouble as refused:
                return refused.response(self._usage())
            except ConnectionResetError:  # the caller lost patience
                return web.Response(status=400)
            if request.method == "POST":
                if self._faults.strikes(Fault.DROPPED):
                    assert request.transport is not None  # noqa: S101  # the request is still open
                    request.transport.close()
                elif self._faults.strikes(Fault.FAILED_AFTER):
                    trouble = Trouble(2, "Service temporarily unavailable", status=500)
                    return trouble.response(self._usage())
            return web.json_response(answer, headers=self._usage())

        return handle

    async def _fault(self) -> web.Response | None:
        if self._faults.strikes(Fault.SLOW):
            await asyncio.sleep(self._faults.slow_s)
        if self._faults.strikes(Fault.BLACK_HOLE):
            await self.stopping.wait()
        if self._faults.strikes(Fault.BROKEN):
            return web.Response(status=503, text=_HTML, content_type="text/html")
        if self._faults.strikes(Fault.REVOKED):
            raise errors.revoked()
        if self._faults.strikes(Fault.THROTTLED):
            trouble = Trouble(32, "Page request limit reached")
            return trouble.response(self._usage(100, self.regain_min))
        if self._faults.strikes(Fault.THROTTLED_BARE):
            raise Trouble(613, "Calls to this api have exceeded the rate limit.")
        return None

    def _usage(self, load: int | None = None, regain_min: int = 0) -> dict[str, str]:
        seen = self.load if load is None else load
        app = {"call_count": seen, "total_time": seen, "total_cputime": seen}
        case = {"type": "pages", **app, "estimated_time_to_regain_access": regain_min}
        return {
            "X-App-Usage": json.dumps(app),
            "X-Business-Use-Case-Usage": json.dumps({PAGE: [case]}),
            "facebook-api-version": "v26.0",
        }

    def _known(self, request: web.Request, params: Params) -> None:
        """Raise Trouble unless version, token and proof are right."""
        if request.match_info["version"] not in VERSIONS:
            raise Trouble(2635, "You are calling a deprecated version of the Graph API.")
        header = request.headers.get("Authorization", "")
        token = params.pop("access_token", "") or header.removeprefix("Bearer ").removeprefix("OAuth ")
        if not token:
            raise Trouble(
                2500, "An active access token must be used to query information about the current user."
            )
        if token != self.token:
            raise errors.revoked()
        wanted = hmac.new(self._secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if params.pop("appsecret_proof", "") != wanted:
            raise Trouble(
                100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException"
            )

    # --- nodes and edges

    async def _node(self, request: web.Request, params: Params) -> dict[str, Any]:
        name = request.match_info["name"]
        if request.method != "GET":
            raise errors.gone(name)
        wanted = str(params.get("fields", ""))
        person = self._world.by_id.get(name)
        target = self._world.target(name)
        if name == PAGE:
            row: dict[str, Any] = {"id": PAGE, "name": NAME}
        elif person is not None:
            first, _, last = person.name.partition(" ")
            row = {"id": person.id, "name": person.name, "first_name": first, "last_name": last}
        elif isinstance(target, Comment):
            row = shapes.comment_row(target, self.base)
        elif target is not None:
            row = shapes.post_row(target, self.base)
        else:
            raise errors.gone(name)
        return fields.select(row, wanted or "id,name")

    async def _edge(self, request: web.Request, params: Params) -> dict[str, Any]:
        name, edge = request.match_info["name"], request.match_info["edge"]
        works: Mapping[str, Callable[[str, Params], dict[str, Any]]] = {
            "POST messages": self._send,
            "GET messages": self._messages,
            "GET conversations": self._conversations,
            "GET feed": self._feed,
            "GET comments": self._comments,
            "POST comments": self._comment,
            "GET subscribed_apps": self._subscription,
            "POST subscribed_apps": self._subscribe,
        }
        work = works.get(f"{request.method} {edge}")
        page_only = (
            edge in {"conversations", "feed", "subscribed_apps"}
            or f"{request.method} {edge}" == "POST messages"
        )
        if work is None or (page_only and name != PAGE):
            raise errors.gone(name)
        return work(name, params)

    # --- Messenger

    def _send(self, _: str, params: Params) -> dict[str, Any]:
        message, recipient = asked.table(params, "message"), asked.table(params, "recipient")
        text, media = str(message.get("text") or ""), asked.upload(params, message)
        if len(text) > LIMITS.text:
            raise errors.wrong(f"Length of param message[text] must be less than or equal to {LIMITS.text}")
        if not text and media is None:
            raise errors.wrong("Param message must have a text or an attachment")
        self._write_fault(messenger=True)
        person = self._recipient(recipient, params)
        mail = self._world.mail(person, text, ours=True)
        mail.metadata, mail.app = str(message.get("metadata") or ""), APP
        mail.media = [media] if media is not None else []
        self.mailed(mail)
        return {"recipient_id": person.id, "message_id": mail.id}

    def _recipient(self, recipient: Mapping[str, Any], params: Params) -> Person:
        for key in ("comment_id", "post_id"):
            if key in recipient:
                return self._world.may_reply(str(recipient[key]))
        person = self._world.by_id.get(str(recipient.get("id", "")))
        if person is None:
            raise Trouble(100, "No matching user found", subcode=2018001)
        self._world.may_write(
            person, str(params.get("messaging_type", "RESPONSE")), str(params.get("tag", ""))
        )
        return person

    def _write_fault(self, *, messenger: bool) -> None:
        code, subcode = self._world.trouble
        if code:
            raise Trouble(code, "Switched on in the sandbox", subcode=subcode)
        if messenger and self._faults.strikes(Fault.WINDOW):
            raise errors.window()
        if self._faults.strikes(Fault.REFUSED):
            if messenger:
                raise Trouble(551, "This person isn't available right now.", subcode=1545041)
            raise Trouble(200, "Permissions error", subcode=1446036)

    def _conversations(self, _: str, params: Params) -> dict[str, Any]:
        if params.get("platform", "messenger") != "messenger":
            return {"data": []}
        wanted = str(params.get("user_id", ""))
        people = [one for one in self._world.people.values() if one.mails and wanted in {"", one.id}]
        people.sort(key=lambda one: one.mails[-1].at, reverse=True)
        return asked.listed(people, params, self._talk, lambda one: f"t_{one.id}")

    def _talk(self, person: Person) -> dict[str, Any]:
        return {
            "id": f"t_{person.id}",
            "updated_time": shapes.stamp(person.mails[-1].at),
            "participants": {"data": [shapes.who(person), shapes.who(None)]},
            "messages": {"data": [self._mail_row(one) for one in reversed(person.mails)]},
        }

    def _mail_row(self, mail: Mail) -> dict[str, Any]:
        return shapes.mail_row(mail, self.base)

    def _comment_row(self, comment: Comment) -> dict[str, Any]:
        return shapes.comment_row(comment, self.base)

    def _post_row(self, post: Post) -> dict[str, Any]:
        return shapes.post_row(post, self.base)

    def _messages(self, name: str, params: Params) -> dict[str, Any]:
        person = self._world.by_id.get(name.removeprefix("t_"))
        if person is None:
            raise errors.gone(name)
        return asked.listed(list(reversed(person.mails)), params, self._mail_row)

    # --- the page in public

    def _feed(self, _: str, params: Params) -> dict[str, Any]:
        return asked.listed(list(reversed(self._world.posts)), params, self._post_row)

    def _comments(self, name: str, params: Params) -> dict[str, Any]:
        target = self._target(name)
        if isinstance(target, Comment):
            found = [one for one in target.post.comments if one.parent is target]
        else:
            found = list(target.comments)
        if params.get("order") == "reverse_chronological":
            found.reverse()
        return asked.listed([one for one in found if not one.removed], params, self._comment_row)

    def _comment(self, name: str, params: Params) -> dict[str, Any]:
        target, text = self._target(name), str(params.get("message") or "")
        media = params.get("source") if isinstance(params.get("source"), Media) else None
        if not text and media is None:
            raise errors.wrong("One of message or attachment must be given")
        if len(text) > LIMITS.comment:
            raise errors.wrong(f"A comment has at most {LIMITS.comment} characters")
        self._write_fault(messenger=False)
        made = self._world.comment(target, None, text)
        made.media = media
        self.commented(made, target)
        return {"id": made.id}

    def _target(self, name: str) -> Post | Comment:
        target = self._world.target(name)
        if target is None:
            raise errors.gone(name)
        return target

    # --- subscription, files

    def _subscription(self, _: str, __: Params) -> dict[str, Any]:
        row = {"id": APP, "name": "Handleby", "subscribed_fields": sorted(self.subscribed)}
        return {"data": [row] if self.subscribed else []}

    def _subscribe(self, _: str, params: Params) -> dict[str, Any]:
        names = {one.strip() for one in str(params.get("subscribed_fields", "")).split(",") if one.strip()}
        if not names or names - FIELDS:
            raise errors.wrong(f"Param subscribed_fields must be one of {sorted(FIELDS)}")
        self.subscribed |= names
        return {"success": True}

    async def _media(self, request: web.Request) -> web.Response:
        owner, number = request.match_info["owner"], int(request.match_info["number"])
        mail = self._world.mails.get(owner)
        comment = self._world.comments.get(owner)
        files = mail.media if mail is not None else [comment.media] if comment is not None else []
        if number >= len(files) or (media := files[number]) is None:
            return web.Response(status=404)
        return web.Response(body=media.data, content_type=media.content_type)
