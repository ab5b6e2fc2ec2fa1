import asyncio
import io
from collections.abc import AsyncIterator
from typing import cast

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from channels._template.adapter import Account, adapter
from channels._template.hook import HEADER, sign
from channels._template.parse import CHANNEL
from channels._template.stand import SECRET, Provider
from channels.errors import InDoubt, NotSent, Refused, Unavailable
from channels.message import Identity, Kind, Outgoing
from channels.registry import FOLDER, load
from router.testing.channel import RecordingHost
from sandbox.faults import Fault


class Scene:
    """The provider's stand-in, and an account that a server serves."""

    def __init__(self, provider: Provider) -> None:
        """Fill in the defaults of the manifest, as the product does."""
        defaults = load(FOLDER / CHANNEL / "manifest.toml").settings.items()
        given = {key: one.default for key, one in defaults} | provider.settings() | {"poll": 0.2}
        self.provider, self.host = provider, RecordingHost(CHANNEL, given)
        self.account = cast("Account", adapter.open(self.host))
        self.hook = ""

    async def post(self, body: bytes | io.BytesIO, signature: str = "") -> int:
        """Send a body to the hook, signed rightly unless told otherwise; return the status."""
        headers = {
            HEADER: signature
            or sign(bytes(body.getvalue() if isinstance(body, io.BytesIO) else body), SECRET.encode())
        }
        async with ClientSession() as session, session.post(self.hook, data=body, headers=headers) as answer:
            return answer.status

    def outgoing(self, text: str = "Maria here.") -> Outgoing:
        """Return an answer to Ana."""
        return Outgoing(
            id="n_1", channel=CHANNEL, account="test", conversation="c_1", reference="HB-7K2Q9", automatic=False,
            author="Maria", to=Identity(kind=CHANNEL, address="c-ana"), text=text, thread="t-ana",
            at=self.host.clock.now(),
        )  # fmt: skip


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Give a stand-in and an account connected to it."""
    provider = Provider()
    await provider.start()
    scene = Scene(provider)
    app = web.Application()
    app.add_routes([web.route(one.method, one.path, one.handler) for one in scene.account.routes()])
    async with TestServer(app) as server:
        scene.hook = str(server.make_url(scene.account.routes()[0].path))
        await provider.connect(scene.hook)
        yield scene
    await scene.account._api.close()
    await provider.stop()


async def test_what_a_customer_writes_comes_in_by_the_hook(scene: Scene) -> None:
    """A message is delivered with its thread and author."""
    name = await scene.provider.write("ana", "Where is my order?")
    await scene.host.wait_for(lambda: bool(scene.host.delivered))
    found = scene.host.delivered[0]
    assert (found.kind, found.text, found.thread) == (Kind.CUSTOMER, "Where is my order?", "t-ana")
    assert (found.sender.address, found.message_id) == ("c-ana", f"{CHANNEL}:{name}")


async def test_polling_finds_what_the_hook_did_not_bring(scene: Scene) -> None:
    """A lost event comes in by the list, once; what was there before the first connection does not."""
    await scene.provider.connect("")
    await scene.provider.write("ben", "An old one")
    async with asyncio.TaskGroup() as group:
        receiving = group.create_task(scene.account.receive())
        await scene.host.wait_for(lambda: scene.host.cursors.get("") == "1")
        await scene.provider.write("ana", "A new one")
        await scene.host.wait_for(lambda: bool(scene.host.delivered))
        await scene.host.wait_for(lambda: scene.host.cursors.get("") == "2")
        receiving.cancel()
    assert [one.text for one in scene.host.delivered] == ["A new one"]
    assert scene.host.repeated == []


async def test_a_forged_request_is_refused(scene: Scene) -> None:
    """Whatever byte is changed, the signature does not fit, and nothing is delivered."""
    body = (FOLDER / CHANNEL / "testdata" / "message.in.json").read_bytes()
    good = sign(body, SECRET.encode())
    for place in range(0, len(body), 7):
        changed = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
        assert await scene.post(changed, good) == 401
    assert await scene.post(body, good[:-1]) == 401
    assert scene.host.delivered == []
    assert await scene.post(body) == 200


async def test_the_hook_says_what_became_of_a_request(scene: Scene) -> None:
    """What is not ours is refused for good; what cannot be stored now may come again."""
    body = (FOLDER / CHANNEL / "testdata" / "message.in.json").read_bytes()
    assert await scene.post(b"{") == 400
    assert await scene.post(io.BytesIO(b"x" * 1_100_000)) == 413
    scene.host.refuse = Unavailable("the disk is full")
    assert await scene.post(body) == 503


async def test_one_bad_event_does_not_hold_up_the_others(scene: Scene) -> None:
    """It is delivered as unreadable, with its bytes; the rest comes in as always."""
    body = (FOLDER / CHANNEL / "testdata" / "several.in.json").read_bytes()
    assert await scene.post(body) == 200
    kinds = [one.kind for one in scene.host.delivered]
    assert kinds == [Kind.EDIT, Kind.DELETE, Kind.AGENT, Kind.UNREADABLE]
    assert b"fifty-five" in await scene.host.blobs.get(scene.host.delivered[-1].raw)


async def test_what_we_sent_is_not_taken_for_a_colleague(scene: Scene) -> None:
    """The copy of our own answer is dropped; what was written in the provider's app is not."""
    sent = await scene.account.send(scene.outgoing())
    scene.host.sent.add(sent.message_id)
    await scene.provider.answer("ana", "Tom here, by hand.")
    await scene.host.wait_for(lambda: len(scene.host.delivered) >= 1)
    assert "Tom here, by hand." in [one.text for one in scene.host.delivered if one.kind is Kind.AGENT]


