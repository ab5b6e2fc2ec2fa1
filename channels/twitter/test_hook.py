import asyncio
import base64
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from channels.errors import Unavailable
from channels.message import Kind
from channels.twitter.conftest import Account, opened
from channels.twitter.hook import LARGEST, NEWER, OLDER, signature
from sandbox.x.stand import XStand

EVENTS = Path(__file__).parent / "testdata"


class Caller:
    """X, or somebody who claims to be X, calling the webhook."""

    def __init__(self, account: Account, url: str, session: aiohttp.ClientSession) -> None:
        self.account, self.url, self.session = account, url, session

    async def post(self, body: bytes, **headers: str) -> int:
        """Send a body with these headers, `newer` and `older`; return the status."""
        named = {"newer": NEWER, "older": OLDER}
        given = {named[key]: value for key, value in headers.items()}
        async with self.session.post(self.url, data=body, headers=given) as response:
            return response.status

    async def signed(self, body: bytes) -> int:
        """Send a body that is signed as X signs it."""
        keys = self.account.stand.keys
        return await self.post(
            body, newer=signature(keys.client_secret, body), older=signature(keys.api_secret, body)
        )

    @property
    def delivered(self) -> int:
        """How much came in."""
        return len(self.account.host.delivered)


@pytest.fixture
async def caller(account: Account) -> AsyncIterator[Caller]:
    """Return X, as it calls the account's webhook."""
    async with account.served() as url, aiohttp.ClientSession() as session:
        yield Caller(account, url, session)


def recorded(name: str) -> bytes:
    """Return an event as it was recorded."""
    return (EVENTS / f"{name}.in.json").read_bytes()


async def test_the_challenge_is_answered(caller: Caller) -> None:
    """X is shown that we know the API secret, for whatever token it sends."""
    secret = caller.account.stand.keys.api_secret
    for token in ("abc", "Zm9v+/==&x=é"):
        async with caller.session.get(caller.url, params={"crc_token": token}) as response:
            answer = await response.json()
        made = base64.b64encode(hmac.new(secret.encode(), token.encode(), hashlib.sha256).digest()).decode()
        assert answer == {"response_token": f"sha256={made}"}


@pytest.mark.parametrize("params", [{}, {"crc_token": ""}, {"crc_token": "x" * 2000}])
async def test_no_challenge_is_no_answer(caller: Caller, params: dict[str, str]) -> None:
    """Without a token, or with an endless one, nothing is signed."""
    async with caller.session.get(caller.url, params=params) as response:
        assert response.status == 400


async def test_every_flipped_byte_is_refused(caller: Caller) -> None:
    """No byte of body or signature can be changed."""
    body = recorded("event_mention")
    right = signature(caller.account.stand.keys.api_secret, body)
    forged = [(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :], right) for at in range(len(body))]
    forged += [(body, right[:at] + chr(ord(right[at]) ^ 1) + right[at + 1 :]) for at in range(len(right))]
    hook = caller.account.x._hook
    assert hook.genuine([], [right], body)
    assert not any(hook.genuine([], [header], changed) for changed, header in forged)
    for changed, header in forged[:: len(forged) // 20]:
        assert await caller.post(changed, older=header) == 403
    assert caller.delivered == 0


async def test_both_signatures_must_fit(caller: Caller) -> None:
    """One is enough if it is the only one; none, a wrong one beside a right one, or swapped ones are refused."""
    body, keys = recorded("event_mention"), caller.account.stand.keys
    newer, older = signature(keys.client_secret, body), signature(keys.api_secret, body)
    assert await caller.post(body) == 403
    assert await caller.post(body, newer=older, older=newer) == 403
    assert await caller.post(body, newer=newer, older=newer) == 403
    assert await caller.post(body, newer=newer[:-1], older=older) == 403
    assert await caller.post(body, older=signature(keys.bearer_token, body)) == 403
    assert caller.delivered == 0
    assert await caller.post(body, newer=newer) == 200
    assert await caller.post(recorded("event_direct"), older=_older(caller, recorded("event_direct"))) == 200
    assert caller.delivered == 2


def _older(caller: Caller, body: bytes) -> str:
    return signature(caller.account.stand.keys.api_secret, body)


async def test_a_signature_that_cannot_be_checked_proves_nothing(stand: XStand) -> None:
    """Without the client secret the newer signature alone is refused, and beside the older one left aside."""
    account = opened(stand, client_secret="")
    body = recorded("event_mention")
    async with account.served() as url, aiohttp.ClientSession() as session:
        caller = Caller(account, url, session)
        newer = signature(stand.keys.client_secret, body)
        assert await caller.post(body, newer=newer) == 403
        assert await caller.post(body, newer=signature("", body)) == 403
        assert await caller.post(body, newer=newer, older=_older(caller, body)) == 200
    await account.x.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"data": 5}', b"[" * 100_000, b'{"data": {"a": "\xff"}}', b"{}"],
    ids=["empty", "half", "list", "null", "number", "deep", "bytes", "nothing"],
)
async def test_nonsense_is_refused_without_a_trace(caller: Caller, body: bytes) -> None:
    """What is signed and no event is answered with 400."""
    assert await caller.signed(body) == 400
    assert caller.delivered == 0


