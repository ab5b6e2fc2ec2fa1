"""What agents are told in Slack: real calls to the stand-in, on a clock that the test turns."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.answer import Answer
from router.conversation import Conversation
from router.desk.slack.risk import soon_at
from router.desk.slack.sheet import LETTERS
from router.health.told import heard
from router.journal import changed
from router.ports import Commit
from router.steps import flag
from sandbox.faults import Fault
from sandbox.slack.workspace import Said
from tests.support.slack import SlackWorld, connected, rules


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[SlackWorld]:
    """Give a service whose agents are in Slack."""
    async with connected(tmp_path) as found:
        yield found


async def test_an_assignment_is_told_once_with_all_that_matters(one: SlackWorld) -> None:
    """Who, what, channel, by when in the agent's zone, reference, a link to the desk, and what can be done."""
    await one.world.here("maria")
    case = await one.mail(text="Where is my parcel?", subject="Parcel")
    await one.tell()
    [said] = one.to("maria")
    assert "Ana" in said.words()
    assert "Parcel – Where is my parcel?" in said.words()
    assert "Email (support)" in said.words()
    assert "(Copenhagen)" in said.text
    assert f"<https://help.example.com/c/{case.reference}|{case.reference}>" in said.words()
    assert set(said.buttons()) == {"handleby_decline", "handleby_until", "handleby_open"}
    assert said.buttons()["handleby_open"]["url"] == f"https://help.example.com/c/{case.reference}"
    assert one.to("tom") == []


async def test_customers_words_ring_at_nobody(one: SlackWorld) -> None:
    """Mention syntax, links and markup of a customer arrive as plain words."""
    await one.world.here("maria")
    hostile = "<!channel> <@U0MARIA> <https://evil.example|your bank> @here *bold* & <b>"
    await one.mail(text=hostile, subject="<!here>")
    await one.tell()
    [said] = one.to("maria")
    assert one.stand.workspace.pings == []
    assert "&lt;!channel&gt; &lt;@U0MARIA&gt;" in said.words()
    assert "<!channel>" not in said.words()
    assert "<https://evil" not in said.words()
    assert all(
        one["text"].get("verbatim", True) for one in said.blocks if one["type"] == "section" and "text" in one
    )


async def test_one_message_lives_through_the_assignment(one: SlackWorld) -> None:
    """What changes changes the message that is there: added words, an answer, and in the end no buttons but one."""
    await one.world.here("maria")
    first = one.world.mail_from(text="Where is my parcel?", subject="Parcel")
    [case] = await one.world.take(first)
    await one.tell()
    again = one.world.mail_from(text="And when?", subject="Re: Parcel", references=(first.message_id,))
    await one.world.take(again)
    await one.tell()
    for x in one.to("maria"):
        print(x.words())
    [said] = one.to("maria")
    assert "And when?" in said.words()
    assert "2 messages unanswered" in said.words()
    await one.world.actions.reply(case.id, answer("It is on its way."), agent="maria")
    await one.world.send()
    await one.tell()
    [said] = one.to("maria")
    assert "answered by Maria Jensen." in said.words()
    assert "And when?" not in said.words()
    assert set(said.buttons()) == {"handleby_open"}
    assert await one.world.store.records("slack", 10) == []


async def test_somebody_else_takes_over(one: SlackWorld) -> None:
    """The former owner's message says who has it now, and the new owner gets one of their own."""
    await one.world.here("maria")
    case = await one.mail()
    await one.tell()
    await one.world.actions.release(case.id, agent="maria")
    await one.world.actions.take(case.id, agent="tom")
    await one.tell()
    [before], [after] = one.to("maria"), one.to("tom")
    assert "Tom Berg has it now." in before.words()
    assert set(before.buttons()) == {"handleby_open"}
    assert "This is yours." in after.words()
    assert len(one.stand.workspace.messages) == 2


async def test_resolved_set_aside_and_joined_are_told(one: SlackWorld) -> None:
    """Whatever becomes of it is on the message."""
    await one.world.here("maria")
    first, second = await one.mail(), await one.mail()
    await one.world.send()
    await one.tell()
    await one.world.actions.snooze(first.id, agent="maria", until=one.world.clock.now().replace(hour=14))
    await one.world.actions.resolve(second.id, agent="maria")
    await one.tell()
    told = {said.ts: said.words() for said in one.to("maria")}
    assert sum("set aside until Mon 23 Nov, 15:00 (Copenhagen)" in words for words in told.values()) == 1
    assert sum(f"{second.reference}: resolved." in words for words in told.values()) == 1
    third = await one.mail()
    await one.tell()
    await one.world.actions.merge(third.id, into=first.id, agent="maria")
    await one.tell()
    assert sum("joined to another conversation" in said.words() for said in one.to("maria")) == 1


