"""Webhooks as Meta sends them: signed, many items a POST, tried again, now and then twice or out of order."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct

from sandbox.crew import Crew
from sandbox.faults import Fault, Faults
from sandbox.meta.world import PAGE

#: What happened within this time goes into one POST.
_TOGETHER_S = 0.01
_MOST = 50
_TIMEOUT_S = 20.0
#: Meta tries for 36 hours, less and less often; here time runs faster.
_AGAIN_S = (0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0)


class Event(Struct, frozen=True, kw_only=True):
    """One item and where it stands in an entry."""

    place: str
    value: Any


class Hooks:
    """Sends what happens on the page to the app's address."""

    def __init__(self, crew: Crew, faults: Faults, secret: str) -> None:
        """Take who runs the sending, what goes wrong, and the app's secret."""
        self._crew, self._faults, self._secret = crew, faults, secret
        self._waiting: list[Event] = []
        self._held: Event | None = None
        self._session: ClientSession | None = None
        #: Where events go; "" = nowhere.
        self.url = ""
        #: Statuses that came back, in order; 0 where nothing did. The newest thousand.
        self.answers: list[int] = []
        #: Bodies that were sent, the newest hundred.
        self.sent: list[bytes] = []

    def emit(self, place: str, value: Any) -> None:
        """Send it soon, unless a fault says otherwise."""
        event = Event(place=place, value=value)
        if not self.url or self._faults.strikes(Fault.LOST):
            return
        if self._held is None and self._faults.strikes(Fault.REORDERED):
            self._held = event
            self._crew.spawn(self._release())
            return
        if self._faults.strikes(Fault.TWICE):
            self._crew.spawn(self._put(event, self._faults.late_s))
        late_s = self._faults.late_s if self._faults.strikes(Fault.LATE) else 0.0
        self._crew.spawn(self._put(event, late_s))
        held, self._held = self._held, None
        if held is not None:
            self._crew.spawn(self._put(held, late_s + 2 * _TOGETHER_S))

    async def close(self) -> None:
        """Hang up; what waits is dropped."""
        session, self._session, self._waiting, self._held = self._session, None, [], None
        if session is not None:
            await session.close()

    async def _release(self) -> None:
        await asyncio.sleep(self._faults.late_s)
        held, self._held = self._held, None
        if held is not None:
            await self._put(held, 0.0)

    async def _put(self, event: Event, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._waiting.append(event)
        if len(self._waiting) > 1:
            return  # whoever was first takes it along
        await asyncio.sleep(_TOGETHER_S)
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            await self._deliver(body(batch))

    async def _deliver(self, data: bytes) -> None:
        self._crew.spawn(self._until_taken(data))

    async def _until_taken(self, data: bytes) -> None:
        for pause_s in (0.0, *_AGAIN_S):
            await asyncio.sleep(pause_s)
            if await self.post(data, signed(self._secret, data)) == 200:
                return

    async def post(self, data: bytes, signature: str) -> int:
        """Post it once; return the status, 0 when none came."""
        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S))
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": signature,
            "User-Agent": "facebookexternalua",
        }
        status = 0
        try:
            async with self._session.post(self.url, data=data, headers=headers) as answer:
                await answer.read()
                status = answer.status
        except (ClientError, TimeoutError, OSError):
            pass
        self.answers, self.sent = [*self.answers[-999:], status], [*self.sent[-99:], data]
        return status

    async def verify(self, verify_token: str) -> bool:
        """Ask whether the address is the app's, as the form in the app's settings does."""
        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S))
        query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": "1158201444"}
        async with self._session.get(self.url, params=query) as answer:
            return answer.status == 200 and await answer.text() == "1158201444"


def body(events: list[Event]) -> bytes:
    r"""Return one POST: items in entries, with everything beyond ASCII as `\u` escapes, and slashes escaped too."""
    entries: list[dict[str, Any]] = []
    for event in events:
        # Messenger's and the feed's items come in entries of their own.
        seconds = event.place == "changes"
        if not entries or event.place not in entries[-1]:
            at = int(time.time()) if seconds else int(time.time() * 1000)
            entries.append({"id": PAGE, "time": at, event.place: []})
        entries[-1][event.place].append(event.value)
    return json.dumps({"object": "page", "entry": entries}).replace("/", "\\/").encode()


def signed(secret: str, data: bytes) -> str:
    """Return the signature header."""
    return "sha256=" + hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
