import asyncio
from datetime import UTC, datetime

import pytest

from channels.errors import Unavailable
from channels.message import Kind
from channels.twitter import settings
from channels.twitter.conftest import Account, opened
from channels.twitter.intake import Intake
from channels.twitter.memory import Memory
from channels.twitter.post import post
from channels.twitter.read import View
from channels.twitter.shape import People
from sandbox.faults import Fault
from sandbox.x.stand import ME, XStand


async def test_a_mention_and_a_direct_message_come_in(account: Account) -> None:
    """Polling finds both, each in a thread of its own, with who wrote and whether others can read it."""
    async with account.receiving():
        public = await account.asked("Is the shop open & where?")
        private = await account.asked("My order is 4711", public=False)
    assert public.thread == f"{public.key.removeprefix('x:')}/{public.sender.address}"
    assert (public.public, private.public) == (True, False)
    assert private.thread == f"dm/{private.sender.address}"
    assert public.sender == private.sender
    assert (public.sender.name, public.language, public.no_note) == ("Ana", "en", "")
    assert account.host.parts["receive mentions"] == ("ok", "")


async def test_what_was_there_before_does_not_come_in(account: Account) -> None:
    """A first connection starts at now."""
    await account.stand.write("Ana", "last year")
    await account.stand.write("Ana", "last year in private", public=False)
    async with account.receiving():
        await account.asked("today")
        await account.asked("today in private", public=False)
    assert [one.text for one in account.host.delivered] == ["today", "today in private"]


async def test_many_pages_are_read_in_order(account: Account) -> None:
    """Hundreds of mentions come oldest first, none missing and none twice."""
    async with account.receiving():
        for number in range(250):
            await account.stand.write(f"Customer {number % 7}", f"question {number}")
        await account.got(lambda one: one.text == "question 249")
    assert [one.text for one in account.host.delivered] == [f"question {number}" for number in range(250)]


async def test_more_than_x_shows_is_said(account: Account) -> None:
    """Beyond the latest 800 mentions X shows nothing; admins are told that some are to be seen on X only."""
    async with account.receiving():
        account.stand.faults.set(Fault.BROKEN)
        for number in range(810):
            account.stand.post("Ana", f"question {number}", calling=True)
        account.stand.faults.clear()
        await account.got(lambda one: one.text == "question 809")
        await account.host.wait_for(
            lambda: any("more than 800" in words for _, words in account.host.reports)
        )
    assert len(account.host.delivered) == 800


async def test_a_restart_in_the_middle_loses_and_repeats_nothing(account: Account) -> None:
    """What came while nobody polled comes afterwards, once."""
    async with account.receiving():
        await account.asked("one")
        await account.asked("two", public=False)
    await account.stand.write("Ana", "three")
    await account.stand.write("Ana", "four", public=False)
    again = account.again()
    async with again.receiving():
        await again.got(lambda one: one.text == "three")
        await again.got(lambda one: one.text == "four")
    assert sorted(one.text for one in account.host.delivered) == ["four", "one", "three", "two"]


async def test_the_position_moves_only_once_it_is_stored(account: Account) -> None:
    """While the store is away nothing is skipped; admins see it, and afterwards all of it is there."""
    async with account.receiving():
        account.host.refuse = Unavailable("the store is away")
        before = dict(account.host.cursors)
        await account.stand.write("Ana", "Hello")
        await account.host.wait_for(lambda: account.host.parts["receive mentions"][0] == "degraded")
        assert account.host.cursors == before
        account.host.refuse = None
        await account.got(lambda one: one.text == "Hello")


async def test_a_hundred_copies_at_once_are_one_message(account: Account) -> None:
    """The same event a hundred times by webhook, and by polling, is one message."""
    async with account.served() as hook, account.receiving():
        await account.stand.connect(hook)
        number = await account.stand.write("Ana", "Hello")
        post = account.stand.world.posts[number]
        for _ in range(99):
            account.stand._tell_of(post)
        await account.got(lambda one: one.text == "Hello")
        await account.asked("Bye")
    assert [one.text for one in account.host.delivered] == ["Hello", "Bye"]


@pytest.mark.parametrize("fault", [Fault.TWICE, Fault.REORDERED, Fault.LATE, Fault.LOST])
async def test_events_that_go_astray_lose_and_double_nothing(account: Account, fault: Fault) -> None:
    """Whatever happens to hints, each message is there once, in the thread it belongs to."""
    account.stand.faults.late_s = 0.3
    account.stand.faults.set(fault, 0.5)
    async with account.served() as hook, account.receiving():
        await account.stand.connect(hook)
        for number in range(20):
            await account.stand.write("Ana", f"question {number}", public=bool(number % 2))
        await account.host.wait_for(lambda: len(account.host.delivered) >= 20)
        await account.asked("the last")
    assert sorted(one.text for one in account.host.delivered) == sorted(
        ["the last", *(f"question {number}" for number in range(20))]
    )