async def test_a_body_without_end_is_refused(caller: Caller) -> None:
    """However long it says it is, no more than the limit is read; the caller may not even hear why."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65_536 + 2):
            yield b"x" * 65_536

    for body in (io.BytesIO(b"x" * (LARGEST + 1)), endless()):
        try:
            async with caller.session.post(caller.url, data=body) as response:
                assert response.status == 413
        except aiohttp.ClientError:
            continue
    assert caller.delivered == 0


async def test_it_is_taken_only_once_it_is_stored(caller: Caller) -> None:
    """While the store is away X is told to come again."""
    caller.account.host.refuse = Unavailable("the store is away")
    assert await caller.signed(recorded("event_mention")) == 503
    caller.account.host.refuse = None
    assert await caller.signed(recorded("event_mention")) == 200
    assert caller.delivered == 1


async def test_a_hundred_deliveries_at_once_are_one_message(caller: Caller) -> None:
    """The same request a hundred times concurrently is stored once."""
    body = recorded("event_direct")
    statuses = await asyncio.gather(*(caller.signed(body) for _ in range(100)))
    assert set(statuses) == {200}
    assert caller.delivered == 1


async def test_an_event_that_cannot_be_read_is_kept(caller: Caller) -> None:
    """A strange event becomes visible work with its bytes; good ones beside it come in."""
    strange, good = (json.loads(recorded(name))["data"] for name in ("event_direct_broken", "event_mention"))
    assert await caller.signed(json.dumps({"data": [strange, good, 5]}).encode()) == 200
    odd, message = caller.account.host.delivered
    assert (odd.kind, message.kind) == (Kind.UNREADABLE, Kind.CUSTOMER)
    assert b"message_create" in await caller.account.host.blobs.get(odd.raw)


async def test_what_concerns_another_account_is_left_alone(caller: Caller) -> None:
    """Several accounts of one app may be told by the same way."""
    event: dict[str, Any] = json.loads(recorded("event_mention"))
    event["data"]["filter"]["user_id"] = "77"
    assert await caller.signed(json.dumps(event).encode()) == 200
    assert caller.delivered == 0


async def test_an_encrypted_chat_is_visible_work(caller: Caller) -> None:
    """The agent is asked to open X, nobody gets a note, and the answer given there ends the wait."""
    assert await caller.signed(recorded("event_encrypted")) == 200
    assert await caller.signed(recorded("event_encrypted_own")) == 200
    asked, answered = caller.account.host.delivered
    assert "Encrypted chat waiting on X" in asked.text
    assert asked.no_note
    assert (answered.kind, answered.thread) == (Kind.AGENT, asked.thread)


async def test_a_deletion_of_ours_is_attached_if_it_is_known(caller: Caller) -> None:
    """What no conversation has makes none by being deleted."""
    assert await caller.signed(recorded("event_delete")) == 200
    assert caller.delivered == 0
    caller.account.host.sent.add("x:2080765813578192000")
    body = recorded("event_delete").replace(b"-6850472171600526495", b"-6850472171600526496")
    other = caller.account.again()
    async with other.served() as url:
        assert await Caller(other, url, caller.session).signed(body) == 200
    (gone,) = caller.account.host.delivered
    assert (gone.kind, gone.about) == (Kind.DELETE, "x:2080765813578192000")


async def test_a_withdrawn_permission_is_shown_at_once(account: Account) -> None:
    """`oauth.revoke` of our account tells admins what to do; that of another account does not."""
    async with account.served() as hook:
        await account.stand.connect(hook)
        account.stand.events.publish("oauth.revoke", {"user_id": "77", "app_id": "1"}, [])
        account.stand.revoke()
        await account.host.wait_for(lambda: account.host.parts.get("send", ("", ""))[0] == "down")
    assert "channels.twitter.support.access_token" in account.host.parts["send"][1]
    assert len(account.host.reports) == 1


async def test_a_signature_that_is_no_text_is_refused(caller: Caller) -> None:
    """Bytes that no header should have make no error of ours."""
    url = urlsplit(caller.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n{OLDER}: sha256="
    )
    writer.write(head.encode() + b"\xff\xfe\r\n\r\n{}")
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 403")
