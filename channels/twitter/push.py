"""Hearing of things at once: subscriptions to the activity API, its stream, and our webhook with X."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.errors import LeaseLost, Unavailable
from channels.port import Host
from channels.twitter.client import Client, items
from channels.twitter.hints import WANTED, Hints, Malformed
from channels.twitter.poll import LOCKED_OUT_S, PAY, renewal
from channels.twitter.settings import Settings
from channels.twitter.trouble import Denied, Penniless, Revoked, Throttled, Trouble

#: Pauses between tries: doubled from the first, at most the longest.
FIRST_S, LONGEST_S = 1.0, 300.0
#: How often the webhook and the subscriptions are looked at, to mend what X has switched off.
CHECK_S = 3600.0
#: Pauses grow again only while connections last shorter than this.
STEADY_S = 60.0
_PART = "push"
_AUTHORISE = "Let the account authorise the app by OAuth 2.0 (tweet.read, dm.read), or set push to poll"


class Push:
    """Keeps the chosen way of hearing at once alive; polling goes on beside it."""

    def __init__(self, host: Host, settings: Settings, client: Client, hints: Hints) -> None:
        """Take the account, the way to X and where events go."""
        self._host, self._settings, self._client, self._hints = host, settings, client, hints

    async def run(self) -> None:
        """Do so until cancelled; return at once when only polling is wanted."""
        step = {"stream": self._stream, "webhook": self._webhook}.get(self._settings.push)
        pause = FIRST_S
        while step is not None:
            began = self._host.clock.now()
            try:
                async with self._host.cursor("push"):
                    await step()
                rest = FIRST_S
            except LeaseLost:
                rest = FIRST_S
            except Trouble as trouble:
                lasted = (self._host.clock.now() - began).total_seconds()
                pause = FIRST_S if lasted > STEADY_S else min(LONGEST_S, pause * 2)
                rest = self._troubled(trouble, pause)
            await self._host.clock.sleep(rest)

    async def _stream(self) -> None:
        """Follow the stream until it ends."""
        refused = await self.subscribe("")
        async with self._client.stream() as lines:
            self._tell(refused)
            self._hints.look()  # what came before the connection stands in no stream
            async for line in lines:
                if line:
                    await self._line(line)
        self._hints.look()

    async def _line(self, line: bytes) -> None:
        try:
            await self._hints.take(line)
        except Malformed:
            self._host.report("degraded", "the stream sent something that is no event", part=_PART)
        except Unavailable:
            self._hints.look()  # polling finds it once the store is back

    async def _webhook(self) -> None:
        """See that X has our webhook and finds it valid, now and every hour."""
        while True:
            self._tell(await self.subscribe(await self.register()))
            self._hints.look()
            await self._host.clock.sleep(CHECK_S)

    async def register(self) -> str:
        """Return X's id of our webhook, registering or waking it where needed. Raises Trouble."""
        url = f"{self._host.public_url.rstrip('/')}/hooks/{self._host.channel}/{self._host.account}"
        parts = urlsplit(url)
        if self._settings.real and (parts.scheme != "https" or parts.port is not None):
            raise Denied(f"X wants a webhook with https and without a port, but public_url gives {url}")
        known = items(await self._client.managed("GET", "/2/webhooks"))
        mine = next((one for one in known if one.get("url") == url), None)
        if mine is None:
            made = await self._client.managed("POST", "/2/webhooks", {"url": url})
            return _id(made.get("data", made))
        if not mine.get("valid"):
            await self._client.managed("PUT", f"/2/webhooks/{_id(mine)}")
        return _id(mine)

    def _tell(self, refused: str) -> None:
        self._host.report("degraded" if refused else "ok", refused, part=_PART)

    async def subscribe(self, webhook: str) -> str:
        """Subscribe to what is wanted and not subscribed to yet; return in words what X refuses. Raises Trouble."""
        known = items(await self._client.managed("GET", "/2/activity/subscriptions"))
        mine = {str(one.get("event_type")): one for one in known if self._about_us(one)}
        refused: dict[str, Denied] = {}
        for kind in WANTED:
            found = mine.get(kind)
            if found is not None and (not webhook or found.get("webhook_id") == webhook):
                continue
            try:
                await self._subscribe(kind, webhook, found)
            except Denied as error:
                refused[kind] = error
        if len(refused) == len(WANTED):
            raise refused[WANTED[0]]
        return f"{', '.join(refused)}: {next(iter(refused.values()))}. {_AUTHORISE}" if refused else ""

    async def _subscribe(self, kind: str, webhook: str, found: Mapping[str, Any] | None) -> None:
        told = {"webhook_id": webhook} if webhook else {}
        if found is not None:
            await self._client.managed(
                "PUT",
                f"/2/activity/subscriptions/{found.get('subscription_id')}",
                {**told, "tag": "handleby"},
            )
            return
        about = {} if kind == "oauth.revoke" else {"user_id": self._settings.me}
        body = {"event_type": kind, "filter": about, "tag": "handleby", **told}
        await self._client.managed("POST", "/2/activity/subscriptions", body)

    def _about_us(self, subscription: Mapping[str, Any]) -> bool:
        about = subscription.get("filter")
        user = about.get("user_id") if isinstance(about, Mapping) else None
        return user == self._settings.me or subscription.get("event_type") == "oauth.revoke"

    def _troubled(self, trouble: Trouble, pause: float) -> float:
        """Tell what is wrong and what to do; return the seconds until the next try."""
        what = f"new things are heard of only by polling: {trouble}"
        if isinstance(trouble, Throttled):
            self._host.report("degraded", what, part=_PART)
            return trouble.after_s + 0.5
        if isinstance(trouble, Revoked):
            self._host.report("degraded", f"{what}. {renewal(self._host)}, or bearer_token", part=_PART)
            return LOCKED_OUT_S
        if isinstance(trouble, Penniless):
            self._host.report("degraded", f"{what}. {PAY}", part=_PART)
            return LOCKED_OUT_S
        if isinstance(trouble, Denied):
            self._host.report("degraded", f"{what}. {_AUTHORISE}", part=_PART)
            return min(LOCKED_OUT_S, pause * 4)
        self._host.report("degraded", what, part=_PART)
        return pause


def _id(data: object) -> str:
    found = data.get("id") if isinstance(data, Mapping) else None
    if not isinstance(found, str) or not found:
        raise Denied("X named no id of the webhook")
    return found