async def test_a_restart_changes_the_message_that_is_there(one: SlackWorld) -> None:
    """Channel and time stamp are in the store: a new process updates what the old one posted."""
    await one.world.here("maria")
    case = await one.mail()
    await one.tell()
    one.restart()
    await one.world.actions.resolve(case.id, agent="maria")
    await one.tell()
    [said] = one.to("maria")
    assert "resolved." in said.words()
    assert said.edits == 1


async def test_work_at_risk_rings_once_more(one: SlackWorld) -> None:
    """Most of the time gone: a reply in the thread, once; the time passed: another; the message itself shows it."""
    await one.world.here("tom")
    case = await one.mail(text="I want a refund")
    await one.world.actions.take(case.id, agent="tom")
    await one.world.send()
    await one.tell()
    case = await one.world.fresh(case)
    soon = soon_at(case, one.world.book)
    assert soon is not None
    one.world.clock.set(soon - timedelta(seconds=30))
    await one.tell()
    assert len(one.to("tom")) == 1
    one.world.clock.set(soon)
    await one.tell()
    letter, nudge = one.to("tom")
    assert "its time is nearly up, by " in nudge.words()
    assert "(Copenhagen)" in nudge.words()
    assert "At risk: this is yours and its time is nearly up." in letter.words()
    assert letter.text.startswith("At risk: ")
    assert case.due_at is not None
    one.world.clock.set(case.due_at)
    await one.world.timers.tick(slow=False)
    await one.tell()
    letter, *nudges = one.to("tom")
    assert "its time has passed" in nudges[-1].words()
    assert "At risk: this is yours and its time has passed." in letter.words()
    assert all(said.thread_ts == letter.ts and said.broadcast for said in nudges)
    told = len(nudges)
    await one.tell()
    assert len(one.to("tom")) == 1 + told


async def test_a_night_does_not_use_the_time_up(tmp_path: Path) -> None:
    """A target that counts in office hours is at risk when four fifths of its open hours are gone."""
    text = rules().replace("email: {target: 24h, hours: always", "email: {target: 5h, hours: office")
    async with connected(tmp_path, text) as one:
        one.world.clock.set(datetime(2026, 11, 23, 15, 0, tzinfo=UTC))  # 16:00 in Copenhagen; open 8 to 18
        case = await one.mail()
        assert case.due_at == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
        assert soon_at(replace(case, promise=None), one.world.book) == datetime(
            2026, 11, 24, 9, 0, tzinfo=UTC
        )


async def test_the_duty_person_hears_of_work_that_nobody_has(one: SlackWorld) -> None:
    """Waiting work is quiet until it is at risk; then whoever is on duty can take it in Slack."""
    case = await one.mail()
    await one.tell()
    assert one.stand.workspace.messages == []
    one.world.clock.move(24 * 3600 * 0.81)
    await one.tell()
    [said] = one.to((await one.world.fresh(case)).accountable)
    assert "At risk: nobody has this yet and its time is nearly up; you are on duty." in said.words()
    assert set(said.buttons()) == {"handleby_take", "handleby_until", "handleby_open"}


async def test_a_warning_reaches_the_person_who_must_act(one: SlackWorld) -> None:
    """What the router flags is told to the accountable person, each warning once, in escaped words."""
    await one.world.here("maria")
    case = await one.mail()
    await one.tell()
    for warning in ("Not delivered: <!channel> mailbox full", "Not delivered: <!channel> mailbox full"):
        await flagged(one, case, warning)
        await one.tell()
    letter, reply = one.to("maria")
    assert "Not delivered: &lt;!channel&gt; mailbox full" in reply.words()
    assert reply.thread_ts == letter.ts
    assert one.stand.workspace.pings == []


