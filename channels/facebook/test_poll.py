import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest

from channels.errors import LeaseLost, Unavailable
from channels.facebook import history
from channels.facebook.adapter import FacebookAdapter
from channels.facebook.conftest import Served, now, served
from channels.facebook.found import MESSENGER, Arrived, View
from channels.facebook.raw import Malformed
from channels.facebook.subscription import NEEDED, WANTED
from channels.message import Kind
from channels.tryout import Finding
from router.testing import RecordingHost
from sandbox.faults import Fault
from sandbox.meta.stand import MetaStand


@asynccontextmanager
async def receiving(fb: Served) -> AsyncIterator[None]:
    """Run the account's receive meanwhile."""
    running = asyncio.create_task(fb.page.receive())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, LeaseLost):
            await running


async def test_what_webhooks_drop_is_polled(fb: Served) -> None:
    """Messages, comments and posts whose webhooks were lost come in under the same keys."""
    fb.stand.faults.set(Fault.LOST)
    async with receiving(fb):
        mid = await fb.stand.write("Ana Costa", "Hello?", public=False)
        name = await fb.stand.write("Bo Lund", "Do you ship to Norway?")
        reply = await fb.stand.write("Cy Young", "Me too", thread=name)
        post = fb.stand.visit("Di Ray", "You were closed today!")
        messages = await fb.arrives(4)
    keys = {f"fb:{mid}", f"fbc:{name}:add", f"fbc:{reply}:add", f"fbc:{post.id}:add"}
    assert {message.key for message in messages} == keys
    assert {message.sender.name for message in messages} == {"Ana Costa", "Bo Lund", "Cy Young", "Di Ray"}


async def test_both_ways_give_the_same_message(stand: MetaStand) -> None:
    """Whichever way a message comes first, the other brings a repetition and nothing new."""
    async with served(stand) as fb:
        await stand.write("Ana Costa", "Hello?", public=False)
        await stand.write("Bo Lund", "Do you ship to Norway?")
        by_hook = await fb.arrives(2)
        polled = RecordingHost("facebook", {})
        async with served(stand, host=polled, connect=False) as other, receiving(other):
            by_poll = await other.arrives(2)
    alike = ("key", "kind", "sender", "text", "thread", "message_id", "public", "references")
    for one, two in zip(
        sorted(by_hook, key=lambda m: m.key), sorted(by_poll, key=lambda m: m.key), strict=True
    ):
        assert [getattr(one, each) for each in alike] == [getattr(two, each) for each in alike]


async def test_pictures_and_stickers_are_polled_too(fb: Served) -> None:
    """What is no text has its words in a poll as well."""
    fb.stand.faults.set(Fault.LOST)
    async with receiving(fb):
        fb.stand.thumb("Ana Costa")
        (message,) = await fb.arrives()
    assert message.text == "[sticker]"


async def test_more_than_one_page_is_polled(fb: Served) -> None:
    """When webhooks were lost for long, the next pages of posts and of their comments are read as well."""
    fb.stand.faults.set(Fault.LOST)
    people = [f"Guest {number}" for number in range(60)] + ["Bo Lund"] * 30
    names = [await fb.stand.write(person, f"Comment {number}") for number, person in enumerate(people)]
    async with receiving(fb):
        messages = await fb.arrives(90)
    assert {message.key for message in messages} == {f"fbc:{name}:add" for name in names}


async def test_a_first_connection_starts_at_now(stand: MetaStand) -> None:
    """What was written long before the account was connected stays where it is."""
    await stand.write("Ana Costa", "Old", public=False)
    (mail,) = stand.world.person("Ana Costa").mails
    mail.at -= timedelta(hours=2)
    async with served(stand) as fb, receiving(fb):
        stand.faults.set(Fault.LOST)
        await stand.write("Ana Costa", "New", public=False)
        assert [one.text for one in await fb.arrives()] == ["New"]


async def test_after_a_long_absence_everything_comes_in_order(stand: MetaStand) -> None:
    """Many conversations and many messages in one, over several pages of answers, oldest first."""
    host = RecordingHost("facebook", {})
    host.cursors[""] = (host.clock.now() - timedelta(days=3)).isoformat()
    stand.faults.set(Fault.LOST)
    texts = []
    for count in range(90):
        customer = "Ana Costa" if count % 2 else f"Customer {count}"
        await stand.write(customer, f"number {count}", public=False)
        mail = stand.world.person(customer).mails[-1]
        mail.at += timedelta(seconds=count - 90)
        texts.append(f"number {count}")
    async with served(stand, host=host, connect=False) as fb, receiving(fb):
        assert [one.text for one in await fb.arrives(90)] == texts


async def test_the_position_moves_only_once_all_is_stored(fb: Served) -> None:
    """While the store is away the position stays, and admins see it."""
    async with receiving(fb):
        await fb.host.wait_for(lambda: len(fb.host.saves) >= 2, 10.0)
        fb.stand.faults.set(Fault.LOST)
        fb.host.refuse = Unavailable("the store is away")
        await fb.stand.write("Ana Costa", "Hello?", public=False)
        await fb.host.wait_for(lambda: fb.host.parts["receive"][0] == "degraded", 10.0)
        saved = len(fb.host.saves)
        await asyncio.sleep(0.3)
        assert len(fb.host.saves) == saved
        fb.host.refuse = None
        await fb.arrives()
        await fb.host.wait_for(lambda: fb.host.parts["receive"][0] == "ok", 10.0)
    assert len(fb.host.saves) > saved
    assert datetime.fromisoformat(fb.host.cursors[""]).tzinfo is not None