@pytest.mark.parametrize(
    "fault",
    [Fault.THROTTLED, Fault.THROTTLED_BARE, Fault.BROKEN, Fault.FAILED_AFTER, Fault.DROPPED, Fault.REVOKED],
)
async def test_an_answer_that_fails_now_and_then_loses_nothing(account: Account, fault: Fault) -> None:
    """Polling goes on after each kind of failure, and says that it is well again."""
    async with account.receiving():
        account.stand.faults.set(fault, times=2)
        await account.stand.write("Ana", "Hello")
        await account.host.wait_for(lambda: account.stand.faults.struck.get(fault) == 2)
        account.look()
        await account.host.wait_for(
            lambda: all(state == "ok" for part, (state, _) in account.host.parts.items() if "receive" in part)
        )
        await account.got()
    assert [one.text for one in account.host.delivered] == ["Hello"]


async def test_a_revoked_token_is_shown_with_what_to_do(account: Account) -> None:
    """The account is down for admins, in words that name the setting; nothing else stops."""
    async with account.receiving():
        account.stand.revoked = True
        await account.host.wait_for(lambda: account.host.parts["receive mentions"][0] == "down")
        assert "channels.twitter.support.access_token" in account.host.parts["receive mentions"][1]


async def test_being_out_of_credits_is_shown_with_what_to_do(account: Account) -> None:
    """Admins read that credits must be bought; once they are, what came meanwhile is read."""
    async with account.receiving():
        account.stand.broke = True
        await account.host.wait_for(lambda: account.host.parts["receive mentions"][0] == "down")
        assert "credits" in account.host.parts["receive mentions"][1]
        await account.stand.write("Ana", "Hello")
        account.stand.broke = False
        account.look()
        await account.got(lambda one: one.text == "Hello")


async def test_what_our_outbox_sent_does_not_come_back(account: Account) -> None:
    """Posts, parts of a long one and direct messages of ours are known, whether by name or while they leave."""
    async with account.receiving():
        public, private = await account.asked(), await account.asked("psst", public=False)
        await account.x.send(account.answer(public, "A sentence that goes on. " * 30))
        await account.x.send(account.answer(private, "In private", id="out-2"))
        await account.asked("again")
        await account.asked("again in private", public=False)
        await asyncio.sleep(0.3)
    assert {one.kind for one in account.host.delivered} == {Kind.CUSTOMER}


async def test_what_is_being_sent_right_now_is_ours(account: Account) -> None:
    """A copy that polling shows before the send has returned is no answer of a person."""
    async with account.receiving():
        message = await account.asked()
        account.host.leaving[message.thread].add("On its way")
        account.stand.api.publish("On its way", account.stand.world.posts[message.key.removeprefix("x:")])
        await account.asked("later")
        await asyncio.sleep(0.2)
    assert {one.kind for one in account.host.delivered} == {Kind.CUSTOMER}


@pytest.mark.parametrize("public", [True, False])
async def test_an_answer_in_xs_own_app_counts(account: Account, public: bool) -> None:  # noqa: FBT001  # a row
    """A post or message that a person of ours wrote on X comes in as `agent`, in the customer's thread."""
    async with account.receiving():
        message = await account.asked(public=public)
        await account.stand.answer("Ana", "Until six!")
        ours = await account.got(lambda one: one.kind is Kind.AGENT)
    assert (ours.text, ours.thread, ours.public) == ("Until six!", message.thread, public)
    assert ours.sender.address == ME.id


async def test_our_news_are_nobodys_answer(account: Account) -> None:
    """A post of ours to nobody, and one that continues it, make no conversation."""
    async with account.receiving():
        news = account.stand.api.publish("New opening hours!", None)
        account.stand.api.publish("Also on Sundays.", news)
        await account.asked()
        await asyncio.sleep(0.3)
    assert len(account.host.delivered) == 1


async def test_an_answer_continued_in_a_second_post_is_attached(account: Account) -> None:
    """What a person of ours adds below their own answer belongs to the same conversation."""
    async with account.receiving():
        message = await account.asked()
        number = await account.stand.answer("Ana", "Until six!")
        ours = await account.got(lambda one: one.kind is Kind.AGENT)
        account.host.sent.add(ours.message_id)
        account.stand.api.publish("On Sundays too.", account.stand.world.posts[number])
        more = await account.got(lambda one: one.text == "On Sundays too.")
    assert more.kind is Kind.AGENT
    assert more.references[-1] == ours.message_id
    assert message.thread == ours.thread


