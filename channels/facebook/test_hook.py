import asyncio
import json
from io import BytesIO

import pytest
from aiohttp import ClientSession

from channels.errors import Unavailable
from channels.facebook.adapter import FacebookAdapter
from channels.facebook.conftest import TIMING, Served, served
from channels.message import Kind
from router.testing import RecordingHost
from sandbox.faults import Fault
from sandbox.meta.hooks import Event, body, signed
from sandbox.meta.stand import SECRET, MetaStand

SAID = {"sender": {"id": "7"}, "recipient": {"id": "102938475610293"}, "timestamp": 1795168800123}


def packed(*texts: str) -> bytes:
    """Return a webhook with these messages of one person."""
    values = [SAID | {"message": {"mid": f"m_{text}", "text": text}} for text in texts]
    return body([Event(place="messaging", value=value) for value in values])


async def post(fb: Served, data: bytes, signature: str | None = None) -> int:
    """Post to the hook; return the status."""
    headers = {"X-Hub-Signature-256": signed(SECRET, data) if signature is None else signature}
    async with ClientSession() as session, session.post(fb.hook, data=data, headers=headers) as answer:
        return answer.status


async def test_the_challenge_is_given_back_to_whoever_knows_the_token(fb: Served) -> None:
    """Facebook gets exactly its challenge; with another token or mode nobody gets anything."""
    good = {
        "hub.mode": "subscribe",
        "hub.verify_token": "a-verify-token-of-the-sandbox",
        "hub.challenge": "42",
    }
    async with ClientSession() as session:
        async with session.get(fb.hook, params=good) as answer:
            assert (answer.status, await answer.text()) == (200, "42")
        for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}):
            async with session.get(fb.hook, params=good | wrong) as answer:
                assert answer.status == 403
                assert "42" not in await answer.text()


async def test_every_flipped_byte_is_refused(fb: Served) -> None:
    """A body that differs in any byte from what was signed is refused before it is read."""
    data = packed("héllo")
    signature = signed(SECRET, data)
    async with ClientSession() as session:
        for place in range(len(data)):
            forged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            headers = {"X-Hub-Signature-256": signature}
            async with session.post(fb.hook, data=forged, headers=headers) as answer:
                assert answer.status == 403
    assert fb.host.delivered == []
    assert await post(fb, data) == 200


@pytest.mark.parametrize("signature", ["", "sha256=", "sha1=abc", "sha256=" + "0" * 64, "é"])
async def test_a_missing_or_made_up_signature_is_refused(fb: Served, signature: str) -> None:
    """What is not signed by the app is refused, and admins hear of it while no good one has come."""
    assert await post(fb, packed("x"), signature) == 403
    assert fb.host.parts["webhook"][0] == "degraded"
    assert await post(fb, packed("x")) == 200
    assert fb.host.parts["webhook"][0] == "ok"
    assert await post(fb, packed("x"), signature) == 403
    assert fb.host.parts["webhook"][0] == "ok"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"object":"page"}', b'{"object":"page","entry":{}}', b"\xff" * 9]
)
async def test_a_signed_body_that_is_no_webhook_is_refused(fb: Served, data: bytes) -> None:
    """Malformed JSON is 400 with a sentence, and nothing is stored."""
    assert await post(fb, data) == 400
    assert fb.host.delivered == []


async def test_a_body_beyond_all_size_is_refused(fb: Served) -> None:
    """Nothing is kept in memory without limit."""
    async with (
        ClientSession() as session,
        session.post(fb.hook, data=BytesIO(bytes(5 * 1024 * 1024))) as answer,
    ):
        assert answer.status == 413


async def test_the_same_webhook_a_hundred_times_at_once_is_one_message(fb: Served) -> None:
    """Facebook may deliver again and again: each message is stored once."""
    data = packed("one", "two")
    assert set(await asyncio.gather(*(post(fb, data) for _ in range(100)))) == {200}
    assert sorted(message.text for message in fb.host.delivered) == ["one", "two"]
    assert len(fb.host.repeated) == 198