async def test_what_we_sent_is_no_news(fb: Served) -> None:
    """Polls see our own messages, also the parts of a long one, and take none of them for a person's answer."""
    await fb.stand.write("Ana Costa", "Hello?", public=False)
    (message,) = await fb.arrives()
    fb.stand.faults.set(Fault.LOST)
    sent = await fb.page.send(fb.answer(message, "\n\n".join("x" * 1500 for _ in range(3))))
    fb.host.sent.add(sent.message_id)
    comment = await fb.stand.write("Ana Costa", "And here?")
    async with receiving(fb):
        (_, asked) = await fb.arrives(2)
        assert asked.key == f"fbc:{comment}:add"
        await fb.page.send(fb.answer(asked, id="r_2"))
        mid = await fb.stand.answer("Ana Costa", "Tom here, by hand")
        found = await fb.arrives(3)
        polls = len(fb.host.saves)
        await fb.host.wait_for(lambda: len(fb.host.saves) > polls + 2, 10.0)
    assert [(one.kind, one.key) for one in found[2:]] == [(Kind.AGENT, f"fbc:{mid}:add")]


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (Fault.REVOKED, "down", "page_token"),
        (Fault.THROTTLED_BARE, "degraded", "too often|rate limit|less often"),
        (Fault.BROKEN, "degraded", "not JSON"),
    ],
)
async def test_admins_see_why_polling_fails(fb: Served, fault: Fault, state: str, words: str) -> None:
    """Trouble with polling is a state that admins see; webhooks still come in, and polling recovers."""
    fb.stand.faults.set(fault)
    async with receiving(fb):
        await fb.host.wait_for(lambda: fb.host.parts.get("receive", ("", ""))[0] == state, 10.0)
        said = [error for _, error in fb.host.reports if error]
        assert any(word in error for error in said for word in words.split("|"))
        await fb.stand.write("Ana Costa", "Hello?", public=False)
        await fb.arrives()
        fb.stand.faults.clear()
        await fb.host.wait_for(lambda: fb.host.parts["receive"][0] == "ok", 10.0)


async def test_polls_wait_when_facebook_is_near_its_limit(fb: Served) -> None:
    """From 90 per cent on, only what customers wait for is asked."""
    fb.stand.graph.load = 95
    async with receiving(fb):
        await fb.host.wait_for(lambda: fb.host.parts.get("receive", ("", ""))[0] == "degraded", 10.0)
        fb.stand.graph.load = 5
        await fb.host.wait_for(lambda: fb.host.parts["receive"][0] == "ok", 10.0)


async def test_a_poller_that_lost_its_lease_stops(fb: Served) -> None:
    """Two processes do not poll one page."""
    async with fb.host.cursor() as cursor:
        await cursor.save(fb.host.clock.now().isoformat())
        cursor.lose()
        with pytest.raises(LeaseLost):
            await fb.page._poll.once(cursor)


@pytest.mark.parametrize("subscribe", [True, False])
async def test_the_page_is_subscribed_at_the_start(stand: MetaStand, *, subscribe: bool) -> None:
    """The fields are asked for, or with subscribe = false only their absence is told."""
    async with served(stand, subscribe=subscribe) as fb, receiving(fb):
        await fb.host.wait_for(lambda: "subscription" in fb.host.parts, 10.0)
        state, words = fb.host.parts["subscription"]
    assert stand.graph.subscribed == (set(WANTED) if subscribe else set())
    assert state == ("ok" if subscribe else "degraded")
    assert all(field in words for field in NEEDED) is not subscribe


async def test_a_real_account_can_be_tried(stand: MetaStand) -> None:
    """Trying says what is right and what to do about the rest, and sends nothing."""
    host = RecordingHost("facebook", stand.settings())

    async def found(**settings: object) -> list[Finding]:
        host.settings = {**stand.settings(), **settings}
        return [one async for one in FacebookAdapter().try_out(host)]

    assert [one.ok for one in await found()] == [True, True, False, True, True]
    assert "subscribe" in (await found())[2].mend
    stand.graph.subscribed = set(NEEDED)
    assert all(one.ok for one in await found())
    bad, _ = await found(page_token="old")
    assert not bad.ok
    assert "page_token" in bad.mend
    assert not len(stand.ledger)


async def test_more_than_one_poll_reads_is_told(fb: Served) -> None:
    """After a long absence admins learn that a look at Meta's inbox is needed; nothing is passed over in silence."""
    fb.stand.faults.set(Fault.LOST)
    async with receiving(fb):
        await fb.host.wait_for(lambda: fb.host.parts.get("receive", ("",))[0] == "ok", 10.0)
    for number in range(1010):
        fb.stand.world.mail(fb.stand.world.person(f"Person {number}"), "Hello?", ours=False)
    async with served(fb.stand, host=fb.host, connect=False) as other, receiving(other):
        await other.host.wait_for(lambda: other.host.parts["receive"][0] == "degraded", 25.0)
    assert "Meta's inbox" in fb.host.parts["receive"][1]
    assert len(fb.host.delivered) == 1000


def test_two_of_whom_facebook_says_nothing_are_not_one_person() -> None:
    """Without participants the writer is whom the page talks with; without either it cannot be read."""
    view = View(account="test", page="1", app="2", at=now())
    row = {"id": "m_1", "created_time": "2026-11-20T10:00:00+0000", "message": "Hi", "from": {"id": "12"}}
    found = history.message(row, "", view)
    assert isinstance(found, Arrived)
    assert (found.message.sender.address, found.message.thread) == ("12", f"{MESSENGER}12")
    with pytest.raises(Malformed):
        history.message(row | {"from": {}}, "", view)
    assert history.message(row | {"from": {"id": "1"}}, "", view) is None
