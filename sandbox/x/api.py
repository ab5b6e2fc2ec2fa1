"""API v2's paths for one account: posts, direct messages, people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from msgspec import Struct

from sandbox.ledger import Ledger
from sandbox.x.events import Events
from sandbox.x.problems import forbidden, gone, invalid
from sandbox.x.world import Direct, Post, User, World, person

#: Of mentions X shows only the latest.
_MOST_MENTIONS = 800
_LONGEST, _LONGEST_DM = 280, 10_000
_UNSUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by "
    "the author of the post you are replying to."
)
_DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
_HIDDEN = "You attempted to reply to a Tweet that is deleted or not visible to you."


class Rules(Struct):
    """What this X allows beyond its limits."""

    #: Refuse the same words anywhere, as X does; else only under the same post.
    strict_duplicates: bool = False
    #: Refuse answers to those who neither mentioned nor quoted us.
    summoned_only: bool = True
    #: Names of those who take no direct messages from us.
    closed: set[str] = set()


class Api:
    """Answers what clients ask about posts and direct messages."""

    def __init__(self, world: World, events: Events, ledger: Ledger, measure: Callable[[str], int]) -> None:
        """Take the world, who tells of events, the ledger, and how X counts characters."""
        self._world, self._events, self._ledger, self._measure = world, events, ledger, measure
        self.rules = Rules()

    async def me(self, request: web.Request) -> dict[str, Any]:  # noqa: ARG002  # every endpoint takes one
        """GET /2/users/me."""
        return {"data": person(self._world.me)}

    async def mentions(self, request: web.Request) -> dict[str, Any]:
        """GET /2/users/:id/mentions."""
        self._mine(request)
        world = self._world
        found = [one for one in self._posts() if one.author is not world.me and world.mentions(one, world.me)]
        return self._timeline(found[:_MOST_MENTIONS], request.query)

    async def own(self, request: web.Request) -> dict[str, Any]:
        """GET /2/users/:id/tweets."""
        self._mine(request)
        return self._timeline([one for one in self._posts() if one.author is self._world.me], request.query)

    async def lookup(self, request: web.Request) -> dict[str, Any]:
        """GET /2/tweets?ids=…; what is not there comes as an error beside the rest."""
        wanted = request.query.get("ids", "").split(",")
        known = self._world.posts
        found = [known[id_] for id_ in wanted if id_ in known and not known[id_].deleted]
        missing = [id_ for id_ in wanted if id_ not in {one.id for one in found}]
        page = self._page(found)
        if missing:
            page["errors"] = [
                {
                    "resource_id": id_,
                    "resource_type": "tweet",
                    "title": "Not Found Error",
                    "detail": f"Could not find tweet with ids: [{id_}].",
                    "type": "https://api.twitter.com/2/problems/resource-not-found",
                }
                for id_ in missing
            ]
        return page

    async def create(self, request: web.Request) -> dict[str, Any]:
        """POST /2/tweets."""
        body = await _body(request)
        text = str(body.get("text") or "").strip()
        reply = body.get("reply")
        target = str(reply.get("in_reply_to_tweet_id") or "") if isinstance(reply, Mapping) else ""
        if not text or self._measure(text) > _LONGEST:
            raise invalid("Your Tweet text is too long." if text else "text is missing")
        answers = self._target(target) if target else None
        if self._repeated(text, answers):
            raise forbidden(_DUPLICATE)
        post = self.publish(text, answers)
        return {"data": {"id": post.id, "text": post.text, "edit_history_tweet_ids": list(post.history)}}

    def publish(self, text: str, answers: Post | None) -> Post:
        """Let our account post; the person answered sees it."""
        world = self._world
        post = world.add_post(world.me, text, answers=answers)
        customer = world.customer(post)
        if customer is not None:
            self._ledger.heard(
                id=post.id, customer=customer.name, text=text, public=True, thread=post.conversation
            )
        self._events.publish("post.create", world.shown(post), [person(world.me)])
        return post

    async def delete(self, request: web.Request) -> dict[str, Any]:
        """DELETE /2/tweets/:id."""
        post = self._world.posts.get(request.match_info["id"])
        if post is None or post.author is not self._world.me:
            raise forbidden("You are not permitted to delete this Tweet.")
        post.deleted = True
        self._events.publish("post.delete", {"id": post.id, "author_id": post.author.id}, [])
        return {"data": {"deleted": True}}

    async def directs(self, request: web.Request) -> dict[str, Any]:
        """GET /2/dm_events: newest first, no `since_id`."""
        return self._direct_page(list(reversed(self._world.directs)), request.query)

    async def directs_with(self, request: web.Request) -> dict[str, Any]:
        """GET /2/dm_conversations/with/:id/dm_events."""
        other = request.match_info["id"]
        found = [one for one in self._world.directs if other in {one.sender.id, one.recipient.id}]
        return self._direct_page(list(reversed(found)), request.query)

    async def tell(self, request: web.Request) -> dict[str, Any]:
        """POST /2/dm_conversations/with/:id/messages."""
        body = await _body(request)
        text = str(body.get("text") or "").strip()
        user = self._world.by_id(request.match_info["id"])
        if not text or len(text) > _LONGEST_DM:
            raise invalid("text must have 1 to 10000 characters")
        if user is None or user is self._world.me:
            raise invalid("there is no such participant")
        if user.name in self.rules.closed:
            raise forbidden("You cannot send messages to this user.")
        direct = self.say(user, text)
        low, high = sorted((int(user.id), int(self._world.me.id)))
        return {"data": {"dm_conversation_id": f"{low}-{high}", "dm_event_id": direct.id}}

    def say(self, user: User, text: str) -> Direct:
        """Let our account write a direct message; the person sees it."""
        world = self._world
        direct = world.add_direct(world.me, user, text)
        self._ledger.heard(id=direct.id, customer=user.name, text=text, thread=f"dm/{user.id}")
        self._events.publish("dm.sent", world.old_direct(direct), [])
        return direct

    def _target(self, id_: str) -> Post:
        world = self._world
        post = world.posts.get(id_)
        if post is None or post.deleted:
            raise forbidden(_HIDDEN)
        called = post.author is world.me or world.mentions(post, world.me)
        called = called or (post.quotes is not None and post.quotes.author is world.me)
        if self.rules.summoned_only and not called:
            raise forbidden(_UNSUMMONED)
        return post

    def _repeated(self, text: str, answers: Post | None) -> bool:
        return any(
            one.author is self._world.me
            and not one.deleted
            and one.text.endswith(text)
            and (self.rules.strict_duplicates or one.answers is answers)
            for one in self._world.posts.values()
        )

    # pages

    def _posts(self) -> list[Post]:
        found = [one for one in self._world.posts.values() if not one.deleted and not one.replaced]
        return sorted(found, key=lambda one: int(one.id), reverse=True)

    def _mine(self, request: web.Request) -> None:
        if request.match_info["id"] != self._world.me.id:
            raise gone("Could not find user with this id")

    def _timeline(self, found: Sequence[Post], query: Mapping[str, str]) -> dict[str, Any]:
        since = query.get("since_id", "0")
        if not since.isdigit():
            raise invalid("since_id must be a number")
        newer = [one for one in found if int(one.id) > int(since)]
        shown, meta = _sliced(newer, query, least=5)
        return {**self._page(shown), "meta": meta}

    def _page(self, posts: Sequence[Post]) -> dict[str, Any]:
        people = {one.author.id: one.author for one in posts}
        people |= {one.answers.author.id: one.answers.author for one in posts if one.answers is not None}
        page: dict[str, Any] = {"includes": {"users": [person(one) for one in people.values()]}}
        if posts:
            page["data"] = [self._world.shown(one) for one in posts]
        return page

    def _direct_page(self, found: Sequence[Direct], query: Mapping[str, str]) -> dict[str, Any]:
        shown, meta = _sliced(found, query, least=1)
        people = {one.sender.id: one.sender for one in shown}
        page: dict[str, Any] = {
            "includes": {"users": [person(one) for one in people.values()]},
            "meta": meta,
        }
        if shown:
            page["data"] = [self._world.listed(one) for one in shown]
        return page


def _sliced(
    found: Sequence[Any], query: Mapping[str, str], *, least: int
) -> tuple[Sequence[Any], dict[str, Any]]:
    """Return one page; the token of the next is the number of the last shown, so that pages do not shift."""
    size = query.get("max_results", "100")
    if not size.isdigit() or not least <= int(size) <= 100:
        raise invalid(f"max_results must be {least} to 100")
    token = query.get("pagination_token", "")
    if token:
        if not token.startswith("t") or not token[1:].isdigit():
            raise invalid("pagination_token is not one of ours")
        found = [one for one in found if int(one.id) < int(token[1:])]
    shown = found[: int(size)]
    meta: dict[str, Any] = {"result_count": len(shown)}
    if shown:
        meta |= {"newest_id": shown[0].id, "oldest_id": shown[-1].id}
    if len(found) > len(shown):
        meta["next_token"] = f"t{shown[-1].id}"
    return shown, meta


async def _body(request: web.Request) -> Mapping[str, Any]:
    try:
        body = await request.json()
    except (ValueError, ConnectionError):
        raise invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise invalid("the body is no object")
    return body