@pytest.mark.parametrize(
    ("fault", "raised", "reached"),
    [
        (Fault.THROTTLED, NotSent, 0),
        (Fault.THROTTLED_BARE, NotSent, 0),
        (Fault.REVOKED, NotSent, 0),
        (Fault.REFUSED, Refused, 0),
        (Fault.BROKEN, InDoubt, 0),
        (Fault.DROPPED, InDoubt, 1),
        (Fault.FAILED_AFTER, InDoubt, 1),
    ],
)
async def test_what_goes_wrong_in_sending_is_named(
    scene: Scene, fault: Fault, raised: type[Exception], reached: int
) -> None:
    """What was certainly not sent may be tried again; what is in doubt can be read back."""
    scene.provider.faults.set(fault, times=1)
    with pytest.raises(raised):
        await scene.account.send(scene.outgoing())
    assert len(scene.provider.ledger.to("ana")) == reached
    if reached:
        assert await scene.account.reconcile(scene.outgoing())
    else:
        with pytest.raises(NotSent):
            await scene.account.reconcile(scene.outgoing())


async def test_sent_twice_it_reaches_the_customer_once(scene: Scene) -> None:
    """The provider knows our key."""
    first = await scene.account.send(scene.outgoing())
    assert await scene.account.send(scene.outgoing()) == first
    assert len(scene.provider.ledger.to("ana")) == 1


async def test_a_text_that_is_too_long_goes_to_a_person(scene: Scene) -> None:
    """It is refused before it is sent, and says what to do."""
    with pytest.raises(Refused, match="Shorten it"):
        await scene.account.send(scene.outgoing("x" * 5000))


async def test_an_account_can_be_tried(scene: Scene) -> None:
    """A good token is taken; a revoked one is named with what to do."""
    found = [one async for one in adapter.try_out(scene.host)]  # type: ignore[attr-defined]
    assert all(one.ok for one in found)
    scene.provider.faults.set(Fault.REVOKED)
    found = [one async for one in adapter.try_out(scene.host)]  # type: ignore[attr-defined]
    assert [one.mend for one in found if not one.ok] == [
        "The provider refuses our token. Make a new one on its settings page and put it into `token`."
    ]
