"""`/hooks/facebook/<account>`: Facebook asks whose address it is, then sends what happens on the page."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from channels.errors import ChannelError
from channels.facebook import parse, signature
from channels.facebook.found import Item
from channels.facebook.intake import Intake
from channels.facebook.raw import Malformed

#: Bytes of the largest webhook taken; Facebook packs up to a thousand items into one.
LARGEST = 4 * 1024 * 1024
#: Things of different people taken in at a time.
_AT_ONCE = 8


class Hook:
    """The webhook of one account; one app has one address, so items of the other pages come here too."""

    def __init__(self, intake: Intake, others: Callable[[str, str], Intake | None], enrich_s: float) -> None:
        """Take what takes in, where the pages of the same app are found by id and secret, and the time for extras."""
        self._intake, self._others, self._enrich_s = intake, others, enrich_s
        self._genuine = False

    async def challenge(self, request: web.Request) -> web.Response:
        """Answer `hub.challenge` to whoever knows the verify token."""
        query = request.query
        known = signature.same(query.get("hub.verify_token", ""), self._intake.settings.verify_token)
        if query.get("hub.mode") != "subscribe" or not known:
            return web.Response(status=403, text="The verify token is not the one of this account.\n")
        headers = {"X-Content-Type-Options": "nosniff"}
        return web.Response(text=query.get("hub.challenge", "")[:200], headers=headers)

    async def post(self, request: web.Request) -> web.Response:
        """Verify, store each item, and only then answer 200; Facebook sends again what got anything else."""
        body = await _body(request)
        if body is None:
            return web.Response(status=413, text=f"At most {LARGEST} bytes.\n")
        if not signature.genuine(
            self._intake.settings.app_secret, body, request.headers.get(signature.HEADER, "")
        ):
            self._doubt()
            return web.Response(
                status=403, text=f"{signature.HEADER} does not fit the body and the app's secret.\n"
            )
        try:
            found = parse.items(body)
        except Malformed as error:
            return web.Response(status=400, text=f"Not a webhook of a page: {error}.\n")
        try:
            await self._all(found)
        except BaseExceptionGroup as errors:
            if errors.subgroup((ChannelError, OSError, MemoryError)) is None:
                raise
            return web.Response(status=503, text="The message could not be stored; send it again.\n")
        self._genuine = True
        self._intake.host.report("ok", part="webhook")
        return web.Response(text="EVENT_RECEIVED")

    def _doubt(self) -> None:
        """Tell admins of a wrong secret, but not once it is known to be right: anybody can send nonsense."""
        if not self._genuine:
            words = (
                "Webhooks come in whose signature does not fit, and are refused: see that app_secret is that of "
                "the app which sends them"
            )
            self._intake.host.report("degraded", words, part="webhook")

    async def _all(self, found: Sequence[Item]) -> None:
        """Take the items: those of one person in order, those of different people beside each other."""
        until = asyncio.get_running_loop().time() + self._enrich_s
        queues: dict[str, list[Item]] = {}
        for item in found:
            queues.setdefault(_whose(item), []).append(item)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one_by_one(items: Sequence[Item]) -> None:
            async with gate:
                for item in items:
                    await self._one(item, until)

        async with asyncio.TaskGroup() as group:
            for items in queues.values():
                group.create_task(one_by_one(items))

    async def _one(self, item: Item, until: float) -> None:
        intake = self._intake
        if item.page and item.page != intake.settings.page_id:
            other = self._others(item.page, intake.settings.app_secret)
            if other is None:
                return
            intake = other
        view = intake.view()
        await intake.take(item, lambda: parse.read(item, view), until)


async def _body(request: web.Request) -> bytes | None:
    """Return the bytes as they came; None when they are too many."""
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > LARGEST:
            return None
    return bytes(data)


def _whose(item: Item) -> str:
    """Return a name shared by the items that must keep their order."""
    value = item.value if isinstance(item.value, Mapping) else {}
    if item.place == "changes":
        inner = value.get("value")
        return f"{item.page}/{inner.get('post_id') if isinstance(inner, Mapping) else ''}"
    ends = sorted(
        str(end.get("id")) for key in ("sender", "recipient") if isinstance(end := value.get(key), Mapping)
    )
    return "/".join(ends)
