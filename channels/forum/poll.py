"""Following the forum by its lists of newest posts: the truth, as webhooks are only hints."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from channels.errors import Unavailable
from channels.forum import position as positions
from channels.forum.categories import Categories
from channels.forum.intake import Intake
from channels.forum.parse import Event
from channels.forum.position import Known, Position
from channels.forum.post import PRIVATE
from channels.forum.trouble import Answered, ForumTrouble, Unreached
from channels.port import Cursor

#: Posts of one page.
PAGE = 50
#: Older versions of Discourse list the posts of so many numbers, however many there are among them.
SPAN = 49
#: Numbers looked through at a time when catching up, and posts held in memory then.
STEP = 1000
HELD = 2000
#: Seconds between two pages; an API key may ask 60 times a minute.
PACE_S = 1.0
#: Seconds between a hint and the look it asks for.
HINT_S = 2.0
#: Tries in a row before the host is told and pauses us.
TRIES = 10
#: Seconds before the next try after the forum refused our key.
LOCKED_OUT_S = 120.0

_log = structlog.get_logger(__name__)
_backoff = wait_random_exponential(multiplier=1, max=120)


class List(Struct, frozen=True, kw_only=True):
    """A list of posts that the forum keeps."""

    path: str
    #: Where the posts stand in the answer.
    root: str
    #: Name of the cursor; "" for the public posts.
    cursor: str = ""
    private: bool = False

    @property
    def part(self) -> str:
        """What health calls it."""
        return "receive private" if self.private else "receive"


PUBLIC = List(path="/posts.json", root="latest_posts")
MESSAGES = List(path="/private-posts.json", root="private_posts", cursor="private", private=True)


class Poller:
    """Follows one list of one forum."""

    def __init__(self, intake: Intake, which: List, categories: Categories) -> None:
        """Take where posts go, and the list to follow."""
        self._intake, self._list, self._categories = intake, which, categories
        self._host, self._api = intake.host, intake.api
        self._every_s = intake.settings.poll_s
        self._pace_s = min(PACE_S, self._every_s / 10)
        self._hint = asyncio.Event()

    def wake(self) -> None:
        """Look soon: something may have come."""
        self._hint.set()

    async def run(self) -> None:
        """Follow until cancelled. Raises LeaseLost, or ChannelError after many failures."""
        async with self._host.cursor(self._list.cursor) as cursor:
            while True:
                async for attempt in AsyncRetrying(
                    retry=retry_if_exception_type((ForumTrouble, Unavailable)),
                    wait=_wait,
                    stop=stop_after_attempt(TRIES),
                    sleep=self._host.clock.sleep,
                    before_sleep=self._tell,
                    reraise=True,
                ):
                    with attempt:
                        await self.look(cursor)
                self._host.report("ok", part=self._list.part)
                await self._pause()

    async def look(self, cursor: Cursor) -> None:
        """Take what is new or changed since the last look."""
        await self._categories.resolve()
        page = await self._page()
        before = positions.load(cursor.value)
        if before is None:
            begun = positions.start(page)
            if not self._list.private:
                await self._intake.connected(begun.floor)
            await cursor.save(begun.dump())
            return
        oldest = min((post["id"] for post in page), default=0)
        position = await self._catch_up(before, oldest, cursor)
        for post in page:
            await self._take(post, position)
        for number, was in before.missing(page, PAGE).items():
            await self._gone(number, was)
        after = position.after(page)
        if after != before:
            await cursor.save(after.dump())

    async def _take(self, post: Mapping[str, Any], position: Position) -> None:
        was = position.page.get(str(post["id"]))
        if was is None:
            if post["id"] > position.floor:
                await self._intake.take(Event.CREATED, post)
        elif not was.unchanged(positions.known(post)):
            await self._intake.take(Event.EDITED, post)

    async def _gone(self, number: int, was: Known) -> None:
        """See why a post is not where it was: only one that was deleted is told of."""
        post: dict[str, Any] = {
            "id": number, "topic_id": was.topic, "user_id": was.user, "username": was.username,
            "version": was.version, "category_id": was.category or None, "raw": "",
        }  # fmt: skip
        try:
            found = await self._api.get(f"/posts/{number}.json")
            if not isinstance(found, dict) or not (found.get("deleted_at") or found.get("user_deleted")):
                return
            post |= {"version": found.get("version", was.version)}
        except Answered as error:
            if error.status not in {404, 410}:
                return
        await self._intake.take(Event.DESTROYED, self._labelled(post))

    async def _catch_up(self, position: Position, upto: int, cursor: Cursor) -> Position:
        """Take the posts between the last one taken and the newest page, oldest first."""
        step = STEP
        while position.last + 1 < upto:
            top, posts = await self._between(position.last, min(upto, position.last + 1 + step))
            for post in posts:
                await self._take(post, position)
            position = replace(position, last=top - 1)
            await cursor.save(position.dump())
            step = step * 4 if len(posts) < PAGE else STEP
        return position

    async def _between(self, after: int, before: int) -> tuple[int, Sequence[Mapping[str, Any]]]:
        """Return the posts above `after` and below `before` in order, and up to where they are all.

        The forum lists backwards only; of very many, the oldest are kept and the others come next time.
        """
        top, at = before, before
        found: dict[int, Mapping[str, Any]] = {}
        while at > after + 1:
            await self._host.clock.sleep(self._pace_s)
            page = await self._page(at)
            found |= {post["id"]: post for post in page if after < post["id"] < top}
            if len(found) > HELD:
                kept = sorted(found)[:HELD]
                top = kept[-1] + 1
                found = {number: found[number] for number in kept}
            at = min([at - SPAN, *(post["id"] for post in page)])
        return top, [found[number] for number in sorted(found)]

    async def _page(self, before: int = 0) -> list[dict[str, Any]]:
        """Return a page of posts, oldest first; what has no number cannot be taken."""
        query = {"before": before} if before else {}
        answer = await self._api.get(self._list.path, **query)
        posts = answer.get(self._list.root) if isinstance(answer, dict) else None
        if not isinstance(posts, list):
            raise Answered(
                200, ("what it lists as posts are none; is `api` the address of a Discourse forum?",)
            )
        numbered = [post for post in posts if isinstance(post, dict) and _is_number(post.get("id"))]
        if len(numbered) < len(posts):
            _log.error("posts without a number", account=self._host.account, count=len(posts) - len(numbered))
        return [self._labelled(post) for post in sorted(numbered, key=lambda post: int(post["id"]))]

    def _labelled(self, post: dict[str, Any]) -> dict[str, Any]:
        """Add what the list says by being that list, and the category's slug, which is not in it."""
        if self._list.private:
            return {**post, "topic_archetype": PRIVATE}
        return {**post, "category_slug": self._categories.slug(post.get("category_id"))}

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._every_s):
                await self._hint.wait()
        except TimeoutError:
            return
        await self._host.clock.sleep(min(HINT_S, self._every_s / 2))
        self._hint.clear()

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        refused = isinstance(error, Answered)
        advice = ": check `api`, `api_key` and `api_username`" if refused else ""
        grave = refused or state.attempt_number >= 3
        self._host.report("down" if grave else "degraded", f"receive: {error}{advice}", part=self._list.part)


def _wait(state: RetryCallState) -> float:
    """Return how long to wait: as the forum says, long where it refuses us, else ever longer."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Answered):
        return LOCKED_OUT_S
    return max(_backoff(state), error.after_s if isinstance(error, Unreached) else 0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**62
