"""In a surge a lead hears of many promises in one message, and of few one by one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from router.conversation import Conversation
from sandbox.faults import Fault
from tests.support.slack import SlackWorld, connected, rules

#: Answers within four hours; Tom leads the queue that Maria serves, and she takes on a lot.
SHORT = (
    rules()
    .replace("email: {target: 24h", "email: {target: 4h")
    .replace("capacity: {webchat: 1, default: 2}", "capacity: {webchat: 1, default: 40}")
)


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[SlackWorld]:
    """Connect a small service to Slack."""
    async with connected(tmp_path, SHORT) as world:
        yield world


async def surge(one: SlackWorld, count: int) -> list[Conversation]:
    """Let Maria have so many mails until the lead is to hear of all of them."""
    await one.world.here("maria")
    cases = [await one.mail(who=f"c{number}@example.org") for number in range(count)]
    await one.world.send()
    await one.tell(count + 2)
    one.world.clock.set(max([(await one.world.fresh(case)).promise.lead_at for case in cases]))
    await one.world.timers.tick(slow=False)
    return [await one.world.fresh(case) for case in cases]


async def test_many_are_told_in_one_message(one: SlackWorld) -> None:
    """Each with its reference, who has it and by when; a restart tells none of them again."""
    cases = await surge(one, 5)
    await one.tell(10)
    [said] = one.to("tom")
    assert "At risk: 5 promises run short in queues that you lead." in said.words()
    assert all(case.reference in said.words() for case in cases)
    assert "Maria Jensen has it, by 16:00 (Copenhagen)" in said.words()
    one.restart()
    await one.tell(4)
    assert len(one.to("tom")) == 1


async def test_few_are_told_one_by_one(one: SlackWorld) -> None:
    """Three letters keep what each can do."""
    await surge(one, 3)
    await one.tell(10)
    assert len(one.to("tom")) == 3
    assert all("Maria Jensen has this" in said.words() for said in one.to("tom"))


async def test_what_comes_later_stands_below_the_message(one: SlackWorld) -> None:
    """One of the five is missed for the second time: the lead reads it in the thread, with what to do."""
    cases = await surge(one, 5)
    await one.tell(10)
    for case in cases[1:]:
        await one.world.actions.resolve(case.id, agent="maria")
    for _ in range(2):
        one.world.clock.set((await one.world.fresh(cases[0])).promise.renew_at + timedelta(seconds=1))
        await one.world.timers.tick(slow=False)
        await one.world.send()
    await one.tell(10)
    first, *rest = one.to("tom")
    assert "5 promises" in first.words()
    [told] = [said for said in rest if "Tom Berg: please write to the customer yourself" in said.words()]
    assert cases[0].reference in told.words()
    assert told.thread_ts == first.ts


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.FAILED_AFTER])
async def test_a_message_in_doubt_is_found_for_each_that_it_tells_of(one: SlackWorld, fault: Fault) -> None:
    """Slack took it and did not say so, and the process ended: the next one posts nothing again."""
    cases = await surge(one, 5)
    one.stand.faults.set(fault, times=1)
    await one.tell(1)
    assert one.stand.faults.struck[fault] == 1
    one.restart()
    await one.tell(40)
    [said] = one.to("tom")
    assert all(case.reference in said.words() for case in cases)


async def test_a_process_that_ends_before_posting_loses_none(one: SlackWorld) -> None:
    """Written down for each of the five and never posted: the lead hears of all five from the next process."""
    cases = await surge(one, 5)
    one.stand.faults.set(Fault.BLACK_HOLE, times=1)
    one.restart(timeout_s=0.2)
    await one.tell(1)
    one.restart()
    await one.tell(60)
    assert [sum(case.reference in said.words() for said in one.to("tom")) for case in cases] == [1] * 5


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.BROKEN, Fault.REVOKED])
async def test_what_slack_refuses_now_is_told_later(one: SlackWorld, fault: Fault) -> None:
    """Nothing is believed told that was not, and nothing is told twice."""
    await surge(one, 5)
    one.stand.faults.set(fault, times=2)
    await one.tell(90)
    [said] = one.to("tom")
    assert "5 promises" in said.words()


async def test_it_is_over_with_the_last_answer(one: SlackWorld) -> None:
    """Nothing is kept of what was answered, and the message stays as it was."""
    cases = await surge(one, 4)
    await one.tell(10)
    for case in cases:
        await one.world.actions.resolve(case.id, agent="maria")
    await one.tell(10)
    [said] = one.to("tom")
    assert "4 promises" in said.words()
    assert one.slack.courier.rounds.live == set()