async def test_an_edited_post_is_attached_as_an_edit(account: Account) -> None:
    """The first version is a message, the second an edit of it."""
    async with account.receiving():
        first = await account.asked("Is the shop open today?")
        account.stand.edit(first.key.removeprefix("x:"), f"@{ME.username} Is the shop open tomorrow?")
        edit = await account.got(lambda one: one.kind is Kind.EDIT)
    assert (edit.about, edit.thread) == (first.key, first.thread)
    assert edit.text == "Is the shop open tomorrow?"


async def test_a_post_edited_before_it_was_seen_is_a_message(account: Account) -> None:
    """Where only the later version can be read it stands for the post, under the name of the first."""
    async with account.receiving():
        account.stand.faults.set(Fault.BROKEN)
        number = await account.stand.write("Ana", "Is the shop open today?")
        account.stand.edit(number, f"@{ME.username} Is the shop open tomorrow?")
        account.stand.faults.clear()
        found = await account.got(lambda one: "tomorrow" in one.text)
    assert (found.kind, found.key, found.message_id) == (Kind.CUSTOMER, f"x:{number}", f"x:{number}")


async def test_stop_ends_automatic_answers_and_start_allows_them(account: Account) -> None:
    """After STOP what the person writes, in private and in public, gets no note; after START it does."""
    async with account.receiving():
        stop = await account.asked("STOP", public=False)
        public = await account.asked("Hello?")
        start = await account.asked("start", public=False)
    assert "no automatic" in stop.no_note
    assert "no automatic" in public.no_note
    assert start.no_note == ""


async def test_a_labelled_robot_gets_no_note(account: Account) -> None:
    """Two programs must not talk to each other."""
    account.stand.world.user("Ana").automated = True
    async with account.receiving():
        message = await account.asked()
    assert "automated" in message.no_note


async def test_polling_rests_while_the_budget_is_spent(stand: XStand) -> None:
    """Once the day's money is gone nothing more is asked; what comes by webhook still comes in."""
    account = opened(stand, budget="0.015", budget_reserve="0.05")
    async with account.served() as hook, account.receiving():
        await stand.connect(hook)
        await account.asked("one")
        await account.host.wait_for(lambda: account.host.parts.get("budget", ("", ""))[0] == "degraded")
        await asyncio.sleep(0.3)
        asked = len(stand.requests)
        await account.asked("two")
        await asyncio.sleep(0.5)
        assert len(stand.requests) == asked


async def test_direct_messages_are_asked_for_within_xs_limit(stand: XStand) -> None:
    """With X's own limit of 15 in 15 minutes the fifteenth request is the last, and admins see why."""
    stand.limits.scale = 1
    account = opened(stand)
    async with account.receiving():
        await account.host.wait_for(
            lambda: account.host.parts.get("receive direct messages", ("", ""))[0] == "degraded"
        )
        asked = [path for _, path in stand.requests].count("/2/dm_events")
    assert asked == 15
    assert "limit" in account.host.parts["receive direct messages"][1]


async def test_a_post_that_cannot_be_read_holds_up_no_other(account: Account) -> None:
    """It is kept with its bytes for a person to look at; those before and after it come in."""
    async with account.receiving():
        await account.asked("before")
        odd = account.stand.post("Ana", "odd", calling=True)
        odd.author.id = "not a number"
        await account.host.wait_for(
            lambda: any(one.kind is Kind.UNREADABLE for one in account.host.delivered)
        )
        odd.author.id = "2000000000000000009"
        await account.asked("after")
    found = next(one for one in account.host.delivered if one.kind is Kind.UNREADABLE)
    assert found.key == f"x:{odd.id}"
    assert b"odd" in await account.host.blobs.get(found.raw)
    assert "author_id" in found.reason


async def test_that_somebody_called_us_may_be_learnt_later(account: Account) -> None:
    """An event need not name whom a post calls; once polling lists it as a mention, it may be answered in public."""
    view = View(account="support", me="1", at=datetime.now(UTC))
    data = {"id": "1800000000000000001", "author_id": "77", "text": "Hello?"}
    memory = Memory(account.host)
    intake = Intake(account.host, settings.read(account.host), memory)
    for summoned, answerable in ((False, ""), (True, data["id"]), (False, data["id"])):
        read = post(data, People(), view, summoned=summoned)
        assert read is not None
        await intake.take(read)
        assert await memory.answerable(read.message.thread) == answerable
    assert len(account.host.delivered) == 1
