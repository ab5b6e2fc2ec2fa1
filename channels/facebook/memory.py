"""What an account remembers between restarts, the same on every process; all of it is forgotten in time."""

import hashlib
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from channels.errors import ChannelError
from channels.facebook.found import ADVERT
from channels.port import Host

_DAY_S = 86400.0
#: An answer is tried for a day, and read back a little longer.
_SENDING_S = 3 * _DAY_S
#: Longer than any poll reaches back.
_OURS_S = 30 * _DAY_S
_NAME_S = 30 * _DAY_S
#: Somebody else may write at the same time; that rarely happens twice.
_TRIES = 5


class Crowded(ChannelError):
    """Others kept writing the same memo."""


class Memory:
    """Small values by name, in the host's memos."""

    def __init__(self, host: Host) -> None:
        """Take the account's host."""
        self._host = host

    # --- what was sent: the mid of each part of an outgoing, "" while unknown

    async def sent(self, outgoing: str) -> dict[int, str]:
        """Return the names that Facebook gave to the parts sent so far."""
        memo = await self._host.recall(f"out:{outgoing}")
        return msgspec.json.decode(memo.value, type=dict[int, str]) if memo.value else {}

    async def sending(self, outgoing: str, part: int, name: str) -> None:
        """Note that the part is sent."""

        def add(value: str) -> str:
            known = msgspec.json.decode(value, type=dict[int, str]) if value else {}
            return msgspec.json.encode(known | {part: name}).decode()

        await self._change(f"out:{outgoing}", add, _SENDING_S)

    async def ours(self, name: str) -> bool:
        """Tell whether a message of this name was noted as ours."""
        return (await self._host.recall(f"mine:{name}")).version > 0

    async def own(self, name: str) -> None:
        """Note that a message is ours, for those whose name the router does not learn."""
        await self._change(f"mine:{name}", lambda _: "1", _OURS_S)

    # --- comments on their way: told again from what people write on the page itself

    async def leaving(self, post: str, text: str, outgoing: str) -> None:
        """Note that a comment with this text is about to be written below the post."""

        def add(value: str) -> str:
            known = msgspec.json.decode(value, type=dict[str, str]) if value else {}
            return msgspec.json.encode({outgoing: ""} | known).decode()

        await self._change(_leaving(post, text), add, _SENDING_S)

    async def stays(self, post: str, text: str, outgoing: str) -> None:
        """Note that it was certainly not written after all: who writes the same by hand is a person."""

        def drop(value: str) -> str:
            known = msgspec.json.decode(value, type=dict[str, str]) if value else {}
            kept = {one: name for one, name in known.items() if one != outgoing or name}
            return msgspec.json.encode(kept).decode()

        await self._change(_leaving(post, text), drop, _SENDING_S)

    async def claim(self, post: str, text: str, comment: str) -> str:
        """Return the outgoing that this comment of the page is; "" when it is none of ours.

        Each outgoing is one comment: a second one with the same words was written by a person.
        """
        memo = await self._host.recall(_leaving(post, text))
        known = msgspec.json.decode(memo.value, type=dict[str, str]) if memo.value else {}
        mine = next((one for one, name in known.items() if name == comment), "")
        free = mine or next((one for one, name in known.items() if not name), "")
        if free and not mine:
            value = msgspec.json.encode(known | {free: comment}).decode()
            if not await self._host.remember(_leaving(post, text), value, memo.version, keep_s=_SENDING_S):
                return await self.claim(post, text, comment)
        return free

    # --- private replies, adverts, names

    async def replied(self, comment: str) -> str:
        """Return why the comment takes no private reply any more; "" when it may."""
        return (await self._host.recall(f"private:{comment}")).value

    async def reply(self, comment: str, outgoing: str) -> None:
        """Note that the one private reply to the comment is used."""
        await self._change(f"private:{comment}", lambda _: outgoing, _OURS_S)

    async def advert(self, person: str) -> datetime | None:
        """Return when the person last came by an advert, within the days that this opens."""
        memo = await self._host.recall(f"ad:{person}")
        return datetime.fromtimestamp(float(memo.value), UTC) if memo.value else None

    async def came_by_advert(self, person: str, at: datetime) -> None:
        """Note that the person came by an advert."""
        await self._change(f"ad:{person}", lambda _: str(at.timestamp()), ADVERT.total_seconds())

    async def visitor(self, post: str) -> str:
        """Return who left the post on the page; "" for the page's own."""
        return (await self._host.recall(f"visitor:{post}")).value

    async def visited(self, post: str, person: str) -> None:
        """Note who left the post."""
        await self._change(f"visitor:{post}", lambda _: person, _OURS_S)

    async def name(self, person: str) -> str:
        """Return how the person is called; "" when that is not known."""
        return (await self._host.recall(f"name:{person}")).value

    async def called(self, person: str, name: str) -> None:
        """Note how the person is called."""
        await self._change(f"name:{person}", lambda _: name, _NAME_S)

    async def _change(self, name: str, change: Callable[[str], str], keep_s: float) -> None:
        for _ in range(_TRIES):
            memo = await self._host.recall(name)
            value = change(memo.value)
            if value == memo.value and memo.version:
                return
            if await self._host.remember(name, value, memo.version, keep_s=keep_s):
                return
        raise Crowded("a memo was written by others again and again")


def _leaving(post: str, text: str) -> str:
    words = " ".join(unicodedata.normalize("NFC", text).split())  # as it is read when it comes back
    return "leaving:" + hashlib.sha256(f"{post}\n{words}".encode()).hexdigest()[:32]
