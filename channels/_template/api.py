"""The provider's interface: one session, a time limit on every request, exact words for what went wrong."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError
from msgspec import Struct
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from channels._template import parse
from channels.errors import InDoubt, NotSent, Refused
from channels.port import Host

TIMEOUT = ClientTimeout(total=20.0, sock_connect=5.0)
#: Seconds until the next try when the provider does not say, and when the account itself must be mended first.
LATER_S = 5.0
MENDED_S = 120.0
#: Most events of one page.
PAGE = 100
#: Nothing was sent when these are raised, so the request may be made again.
NOT_CONNECTED = (ClientConnectorError, ConnectionTimeoutError)


class Answer(Struct, frozen=True, kw_only=True):
    """What the provider answered."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _Named(Struct, frozen=True, kw_only=True):
    id: str


class _Found(Struct, frozen=True, kw_only=True):
    messages: list[_Named]


class Api:
    """The provider's interface for one account."""

    def __init__(self, host: Host) -> None:
        """Take where it is and the token from the account's settings."""
        self._url = str(host.settings["api"]).rstrip("/")
        self._headers = {"Authorization": f"Bearer {host.settings['token']}"}
        self._session: ClientSession | None = None
        self._closed = False

    async def send(self, thread: str, text: str, key: str) -> str:
        """Send one message and return its id; the provider knows by the key what it has already sent."""
        body = {"thread": thread, "text": text, "client_id": key}
        try:
            answer = await self.ask("POST", "/messages", json=body, headers={"Idempotency-Key": key})
        except NOT_CONNECTED as error:
            raise NotSent(f"the provider cannot be reached ({type(error).__name__})") from error
        except (ClientError, TimeoutError) as error:
            raise InDoubt(f"no answer from the provider ({type(error).__name__})") from error
        _judge(answer)
        try:
            return msgspec.json.decode(answer.body, type=_Named).id
        except msgspec.DecodeError as error:
            raise InDoubt("the provider's answer cannot be read") from error

    async def find(self, key: str) -> str | None:
        """Return the id of what was sent under this key; None when there is none. Raises InDoubt."""
        try:
            answer = await self.ask("GET", "/messages", params={"client_id": key})
            if answer.status == HTTPStatus.OK:
                found = msgspec.json.decode(answer.body, type=_Found).messages
                return found[0].id if found else None
        except (ClientError, TimeoutError, msgspec.DecodeError) as error:
            raise InDoubt(f"the provider could not be asked ({type(error).__name__})") from error
        raise InDoubt(f"the provider could not be asked (status {answer.status})")

    async def events(self, after: str) -> parse.Events:
        """Return a page of events after this id; with "" none, only the newest id. Raises ClientError, ValueError."""
        params = {"after": after, "limit": str(PAGE)} if after else {"limit": "0"}
        answer = await self.ask("GET", "/events", params=params)
        if answer.status != HTTPStatus.OK:
            raise ValueError(trouble(answer))
        return parse.events(answer.body)

    @retry(
        retry=retry_if_exception_type(NOT_CONNECTED),
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.2, max=2.0),
        reraise=True,
    )
    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request; only what was certainly not sent is tried again. Raises ClientError, TimeoutError."""
        session = self._open()
        given = {**self._headers, **(headers or {})}
        async with session.request(
            method, self._url + path, params=params, json=json, headers=given
        ) as answer:
            return Answer(status=answer.status, body=await answer.read(), headers=answer.headers)

    def open(self) -> None:
        """Allow requests again."""
        self._closed = False

    async def close(self) -> None:
        """End the session; what is sent afterwards is kept for later."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> ClientSession:
        if self._closed:
            raise NotSent("the service is stopping")
        if self._session is None:
            self._session = ClientSession(timeout=TIMEOUT)
        return self._session


def _judge(answer: Answer) -> None:
    """Say what an answer to a sending means. Raises NotSent, Refused or InDoubt."""
    if answer.status < 300:
        return
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NotSent(trouble(answer), after_s=MENDED_S)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NotSent(trouble(answer), after_s=_pause(answer))
    if answer.status < 500 and answer.status != HTTPStatus.REQUEST_TIMEOUT:
        raise Refused(f"{trouble(answer)} Change the text, or reach the customer another way.")
    raise InDoubt(trouble(answer))


def trouble(answer: Answer) -> str:
    """Say in a sentence what the provider did not like; never the body, which may quote a customer."""
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "The provider refuses our token. Make a new one on its settings page and put it into `token`."
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "The provider takes no more requests for a while."
    return f"The provider answered {answer.status}."


def _pause(answer: Answer) -> float:
    """Return the seconds that the provider asks us to wait."""
    try:
        pause_s = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return LATER_S
    return pause_s if math.isfinite(pause_s) and pause_s > 0 else LATER_S