async def test_messages_of_one_person_keep_their_order(fb: Served) -> None:
    """A batch is stored in the order in which a person wrote."""
    texts = [f"number {count}" for count in range(30)]
    assert await post(fb, packed(*texts)) == 200
    assert [message.text for message in fb.host.delivered] == texts


async def test_nothing_is_acknowledged_before_it_is_stored(fb: Served) -> None:
    """While the store is away Facebook gets 503 and sends again until it is taken."""
    fb.host.refuse = Unavailable("the store is away")
    await fb.stand.write("Ana Costa", "Hello?", public=False)
    await fb.host.wait_for(lambda: 503 in fb.stand.hooks.answers, 10.0)
    fb.host.refuse = None
    (message,) = await fb.arrives()
    assert message.text == "Hello?"


async def test_one_bad_item_holds_up_no_other(fb: Served) -> None:
    """What cannot be read is kept with its bytes as unreadable; the rest of the batch comes in."""
    events = [
        Event(place="messaging", value={"message": {"text": "from nobody"}}),
        Event(place="changes", value={"field": "feed", "value": {"item": "comment", "verb": "add"}}),
        Event(place="messaging", value=SAID | {"message": {"mid": "m_1", "text": "fine"}}),
    ]
    assert await post(fb, body(events)) == 200
    kinds = [message.kind for message in fb.host.delivered]
    assert sorted(kinds) == [Kind.CUSTOMER, Kind.UNREADABLE, Kind.UNREADABLE]
    kept = next(message for message in fb.host.delivered if message.kind is Kind.UNREADABLE and message.raw)
    assert isinstance(json.loads(await fb.host.blobs.get(kept.raw)), dict)
    assert "could not be read" in kept.reason
    assert await post(fb, body(events)) == 200
    assert len(fb.host.delivered) == 3


async def test_an_app_with_two_pages_has_one_address(stand: MetaStand) -> None:
    """Items of another page go to the account that has it, if it belongs to the same app."""
    adapter = FacebookAdapter(TIMING)
    given = {**stand.settings(), "page_id": "555"}
    sibling = RecordingHost("facebook", given, account="other")
    stranger = RecordingHost(
        "facebook", given | {"page_id": "556", "app_secret": "another app"}, account="third"
    )
    pages = [adapter.open(sibling), adapter.open(stranger)]
    async with served(stand, adapter=adapter) as fb:
        entries = [
            {"id": page, "messaging": [SAID | {"message": {"mid": f"m_{page}", "text": page}}]}
            for page in ("555", "556", "557")
        ]
        data = json.dumps({"object": "page", "entry": entries}).encode()
        assert await post(fb, data) == 200
        assert [(one.account, one.text) for one in sibling.delivered] == [("other", "555")]
        assert stranger.delivered == fb.host.delivered == []
    for page in pages:
        await page.close()


@pytest.mark.parametrize("fault", [Fault.TWICE, Fault.REORDERED, Fault.LATE])
async def test_deliveries_may_come_twice_late_or_out_of_order(fb: Served, fault: Fault) -> None:
    """Whatever the order, each message is stored once."""
    fb.stand.faults.late_s = 0.05
    fb.stand.faults.set(fault, 0.5)
    for count in range(20):
        await fb.stand.write(f"Customer {count % 3}", f"number {count}", public=False)
    assert len(await fb.arrives(20)) == 20
    assert {one.text for one in fb.host.delivered} == {f"number {count}" for count in range(20)}
    assert fb.stand.faults.struck[fault] > 0


async def test_half_an_emoji_in_what_cannot_be_read_holds_up_nothing(fb: Served) -> None:
    """What is no text for others is kept as it came, and the messages beside it come in."""
    broken = SAID | {"message": {"text": "HALF"}}
    values = [broken, SAID | {"message": {"mid": "m_fine", "text": "fine"}}]
    data = body([Event(place="messaging", value=value) for value in values]).replace(b"HALF", b"\\ud83d")
    assert await post(fb, data) == 200
    assert {one.kind for one in fb.host.delivered} == {Kind.UNREADABLE, Kind.CUSTOMER}
