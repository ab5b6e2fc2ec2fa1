"""Events of the activity API, by stream or webhook: hints that something came, taken in at once."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from channels.port import Host
from channels.twitter.intake import Intake
from channels.twitter.money import DM_EVENT, POST_EVENT, Meter
from channels.twitter.parse import event
from channels.twitter.poll import renewal
from channels.twitter.settings import Settings
from channels.twitter.shape import NUMBER, Strange, list_

#: What is subscribed to; the others bring nothing that needs a reaction.
WANTED = (
    "post.mention.create", "post.reply.create", "post.quote.create", "post.delete",
    "dm.received", "dm.sent", "chat.received", "chat.sent", "oauth.revoke",
)  # fmt: skip
_PRICES = {
    "post.create": POST_EVENT, "post.mention.create": POST_EVENT, "post.reply.create": POST_EVENT,
    "post.quote.create": POST_EVENT, "dm.received": DM_EVENT, "chat.received": DM_EVENT,
}  # fmt: skip


class Malformed(ValueError):
    """It is no JSON object with an event in it."""


class Hints:
    """Takes in events of one account."""

    def __init__(
        self, host: Host, settings: Settings, intake: Intake, meter: Meter, look: Callable[[], None]
    ) -> None:
        """Take the account, and what makes polling look at once."""
        self._host, self._settings, self._intake, self._meter = host, settings, intake, meter
        self.look = look

    async def take(self, raw: bytes) -> None:
        """Take in what one line or request brings. Raises Malformed, or Unavailable when it was not stored."""
        try:
            envelope = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed("not JSON") from error
        data = envelope.get("data") if isinstance(envelope, dict) else None
        if not isinstance(data, dict | list):
            raise Malformed("no event")
        for one in data if isinstance(data, list) else [data]:
            if isinstance(one, dict):
                await self._one(one)

    async def _one(self, data: Mapping[str, Any]) -> None:
        kind = str(data.get("event_type") or "")
        if kind == "oauth.revoke":
            self._revoked(data.get("payload"))
            return
        wanted = data.get("filter")
        user = wanted.get("user_id") if isinstance(wanted, Mapping) else None
        if user not in {None, self._settings.me}:
            return  # another account of the same app
        name = str(data.get("event_uuid") or "")
        await self._meter.reads([(f"event:{name}", _PRICES[kind])] if kind in _PRICES else [])
        try:
            for read in event(data, self._intake.view()):
                await self._intake.take(read)
        except Strange as error:
            await self._intake.unreadable(
                msgspec.json.encode(data.get("payload")), str(error), name=_named(data)
            )

    def _revoked(self, payload: object) -> None:
        user = payload.get("user_id") if isinstance(payload, Mapping) else None
        if user == self._settings.me:
            words = f"the account has taken its permission from the app. {renewal(self._host)}"
            self._host.report("down", words, part="receive mentions")
            self._host.report("down", words, part="send")
            self.look()


def _named(data: Mapping[str, Any]) -> str:
    """Return the number under which polling would find it too, else a name made of its bytes."""
    payload = data.get("payload")
    inner = payload if isinstance(payload, Mapping) else {}
    events = [one for one in list_(inner.get("direct_message_events")) if isinstance(one, Mapping)]
    for found in (inner, *events[:1]):
        if NUMBER.fullmatch(str(found.get("id") or "")):
            return str(found["id"])
    return f"odd:{hashlib.sha256(msgspec.json.encode(payload)).hexdigest()[:24]}"
