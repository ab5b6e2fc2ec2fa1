"""What X has of what we sent: read back when an answer of X got lost.

Whether something is newer is told by X's own numbers, never by our clock against X's.
"""

from datetime import timedelta

from msgspec import Struct

from channels.message import Outgoing
from channels.port import Host
from channels.twitter.client import Client, Page, items, next_token
from channels.twitter.memory import Memory
from channels.twitter.money import DM_READ, OWNED_READ, Meter
from channels.twitter.post import answers, text_of
from channels.twitter.progress import Progress
from channels.twitter.settings import Settings
from channels.twitter.shape import NUMBER, number_at
from channels.twitter.words import same

#: Where nothing tells from which number on to look.
_LONG_AGO = timedelta(days=2)
_PAGES = 8


class Wanted(Struct, frozen=True, kw_only=True):
    """The part that is looked for."""

    text: str
    #: The post it answers; "" for a direct message.
    answers: str = ""
    #: It is newer than this.
    after: int


class Mirror:
    """Looks for what we sent among what X lists as ours."""

    def __init__(self, host: Host, settings: Settings, client: Client, memory: Memory, meter: Meter) -> None:
        """Take the account."""
        self._host, self._settings, self._client = host, settings, client
        self._memory, self._meter = memory, meter

    async def find(self, outgoing: Outgoing, progress: Progress, text: str) -> str | None:
        """Return the number of the part with this text; "" = X does not list it, None = not all could be seen.

        What is known to have been sent for something else is not taken for it. Raises Trouble when X
        cannot be asked.
        """
        way, done = progress.way, progress.done
        if way.kind == "post":
            target = done[-1] if done else way.to
            return await self._posted(Wanted(text=text, answers=target, after=int(target)))
        after = done[-1] if done else outgoing.in_reply_to.removeprefix("x:")
        since = (
            int(after) if NUMBER.fullmatch(after) else number_at((progress.tried or outgoing.at) - _LONG_AGO)
        )
        place = {"person": way.to} if way.kind == "person" else {"dm_conversation_id": way.to}
        return await self._told(place, Wanted(text=text, after=since))

    async def _posted(self, wanted: Wanted) -> str | None:
        token = ""
        for _ in range(_PAGES):
            page = await self._client.own_posts(
                max_results=100, since_id=str(wanted.after), pagination_token=token or None
            )
            await self._count(page, OWNED_READ)
            for one in items(page):
                if answers(one) == wanted.answers and await self._is(one, wanted):
                    return str(one["id"])
            token = next_token(page)
            if not token:
                return ""
        return None

    async def _told(self, place: dict[str, str], wanted: Wanted) -> str | None:
        token = ""
        for _ in range(_PAGES):
            page = await self._client.direct(**place, max_results=20, pagination_token=token or None)
            await self._count(page, DM_READ)
            for one in items(page):
                if one.get("sender_id") == self._settings.me and await self._is(one, wanted):
                    return str(one["id"])
            token = next_token(page)
            if not token or any(not _newer(one, wanted) for one in items(page)):
                return ""
        return None

    async def _is(self, one: Page, wanted: Wanted) -> bool:
        if not _newer(one, wanted) or not same(text_of(one), wanted.text):
            return False
        return not await self._memory.is_sent(str(one["id"]))

    async def _count(self, page: Page, price: int) -> None:
        await self._meter.reads((f"post:{one.get('id')}", price) for one in items(page))


def _newer(one: Page, wanted: Wanted) -> bool:
    number = str(one.get("id") or "")
    return bool(NUMBER.fullmatch(number)) and int(number) > wanted.after