async def test_a_warning_about_answered_work_is_told_once(one: SlackWorld) -> None:
    """An answer that could not be delivered concerns nobody's assignment, and is told all the same; never again."""
    await one.world.here("maria")
    case = await one.mail()
    await one.tell()
    await one.world.actions.reply(case.id, answer("Hello"), agent="maria")
    await one.world.send()
    await one.tell()
    await flagged(one, case, "Not delivered: mailbox full")
    await one.tell()
    assert [said.words().count("mailbox full") for said in one.to("maria")] == [0, 1]
    one.restart()
    await one.tell()
    assert len(one.to("maria")) == 2


async def test_what_was_assigned_before_slack_was_connected_is_no_news(one: SlackWorld) -> None:
    """Connecting Slack to a service at work floods nobody; what is at risk is told."""
    await one.world.here("maria")
    await one.mail()
    one.world.clock.move(60)
    one.since = one.world.clock.now()
    one.restart()
    await one.tell()
    assert one.to("maria") == []
    one.world.clock.move(24 * 3600)
    await one.world.timers.tick(slow=False)
    await one.tell()
    assert len(one.to("maria")) == 1


async def test_an_answer_in_doubt_is_looked_up_and_not_sent_twice(one: SlackWorld) -> None:
    """Slack took the message and broke the connection: it is found by its mark, and updated later."""
    for fault in (Fault.DROPPED, Fault.FAILED_AFTER):
        await one.world.here("maria")
        case = await one.mail()
        one.stand.faults.set(fault, times=1)
        await one.tell(20)
        told = [said for said in one.to("maria") if case.reference in said.words()]
        assert len(told) == 1, fault
        await one.world.actions.resolve(case.id, agent="maria")
        await one.tell()
        assert "resolved." in told[0].words()


@pytest.mark.parametrize("skew_s", [-240.0, -20.0, 20.0, 240.0])
async def test_an_answer_in_doubt_is_found_whatever_our_clock_says(one: SlackWorld, skew_s: float) -> None:
    """Slack took the message, broke the connection, and its clock differs from ours: it is not sent twice."""
    clock = one.world.clock
    one.stand.workspace.now = lambda: clock.now().timestamp() + skew_s
    await one.world.here("maria")
    case = await one.mail()
    one.stand.faults.set(Fault.DROPPED, times=1)
    await one.tell(20)
    assert len([said for said in one.to("maria") if case.reference in said.words()]) == 1


async def test_an_answer_in_doubt_is_found_among_many(one: SlackWorld) -> None:
    """However much was posted to the same person about then, all pages are looked through."""
    await one.world.here("maria")
    case = await one.mail()
    one.stand.faults.set(Fault.DROPPED, times=1)
    await one.tell(2)
    (told,) = one.to("maria")
    for number in range(250):
        one.stand.workspace.say(Said(channel=told.channel, ts="", text=f"Other {number}", blocks=[]))
    await one.tell(20)
    assert len([said for said in one.to("maria") if case.reference in said.words()]) == 1


async def test_a_process_that_died_before_posting_loses_nothing(one: SlackWorld) -> None:
    """Written down and never posted: Slack does not have it, so it is posted."""
    await one.world.here("maria")
    await one.mail()
    one.stand.faults.set(Fault.BLACK_HOLE, times=1)
    one.restart(timeout_s=0.2)
    one.slack.courier.rounds.since = one.since
    await one.slack.courier.sweep()
    one.restart()
    await one.tell(20)
    assert len(one.to("maria")) == 1


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.THROTTLED_BARE, Fault.BROKEN, Fault.REVOKED])
async def test_what_slack_refuses_now_is_told_later(one: SlackWorld, fault: Fault) -> None:
    """Nothing is lost and nothing comes twice, whatever Slack answers first."""
    await one.world.here("maria")
    await one.mail()
    one.stand.faults.set(fault, times=3)
    await one.tell(100)
    assert one.stand.faults.struck[fault] == 3
    assert len(one.to("maria")) == 1


async def test_what_does_not_hold_any_more_is_not_told(one: SlackWorld) -> None:
    """While Slack was away somebody resolved it: nobody hears of it afterwards."""
    await one.world.here("maria")
    gone, still = await one.mail(), await one.mail()
    one.stand.faults.set(Fault.BROKEN)
    await one.tell()
    await one.world.actions.resolve(gone.id, agent="maria")
    one.stand.faults.clear()
    await one.tell(40)
    [said] = one.to("maria")
    assert still.reference in said.words()


