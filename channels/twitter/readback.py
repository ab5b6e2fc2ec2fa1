"""What X has of what we sent: read back when an answer of X got lost."""

from datetime import datetime, timedelta

from channels.port import Host
from channels.twitter.client import Client, Page, items, next_token
from channels.twitter.money import DM_READ, OWNED_READ, Meter
from channels.twitter.post import answers, text_of
from channels.twitter.progress import Progress
from channels.twitter.settings import Settings
from channels.twitter.shape import NUMBER, number_at, when
from channels.twitter.words import same

#: Clocks differ.
SLACK = timedelta(seconds=90)
#: For the words of a post that X took for a repetition.
_LONG_AGO = timedelta(days=2)
_PAGES = 8


class Mirror:
    """Looks for what we sent among what X lists as ours."""

    def __init__(
        self, host: Host, settings: Settings, client: Client, meter: Meter, settled_s: float
    ) -> None:
        """Take the account, and after how many seconds what was posted is listed for certain."""
        self._settled = timedelta(seconds=settled_s)
        self._host, self._settings, self._client, self._meter = host, settings, client, meter

    async def find(self, progress: Progress, text: str, *, whenever: bool = False) -> str | None:
        """Return the number of the part with this text; "" = X does not have it, None = too early to tell.

        `whenever`: also where it went long before this try. Raises Trouble when X cannot be asked.
        """
        now = self._host.clock.now()
        tried = progress.tried or now
        since = now - _LONG_AGO if whenever else tried - SLACK
        if progress.way.kind == "post":
            target = progress.done[-1] if progress.done else progress.way.to
            found, whole = await self._posted(text, target, since, progress)
        else:
            found, whole = await self._told(text, since, progress)
        if found:
            return found
        return "" if whole and (whenever or now - tried >= self._settled) else None

    async def _posted(self, text: str, target: str, since: datetime, progress: Progress) -> tuple[str, bool]:
        """Return the own post that answers the target in these words, and whether all were looked at."""
        token = ""
        for _ in range(_PAGES):
            page = await self._client.own_posts(
                max_results=100, since_id=str(max(1, number_at(since))), pagination_token=token or None
            )
            await self._count(page, OWNED_READ)
            for one in items(page):
                if answers(one) == target and same(text_of(one), text) and self._new(one, since, progress):
                    return str(one["id"]), True
            token = next_token(page)
            if not token:
                return "", True
        return "", False

    async def _told(self, text: str, since: datetime, progress: Progress) -> tuple[str, bool]:
        """Return the own direct message with these words, and whether all were looked at."""
        token = ""
        way = progress.way
        for _ in range(_PAGES):
            page = await self._client.direct(
                **({"person": way.to} if way.kind == "person" else {"dm_conversation_id": way.to}),
                max_results=20,
                pagination_token=token or None,
            )
            await self._count(page, DM_READ)
            for one in items(page):
                mine = one.get("sender_id") == self._settings.me
                if mine and same(text_of(one), text) and self._new(one, since, progress):
                    return str(one["id"]), True
            token = next_token(page)
            if not token or any(_before(str(one.get("id") or ""), since) for one in items(page)):
                return "", True
        return "", False

    async def _count(self, page: Page, price: int) -> None:
        await self._meter.reads((f"post:{one.get('id')}", price) for one in items(page))

    def _new(self, one: Page, since: datetime, progress: Progress) -> bool:
        """Tell whether it can be this part: written since, and not a part that is known already."""
        number = str(one.get("id") or "")
        if not NUMBER.fullmatch(number) or number in progress.done:
            return False
        at = when(one.get("created_at"), number)
        return at is not None and at >= since


def _before(number: str, since: datetime) -> bool:
    return bool(NUMBER.fullmatch(number)) and int(number) < number_at(since)
