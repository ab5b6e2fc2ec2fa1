"""Reading the page itself for what webhooks dropped: Facebook gives up on one after 36 hours."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from channels.errors import Unavailable
from channels.facebook import history, raw
from channels.facebook.found import Found, Item
from channels.facebook.graph import Graph
from channels.facebook.intake import Intake
from channels.facebook.raw import Malformed
from channels.facebook.settings import PageSettings, Timing
from channels.facebook.trouble import Said, Unanswered, Unreached, mend
from channels.port import Cursor, Host

#: Each poll reads again what is so old: clocks differ, and what is written shows up a little late.
_OVERLAP = timedelta(minutes=5)
#: Conversations a page of answers, and the most such pages in one poll.
_ROWS, _PAGES = "25", 40
#: Posts looked at for new comments, newest first; more where more are new.
_POSTS = "25"
#: How the next pages of a post's comments are asked for.
_COMMENTS = {"fields": history.COMMENT_FIELDS, "order": "reverse_chronological", "filter": "stream"}
#: Names of what this process has taken already, so that the overlap costs nothing.
_KEPT = 5000
#: What is told, and for how long, when not all was read.
_MORE = (
    "more had come since the last poll than Facebook shows in one; what webhooks did not bring of it is on the page "
    "only: look through Meta's inbox"
)
_SHOWN_FOR = timedelta(hours=1)
#: Pause after a failure, so that the next poll is not far off.
_AGAIN_S = 30.0


class Poll:
    """Goes through the page's conversations and latest posts, oldest finds first."""

    def __init__(
        self, host: Host, settings: PageSettings, graph: Graph, intake: Intake, timing: Timing
    ) -> None:
        """Take the account's parts."""
        self._host, self._settings, self._graph = host, settings, graph
        self._intake, self._timing = intake, timing
        self._taken: OrderedDict[str, None] = OrderedDict()
        #: More had come than is read in one poll; until when that is told.
        self._more, self._more_until = False, host.clock.now()

    async def run(self, cursor: Cursor) -> None:
        """Poll until cancelled; a first connection starts at now. Raises LeaseLost."""
        if not cursor.value:
            await cursor.save(self._clock_there().isoformat())
        while True:
            good = await self.once(cursor)
            pause_s = self._settings.poll_every_s
            await self._host.clock.sleep(pause_s if good else min(pause_s, _AGAIN_S))

    async def once(self, cursor: Cursor) -> bool:
        """Take in what is new since the position and move it; False when it could not be read or stored."""
        now = self._host.clock.now()
        if self._graph.usage.busy(now) or self._graph.usage.wait_s(now):
            self._host.report("degraded", "Facebook asks us to ask less often: polling waits", part="receive")
            return False
        self._graph.heard_at, self._more = None, False
        try:
            await self._since(datetime.fromisoformat(cursor.value) - _OVERLAP)
        except (Said, Unanswered, Unreached, Malformed) as error:
            throttled = isinstance(error, Said) and error.throttled
            if throttled:
                self._graph.usage.throttled(now)
            state = "down" if isinstance(error, Said) and not throttled and not error.doubtful else "degraded"
            self._host.report(state, mend(error), part="receive")
            return False
        except Unavailable:
            self._host.report(
                "degraded", "What was polled could not be stored; polling goes on", part="receive"
            )
            return False
        await cursor.save(self._clock_there().isoformat())
        if self._more:
            self._more_until = now + _SHOWN_FOR
        more = now < self._more_until
        self._host.report("degraded" if more else "ok", _MORE if more else "", part="receive")
        return True

    def _clock_there(self) -> datetime:
        """Return Facebook's time when this poll began: what it is compared with are Facebook's times."""
        return self._graph.heard_at or self._host.clock.now()

    async def _since(self, since: datetime) -> None:
        view = self._intake.view()
        finds: list[tuple[datetime, Item, Callable[[], Found | None]]] = []

        def note(row: Mapping[str, Any], read: Callable[[], Found | None]) -> None:
            at, name = history.when(row), raw.word(row, "id")
            if at is not None and at >= since and name not in self._taken:
                finds.append((at, Item(place="poll", page=self._settings.page_id, value=row), read))

        async for talk in self._conversations(since):
            person = history.partner(talk, view)
            messages = f"{raw.word(talk, 'id')}/messages"
            async for row in self._back(
                raw.part(talk, "messages"), since, messages, fields=history.MESSAGE_FIELDS
            ):
                note(row, partial(history.message, row, person, view))
        feed = f"{self._settings.page_id}/feed"
        first = await self._graph.get(feed, fields=history.POST_FIELDS, limit=_POSTS)
        async for post in self._back(first, since, feed, fields=history.POST_FIELDS):
            name = raw.word(post, "id")
            note(post, partial(history.post, post, view))
            async for row in self._back(raw.part(post, "comments"), since, f"{name}/comments", **_COMMENTS):
                note(row, partial(history.comment, row, name, view))
        for _, item, read in sorted(finds, key=lambda one: one[0]):
            until = asyncio.get_running_loop().time() + self._timing.enrich_s
            await self._intake.take(item, read, until)
            self._take_note(raw.word(item.value, "id"))

    def _take_note(self, name: str) -> None:
        self._taken[name] = None
        while len(self._taken) > _KEPT:
            self._taken.popitem(last=False)

    async def _conversations(self, since: datetime) -> AsyncIterator[Mapping[str, Any]]:
        """Yield those touched since then; Facebook gives the newest first."""
        path, after = f"{self._settings.page_id}/conversations", ""
        for _ in range(_PAGES):
            query = {"platform": "messenger", "fields": history.CONVERSATION_FIELDS, "limit": _ROWS}
            answer = await self._graph.get(path, **query, **({"after": after} if after else {}))
            for talk in raw.rows(answer, "data"):
                touched = history.when(talk, "updated_time")
                if touched is not None and touched < since:
                    return
                yield talk
            after = _next(answer)
            if not after:
                return
        self._more = True

    async def _back(
        self, answer: Mapping[str, Any], since: datetime, path: str, **query: str
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the rows of a list that came with its owner, newest first, and those of its next pages since then."""
        for _ in range(_PAGES):
            rows = raw.rows(answer, "data")
            for row in rows:
                yield row
            oldest = history.when(rows[-1]) if rows else None
            after = _next(answer)
            if not after or oldest is None or oldest < since:
                return
            answer = await self._graph.get(path, limit="50", after=after, **query)
        self._more = True


def _next(answer: Mapping[str, Any]) -> str:
    """Return where the next page of answers begins; "" when this was the last."""
    paging = raw.part(answer, "paging")
    return raw.word(raw.part(paging, "cursors"), "after") if raw.word(paging, "next") else ""
