"""The provider's interface for calls: one session, a time limit on every request, exact words for what went wrong."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    encode_basic_auth,
)
from msgspec import Struct
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from channels.errors import InDoubt, NotSent, Refused
from channels.phone.settings import PhoneSettings

TIMEOUT = ClientTimeout(total=15.0, sock_connect=5.0)
#: Nothing was sent when these are raised, so the request may be made again.
NOT_CONNECTED = (ClientConnectorError, ConnectionTimeoutError)
#: Seconds until the next try where the provider does not say, and where the account itself must be mended first.
LATER_S = 5.0
MENDED_S = 120.0
#: How far the provider's clock may be behind ours when its calls are looked through.
SLACK = timedelta(seconds=10)
#: Seconds that a telephone rings: below the time after which most mailboxes take the call.
RING_S = 25
EVENTS = ("initiated", "ringing", "answered", "completed")
#: Errors of the provider that no repetition mends: the number cannot be called.
UNREACHABLE = frozenset({13223, 13224, 21211, 21214, 21215, 21216, 21217, 21219})


class Leg(Struct, frozen=True, kw_only=True):
    """A call as the provider shows it."""

    sid: str
    status: str = ""
    to: str = ""
    parent_call_sid: str | None = None
    duration: str | None = None
    answered_by: str | None = None
    date_created: str | None = None

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self.status in {"completed", "busy", "failed", "no-answer", "canceled"}

    @property
    def duration_s(self) -> float:
        """Seconds, once it has ended."""
        return float(self.duration) if self.duration and self.duration.isdigit() else 0.0

    @property
    def created_at(self) -> datetime | None:
        """When it was asked for (whole seconds)."""
        try:
            return parsedate_to_datetime(self.date_created) if self.date_created else None
        except ValueError:
            return None


class _Listed(Struct, frozen=True, kw_only=True):
    calls: list[Leg] = []


class _Error(Struct, frozen=True, kw_only=True):
    code: int | None = None
    message: str = ""


class Wire:
    """Twilio's interface for one account."""

    def __init__(self, settings: PhoneSettings) -> None:
        """Take where it is and the credentials."""
        self._number = settings.number
        self._url = f"{settings.api}/2010-04-01/Accounts/{settings.account_sid}"
        self._headers = {"Authorization": encode_basic_auth(settings.account_sid, settings.auth_token)}
        self._session: ClientSession | None = None

    async def call(self, to: str, *, url: str, status: str) -> Leg:
        """Ask for a call from our number. Raises NotSent, Refused or InDoubt."""
        form = [
            ("To", to),
            ("From", self._number),
            ("Url", url),
            ("Method", "POST"),
            ("StatusCallback", status),
            ("StatusCallbackMethod", "POST"),
            ("Timeout", str(RING_S)),
        ]
        form += [("StatusCallbackEvent", event) for event in EVENTS]
        try:
            answer, body, headers = await self._ask("POST", "/Calls.json", data=form)
        except NOT_CONNECTED as error:
            raise NotSent(f"Twilio cannot be reached ({type(error).__name__})", after_s=LATER_S) from error
        except (ClientError, TimeoutError, OSError) as error:
            raise InDoubt(f"no answer from Twilio ({type(error).__name__})") from error
        _judge(answer, body, headers)
        try:
            return msgspec.json.decode(body, type=Leg)
        except msgspec.DecodeError as error:
            raise InDoubt("Twilio's answer cannot be read") from error

    async def leg(self, sid: str) -> Leg | None:
        """Return how a call stands; None when there is none. Raises InDoubt."""
        found: Leg | None = await self._read(f"/Calls/{sid}.json", Leg, {})
        return found

    async def calls_to(self, to: str, since: datetime) -> Sequence[Leg]:
        """Return the calls to a number that were asked for since then. Raises InDoubt."""
        asked = {"To": to, "From": self._number, "PageSize": "50"}
        found = await self._read("/Calls.json", _Listed, asked)
        floor = since.replace(microsecond=0) - SLACK  # clocks differ
        calls = found.calls if found is not None else []
        begun = (one for one in calls if not one.parent_call_sid)  # what a call has dialled is another's
        return [one for one in begun if one.created_at is None or one.created_at >= floor]

    async def child(self, parent: str) -> Leg | None:
        """Return the leg that a call has dialled; None when there is none. Raises InDoubt."""
        found = await self._read("/Calls.json", _Listed, {"ParentCallSid": parent, "PageSize": "20"})
        return found.calls[0] if found is not None and found.calls else None

    async def end(self, sid: str) -> None:
        """End a call. Raises InDoubt."""
        try:
            await self._ask("POST", f"/Calls/{sid}.json", data=[("Status", "completed")])
        except (ClientError, TimeoutError, OSError) as error:
            raise InDoubt(f"no answer from Twilio ({type(error).__name__})") from error

    async def look(self, path: str, params: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Return status and body of anything below the account, for trying out. Raises ClientError, TimeoutError."""
        status, body, _ = await self._ask("GET", path, params=params)
        return status, body

    async def _read(self, path: str, kind: type[Any], params: Mapping[str, str]) -> Any:
        try:
            status, body, _ = await self._ask("GET", path, params=params)
            if status == HTTPStatus.OK:
                return msgspec.json.decode(body, type=kind)
        except (ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise InDoubt(f"Twilio could not be asked ({type(error).__name__})") from error
        if status == HTTPStatus.NOT_FOUND:
            return None
        raise InDoubt(f"Twilio could not be asked (status {status})")

    @retry(
        retry=retry_if_exception_type(NOT_CONNECTED),
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.2, max=2.0),
        reraise=True,
    )
    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Sequence[tuple[str, str]] | None = None,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Make one request; only what was certainly not sent is tried again."""
        if self._session is None:
            self._session = ClientSession(timeout=TIMEOUT, headers=self._headers)
        async with self._session.request(method, self._url + path, params=params, data=data) as answer:
            return answer.status, await answer.read(), answer.headers

    async def close(self) -> None:
        """End the session; the next request opens another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _judge(status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Raise what the status means; 2xx means that the call is under way."""
    if status < 300:
        return
    error = _error(body)
    told = f"Twilio refuses ({status}{f', error {error.code}' if error.code else ''})"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NotSent("Twilio asks us to wait", after_s=_after_s(headers))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NotSent(
            f"{told}: check account_sid, auth_token, and that the account may call there", after_s=MENDED_S
        )
    if status >= 500:
        raise InDoubt(f"Twilio is in trouble ({status})")
    if error.code in UNREACHABLE:
        raise Refused(f"{told}: the number cannot be called")
    raise NotSent(f"{told}: {error.message[:120] or 'no reason given'}", after_s=MENDED_S)


def _error(body: bytes) -> _Error:
    try:
        return msgspec.json.decode(body, type=_Error)
    except msgspec.DecodeError:
        return _Error()


def _after_s(headers: Mapping[str, str]) -> float:
    given = headers.get("Retry-After", "")
    return math.ceil(float(given)) if given.isdigit() else LATER_S