async def test_a_person_who_cannot_be_reached_holds_up_nobody(tmp_path: Path) -> None:
    """A wrong member id is shown to admins with what to do; the others get their messages."""
    async with connected(tmp_path, rules().replace("U0MARIA", "U0NOBODY")) as one:
        await one.world.here("maria")
        await one.mail()
        await one.world.here("tom")
        case = await one.mail(text="money back")
        await one.tell()
        assert case.owner == "tom"
        assert len(one.to("tom")) == 1
        told = one.slack.condition.told()
        assert [part.key for part in told] == ["slack maria"]
        assert "Maria Jensen (user_not_found)" in told[0].text
        assert "rules" in told[0].next


async def test_a_revoked_token_is_shown_with_what_to_do(one: SlackWorld) -> None:
    """Health names it, and forgets it once Slack works again."""
    one.stand.faults.set(Fault.REVOKED)
    await one.slack.courier.sweep()
    await one.slack.condition.tell()
    [told] = await heard(one.world.store)
    assert "token_revoked" in told.text
    assert "bot_token" in told.next
    one.stand.faults.clear()
    one.world.clock.move(60)
    await one.slack.courier.sweep()
    await one.slack.condition.tell()
    assert await heard(one.world.store) == []


async def test_two_processes_that_tell_the_same_tell_it_once(one: SlackWorld) -> None:
    """Both believe that they hold the lease: the letter is written by compare-and-set before it is posted."""
    await one.world.here("maria")
    await one.mail()
    first = one.slack
    one.restart()
    second = one.slack
    await first.courier.sweep()
    await second.courier.sweep()
    await asyncio.gather(first.courier.rounds.round(), second.courier.rounds.round())
    one.world.clock.move(1.1)
    await asyncio.gather(first.courier.rounds.round(), second.courier.rounds.round())
    assert len(one.to("maria")) == 1


async def test_many_messages_to_one_person_hold_up_nobody_else(one: SlackWorld) -> None:
    """A channel takes one message a second; others are written to meanwhile."""
    cases = [await one.mail() for _ in range(5)]
    for case in cases:
        await one.world.actions.take(case.id, agent="maria")
    other = await one.mail()
    await one.world.actions.take(other.id, agent="tom")
    await one.tell(1)
    assert (len(one.to("maria")), len(one.to("tom"))) == (1, 1)
    await one.tell(5)
    assert len(one.to("maria")) == 5


def answer(text: str) -> Answer:
    """Return an answer."""
    return Answer(text=text)


async def flagged(one: SlackWorld, case: Conversation, text: str) -> None:
    """Let the router warn of something."""
    before = await one.world.fresh(case)
    change = changed(before, flag(before, text))
    assert (await one.world.store.commit(Commit(changes=[change]))).changes[0]
    one.slack.courier.rounds.notice([case.id])


async def test_each_wait_of_one_assignment_rings_for_itself(one: SlackWorld) -> None:
    """A chat is answered and goes on: when the next answer is late, that is told as the first time was."""
    await one.world.here("maria")
    case = (await one.world.take(one.world.chat_from()))[0]
    await one.tell(2)
    for told in (1, 2):
        one.world.clock.move(61)
        await one.world.timers.tick(slow=False)
        await one.tell()
        nudges = [said for said in one.to("maria") if said.thread_ts]
        assert sum("its time has passed" in said.words() for said in nudges) == told
        await one.world.actions.reply(case.id, answer("Here."), agent="maria")
        await one.world.send()
        await one.tell(2)
        assert "Yours, and answered." in one.to("maria")[0].words()
        await one.world.take(one.world.chat_from(text="And then?"))
        await one.tell(2)
        assert "This is yours." in one.to("maria")[0].words()


async def test_a_long_assignment_keeps_its_message(one: SlackWorld) -> None:
    """However often the work of one assignment rings, its first message stays the one that tells how it stands."""
    await one.world.here("maria")
    case = await one.mail()
    await one.tell(2)
    for number in range(2 * LETTERS):
        await flagged(one, case, f"Warning {number}")
        await one.tell(1)
    await one.tell(3)
    firsts = [said for said in one.to("maria") if not said.thread_ts]
    replies = [said.words() for said in one.to("maria") if said.thread_ts]
    assert len(firsts) == 1
    assert all(sum(f"Warning {number}" in said.split() for said in replies) <= 1 for number in range(9))
    assert len(replies) == 2 * LETTERS
    await one.world.actions.resolve(case.id, agent="maria")
    await one.tell(3)
    assert "resolved" in firsts[0].words()
