import io
import json

import aiohttp
import pytest

from channels.forum.conftest import Make, Setup
from channels.forum.hook import LARGEST
from channels.message import Kind
from sandbox.discourse import shapes
from sandbox.discourse.emitter import Event


async def _event(forum: Setup) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a genuine webhook that was not sent."""
    forum.stand.hooks.hook = ""
    await forum.stand.write("Ana Berg", "Where is my parcel? It should have come on Monday.")
    post = next(iter(forum.stand.board.posts.values()))
    event = Event(type="post", name="post_created", payload=shapes.hooked(forum.stand.board, post))
    body = json.dumps({"post": event.payload}).encode()
    return forum.stand.hooks.headers(event, body), body


async def _post(forum: Setup, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(forum.hook, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_a_genuine_webhook_is_taken(make: Make) -> None:
    """The forum's own signature over the raw bytes opens the door."""
    forum = await make()
    headers, body = await _event(forum)
    assert await _post(forum, headers, body) == (200, "OK")
    assert len(forum.got) == 1


async def test_every_flipped_byte_is_refused(make: Make) -> None:
    """Neither body nor signature may differ in a single bit."""
    forum = await make()
    headers, body = await _event(forum)
    async with aiohttp.ClientSession() as session:
        for at in range(len(body)):
            forged = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
            async with session.post(forum.hook, data=forged, headers=headers) as answer:
                assert answer.status == 403, at
        name = "X-Discourse-Event-Signature"
        for at in range(len(headers[name])):
            letter = "0" if headers[name][at] != "0" else "1"
            forged_name = headers[name][:at] + letter + headers[name][at + 1 :]
            async with session.post(forum.hook, data=body, headers={**headers, name: forged_name}) as answer:
                assert answer.status == 403, at
    assert forum.got == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"X-Discourse-Event-Signature": None}, "signature"),
        ({"X-Discourse-Event-Signature": "sha256=ÿ"}, "signature"),
        ({"X-Discourse-Instance": None}, "another forum"),
        ({"X-Discourse-Instance": "https://forum.example.net"}, "another forum"),
    ],
)
async def test_what_does_not_come_from_our_forum_is_refused(
    make: Make, changes: dict[str, str | None], says: str
) -> None:
    """Without a signature, or from another instance, nothing comes in."""
    forum = await make()
    headers, body = await _event(forum)
    changed = {name: value for name, value in {**headers, **changes}.items() if value is not None}
    status, text = await _post(forum, changed, body)
    assert status == 403
    assert says in text
    assert forum.got == []


async def test_without_a_secret_webhooks_are_refused(make: Make) -> None:
    """An account that polls alone opens no door that anybody could use."""
    forum = await make(webhook_secret="")
    headers, body = await _event(forum)
    assert (await _post(forum, headers, body))[0] == 403
    assert forum.got == []


async def test_both_content_types_are_understood(make: Make) -> None:
    """The admin's choice of form or JSON changes the header, not the body."""
    forum = await make()
    forum.stand.hooks.content_type = "application/x-www-form-urlencoded"
    await forum.asked()
    await forum.host.wait_for(lambda: forum.stand.hooks.answers == [200, 200, 200])


async def test_a_ping_is_answered(make: Make) -> None:
    """The forum's test button shows success."""
    forum = await make()
    await forum.host.wait_for(lambda: forum.stand.hooks.answers == [200])
    assert forum.got == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"post": NaN}', b"[" * 5000, b'"text"'])
async def test_what_is_no_webhook_gets_400(make: Make, body: bytes) -> None:
    """Signed nonsense is refused in one sentence."""
    forum = await make()
    event = Event(type="post", name="post_created", payload=None)
    status, text = await _post(forum, forum.stand.hooks.headers(event, body), body)
    assert status == 400
    assert text.startswith("Not a webhook of Discourse")
    assert "Traceback" not in text


async def test_a_webhook_that_is_too_large_is_refused(make: Make) -> None:
    """What no post can be is not read to its end."""
    forum = await make()
    body = b"x" * (LARGEST + 1)
    event = Event(type="post", name="post_created", payload=None)
    assert (await _post(forum, forum.stand.hooks.headers(event, body), body))[0] == 413


async def test_a_post_that_cannot_be_read_is_shown_to_a_person(make: Make) -> None:
    """An odd post comes in as unreadable with its bytes, and holds up no other."""
    forum = await make()
    _, body = await _event(forum)
    odd = json.dumps({"post": json.loads(body)["post"] | {"topic_id": "many"}}).encode()
    event = Event(type="post", name="post_created", payload=None)
    assert (await _post(forum, forum.stand.hooks.headers(event, odd), odd))[0] == 200
    assert (await _post(forum, forum.stand.hooks.headers(event, body), body))[0] == 200
    assert [one.kind for one in forum.got] == [Kind.UNREADABLE, Kind.CUSTOMER]
    assert b"many" in await forum.host.blobs.get(forum.got[0].raw)
